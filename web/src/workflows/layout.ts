// Where the things of a workflow stand: dagre's layers from left to right. Loaded when a graph is first drawn, and only then.
// Holds: at most MAX_BOXES are drawn, those of the critical path, those that failed or run and what leads to them first; sizes are known
// before anything is drawn, so that nothing moves when it is.
import { graphlib, layout } from '@dagrejs/dagre';
import { hasEnded, hasFailed } from '../../../shared/workflow/conclude.ts';
import type { Folded, Item } from './fold.ts';
import { HEAD, LINE, type Line, partsOf } from './lines.ts';

export interface Box {
  readonly item: Item;
  /** The top left corner. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** Below its head. */
  readonly lines: readonly Line[];
}

export interface Way {
  readonly from: string;
  readonly to: string;
  readonly kind: string;
  /** An SVG path from the right of one to the left of the other. */
  readonly d: string;
  /** Where its tip is. */
  readonly end: readonly [x: number, y: number];
}

export interface Picture {
  readonly boxes: readonly Box[];
  readonly ways: readonly Way[];
  readonly width: number;
  readonly height: number;
  /** Tasks and steps that are not drawn. */
  readonly left: number;
}

const MAX_BOXES = 160;
/** Lines within one box. */
const MAX_LINES = 14;
const NODE = { width: 200, height: 52 };
const FOLD_WIDTH = 300;
const MARGIN = 12;

export function draw(
  folded: Folded,
  critical: ReadonlySet<string>,
  open: ReadonlySet<string>,
  closed: ReadonlySet<string>,
): Picture {
  const kept = keptOf(folded, critical);
  const graph = new graphlib.Graph();
  graph.setGraph({ rankdir: 'LR', nodesep: 20, ranksep: 48, marginx: MARGIN, marginy: MARGIN });
  graph.setDefaultEdgeLabel(() => ({}));
  const lines = new Map<string, readonly Line[]>();
  for (const item of folded.items.values()) {
    if (!kept.has(item.id)) continue;
    const below = item.kind === 'node' || closed.has(item.id) ? [] : partsOf(item, 0, open).slice(1, 1 + MAX_LINES);
    lines.set(item.id, below);
    const height = item.kind === 'node' ? NODE.height : HEAD + below.length * LINE + (below.length > 0 ? 6 : 4);
    graph.setNode(item.id, { width: item.kind === 'node' ? NODE.width : FOLD_WIDTH, height });
  }
  const links = folded.links.filter(({ from, to }) => kept.has(from) && kept.has(to));
  for (const { from, to } of links) graph.setEdge(from, to, {});
  layout(graph);
  const boxes = [...lines].map(([id, below]): Box => {
    const { x, y, width, height } = graph.node(id) as { x: number; y: number; width: number; height: number };
    return { item: folded.items.get(id)!, x: x - width / 2, y: y - height / 2, width, height, lines: below };
  });
  const at = new Map(boxes.map((box) => [box.item.id, box]));
  const ways = links.map(({ from, to, kind }): Way => {
    const { points } = graph.edge(from, to) as { points: readonly { x: number; y: number }[] };
    return { from, to, kind, ...wayOf(at.get(from)!, at.get(to)!, points) };
  });
  const size = graph.graph() as { width?: number; height?: number };
  const all = [...folded.items.values()].reduce((sum, { nodes }) => sum + nodes.length, 0);
  const drawn = boxes.reduce((sum, { item }) => sum + item.nodes.length, 0);
  return {
    boxes: boxes.sort((a, b) => a.x - b.x || a.y - b.y),
    ways,
    width: Math.ceil(size.width ?? 0),
    height: Math.ceil(size.height ?? 0),
    left: all - drawn,
  };
}

/** Straight out and straight in, with one upright between neighbours; by the library's points where it passes others. */
function wayOf(from: Box, to: Box, points: readonly { x: number; y: number }[]): Pick<Way, 'd' | 'end'> {
  const [x1, y1] = [from.x + from.width, from.y + from.height / 2];
  const [x2, y2] = [to.x, to.y + to.height / 2];
  const round = (n: number): number => Math.round(n * 10) / 10;
  const turn = x2 - 20;
  const between = points.slice(1, -1).filter(({ x }) => x > x1 && x < turn);
  const d =
    points.length <= 3 || between.length === 0
      ? `M${round(x1)} ${round(y1)}H${round(turn)}V${round(y2)}H${round(x2 - 6)}`
      : `M${round(x1)} ${round(y1)}${between.map(({ x, y }) => `L${round(x)} ${round(y)}`).join('')}L${round(turn)} ${round(y2)}H${round(x2 - 6)}`;
  return { d, end: [round(x2), round(y2)] };
}

function keptOf({ items, links, itemOf }: Folded, critical: ReadonlySet<string>): ReadonlySet<string> {
  if (items.size <= MAX_BOXES) return new Set(items.keys());
  const before = new Map<string, string>();
  const after = new Map<string, string[]>();
  for (const { from, to } of links) {
    if (!before.has(to)) before.set(to, from);
    after.set(from, [...(after.get(from) ?? []), to]);
  }
  const kept = new Set<string>();
  const keep = (id: string): void => {
    for (
      let one: string | undefined = id;
      one !== undefined && !kept.has(one) && kept.size < MAX_BOXES;
      one = before.get(one)
    )
      kept.add(one);
  };
  for (const id of critical) if (kept.size < MAX_BOXES / 2) keep(itemOf.get(id) ?? id);
  for (const { id, nodes } of items.values()) if (nodes.some(hasFailed)) keep(id);
  for (const { id, nodes } of items.values())
    if (nodes.some((node) => node.kind === 'task' && !hasEnded(node))) keep(id);
  const open = [...items.keys()].filter((id) => !before.has(id));
  for (let i = 0; i < open.length && kept.size < MAX_BOXES; i++) {
    kept.add(open[i]!);
    for (const next of after.get(open[i]!) ?? []) if (before.get(next) === open[i]) open.push(next);
  }
  return kept;
}
