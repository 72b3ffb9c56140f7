// What a message says of the steps around its task, in outline (shared/workflow/outline.ts): names and ids, never an argument.
// Holds: cheap for a task without canvas; no more than MAX_CHARS of text, since it goes out with events; what is left out is counted.
// Celery 5.6: app/task.py Context, canvas.py _chain.run (the chain of a message is reversed, ids are those of frozen signatures)
import type { Outline, OutlineStep } from '../../shared/workflow/outline.ts';
import type { TaskMessage } from './task-message.ts';
import type { WireSignature } from './wire-fields.ts';

/** Of an outline as JSON, about: a dashboard takes 8,192 of a field. @unit characters */
const MAX_CHARS = 6000;
const MAX_DEPTH = 12;

type Carrying = Pick<TaskMessage, 'group' | 'embed'> & Partial<Pick<TaskMessage, 'replaced_task_nesting'>>;

/** @param most for one that goes nowhere but into a page, more  @returns null: nothing runs around it */
export function outlineOf(
  { embed, group, replaced_task_nesting: nesting = 0 }: Carrying,
  most = MAX_CHARS,
): Outline | null {
  const { chain, chord, callbacks, errbacks } = embed;
  const isAlone = !chain?.length && !chord && !callbacks?.length && !errbacks?.length;
  if (isAlone && nesting === 0) return null;
  const room = { left: most, more: 0 };
  const body = chord && step(chord, room, 0);
  const next = steps(chain?.toReversed(), room, 0);
  const links = steps(callbacks, room, 0);
  const onError = steps(errbacks, room, 0);
  // The end of a chain is what counts as a part of a group.
  const end = group === null ? textOf(chain?.[0]?.options.group_id) : null;
  return {
    ...(next && { chain: next }),
    ...(body && { chord: body }),
    ...(links && { callbacks: links }),
    ...(onError && { errbacks: onError }),
    ...(end && { group: end }),
    ...(nesting > 0 && { replaced: nesting }),
    ...(room.more > 0 && { more: room.more }),
  };
}

interface Room {
  left: number;
  more: number;
}

function steps(given: unknown, room: Room, depth: number): OutlineStep[] | null {
  const list = Array.isArray(given) ? given : isSignature(given) ? [given] : [];
  const listed: OutlineStep[] = [];
  for (const one of list) {
    const known = isSignature(one) ? step(one, room, depth) : null;
    if (known) listed.push(known);
  }
  return listed.length === 0 ? null : listed;
}

function step(one: WireSignature, room: Room, depth: number): OutlineStep | null {
  const options = one.options ?? {};
  const id = textOf(options.task_id);
  const kind = kindOf(one);
  const kwargs = one.kwargs ?? {};
  const { header } = kwargs;
  const group = textOf(kind === 'chord' && isSignature(header) ? header.options?.task_id : options.group_id);
  const index = options.group_index;
  room.left -= one.task.length + (id ? 60 : 20) + (group ? 50 : 0);
  if (room.left < 0 || depth > MAX_DEPTH) {
    room.more++;
    return null;
  }
  const inner = kind === 'chord' ? headerOf(header) : kind ? kwargs.tasks : null;
  // Each part of a header carries the body: it is told once, by the chord.
  const carried = kind === 'chord' ? kwargs.body : depth === 0 ? options.chord : null;
  const body = isSignature(carried) ? step(carried, room, depth + 1) : null;
  const within = kind === null ? null : steps(inner, room, depth + 1);
  const link = steps(options.link, room, depth + 1);
  const linkError = steps(options.link_error, room, depth + 1);
  return {
    task: one.task,
    ...(id && { id }),
    ...(kind && { kind }),
    ...(group && { group }),
    ...(typeof index === 'number' && { index }),
    ...(within && { steps: within }),
    ...(kind !== 'chain' && Array.isArray(inner) && inner.length > (within?.length ?? 0) && { size: inner.length }),
    ...(body && { body }),
    ...(link && { link }),
    ...(linkError && { link_error: linkError }),
  };
}

function kindOf({ subtask_type, task }: WireSignature): 'chain' | 'group' | 'chord' | null {
  const kind = subtask_type ?? (task.startsWith('celery.') ? task.slice('celery.'.length) : null);
  return kind === 'chain' || kind === 'group' || kind === 'chord' ? kind : null;
}

/** A header is a list, or a group with its own options. */
function headerOf(header: unknown): unknown {
  return isSignature(header) && kindOf(header) === 'group' ? header.kwargs?.tasks : header;
}

function isSignature(value: unknown): value is WireSignature {
  return typeof value === 'object' && value !== null && typeof (value as { task?: unknown }).task === 'string';
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
