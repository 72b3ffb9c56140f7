// How a workflow stands: its counts, what its groups have, what cannot run any more and why, and its critical path.
// Not here: what it is made of (build.ts). Server and pages conclude alike: the pages do so again with each state they hear of.
// Holds: pure; linear in nodes and edges but for sorting; of a graph without cycles.
import { ENDED_STATES } from '../states.ts';
import type {
  CriticalStep,
  GroupProgress,
  Workflow,
  WorkflowEdge,
  WorkflowGroup,
  WorkflowNode,
  WorkflowSummary,
} from '../wire/workflows.ts';

interface Shape {
  readonly nodes: readonly WorkflowNode[];
  readonly groups: readonly WorkflowGroup[];
  readonly edges: readonly WorkflowEdge[];
  /** What is not among the nodes; absent: there is nothing. */
  readonly beyond?: Workflow['beyond'];
  /** Some is not among the nodes. */
  readonly cut?: boolean;
}

export const hasFailed = ({ state }: Pick<WorkflowNode, 'state'>): boolean =>
  state !== 'SUCCESS' && ENDED_STATES.has(state);
export const hasEnded = ({ state }: Pick<WorkflowNode, 'state'>): boolean => ENDED_STATES.has(state);

/** Reasons that are named of what cannot run. */
const NAMED = 20;

/** @param now seconds since the epoch */
export function concludeWorkflow(shape: Shape, now: number): WorkflowSummary {
  const graph = new Graph(shape);
  const blocked = blockedIn(graph);
  const states: Record<string, number> = {};
  let tasks = 0;
  let unfinished = 0;
  let failed = 0;
  let began: number | null = null;
  let ended: number | null = null;
  let waiting = 0;
  let steps = 0;
  for (const node of shape.nodes) {
    if (node.kind === 'step') {
      // A link has no id before it is called: of one that is cut it may be among the tasks that are not here.
      const mayHaveRun = shape.cut === true && !node.has_id;
      steps++;
      if (node.role !== 'errback' && !blocked.has(node.id) && !mayHaveRun) waiting++;
      continue;
    }
    tasks++;
    states[node.state] = (states[node.state] ?? 0) + 1;
    if (!hasEnded(node)) unfinished++;
    if (hasFailed(node)) failed++;
    const first = node.sent ?? node.received ?? node.started ?? node.ended;
    if (first !== null) began = Math.min(began ?? first, first);
    if (node.ended !== null) ended = Math.max(ended ?? node.ended, node.ended);
  }
  for (const [state, n] of Object.entries(shape.beyond?.states ?? {})) {
    tasks += n;
    states[state] = (states[state] ?? 0) + n;
    if (!hasEnded({ state })) unfinished += n;
    if (hasFailed({ state })) failed += n;
  }
  if (shape.beyond && ended !== null) ended = Math.max(ended, shape.beyond.last);
  const isRunning = unfinished > 0 || (failed === 0 && waiting > 0);
  return {
    state: isRunning ? 'running' : failed > 0 ? 'failed' : 'succeeded',
    tasks,
    steps,
    states,
    began,
    ended: isRunning ? null : ended,
    groups: shape.groups.map((group) => progressOf(group, graph, blocked)),
    ...criticalPath(graph, now),
    blocked: Object.fromEntries([...blocked].map(([id, by]) => [id, by.slice(0, NAMED)])),
  };
}

class Graph {
  readonly nodes: ReadonlyMap<string, WorkflowNode>;
  readonly groups: ReadonlyMap<string, WorkflowGroup>;
  readonly members = new Map<string, WorkflowNode[]>();
  readonly into = new Map<string, WorkflowEdge[]>();
  readonly from = new Map<string, WorkflowEdge[]>();

  constructor({ nodes, groups, edges }: Shape) {
    this.nodes = new Map(nodes.map((node) => [node.id, node]));
    this.groups = new Map(groups.map((group) => [group.id, group]));
    for (const node of nodes) if (node.group !== null) append(this.members, node.group, node);
    for (const edge of edges) {
      append(this.into, edge.to, edge);
      append(this.from, edge.from, edge);
    }
  }

  membersOf(group: string): readonly WorkflowNode[] {
    return this.members.get(group) ?? [];
  }
}

function append<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}

/** Steps that were not seen and will not be: by node, the nodes that failed before it. */
function blockedIn(graph: Graph): Map<string, string[]> {
  const blocked = new Map<string, string[]>();
  const open: { id: string; by: string }[] = [];
  const reached = new Set<string>();
  for (const node of graph.nodes.values()) if (hasFailed(node)) open.push({ id: node.id, by: node.id });
  const reach = (id: string, by: string): void => {
    const node = graph.nodes.get(id);
    if (!node) {
      // A group that is not sent: none of its parts will be.
      for (const member of graph.membersOf(id)) reach(member.id, by);
      return;
    }
    if (node.kind !== 'step') return;
    const known = blocked.get(id) ?? [];
    if (known.length < NAMED && !known.includes(by)) blocked.set(id, [...known, by]);
    if (reached.has(id)) return;
    reached.add(id);
    open.push({ id, by });
  };
  for (let one = open.pop(); one; one = open.pop()) {
    const { id, by } = one;
    for (const { to, kind } of graph.from.get(id) ?? []) if (kind === 'next' || kind === 'link') reach(to, by);
    const { group } = graph.nodes.get(id)!;
    // The body needs all of its header; what follows a group without one needs it as well.
    if (group !== null)
      for (const { to, kind } of graph.from.get(group) ?? []) if (kind === 'body' || kind === 'next') reach(to, by);
  }
  return blocked;
}

function progressOf(group: WorkflowGroup, graph: Graph, blocked: ReadonlyMap<string, string[]>): GroupProgress {
  const states: Record<string, number> = {};
  let done = 0;
  let failed = 0;
  const without: string[] = [];
  for (const member of graph.membersOf(group.id)) {
    const isSeen = member.kind === 'task';
    if (isSeen) states[member.state] = (states[member.state] ?? 0) + 1;
    if (member.state === 'SUCCESS') done++;
    if (hasFailed(member)) failed++;
    if ((hasFailed(member) || blocked.has(member.id)) && without.length < NAMED) without.push(member.id);
  }
  const body = group.body === null ? undefined : graph.nodes.get(group.body);
  const hasBegun = body?.kind === 'task';
  return {
    id: group.id,
    size: group.size,
    done,
    failed,
    states,
    cannot_end: group.kind === 'chord' && !hasBegun ? without : [],
  };
}

function criticalPath(
  graph: Graph,
  now: number,
): Pick<WorkflowSummary, 'critical' | 'critical_waits' | 'critical_runs'> {
  const last = lastOf(graph);
  if (!last) return { critical: [], critical_waits: null, critical_runs: null };
  const path: CriticalStep[] = [];
  const seen = new Set<string>();
  for (let node: WorkflowNode | null = last; node && !seen.has(node.id); ) {
    seen.add(node.id);
    const before = gateOf(node, graph);
    const own = node.sent ?? node.received ?? node.started;
    const from = before === null || before.edge.kind === 'calls' ? own : (before.node.ended ?? own);
    path.unshift({ id: node.id, from, started: node.started, ended: node.ended });
    node = before?.node ?? null;
  }
  let waits = 0;
  let runs = 0;
  for (const { from, started, ended } of path) {
    const begin = started ?? ended ?? now;
    if (from !== null) waits += Math.max(0, begin - from);
    if (started !== null) runs += Math.max(0, (ended ?? now) - started);
  }
  for (const node of stepsAfter(last, graph, seen)) path.push({ id: node.id, from: null, started: null, ended: null });
  return { critical: path, critical_waits: waits, critical_runs: runs };
}

/** What runs longest, else waits longest; when all has ended, what ended last. */
function lastOf(graph: Graph): WorkflowNode | null {
  let best: WorkflowNode | null = null;
  const rank = (node: WorkflowNode): [number, number] => {
    if (hasEnded(node)) return [0, node.ended ?? 0];
    return node.started === null ? [1, -(node.received ?? node.sent ?? 0)] : [2, -node.started];
  };
  for (const node of graph.nodes.values()) {
    if (node.kind === 'step') continue;
    if (best === null) best = node;
    else {
      const [a, b] = [rank(node), rank(best)];
      if (a[0] > b[0] || (a[0] === b[0] && a[1] > b[1])) best = node;
    }
  }
  return best;
}

/** The one that it had to wait for: of several, who ended last. */
function gateOf(node: WorkflowNode, graph: Graph): { node: WorkflowNode; edge: WorkflowEdge } | null {
  let best: { node: WorkflowNode; edge: WorkflowEdge; at: number } | null = null;
  const consider = (one: WorkflowNode | undefined, edge: WorkflowEdge): void => {
    if (!one || one.kind === 'step') return;
    const at = edge.kind === 'calls' ? (one.started ?? 0) : (one.ended ?? Number.POSITIVE_INFINITY);
    if (best === null || at > best.at) best = { node: one, edge, at };
  };
  const edges = [
    ...(graph.into.get(node.id) ?? []),
    ...(node.group === null ? [] : (graph.into.get(node.group) ?? [])),
  ];
  for (const edge of edges) {
    if (graph.groups.has(edge.from)) for (const member of graph.membersOf(edge.from)) consider(member, edge);
    else consider(graph.nodes.get(edge.from), edge);
  }
  return best;
}

/** What is to follow, one way of it. */
function stepsAfter(last: WorkflowNode, graph: Graph, seen: Set<string>): WorkflowNode[] {
  const steps: WorkflowNode[] = [];
  let id: string | undefined = last.id;
  while (id !== undefined) {
    const group: string | null = graph.nodes.get(id)?.group ?? null;
    const edges: WorkflowEdge[] = [
      ...(graph.from.get(id) ?? []),
      ...(group === null ? [] : (graph.from.get(group) ?? [])),
    ];
    const next: WorkflowNode | undefined = edges
      .filter(({ kind }) => kind === 'next' || kind === 'body')
      .map(({ to }) => graph.nodes.get(to) ?? graph.membersOf(to)[0])
      .find((node) => node?.kind === 'step' && !seen.has(node.id));
    if (next) {
      seen.add(next.id);
      steps.push(next);
    }
    id = next?.id;
  }
  return steps;
}
