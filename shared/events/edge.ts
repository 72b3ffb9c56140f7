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
/** Kinds of event that are not Celery's, for the life of a process. */
const MAX_KINDS = 100;
/** The end of the year 9999. */
const LAST_INSTANT = 253_402_300_799;
/** A Lamport clock beyond this could not be counted on. */
const MAX_CLOCK = 2 ** 52;

const CELERY_TYPES: ReadonlySet<string> = new Set(
  (
    'task-sent task-received task-started task-succeeded task-failed task-retried task-revoked task-rejected ' +
    'worker-online worker-heartbeat worker-offline worker-elect worker-elect-ack'
  ).split(' '),
);

type Read = (value: unknown, cut: (text: string, most: number) => string) => unknown;

const number =
  (from: number, to: number): Read =>
  (value) => {
    const n = typeof value === 'bigint' ? Number(value) : value;
    return typeof n === 'number' && n >= from && n <= to ? n : undefined;
  };
const whole =
  (to: number): Read =>
  (value) => {
    const n = typeof value === 'bigint' ? Number(value) : value;
    return typeof n === 'number' && Number.isInteger(n) && n >= 0 && n <= to ? n : undefined;
  };
const name =
  (most: number): Read =>
  (value, cut) =>
    typeof value === 'string' ? cut(value, most) : undefined;
/** Celery says these are texts; what is none becomes one. */
const text =
  (most: number): Read =>
  (value, cut) => {
    if (typeof value === 'string') return cut(value, most);
    if (value === null) return null;
    return cut(typeof value === 'object' ? jsonText(value) : String(value), most);
  };
const load: Read = (value) =>
  Array.isArray(value) && value.length <= 8 && value.every((v) => typeof v === 'number' && Number.isFinite(v))
    ? value
    : undefined;

const COUNT = whole(Number.MAX_SAFE_INTEGER);
const IDS = text(MAX.id);
const NAMES = text(MAX.name);
const VALUES = text(MAX.value);
const FIELDS: ReadonlyMap<string, Read> = new Map<string, Read>([
  ['hostname', name(MAX.hostname)],
  ['timestamp', number(0, LAST_INSTANT)],
  ['utcoffset', number(-26, 26)],
  ['pid', COUNT],
  ['clock', whole(MAX_CLOCK)],
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
  ['exception', text(MAX.exception)],
  ['traceback', text(MAX.traceback)],
  ['retries', whole(1e9)],
  ['runtime', number(0, 1e12)],
  ['freq', number(0.001, 1e6)],
  ['active', COUNT],
  ['processed', COUNT],
  ['loadavg', load],
  ['sw_ident', name(MAX.name)],
  ['sw_ver', name(MAX.name)],
  ['sw_sys', name(MAX.name)],
]);
/** What is missing rather than wrong when it is null, as a client sends it. */
const MASKED: ReadonlySet<string> = new Set(['args', 'kwargs', 'result', 'exception', 'traceback']);

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
  readonly #kinds = new Set<string>();
  /** Things that were no events, and events of further kinds when there were too many. */
  malformed = 0;
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
      const event = this.#event(one);
      if (event === null) this.malformed++;
      else events.push(event);
    }
    return events;
  }

  #event(value: unknown): CeleryEvent | null {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
    const event = value as Record<string, unknown>;
    const { type, uuid, hostname } = event;
    if (typeof type !== 'string' || !this.#isKind(type)) return null;
    if (type.startsWith('task-') && !isId(uuid)) return null;
    if (hostname !== undefined && hostname !== null && !isId(hostname)) return null;
    let others = 0;
    for (const key in event) {
      if (key === 'type' || key === 'uuid') continue;
      const given = event[key];
      const read = FIELDS.get(key);
      if (read === undefined) {
        // Told by the receiver alone.
        if (key === 'local_received' || key === '__proto__' || key.length > MAX.field || ++others > MAX_FIELDS) {
          delete event[key];
          if (key !== 'local_received') this.cutFields++;
        } else if (typeof given === 'string') event[key] = this.#mask(this.#cut(given, this.#maxField));
        else if (typeof given === 'object' && given !== null) event[key] = this.#other(key, given);
        continue;
      }
      const known = read(given, this.#cut);
      if (known === undefined) {
        delete event[key];
        if (given !== null && given !== undefined) this.wrongFields++;
      } else if (MASKED.has(key) && typeof known === 'string') event[key] = this.#mask(known);
      else if (known !== given) event[key] = known;
    }
    return event as CeleryEvent;
  }

  #isKind(type: string): boolean {
    if (CELERY_TYPES.has(type) || this.#kinds.has(type)) return true;
    if (type.length > MAX.type || !/^[\w.]+-[\w.:-]+$/.test(type)) return false;
    if (this.#kinds.size >= MAX_KINDS) return false;
    this.#kinds.add(type);
    return true;
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
