// Takes out of a workflow what closes a cycle: a task that replaced itself ends under its own id, as the child of its children; and ids
// are anybody's.
// Holds: what is left reaches no node twice on one way; a task whose own descendant is before it counts as replaced; not recursive,
// since chains may be thousands long.
import type { WorkflowEdge, WorkflowGroup, WorkflowNode } from '../wire/workflows.ts';

interface Shape {
  readonly nodes: WorkflowNode[];
  readonly groups: WorkflowGroup[];
  readonly edges: WorkflowEdge[];
}

/** One way from a node or group to another; without an edge: from a group to a part of it. */
interface Way {
  readonly to: string;
  readonly edge: WorkflowEdge | null;
}

/** @param shape its nodes in the order in which they were first seen; changed in place where a group or a mark is taken */
export function withoutCycles({ nodes, groups, edges }: Shape): Shape {
  const ways = new Map<string, Way[]>();
  const hasBefore = new Set<string>();
  const add = (from: string, way: Way): void => {
    const known = ways.get(from);
    if (known) known.push(way);
    else ways.set(from, [way]);
    hasBefore.add(way.to);
  };
  for (const edge of edges) add(edge.from, { to: edge.to, edge });
  const byId = new Map(nodes.map((node) => [node.id, node]));
  for (const { id, group } of nodes) if (group !== null) add(group, { to: id, edge: null });
  const dropped = new Set<WorkflowEdge>();
  const state = new Map<string, 'open' | 'done'>();
  const close = (way: Way): void => {
    const node = byId.get(way.to);
    if (way.edge) {
      dropped.add(way.edge);
      if (node && node.kind === 'task' && way.edge.kind === 'calls' && node.replaced === 0) node.replaced = 1;
    } else if (node) node.group = null;
  };
  const all = [...nodes, ...groups].map(({ id }) => id);
  for (const start of [...all.filter((id) => !hasBefore.has(id)), ...all]) {
    if (state.has(start)) continue;
    state.set(start, 'open');
    const stack = [{ id: start, next: 0 }];
    for (;;) {
      const top = stack.at(-1);
      if (!top) break;
      const way = ways.get(top.id)?.[top.next++];
      if (!way) {
        state.set(top.id, 'done');
        stack.pop();
      } else if (state.get(way.to) === 'open') close(way);
      else if (!state.has(way.to)) {
        state.set(way.to, 'open');
        stack.push({ id: way.to, next: 0 });
      }
    }
  }
  return { nodes, groups, edges: edges.filter((edge) => !dropped.has(edge)) };
}
