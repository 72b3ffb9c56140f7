// The workflow that tasks are of: what called what, chains, groups, chords with header and body, links, and the steps not seen yet.
// Not here: how it stands (conclude.ts), what tells of steps (outline.ts), where the tasks come from (server/dashboard/views/workflow.ts).
// Holds: pure; each task is one node, whatever tells of it; ids are anybody's: a task may name itself, a stranger or its own child as its
// parent, and what comes out has no cycle; steps that would be too many are left out, and that is said.
// Celery 5.6: canvas.py (frozen ids, group_id of chord parts, the body has the group's id without an index), app/task.py replace
import type { TaskRow } from '../wire/tasks.ts';
import type { WorkflowEdge, WorkflowGroup, WorkflowNode, WorkflowTry } from '../wire/workflows.ts';
import { withoutCycles } from './acyclic.ts';
import type { Outline, OutlineStep } from './outline.ts';

export interface WorkflowTask {
  readonly row: TaskRow;
  /** The group it is a part of, and its place in it; null: not known, or none. */
  readonly group: string | null;
  readonly index: number | null;
  /** null: nothing tells what runs around it. */
  readonly outline: Outline | null;
  readonly call?: string | null;
  readonly tries?: readonly WorkflowTry[];
  readonly again?: { readonly uuid: string; readonly state: string } | null;
  readonly p50?: number | null;
}

export interface WorkflowShape {
  readonly nodes: WorkflowNode[];
  readonly groups: WorkflowGroup[];
  readonly edges: WorkflowEdge[];
  /** Tasks whose parent is not among them. */
  readonly orphans: number;
  /** Steps that are known of and were left out, here or by who told of them. */
  readonly more: number;
}

/** Steps not seen yet, of one workflow. */
const MAX_STEPS = 5000;

/** @param isCut there are more tasks than these */
export function buildWorkflow(tasks: readonly WorkflowTask[], isCut = false): WorkflowShape {
  return new Builder(tasks, isCut).build();
}

interface Draft {
  readonly group: WorkflowGroup;
  /** By node. */
  readonly members: Set<string>;
  /** Parts that a step tells of. */
  listed: number;
  lastIndex: number;
}

type Kind = WorkflowEdge['kind'];
type Role = WorkflowNode['role'];
/** Where a step begins and what its end is: ids of nodes or groups. */
interface Placed {
  readonly entry: string;
  readonly exit: string;
}

class Builder {
  readonly #tasks: readonly WorkflowTask[];
  readonly #isCut: boolean;
  readonly #nodes = new Map<string, WorkflowNode>();
  readonly #groups = new Map<string, Draft>();
  /** By Celery's id of it. */
  readonly #groupOf = new Map<string, Draft>();
  readonly #edges = new Map<string, WorkflowEdge>();
  /** Nodes and groups that something else than a parent's id has given a place. */
  readonly #placed = new Set<string>();
  readonly #children = new Map<string, string[]>();
  #steps = 0;
  #more = 0;

  constructor(tasks: readonly WorkflowTask[], isCut: boolean) {
    this.#isCut = isCut;
    this.#tasks = [...tasks].sort((a, b) => a.row.first_seen - b.row.first_seen);
  }

  build(): WorkflowShape {
    for (const task of this.#tasks) this.#addTask(task);
    this.#addMembers();
    for (const { row, outline } of this.#tasks) if (outline) this.#expand(row.uuid, row.state, outline);
    this.#placeGroups();
    const orphans = this.#placeByParent();
    const groups = this.#settleGroups();
    const shape = withoutCycles({ nodes: [...this.#nodes.values()], groups, edges: [...this.#edges.values()] });
    return { ...shape, orphans, more: this.#more };
  }

  #addTask({ row, outline, call, tries, again, p50 }: WorkflowTask): void {
    if (this.#nodes.has(row.uuid)) return;
    this.#nodes.set(row.uuid, {
      id: row.uuid,
      kind: 'task',
      role: 'task',
      has_id: true,
      name: row.name,
      state: row.state,
      worker: row.worker,
      queue: row.queue,
      call: call ?? null,
      exception: row.exception,
      retries: row.retries,
      sent: row.sent,
      received: row.received,
      started: row.started,
      ended: endOf(row),
      runtime: row.runtime,
      parent: row.parent_id,
      group: null,
      index: null,
      replaced: outline?.replaced ?? 0,
      again: again ?? null,
      ...(tries && tries.length > 0 && { tries: [...tries] }),
      ...(typeof p50 === 'number' && { p50 }),
      ...(row.unknown_since !== undefined && { unknown_since: row.unknown_since }),
      ...(row.revoke_asked !== undefined && { revoke_asked: row.revoke_asked }),
    });
    if (row.parent_id === null) return;
    const siblings = this.#children.get(row.parent_id);
    if (siblings) siblings.push(row.uuid);
    else this.#children.set(row.parent_id, [row.uuid]);
  }

  /** The body of a chord, or the end of a body that is a chain, has the group's id, too, and no place in it. */
  #addMembers(): void {
    const bodies = new Map<string, Set<string>>();
    const indexed = new Set<string>();
    const parts = new Map<string, Set<string>>();
    for (const { row, group, index, outline } of this.#tasks) {
      if (group === null) continue;
      if (index !== null) indexed.add(group);
      parts.set(group, (parts.get(group) ?? new Set()).add(row.uuid));
      const body = outline?.chord;
      if (body) bodies.set(group, (bodies.get(group) ?? new Set()).add(firstOf(body) ?? ''));
    }
    for (const { row, group, index } of this.#tasks) {
      if (group === null) continue;
      const draft = this.#group(group);
      const known = bodies.get(group);
      // The last part of a header sends the body.
      const follows = row.parent_id !== null && parts.get(group)!.has(row.parent_id);
      if (index !== null || !(known || indexed.has(group) || follows)) this.#join(draft, row.uuid, index);
      else if (known ? known.has(row.uuid) : follows || indexed.has(group)) this.#setBody(draft, row.uuid);
      else if (known && !indexed.has(group) && !follows) this.#join(draft, row.uuid, null);
    }
  }

  #group(groupId: string | null, key = groupId ?? ''): Draft {
    const known = groupId === null ? undefined : this.#groupOf.get(groupId);
    if (known) return known;
    const id = this.#unused(`group ${key}`);
    const group: WorkflowGroup = { id, group_id: groupId, kind: 'group', size: 0, size_is: 'at_least', body: null };
    const draft: Draft = { group, members: new Set(), listed: 0, lastIndex: -1 };
    this.#groups.set(id, draft);
    if (groupId !== null) this.#groupOf.set(groupId, draft);
    return draft;
  }

  #unused(wish: string): string {
    let id = wish;
    while (this.#nodes.has(id) || this.#groups.has(id)) id += ' ';
    return id;
  }

  #join(draft: Draft, id: string, index: number | null): void {
    const node = this.#nodes.get(id);
    if (!node || node.group !== null) return;
    node.group = draft.group.id;
    node.index = index;
    if (node.role === 'task') node.role = 'member';
    draft.members.add(id);
    if (index !== null) draft.lastIndex = Math.max(draft.lastIndex, index);
  }

  #setBody(draft: Draft, id: string): void {
    draft.group.kind = 'chord';
    draft.group.body ??= id;
    this.#edge(draft.group.id, id, 'body');
    const node = this.#nodes.get(id);
    if (node && node.role !== 'member') node.role = 'body';
  }

  #edge(from: string, to: string, kind: Kind): void {
    if (from === to) return;
    this.#placed.add(to);
    // Ids are any texts: by its length the first one ends where it ends.
    const key = `${from.length} ${from}${to}`;
    if (!this.#edges.has(key)) this.#edges.set(key, { from, to, kind });
  }

  #expand(uuid: string, state: string, outline: Outline): void {
    this.#more += outline.more ?? 0;
    const node = this.#nodes.get(uuid)!;
    let from = uuid;
    for (const step of outline.chain ?? []) from = this.#attach(step, from, 'next')?.exit ?? from;
    if (outline.chord) {
      const draft = node.group === null ? this.#group(null, `of ${uuid}`) : this.#groups.get(node.group)!;
      if (node.group === null) this.#join(draft, uuid, null);
      this.#attachBody(draft, outline.chord);
    }
    for (const step of outline.callbacks ?? []) this.#attach(step, uuid, 'link');
    if (state !== 'SUCCESS') for (const step of outline.errbacks ?? []) this.#attach(step, uuid, 'errback');
  }

  #attachBody(draft: Draft, body: OutlineStep): string {
    draft.group.kind = 'chord';
    const placed = this.#attach(body, draft.group.id, 'body');
    if (!placed) return draft.group.id;
    draft.group.body ??= placed.entry;
    return placed.exit;
  }

  /** null: it is left out. */
  #attach(step: OutlineStep, from: string | null, kind: Kind): Placed | null {
    switch (step.kind) {
      case 'chain': {
        let entry: string | null = null;
        let exit = from;
        for (const one of step.steps ?? []) {
          const placed = this.#attach(one, exit, entry === null ? kind : 'next');
          if (!placed) continue;
          entry ??= placed.entry;
          exit = placed.exit;
        }
        return entry === null || exit === null ? null : { entry, exit };
      }
      case 'group':
        return this.#attachGroup(step, step.id ?? null, from, kind);
      case 'chord': {
        const placed = this.#attachGroup(step, step.group ?? null, from, kind);
        if (!placed || !step.body) return placed;
        return { entry: placed.entry, exit: this.#attachBody(this.#groups.get(placed.entry)!, step.body) };
      }
      default:
        return this.#attachTask(step, from, kind);
    }
  }

  #attachGroup(step: OutlineStep, groupId: string | null, from: string | null, kind: Kind): Placed {
    const parts = step.steps ?? [];
    // Sent meanwhile, it may have got another id than it was to have.
    const known = parts.map(({ id }) => (id ? (this.#nodes.get(id)?.group ?? null) : null)).find((id) => id !== null);
    const key = groupId ?? `after ${from ?? ''}`;
    const draft = (known && this.#groups.get(known)) || this.#group(groupId, key);
    const { id } = draft.group;
    draft.listed = Math.max(draft.listed, parts.length, step.size ?? 0);
    if (from !== null) this.#edge(from, id, kind);
    for (const part of parts) {
      // Before a part that is a chain there is what is before the group.
      const placed = this.#attach(part, part.kind === undefined ? null : from, kind);
      if (placed && this.#nodes.has(placed.exit)) this.#join(draft, placed.exit, part.index ?? null);
    }
    return { entry: id, exit: id };
  }

  #attachTask(step: OutlineStep, from: string | null, kind: Kind): Placed | null {
    const given = step.id ?? this.#unnamed(step, from, kind);
    // Nobody's task has the id of a group here, but for one who wants to be mistaken for it.
    const id = given !== null && this.#groups.has(given) ? null : given;
    const isNew = id === null || !this.#nodes.has(id);
    const place = isNew ? this.#addStep(step, id, from) : id;
    if (place === null) return null;
    const node = this.#nodes.get(place)!;
    if (node.role === 'task' && from !== null) node.role = roleOf(kind);
    if (from !== null && this.#mayFollow(place, from, kind)) this.#edge(from, place, kind);
    // The end of a body has the group's id without a place in it.
    if (step.group && step.index !== undefined) this.#join(this.#group(step.group), place, step.index);
    // What was seen of it, its own outline tells; that it is there by now may be all that is known of it.
    if (step.body && node.group !== null) this.#attachBody(this.#groups.get(node.group)!, step.body);
    if (isNew) {
      for (const one of step.link ?? []) this.#attach(one, place, 'link');
      for (const one of step.link_error ?? []) this.#attach(one, place, 'errback');
    }
    return { entry: place, exit: place };
  }

  /** A task is not after two others of a chain: who tells of it first is the one just before it, or tells it for that one. */
  #mayFollow(id: string, from: string, kind: Kind): boolean {
    return (
      !this.#placed.has(id) ||
      kind === 'body' ||
      kind === 'link' ||
      kind === 'errback' ||
      this.#nodes.get(id)!.parent === from
    );
  }

  /** A link has no id before it is called: a child of that name, which is nothing else, is it. */
  #unnamed({ task }: OutlineStep, from: string | null, kind: Kind): string | null {
    if (from === null || kind === 'body') return null;
    const child = this.#children
      .get(from)
      ?.find(
        (id) => !this.#placed.has(id) && this.#nodes.get(id)!.name === task && this.#nodes.get(id)!.group === null,
      );
    return child ?? null;
  }

  #addStep(step: OutlineStep, id: string | null, from: string | null): string | null {
    if (this.#steps >= MAX_STEPS) {
      this.#more++;
      return null;
    }
    this.#steps++;
    const place = id ?? this.#unused(`step ${this.#steps} after ${from ?? 'nothing'}`);
    this.#nodes.set(place, {
      id: place,
      kind: 'step',
      role: 'task',
      has_id: id !== null,
      name: step.task,
      state: 'PENDING',
      ...NOTHING,
      retries: 0,
      replaced: 0,
    });
    return place;
  }

  /** A group is after who called most of its parts. */
  #placeGroups(): void {
    for (const { group, members } of this.#groups.values()) {
      if (this.#placed.has(group.id)) continue;
      const counts = new Map<string, number>();
      for (const id of members) {
        const { parent } = this.#nodes.get(id)!;
        if (this.#placed.has(id) || parent === null || !this.#nodes.has(parent) || members.has(parent)) continue;
        counts.set(parent, (counts.get(parent) ?? 0) + 1);
      }
      const [parent] = [...counts].sort((a, b) => b[1] - a[1])[0] ?? [];
      if (parent !== undefined) this.#edge(parent, group.id, 'calls');
    }
  }

  /** @returns how many parents are not among the tasks */
  #placeByParent(): number {
    let orphans = 0;
    const before = new Map<string, Set<string>>();
    for (const { from, to } of this.#edges.values()) before.set(to, (before.get(to) ?? new Set()).add(from));
    for (const node of this.#nodes.values()) {
      const { id, parent, group } = node;
      if (node.kind === 'step' || parent === null || parent === id || this.#placed.has(id)) continue;
      if (!this.#nodes.has(parent)) orphans++;
      else if (group === null || !before.get(group)?.has(parent)) this.#edge(parent, id, 'calls');
    }
    return orphans;
  }

  #settleGroups(): WorkflowGroup[] {
    const groups: WorkflowGroup[] = [];
    for (const { group, members, listed, lastIndex } of this.#groups.values()) {
      group.size = Math.max(members.size, listed, lastIndex + 1);
      const body = group.body === null ? undefined : this.#nodes.get(group.body);
      // Its body was sent: all parts had been.
      if (listed >= group.size || (body?.kind === 'task' && !this.#isCut)) group.size_is = 'exact';
      groups.push(group);
    }
    return groups;
  }
}

const NOTHING = {
  worker: null,
  queue: null,
  call: null,
  exception: null,
  sent: null,
  received: null,
  started: null,
  ended: null,
  runtime: null,
  parent: null,
  group: null,
  index: null,
  again: null,
} as const;

/** The task with which a canvas begins, where it is one. */
function firstOf(step: OutlineStep): string | null {
  if (step.kind === 'chain') return step.steps?.[0] ? firstOf(step.steps[0]) : null;
  return step.kind === undefined ? (step.id ?? null) : null;
}

function roleOf(kind: Kind): Role {
  return kind === 'calls' ? 'task' : kind;
}

/** When it ended; null: it has not. */
export function endOf(row: Pick<TaskRow, 'state' | 'succeeded' | 'failed' | 'revoked' | 'timestamp'>): number | null {
  switch (row.state) {
    case 'SUCCESS':
      return row.succeeded ?? row.timestamp;
    case 'FAILURE':
      return row.failed ?? row.timestamp;
    case 'REVOKED':
      return row.revoked ?? row.timestamp;
    case 'PURGED':
      return row.timestamp;
    default:
      return null;
  }
}
