// The edge where events come in: whatever a sender wrote becomes events whose known fields have their types and whose sizes are
// bounded, with secrets taken out; or is counted and left out.
// Not here: what events mean (cluster-state.ts), fetching them (server/events/receiver.ts, server/worker/consumer/gossip.ts).
// Holds: never throws; a known field has its type or is not there; fields that are not known are kept, within bounds; texts that
// were cut end in '...'; integers past 2^53 survive where a field is not a number of ours.
// Celery 5.6: events/event.py, events/receiver.py
import { jsonText } from '../json-text.ts';
import type { CeleryEvent } from './event.ts';

/** @unit characters */
const MAX = {
  type: 128,
  id: 512,
  hostname: 512,
  name: 1024,
  /** args, kwargs, result */
  value: 64 * 1024,
  exception: 64 * 1024,
  traceback: 256 * 1024,
  field: 100,
  other: 8 * 1024,
} as const;
/** Fields of one event that are not known here. */
const MAX_FIELDS = 64;
/** Kinds of event that are not Celery's, at a time. */
const MAX_KINDS = 100;
/** A further kind takes the place of one that was not among so many events. @unit events */
const KIND_LEAVES_AFTER = 100_000;
/** Names of workers and tasks kept once. */
const MAX_REPEATED = 2000;
/** @unit characters */
const MAX_REPEATED_TEXT = 200;
/** The end of the year 9999. */
const LAST_INSTANT = 253_402_300_799;
/** A Lamport clock beyond this could not be counted on. */
const MAX_CLOCK = 2 ** 52;

const CELERY_TYPES = [
  'task-sent',
  'task-received',
  'task-started',
  'task-succeeded',
  'task-failed',
  'task-retried',
  'task-revoked',
  'task-rejected',
  'worker-online',
  'worker-heartbeat',
  'worker-offline',
  'worker-elect',
  'worker-elect-ack',
] as const;

type Cut = (text: string, most: number) => string;

/** How a known field is read. The first four tell what is ordinary, and stays as it is; `read` is for all else. */
interface Field {
  /** A number within these. */
  readonly from: number;
  readonly to: number;
  readonly whole: boolean;
  /** A text of so many characters; -1: no text. */
  readonly most: number;
  readonly nullable: boolean;
  /** Secrets are taken out of it. */
  readonly masked: boolean;
  /** undefined: it is of another type. */
  readonly read: (value: unknown, cut: Cut) => unknown;
}

const NO_TEXT = { most: -1, nullable: false, masked: false };
const NO_NUMBER = { from: Number.POSITIVE_INFINITY, to: Number.NEGATIVE_INFINITY, whole: false };

function number(from: number, to: number, whole = false): Field {
  return {
    ...NO_TEXT,
    from,
    to,
    whole,
    read: (value) => {
      const n = typeof value === 'bigint' ? Number(value) : value;
      return typeof n === 'number' && n >= from && n <= to && (!whole || Number.isInteger(n)) ? n : undefined;
    },
  };
}

function name(most: number): Field {
  return {
    ...NO_NUMBER,
    most,
    nullable: false,
    masked: false,
    read: (value, cut) => (typeof value === 'string' ? cut(value, most) : undefined),
  };
}

/** Celery says these are texts; what is none becomes one. */
function text(most: number, masked = false): Field {
  return {
    ...NO_NUMBER,
    most,
    nullable: true,
    masked,
    read: (value, cut) => {
      if (typeof value === 'string') return cut(value, most);
      if (value === null) return null;
      return cut(typeof value === 'object' ? jsonText(value) : String(value), most);
    },
  };
}

const LOAD: Field = {
  ...NO_NUMBER,
  ...NO_TEXT,
  read: (value) =>
    Array.isArray(value) && value.length <= 8 && value.every((v) => typeof v === 'number' && Number.isFinite(v))
      ? value
      : undefined,
};
const COUNT = number(0, Number.MAX_SAFE_INTEGER, true);
const IDS = text(MAX.id);
const NAMES = text(MAX.name);
const VALUES = text(MAX.value, true);
const FIELDS: ReadonlyMap<string, Field> = new Map<string, Field>([
  ['hostname', name(MAX.hostname)],
  ['timestamp', number(0, LAST_INSTANT)],
  ['utcoffset', number(-26, 26)],
  ['pid', COUNT],
  ['clock', number(0, MAX_CLOCK, true)],
  ['root_id', IDS],
  ['parent_id', IDS],
  ['name', NAMES],
  ['queue', NAMES],
  ['exchange', NAMES],
  ['routing_key', NAMES],
  ['eta', NAMES],
  ['expires', NAMES],
  ['args', VALUES],
  ['kwargs', VALUES],
  ['result', VALUES],
  ['exception', text(MAX.exception, true)],
  ['traceback', text(MAX.traceback, true)],
  ['retries', number(0, 1e9, true)],
  ['runtime', number(0, 1e12)],
  ['freq', number(0.001, 1e6)],
  ['active', COUNT],
  ['processed', COUNT],
  ['loadavg', LOAD],
  ['sw_ident', name(MAX.name)],
  ['sw_ver', name(MAX.name)],
  ['sw_sys', name(MAX.name)],
]);

export interface EdgeOptions {
  /** Takes secrets out of a text. Default: leaves it. */
  readonly mask?: (text: string) => string;
  /** Takes secrets out of a value of a field that is not known here. Default: leaves it. */
  readonly maskValue?: (value: unknown) => unknown;
  /** Size of one field that is not known here, as JSON. Default 8192. @unit characters */
  readonly maxField?: number;
}

export class EventEdge {
  readonly #mask: (text: string) => string;
  readonly #maskValue: (value: unknown) => unknown;
  readonly #maxField: number;
  /** Types of events, each by itself: what follows compares and looks up these faster than a copy that came with an event. */
  readonly #types = new Map<string, string>(CELERY_TYPES.map((type) => [type, type]));
  /** Other kinds, the one seen longest ago first, with the number of the event they came with last. */
  readonly #others = new Map<string, { readonly type: string; seen: number }>();
  #events = 0;
  readonly #repeated = new Repeated();
  /** Things that were no events. */
  malformed = 0;
  /** Events of further kinds while there were too many. */
  leftOut = 0;
  /** Known fields of another type than theirs, left out. */
  wrongFields = 0;
  /** Texts that were too long, and fields beyond the number that is kept. */
  cutFields = 0;

  constructor(options: EdgeOptions = {}) {
    this.#mask = options.mask ?? ((text) => text);
    this.#maskValue = options.maskValue ?? ((value) => value);
    this.#maxField = options.maxField ?? MAX.other;
  }

  /** The events in one decoded message body: an object, or an array of them (`task.multi`). What it is given is its own. */
  read(body: unknown): CeleryEvent[] {
    const events: CeleryEvent[] = [];
    for (const one of Array.isArray(body) ? body : [body]) {
      this.#events++;
      const event = this.#event(one);
      if (event !== null) events.push(event);
    }
    return events;
  }

  /**
   * An event that nobody sent: made here of what a message or a result record holds, which senders write as freely as they write events.
   * In place; the type and when it was received are ours.
   * @returns false: its task's id is none, and nothing is to be told of it
   */
  ours(event: CeleryEvent): boolean {
    const { local_received: received } = event;
    if (!isId(event.uuid)) return false;
    this.#fields(event);
    if (received !== undefined) event.local_received = received;
    event.timestamp ??= received;
    return true;
  }

  #event(value: unknown): CeleryEvent | null {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return this.#refuse();
    const event = value as Record<string, unknown>;
    const { uuid, hostname } = event;
    const type = this.#typeOf(event.type);
    if (type === null) return null;
    if (type.startsWith('task-') && !isId(uuid)) return this.#refuse();
    event.type = type;
    if (isId(hostname)) event.hostname = this.#repeated.one(hostname);
    else if (hostname !== undefined && hostname !== null) return this.#refuse();
    this.#fields(event);
    return event as CeleryEvent;
  }

  /** Each as it may be, or left out. */
  #fields(event: Record<string, unknown>): void {
    let others = 0;
    for (const key in event) {
      if (key === 'type' || key === 'uuid') continue;
      const given = event[key];
      const field = FIELDS.get(key);
      if (field === undefined) {
        // Told by the receiver alone.
        if (key === 'local_received' || key === '__proto__' || key.length > MAX.field || ++others > MAX_FIELDS) {
          delete event[key];
          if (key !== 'local_received') this.cutFields++;
        } else if (typeof given === 'string') event[key] = this.#mask(this.#cut(given, this.#maxField));
        else if (typeof given === 'object' && given !== null) event[key] = this.#other(key, given);
        continue;
      }
      if (typeof given === 'number') {
        if (given >= field.from && given <= field.to && (!field.whole || Number.isInteger(given))) continue;
      } else if (typeof given === 'string') {
        if (given.length <= field.most) {
          const shown = field.masked ? this.#mask(given) : key === 'name' ? this.#repeated.one(given) : given;
          if (shown !== given || key === 'name') event[key] = shown;
          continue;
        }
      } else if (given === null && field.nullable) continue;
      this.#readField(event, key, field);
    }
  }

  /** A value that is not as its sender should have written it. */
  #readField(event: Record<string, unknown>, key: string, field: Field): void {
    const given = event[key];
    const known = given === undefined ? undefined : field.read(given, this.#cut);
    if (known === undefined) {
      delete event[key];
      if (given !== null && given !== undefined) this.wrongFields++;
    } else event[key] = field.masked && typeof known === 'string' ? this.#mask(known) : known;
  }

  #typeOf(type: unknown): string | null {
    if (typeof type !== 'string') return this.#refuse();
    const known = this.#types.get(type);
    if (known !== undefined) return known;
    const other = this.#others.get(type);
    if (other !== undefined) {
      other.seen = this.#events;
      this.#others.delete(type);
      this.#others.set(type, other);
      return other.type;
    }
    if (type.length > MAX.type || !/^[\w.]+-[\w.:-]+$/.test(type)) return this.#refuse();
    if (this.#others.size >= MAX_KINDS) {
      const [oldest, { seen }] = this.#others.entries().next().value!;
      if (this.#events - seen < KIND_LEAVES_AFTER) {
        this.leftOut++;
        return null;
      }
      this.#others.delete(oldest);
    }
    this.#others.set(type, { type, seen: this.#events });
    return type;
  }

  /** It is no event. */
  #refuse(): null {
    this.malformed++;
    return null;
  }

  #other(key: string, given: object): unknown {
    const shown = this.#maskValue({ [key]: given }) as Record<string, unknown>;
    const length = jsonText(shown[key]).length;
    if (length <= this.#maxField) return shown[key];
    return this.#cut(jsonText(shown[key]), this.#maxField);
  }

  #cut = (text: string, most: number): string => {
    if (text.length <= most) return text;
    this.cutFields++;
    return cutText(text, most);
  };
}

/** Texts that come again and again, kept once: every task of a worker would have its own copy of its name and of its worker's. */
export class Repeated {
  readonly #texts = new Map<string, string>();

  get size(): number {
    return this.#texts.size;
  }

  one(text: string): string {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    if (text.length > MAX_REPEATED_TEXT) return text;
    if (this.#texts.size >= MAX_REPEATED) this.#texts.clear();
    this.#texts.set(text, text);
    return text;
  }
}

/** At most `most` characters and a mark; of a pair of surrogates both or none. */
export function cutText(text: string, most: number): string {
  if (text.length <= most) return text;
  const code = text.charCodeAt(most - 1);
  const kept = text.slice(0, code >= 0xd800 && code <= 0xdbff ? most - 1 : most);
  // Written and read again: a slice would keep the whole text in memory.
  return JSON.parse(JSON.stringify(`${kept}...`)) as string;
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= MAX.id;
}
