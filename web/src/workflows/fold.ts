// A workflow as few things as a person can look at: groups, many tasks alike and long stretches of a chain are one thing each.
// Where they stand: layout.ts. In which order: lines.ts. Pure.
// Holds: each node is in one item; folding depends on how it hangs together and not on states, so that nothing jumps while it runs, but
// that stretches of a chain fold once they have succeeded.

import type { Workflow, WorkflowGroup, WorkflowNode } from '../../../shared/wire/workflows.ts';
import { hasFailed } from '../../../shared/workflow/conclude.ts';

export interface Item {
  readonly id: string;
  /** stack: alike, side by side. stretch: one after another. */
  readonly kind: 'node' | 'group' | 'stack' | 'stretch';
  /** In the order in which they are to be looked at: what needs a person first; of a stretch, as they run. */
  readonly nodes: readonly WorkflowNode[];
  readonly group: WorkflowGroup | null;
}

export interface ItemLink {
  readonly from: string;
  readonly to: string;
  readonly kind: Workflow['edges'][number]['kind'];
  /** How many edges it stands for. */
  readonly edges: number;
}

export interface Folded {
  readonly items: ReadonlyMap<string, Item>;
  readonly links: readonly ItemLink[];
  readonly itemOf: ReadonlyMap<string, string>;
}

/** From so many alike on they are one thing. */
const STACK = 6;
const STRETCH = 8;

type Shape = Pick<Workflow, 'nodes' | 'groups' | 'edges'>;

export function fold(shape: Shape): Folded {
  const itemOf = new Map<string, string>();
  const items = new Map<string, Item>();
  const add = (item: Item): void => {
    items.set(item.id, item);
    for (const { id } of item.nodes) itemOf.set(id, item.id);
  };
  const members = new Map<string, WorkflowNode[]>();
  for (const node of shape.nodes) if (node.group !== null) push(members, node.group, node);
  for (const group of shape.groups) {
    add({ id: group.id, kind: 'group', nodes: (members.get(group.id) ?? []).toSorted(troubleFirst), group });
    itemOf.set(group.id, group.id);
  }
  const place = (id: string): string => itemOf.get(id) ?? id;
  const into = new Map<string, Set<string>>();
  const from = new Map<string, Set<string>>();
  const note = (map: Map<string, Set<string>>, key: string, value: string): void => {
    const known = map.get(key);
    if (known) known.add(value);
    else map.set(key, new Set([value]));
  };
  for (const edge of shape.edges) {
    note(into, place(edge.to), place(edge.from));
    note(from, place(edge.from), place(edge.to));
  }
  const alone = shape.nodes.filter(({ id }) => !itemOf.has(id));
  const alike = new Map<string, WorkflowNode[]>();
  for (const node of alone) {
    const key = JSON.stringify([node.name, node.role, sorted(into.get(node.id)), sorted(from.get(node.id))]);
    push(alike, key, node);
  }
  for (const nodes of alike.values())
    if (nodes.length > STACK)
      add({ id: `stack ${nodes[0]!.id}`, kind: 'stack', nodes: nodes.toSorted(troubleFirst), group: null });
  for (const nodes of stretches(
    alone.filter(({ id }) => !itemOf.has(id)),
    into,
    from,
  ))
    add({ id: `stretch ${nodes[0]!.id}`, kind: 'stretch', nodes, group: null });
  for (const node of alone) if (!itemOf.has(node.id)) add({ id: node.id, kind: 'node', nodes: [node], group: null });
  const links = new Map<string, { from: string; to: string; kind: ItemLink['kind']; edges: number }>();
  for (const { from: a, to: b, kind } of shape.edges) {
    const [start, end] = [place(a), place(b)];
    if (start === end) continue;
    const key = JSON.stringify([start, end]);
    const known = links.get(key);
    if (known) known.edges++;
    else links.set(key, { from: start, to: end, kind, edges: 1 });
  }
  return { items, links: [...links.values()], itemOf };
}

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  const known = map.get(key);
  if (known) known.push(value);
  else map.set(key, [value]);
}

const sorted = (set: ReadonlySet<string> | undefined): string[] => [...(set ?? [])].sort();

/** One way in, one way out, and all succeeded or all to come. */
function stretches(
  nodes: readonly WorkflowNode[],
  into: ReadonlyMap<string, ReadonlySet<string>>,
  from: ReadonlyMap<string, ReadonlySet<string>>,
): WorkflowNode[][] {
  const look = ({ kind, state }: WorkflowNode): string => (kind === 'step' ? 'step' : state);
  const free = new Map(
    nodes
      .filter(
        (node) =>
          (look(node) === 'SUCCESS' || look(node) === 'step') &&
          (into.get(node.id)?.size ?? 0) === 1 &&
          (from.get(node.id)?.size ?? 0) <= 1,
      )
      .map((node) => [node.id, node]),
  );
  const follows = (node: WorkflowNode): WorkflowNode | undefined => {
    const [next] = from.get(node.id) ?? [];
    const after = next === undefined ? undefined : free.get(next);
    return after && look(after) === look(node) ? after : undefined;
  };
  const inside = new Set([...free.values()].map((node) => follows(node)?.id).filter((id) => id !== undefined));
  const found: WorkflowNode[][] = [];
  for (const first of free.values()) {
    if (inside.has(first.id)) continue;
    const run: WorkflowNode[] = [];
    for (let node: WorkflowNode | undefined = first; node; node = follows(node)) run.push(node);
    if (run.length > STRETCH) found.push(run);
  }
  return found;
}

const RANKS = ['FAILURE', 'REVOKED', 'RETRY', 'REJECTED', 'STARTED', 'RECEIVED', 'PENDING'];

function rank({ kind, state }: WorkflowNode): number {
  if (kind === 'step') return RANKS.length + 1;
  const at = RANKS.indexOf(state);
  return state === 'SUCCESS' ? RANKS.length + 2 : at === -1 ? RANKS.indexOf('STARTED') : at;
}

/** What failed, what runs (longest first), what waits, what succeeded. */
function troubleFirst(a: WorkflowNode, b: WorkflowNode): number {
  return (
    rank(a) - rank(b) ||
    (a.started ?? a.received ?? 0) - (b.started ?? b.received ?? 0) ||
    (a.index ?? 0) - (b.index ?? 0)
  );
}

/** The state of a step: no task of it was seen. */
export const NOT_SEEN = 'not seen';

/** Of a fold: the state that tells most of it, and how many are in each. */
export function statesOf(nodes: readonly WorkflowNode[]): { state: string; n: number }[] {
  const counts = new Map<string, number>();
  for (const node of nodes) {
    const state = node.kind === 'step' ? NOT_SEEN : node.state;
    counts.set(state, (counts.get(state) ?? 0) + 1);
  }
  return [...counts].map(([state, n]) => ({ state, n }));
}

/** As one state: a failure, else what runs, else what waits, else success. */
export function stateOf(item: Item): string {
  const { nodes } = item;
  const failed = nodes.find(hasFailed);
  if (failed) return failed.state;
  if (nodes.length > 0 && nodes.every(({ state }) => state === 'SUCCESS')) return 'SUCCESS';
  const first = item.kind === 'stretch' ? nodes.toSorted(troubleFirst)[0] : nodes[0];
  if (first && first.state === 'SUCCESS') return 'STARTED';
  return nodes.some(({ state }) => state === 'SUCCESS') && first?.state === 'PENDING'
    ? 'STARTED'
    : (first?.state ?? 'PENDING');
}
