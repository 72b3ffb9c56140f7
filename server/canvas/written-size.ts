// How large a chord is in messages. Each part of a header carries the whole body, and with it that of each chord in the body: ten chords, each
// the body of the one before, are 60,000 signatures in one message, and one more is three times as many.
// Holds: each object is looked at once, before anything of that size is made.
// Celery 5.6 sends the same until its memory ends (canvas.py _chord.freeze).
import { EncodeError } from '../errors.ts';
import { listOf, Signature } from './signature.ts';

/** More than a message of 64 MB holds, with their ids. */
const MAX_SIGNATURES = 200_000;
/** Each chord within another costs the walk through all around it. */
const MAX_CHORDS = 100;

interface Size {
  /** Signatures written. */
  readonly count: number;
  /** Chords, one within the other. */
  readonly chords: number;
}

/** Before a chord is frozen or sent. @throws EncodeError */
export function refuseTooLarge(header: readonly Signature[], body: Signature): void {
  const seen = new Map<object, Size>();
  const inHeader = largest(header, seen);
  const { count, chords } = sizeOf(body, seen);
  if (count > MAX_SIGNATURES)
    throw new EncodeError(
      `The body of this chord is more than ${MAX_SIGNATURES} signatures in each message of its header, since each part of a header carries ` +
        'the whole body, and so do those of the chords in it. Have a task send what comes later.',
    );
  if (Math.max(chords, inHeader.chords) >= MAX_CHORDS)
    throw new EncodeError(
      `More than ${MAX_CHORDS} chords within one another cannot be sent. Have a task send the inner ones.`,
    );
}

function sizeOf(part: unknown, seen: Map<object, Size>): Size {
  // What came by the wire and is not revived is written as it stands.
  if (!(part instanceof Signature)) return { count: 1, chords: 0 };
  const known = seen.get(part);
  if (known) return known;
  const { kwargs, options, subtask_type } = part;
  const { count, chords } = largest([...listOf(options.link), ...listOf(options.link_error)], seen);
  let size: Size = { count: count + 1, chords };
  if (subtask_type === 'chord') {
    const header = largest(listOf(kwargs.header), seen);
    const body = sizeOf(kwargs.body, seen);
    size = {
      count: size.count + header.count + body.count * (1 + leaves(kwargs.header)),
      chords: Math.max(chords, 1 + Math.max(header.chords, body.chords)),
    };
  } else if (subtask_type === 'chain' || subtask_type === 'group') {
    const tasks = largest(listOf(kwargs.tasks), seen);
    size = { count: size.count + tasks.count, chords: Math.max(chords, tasks.chords) };
  }
  seen.set(part, size);
  return size;
}

/** All of them together, and the deepest. */
function largest(parts: readonly unknown[], seen: Map<object, Size>): Size {
  let [count, chords] = [0, 0];
  for (const part of parts) {
    const size = sizeOf(part, seen);
    count += size.count;
    chords = Math.max(chords, size.chords);
  }
  return { count, chords };
}

/** The parts that carry the body of their chord, and the groups, which carry it too: a header is one. */
function leaves(header: unknown): number {
  if (!(header instanceof Signature)) return 1 + summed(listOf(header));
  return header.subtask_type === 'group' ? 1 + summed(listOf(header.kwargs.tasks)) : 1;
}

function summed(parts: readonly unknown[]): number {
  return parts.reduce((sum: number, part) => sum + (part instanceof Signature ? leaves(part) : 1), 0);
}
