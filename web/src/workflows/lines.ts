// A workflow as lines from top to bottom: for the list of a phone, the timeline, and the keys that go from one to the next. Pure.
// Holds: what follows stands below what it follows; no more than MAX_LINES, whatever there is; what is folded says how many it is.
import type { Workflow, WorkflowNode } from '../../../shared/wire/workflows.ts';
import { hasEnded, hasFailed } from '../../../shared/workflow/conclude.ts';
import { type Folded, type Item, NOT_SEEN, statesOf } from './fold.ts';

export interface Line {
  readonly key: string;
  readonly depth: number;
  /** head: of a group, a stack or a stretch, whose parts follow. rest: those of one state that are not listed one by one. */
  readonly kind: 'node' | 'head' | 'rest';
  readonly item: Item;
  readonly node: WorkflowNode | null;
  /** Of a head and a rest: those it stands for. */
  readonly nodes: readonly WorkflowNode[];
}

/** Of the head of a fold and of a line in it, where it is drawn as a box. @unit pixels */
export const HEAD = 48;
export const LINE = 28;

const MAX_LINES = 500;
const MAX_DEPTH = 5;
/** Parts listed by themselves: those that failed, and those that run or wait. */
const FAILED_LISTED = 8;
const OPEN_LISTED = 6;
const ALL_LISTED = 100;

/** @param open folds of which all is listed @returns and how many items are not among them */
export function linesOf(folded: Folded, open: ReadonlySet<string>): { lines: Line[]; left: number } {
  const lines: Line[] = [];
  let left = 0;
  for (const { item, depth } of inOrder(folded)) {
    if (lines.length >= MAX_LINES) {
      left += item.nodes.length;
      continue;
    }
    if (item.kind === 'node')
      lines.push({ key: item.id, depth, kind: 'node', item, node: item.nodes[0]!, nodes: item.nodes });
    else lines.push(...partsOf(item, depth, open));
  }
  return { lines, left };
}

/** The head of a fold, its parts that need to be seen, and the rest by state. */
export function partsOf(item: Item, depth: number, open: ReadonlySet<string>): Line[] {
  const lines: Line[] = [{ key: item.id, depth, kind: 'head', item, node: null, nodes: item.nodes }];
  const listed = item.nodes.filter(
    (
      (failed = 0, unfinished = 0) =>
      (node: WorkflowNode) =>
        hasFailed(node)
          ? failed++ < FAILED_LISTED
          : node.kind === 'task' && !hasEnded(node) && node.started !== null && unfinished++ < OPEN_LISTED
    )(),
  );
  const shown = new Set(listed);
  for (const node of listed) lines.push({ key: node.id, depth: depth + 1, kind: 'node', item, node, nodes: [node] });
  const rest = item.nodes.filter((node) => !shown.has(node));
  for (const { state } of statesOf(rest)) {
    const nodes = rest.filter((node) => (node.kind === 'step' ? NOT_SEEN : node.state) === state);
    const key = `${item.id} ${state}`;
    // One is told by itself as well as by its number.
    if (nodes.length === 1) {
      lines.push({ key: nodes[0]!.id, depth: depth + 1, kind: 'node', item, node: nodes[0]!, nodes });
      continue;
    }
    lines.push({ key, depth: depth + 1, kind: 'rest', item, node: null, nodes });
    if (open.has(key))
      for (const node of nodes.slice(0, ALL_LISTED))
        lines.push({ key: node.id, depth: depth + 2, kind: 'node', item, node, nodes: [node] });
  }
  return lines;
}

/** Each item after those before it, what it leads to right below it where that can be. */
function inOrder({ items, links }: Folded): { item: Item; depth: number }[] {
  const waits = new Map<string, number>();
  const after = new Map<string, { to: string; kind: string }[]>();
  for (const { from, to, kind } of links) {
    waits.set(to, (waits.get(to) ?? 0) + 1);
    after.set(from, [...(after.get(from) ?? []), { to, kind }]);
  }
  const begun = ({ nodes }: Item): number =>
    nodes.reduce((at, n) => Math.min(at, n.sent ?? n.received ?? Number.POSITIVE_INFINITY), Number.POSITIVE_INFINITY);
  const starts = [...items.values()].filter(({ id }) => !waits.has(id)).sort((a, b) => compare(begun(a), begun(b)));
  const stack = starts.reverse().map(({ id }) => ({ id, depth: 0 }));
  const order: { item: Item; depth: number }[] = [];
  const seen = new Set<string>();
  const take = (): void => {
    for (let one = stack.pop(); one; one = stack.pop()) {
      const item = items.get(one.id)!;
      if (seen.has(item.id)) continue;
      seen.add(item.id);
      order.push({ item, depth: one.depth });
      const next = (after.get(item.id) ?? []).filter(({ to }) => {
        const left = (waits.get(to) ?? 1) - 1;
        waits.set(to, left);
        return left <= 0;
      });
      // What it calls stands below it, indented, before what runs after it.
      const sorted = next.toSorted((a, b) => compare(begun(items.get(a.to)!), begun(items.get(b.to)!)));
      const isInside = ({ kind }: { kind: string }) => kind === 'calls' || kind === 'link' || kind === 'errback';
      const { depth } = one;
      for (const way of sorted.filter((w) => !isInside(w)).reverse()) stack.push({ id: way.to, depth });
      for (const way of sorted.filter(isInside).reverse())
        stack.push({ id: way.to, depth: Math.min(MAX_DEPTH, depth + 1) });
    }
  };
  take();
  // Folding may have closed a cycle.
  for (const { id } of items.values()) {
    if (seen.has(id)) continue;
    stack.push({ id, depth: 0 });
    take();
  }
  return order;
}

const compare = (a: number, b: number): number => (a === b ? 0 : a < b ? -1 : 1);

/** Everything that comes after one node, itself included: what a revocation from there takes. */
export function subtreeOf({ nodes, edges }: Pick<Workflow, 'nodes' | 'edges'>, start: string): WorkflowNode[] {
  const after = new Map<string, string[]>();
  const add = (from: string, to: string): void => {
    const known = after.get(from);
    if (known) known.push(to);
    else after.set(from, [to]);
  };
  for (const { from, to } of edges) add(from, to);
  const byId = new Map(nodes.map((node) => [node.id, node]));
  for (const { id, group } of nodes) if (group !== null) add(group, id);
  const found = new Set<string>();
  const open = [start];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (found.has(id)) continue;
    found.add(id);
    open.push(...(after.get(id) ?? []));
    // A part of a group leads to what waits for the group.
    const group = byId.get(id)?.group;
    if (group) open.push(...(after.get(group) ?? []).filter((next) => byId.get(next)?.group !== group));
  }
  return nodes.filter(({ id }) => found.has(id));
}
