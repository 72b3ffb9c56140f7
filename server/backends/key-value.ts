// What results look like in stores of keys and values: names of keys, chord parts; and, for every store, the results of a saved group
// in its shape.
// Pure; the store that reads and writes them: redis.ts.
// Celery 5.6: backends/base.py KeyValueStoreBackend; its Redis chords: backends/redis.py
import { BackendError } from '../errors.ts';
import type { ChordPart } from './contract.ts';

const TASK = 'celery-task-meta-';
const GROUP = 'celery-taskset-meta-';

export interface ResultKeys {
  task(id: string): string;
  group(id: string): string;
  /** The parts of a chord that have ended. */
  chordParts(groupId: string): string;
  /** By how much its header has grown since it was sent (Task.add_to_chord). */
  chordGrowth(groupId: string): string;
  /** How many parts the header had when it was sent. */
  chordSize(groupId: string): string;
  /** Who sends its body. Ours alone, as the next three: Celery has no such keys. */
  chordClaim(groupId: string): string;
  /** What a check of it needs. */
  chordPlan(groupId: string): string;
  /** The ids of the chords that may be open, by when each is to be checked. */
  readonly openChords: string;
  /** What the keys of all groups begin with. */
  readonly groups: string;
  /** The id of a task's key; null for any other key. */
  taskId(key: string): string | null;
}

/** @param prefix `global_keyprefix`; '_' follows it when it does not end in a separator */
export function resultKeys(prefix: unknown): ResultKeys {
  const before = typeof prefix === 'string' && prefix !== '' ? (/[:_.-]$/.test(prefix) ? prefix : `${prefix}_`) : '';
  const task = before + TASK;
  const group = before + GROUP;
  return {
    task: (id) => task + id,
    group: (id) => group + id,
    chordParts: (id) => `${group}${id}.j`,
    chordGrowth: (id) => `${group}${id}.t`,
    chordSize: (id) => `${group}${id}.s`,
    chordClaim: (id) => `${group}${id}.claim`,
    chordPlan: (id) => `${group}${id}.plan`,
    openChords: `${before}umbel-open-chords`,
    groups: group,
    taskId: (key) => (key.startsWith(task) ? key.slice(task.length) : null),
  };
}

/** @param expiresMs null or 0: never. @returns whole seconds, at least one; 0 = never */
export function ttlSeconds(expiresMs: number | null): number {
  return expiresMs ? Math.max(1, Math.trunc(expiresMs / 1000)) : 0;
}

/** A finished part of a chord's header, as it stands among the others. */
export function chordPartValue({ taskId, state, result }: ChordPart): unknown[] {
  return [1, taskId, state, result];
}

export function readChordPart(value: unknown): { taskId: string; state: string; result: unknown } {
  if (!Array.isArray(value) || typeof value[1] !== 'string' || typeof value[2] !== 'string') {
    throw new BackendError('What is stored as a part of a chord is none');
  }
  return { taskId: value[1], state: value[2], result: value[3] ?? null };
}

/** A saved group's members, nested as they were: an id, or the members of a group. */
export type Members = readonly (string | Members)[];

/** @param row `[[id, parent], [members]]`; null when it is no group */
export function membersOf(row: unknown): Members | null {
  const members = Array.isArray(row) ? row[1] : null;
  if (!Array.isArray(members)) return null;
  return members.map((member) => {
    if (typeof member === 'string') return member;
    const nested = membersOf(member);
    if (nested) return nested;
    const head = Array.isArray(member) ? member[0] : null;
    const id = Array.isArray(head) ? head[0] : head;
    if (typeof id !== 'string') throw new BackendError('What is stored as a group is none');
    return id;
  });
}

export function idsOf(members: Members): string[] {
  return members.flatMap((member) => (typeof member === 'string' ? [member] : idsOf(member)));
}

/** The results in the shape of the members. */
export function resultsOf(members: Members, found: ReadonlyMap<string, { readonly result: unknown }>): unknown[] {
  return members.map((member) =>
    typeof member === 'string' ? (found.get(member)?.result ?? null) : resultsOf(member, found),
  );
}
