// An entry of the log of events as a line of a stream: whether it was asked for, what its reader may see of it, and its text.
// Not here: which entries there are (event-log.ts), when they are sent (event-reader.ts).
// Holds: of a reader who may see certain tasks, queues or no values, only fields that are known here go out, and nothing of an event that
// is neither a task's they may see nor a worker's; a text of a stranger begins no line.
import type { CeleryEvent } from '../../../shared/events/event.ts';
import type { TaskRecord } from '../../../shared/events/task-record.ts';
import { jsonText } from '../../../shared/json-text.ts';
import { compileQuery, type RowTest } from '../../../shared/query/match.ts';
import type { Steps } from '../../../shared/query/regex.ts';
import type { QueryRow, QueryTree } from '../../../shared/query/tree.ts';
import type { StreamBye, StreamGap } from '../../../shared/wire/events.ts';
import { type Sight, VALUE_FIELDS } from '../access/sight.ts';

const STATES_MADE: Readonly<Record<string, string>> = {
  'task-sent': 'PENDING',
  'task-received': 'RECEIVED',
  'task-started': 'STARTED',
  'task-succeeded': 'SUCCESS',
  'task-failed': 'FAILURE',
  'task-retried': 'RETRY',
  'task-revoked': 'REVOKED',
  'task-rejected': 'REJECTED',
};
/** What a narrowed reader gets, of their values apart. */
const KNOWN = [
  ...['type', 'uuid', 'hostname', 'timestamp', 'local_received', 'utcoffset', 'pid', 'clock'],
  ...['name', 'queue', 'state', 'retries', 'runtime', 'eta', 'expires', 'root_id', 'parent_id'],
  ...['freq', 'active', 'processed', 'loadavg', 'sw_ident', 'sw_ver', 'sw_sys'],
];
const MAX_TYPES = 1000;
const VALUES = [...VALUE_FIELDS, 'traceback'];
/** What is not known of a worker's event. */
const NO_ROW: QueryRow = {
  ...{ uuid: null as unknown as string, name: null, state: null as unknown as string, worker: null, queue: null },
  ...{ args: null, kwargs: null, result: null, exception: null, runtime: null, retries: Number.NaN },
  ...{ received: null, started: null, sent: null, eta: null, root_id: null, parent_id: null },
};

export interface Wanted {
  readonly tree: QueryTree | null;
  /** null: whatever it makes, and none. */
  readonly states: ReadonlySet<string> | null;
  /** null: every type. */
  readonly types: readonly ((type: string) => boolean)[] | null;
}

export class EventLines {
  readonly #wanted: Wanted;
  readonly #sight: Sight;
  readonly #test: RowTest | null;
  readonly #ofType = new Map<string, boolean>();

  /** @param steps what its patterns may take; the reader fills it up */
  constructor(wanted: Wanted, sight: Sight, steps: Steps) {
    this.#wanted = wanted;
    this.#sight = sight;
    this.#test = wanted.tree && compileQuery(wanted.tree, steps);
  }

  /** @returns null: it is not for this reader  @throws StepsSpent */
  of(event: CeleryEvent, task: TaskRecord | null): string | null {
    const { type } = event;
    const { states, types } = this.#wanted;
    const state = STATES_MADE[type] ?? null;
    if (types !== null && !this.#isOfType(type, types)) return null;
    if (states !== null && (state === null || !states.has(state))) return null;
    if (!this.#sight.isWhole && !(task ? this.#sight.row(task) : type.startsWith('worker-'))) return null;
    if (this.#test !== null && !this.#test(rowOf(event, task, state))) return null;
    return `data: ${jsonText(this.#shown(event, task, state))}\n`;
  }

  /** There are few of them, and each is looked at once. */
  #isOfType(type: string, types: NonNullable<Wanted['types']>): boolean {
    let is = this.#ofType.get(type);
    if (is !== undefined) return is;
    is = types.some((test) => test(type));
    if (this.#ofType.size >= MAX_TYPES) this.#ofType.clear();
    this.#ofType.set(type, is);
    return is;
  }

  #shown(event: CeleryEvent, task: TaskRecord | null, state: string | null): Record<string, unknown> {
    const whole: Record<string, unknown> = { ...event };
    if (task) {
      whole.name ??= task.name;
      whole.queue ??= task.queue;
    }
    if (state !== null) whole.state = state;
    if (this.#sight.isWhole) return whole;
    const names = this.#sight.values ? [...KNOWN, ...VALUES] : KNOWN;
    return Object.fromEntries(names.filter((name) => whole[name] !== undefined).map((name) => [name, whole[name]]));
  }
}

export const gapLine = (gap: StreamGap): string => `event: gap\ndata: ${JSON.stringify(gap)}\n`;
export const byeLine = (bye: StreamBye): string => `event: bye\ndata: ${JSON.stringify(bye)}\n`;

function rowOf(event: CeleryEvent, task: TaskRecord | null, state: string | null): QueryRow {
  if (task) return { ...task, retries: task.retries ?? 0, state: state ?? task.state };
  return { ...NO_ROW, worker: event.hostname ?? null };
}
