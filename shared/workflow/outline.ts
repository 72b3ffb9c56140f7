// What runs around a task, in outline: the rest of its chain, its chord's body, its links and errbacks, by names and ids, no arguments.
// Workers and clients of ours put it into their task events, since Celery's events tell nothing of it; the dashboard reads it there, or
// makes it of a message (server/protocol/outline.ts).
// Holds: what is read comes from anybody: every text and number of steps is bounded, and what is no outline is null.

/** A step that a message carries: a task, or a canvas of steps. */
export interface OutlineStep {
  readonly task: string;
  /** Of a frozen signature. Absent: it gets one when it is sent. */
  readonly id?: string;
  /** Absent: a task. */
  readonly kind?: 'chain' | 'group' | 'chord';
  /** The group it is a part of; of a chord, the group that is its header. */
  readonly group?: string;
  readonly index?: number;
  /** Of a chain, in order; of a group or the header of a chord. */
  readonly steps?: readonly OutlineStep[];
  /** Of a group or a chord of which not all parts are told: how many there are. */
  readonly size?: number;
  /** Of a chord; of a task: the body of the chord it is a part of. */
  readonly body?: OutlineStep;
  readonly link?: readonly OutlineStep[];
  readonly link_error?: readonly OutlineStep[];
}

export interface Outline {
  /** What runs after it, in order. */
  readonly chain?: readonly OutlineStep[];
  /** The body of the chord it is a part of. */
  readonly chord?: OutlineStep;
  readonly callbacks?: readonly OutlineStep[];
  readonly errbacks?: readonly OutlineStep[];
  /** The group that the end of its chain is a part of, when it is not itself. */
  readonly group?: string;
  /** How often it has replaced itself. */
  readonly replaced?: number;
  /** Steps beyond those that are told. */
  readonly more?: number;
}

/** Steps of one outline, and how deep they are nested. */
const MAX_STEPS = 2000;
const MAX_DEPTH = 24;
const MAX_TEXT = 512;
const KINDS = ['chain', 'group', 'chord'] as const;

/** @returns null: it is none, or tells nothing */
export function readOutline(value: unknown): Outline | null {
  if (!isTable(value)) return null;
  const room = { left: MAX_STEPS };
  const chain = steps(value.chain, room, 0);
  const chord = step(value.chord, room, 0);
  const callbacks = steps(value.callbacks, room, 0);
  const errbacks = steps(value.errbacks, room, 0);
  const group = text(value.group);
  const replaced = count(value.replaced);
  const more = count(value.more);
  const read: Outline = {
    ...(chain && { chain }),
    ...(chord && { chord }),
    ...(callbacks && { callbacks }),
    ...(errbacks && { errbacks }),
    ...(group && { group }),
    ...(replaced && { replaced }),
    ...(more && { more }),
  };
  return Object.keys(read).length === 0 ? null : read;
}

/** Everything a step says of itself. */
export function stepsIn(outline: Outline): OutlineStep[] {
  const found: OutlineStep[] = [];
  const add = (one: OutlineStep | undefined): void => {
    if (!one) return;
    found.push(one);
    for (const inner of [...(one.steps ?? []), ...(one.link ?? []), ...(one.link_error ?? [])]) add(inner);
    add(one.body);
  };
  for (const one of [...(outline.chain ?? []), ...(outline.callbacks ?? []), ...(outline.errbacks ?? [])]) add(one);
  add(outline.chord);
  return found;
}

function steps(value: unknown, room: { left: number }, depth: number): OutlineStep[] | null {
  if (!Array.isArray(value)) return null;
  const read: OutlineStep[] = [];
  for (const one of value) {
    if (room.left <= 0) break;
    const known = step(one, room, depth);
    if (known) read.push(known);
  }
  return read.length === 0 ? null : read;
}

function step(value: unknown, room: { left: number }, depth: number): OutlineStep | null {
  if (!isTable(value) || depth > MAX_DEPTH || room.left <= 0) return null;
  const task = text(value.task);
  if (task === null) return null;
  room.left--;
  const id = text(value.id);
  const kind = KINDS.find((one) => one === value.kind);
  const group = text(value.group);
  const index = count(value.index);
  const size = count(value.size);
  const inner = steps(value.steps, room, depth + 1);
  const body = step(value.body, room, depth + 1);
  const link = steps(value.link, room, depth + 1);
  const link_error = steps(value.link_error, room, depth + 1);
  return {
    task,
    ...(id && { id }),
    ...(kind && { kind }),
    ...(group && { group }),
    ...(index !== null && { index }),
    ...(inner && { steps: inner }),
    ...(size !== null && { size }),
    ...(body && { body }),
    ...(link && { link }),
    ...(link_error && { link_error }),
  };
}

/** Of a field by which tasks are found: null where it is no text, empty or too long. */
export function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' && value.length <= MAX_TEXT ? value : null;
}

export function count(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
