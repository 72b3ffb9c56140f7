// The configuration of one app: what was given, checked against the table, over the defaults, under the environment.
// Not here: the table (settings.ts). Seconds stay seconds; whoever waits turns them into milliseconds.
// Holds: reading a setting is a plain property read; an unknown name or a value of the wrong kind is refused when it is set, by
// name and with what would be right; names from before Celery 4 never mix with the new ones.
// Celery 5.6: app/utils.py Settings, detect_settings
import { inspect } from 'node:util';
import { jsonText } from '../../shared/json-text.ts';
import { editDistance } from '../../shared/nearest.ts';
import { isSecretSetting } from '../../shared/secret-names.ts';
import { ImproperlyConfigured } from '../errors.ts';
import { refuseUnknownCompression } from '../serialization/compression/compression.ts';
import type { Setting, SettingKind } from '../setting.ts';
import { nameFault } from '../transport/entity.ts';
import { safeUrl, splitFailover } from '../transport/url.ts';
import { masked } from './settings/masked.ts';
import { SETTING_NAMES, SETTINGS, type SettingName, type Settings, settingOf } from './settings.ts';

/** What `new Celery(name, ...)` takes beside settings. */
export interface ShortNames {
  /** `broker_url` */
  broker?: string | readonly string[];
  /** `result_backend` */
  backend?: string | null;
}

export type SettingsInput = { [Name in SettingName]?: Settings[Name] } & ShortNames & {
    readonly [old: Uppercase<string>]: unknown;
  };
export type Environment = Readonly<Record<string, string | undefined>>;

/** The broker when none is configured: one file under the folder the program was started in. */
export const EMBEDDED_BROKER_URL = 'sqlite:///.umbel/broker.db';

/** Celery lets these go before every other source (app/utils.py). */
const FROM_ENVIRONMENT: readonly (readonly [variable: string, name: SettingName])[] = [
  ['CELERY_BROKER_URL', 'broker_url'],
  ['CELERY_BROKER_READ_URL', 'broker_read_url'],
  ['CELERY_BROKER_WRITE_URL', 'broker_write_url'],
  ['CELERY_RESULT_BACKEND', 'result_backend'],
];

/** A queue of one connection has nothing to survive. Celery 5.6: app/control.py, events/receiver.py */
const NOT_BOTH: readonly (readonly [SettingName, SettingName])[] = [
  ['control_queue_durable', 'control_queue_exclusive'],
  ['event_queue_durable', 'event_queue_exclusive'],
];
const EFFECTIVE: ReadonlySet<string> = new Set(['broker_url', 'result_backend']);
const BY_OLD_NAME = new Map(SETTING_NAMES.flatMap((name) => SETTINGS[name].old.map((old) => [old, name] as const)));

type Values = { [K in SettingName]: Settings[K] };

interface ConfigMethods {
  get<K extends SettingName>(name: K): Settings[K];
  /** Check and take over several settings at once: all of them or, when one is refused, none. */
  update(input: SettingsInput): void;
  /** Was it given, or is it the default? */
  isSet(name: SettingName): boolean;
  /** Names from before Celery 4 by which settings were given, each with the one it has now. */
  oldNames(): ReadonlyMap<string, SettingName>;
  /** Only what was given. */
  changes(): Partial<Settings>;
  /** All of it. */
  toObject(): Settings;
  /** For people to see: secrets as asterisks. Only what was given, unless `withDefaults`. */
  masked(options?: { withDefaults?: boolean }): Record<string, unknown>;
  /** As `masked()`: so that no log shows a password because somebody printed the configuration. */
  toJSON(): Record<string, unknown>;
  /** Called after each change with the names changed. */
  onChange(listener: (names: ReadonlySet<SettingName>) => void): void;
  /** Addresses of the broker, in order. */
  brokerUrls(kind: 'read' | 'write'): readonly string[];
  /** Address of the result store; 'disabled' when there is none. */
  resultBackendUrl(): string;
}

export type Config = Values & ConfigMethods;

class ConfigStore implements ConfigMethods {
  readonly #given = new Set<SettingName>();
  readonly #oldNames = new Map<string, SettingName>();
  readonly #listeners: ((names: ReadonlySet<SettingName>) => void)[] = [];
  readonly #values: Record<string, unknown> = {};

  constructor() {
    for (const name of SETTING_NAMES) {
      this.#values[name] = SETTINGS[name].default;
      Object.defineProperty(this, name, {
        enumerable: true,
        get: EFFECTIVE.has(name) ? () => this.get(name) : () => this.#values[name],
        set: (value: unknown) => this.update({ [name]: value } as SettingsInput),
      });
    }
    Object.preventExtensions(this);
  }

  get<K extends SettingName>(name: K): Settings[K] {
    if (!settingOf(name)) throw unknownSetting(name);
    if (name === 'broker_url' || name === 'result_backend') return this.#effective(name) as Settings[K];
    return this.#values[name] as Settings[K];
  }

  /** The embedded broker and store stand in when nothing is configured. */
  #effective(name: 'broker_url' | 'result_backend'): unknown {
    const given = this.#values[name];
    if (given !== null) return given;
    if (name === 'broker_url') return this.#urlFromParts() ?? EMBEDDED_BROKER_URL;
    return this.isSet('result_backend') || this.#brokerIsSet() ? null : EMBEDDED_BROKER_URL;
  }

  update(input: SettingsInput): void {
    const read = readInput(input);
    if (read.size === 0) return;
    for (const [one, other] of NOT_BOTH) {
      if ((read.get(one) ?? this.#values[one]) && (read.get(other) ?? this.#values[other])) {
        throw new ImproperlyConfigured(`The settings '${one}' and '${other}' cannot both be true: set one of them.`);
      }
    }
    for (const [name, value] of read) {
      this.#values[name] = value;
      this.#given.add(name);
    }
    for (const key of Object.keys(input)) if (BY_OLD_NAME.has(key)) this.#oldNames.set(key, BY_OLD_NAME.get(key)!);
    const names = new Set(read.keys());
    for (const listener of this.#listeners) listener(names);
  }

  isSet(name: SettingName): boolean {
    return this.#given.has(name);
  }

  oldNames(): ReadonlyMap<string, SettingName> {
    return this.#oldNames;
  }

  changes(): Partial<Settings> {
    return Object.fromEntries([...this.#given].map((name) => [name, this.#values[name]])) as Partial<Settings>;
  }

  toObject(): Settings {
    return Object.fromEntries(SETTING_NAMES.map((name) => [name, this.get(name)])) as unknown as Settings;
  }

  masked(options: { withDefaults?: boolean } = {}): Record<string, unknown> {
    const shown = options.withDefaults ? this.toObject() : this.changes();
    return masked(shown);
  }

  /** `JSON.stringify`, `console.log` and string templates show what was given, without its secrets. */
  toJSON(): Record<string, unknown> {
    return this.masked();
  }
  toString(): string {
    return `Config ${jsonText(this.masked())}`;
  }
  [inspect.custom](): Record<string, unknown> {
    return this.masked();
  }

  onChange(listener: (names: ReadonlySet<SettingName>) => void): void {
    this.#listeners.push(listener);
  }

  brokerUrls(kind: 'read' | 'write'): readonly string[] {
    const one = this.get(kind === 'read' ? 'broker_read_url' : 'broker_write_url');
    const urls = listOf(one ?? this.get('broker_url'));
    return splitFailover(urls);
  }

  resultBackendUrl(): string {
    return this.get('result_backend') || 'disabled';
  }

  #brokerIsSet(): boolean {
    return (['broker_url', 'broker_host', 'broker_read_url', 'broker_write_url'] as const).some(
      (name) => this.#values[name] !== null,
    );
  }

  #urlFromParts(): string | null {
    const host = this.get('broker_host');
    if (!host) return null;
    if (host.includes('://')) return host;
    const [user, password, port] = [this.get('broker_user'), this.get('broker_password'), this.get('broker_port')];
    const who = user ? `${encodeURIComponent(user)}:${encodeURIComponent(password ?? '')}@` : '';
    const scheme = this.get('broker_transport') ?? 'amqp';
    return `${scheme}://${who}${host}${port ? `:${port}` : ''}/${this.get('broker_vhost') ?? ''}`;
  }
}

// What is no setting is refused where it is set, too: `app.conf.task_ack_late = true` would do nothing.
Object.setPrototypeOf(
  ConfigStore.prototype,
  new Proxy(Object.prototype, {
    set(_target, name): never {
      throw unknownSetting(String(name));
    },
  }),
);

export function createConfig(input: SettingsInput = {}, env: Environment = {}): Config {
  if (typeof input !== 'object' || input === null || Array.isArray(input))
    throw new ImproperlyConfigured(
      `The settings of an app are an object: new Celery('shop', { broker: 'redis://localhost' }), not ${Array.isArray(input) ? 'a list' : typeof input === 'string' ? 'a text' : String(input)}.`,
    );
  const config = new ConfigStore();
  config.update(input);
  for (const [variable, name] of FROM_ENVIRONMENT) {
    const value = env[variable];
    if (value) config.update({ [name]: value } as SettingsInput);
  }
  return config as unknown as Config;
}

function readInput(input: SettingsInput): Map<SettingName, unknown> {
  const read = new Map<SettingName, unknown>();
  let newName: string | undefined;
  let oldName: string | undefined;
  for (const [key, value] of Object.entries(input)) {
    if (value === undefined) continue;
    if (key === 'broker' || key === 'backend') {
      const name = key === 'broker' ? 'broker_url' : 'result_backend';
      read.set(name, checked(name, value));
    } else if (settingOf(key)) {
      newName ??= key;
      read.set(key as SettingName, checked(key, value));
    } else if (BY_OLD_NAME.has(key)) {
      oldName ??= key;
      const name = BY_OLD_NAME.get(key)!;
      read.set(name, checked(name, value, key));
    } else {
      throw unknownSetting(key);
    }
  }
  if (oldName && newName) {
    throw new ImproperlyConfigured(
      `The settings mix names from before Celery 4 (${oldName}) with new ones (${newName}). ` +
        `Write ${BY_OLD_NAME.get(oldName)} instead of ${oldName}, or use old names only.`,
    );
  }
  return read;
}

function unknownSetting(name: string): ImproperlyConfigured {
  const near = nearestSetting(name);
  return new ImproperlyConfigured(
    `There is no setting '${name}'.${near ? ` Did you mean '${near}'?` : ' docs/settings.md lists them all.'}`,
  );
}

function checked(name: string, value: unknown, givenAs = name): unknown {
  const setting = settingOf(name) as Setting<unknown>;
  if (value === null && (setting.default === null || name === 'result_expires')) return value;
  if (setting.also?.includes('string') && setting.kind === 'list' && typeof value === 'string') return [value];
  for (const kind of [setting.kind, ...(setting.also ?? [])]) if (isOfKind(kind, value)) return further(name, value);
  const unit = setting.unit ? ` (${setting.unit})` : '';
  throw new ImproperlyConfigured(
    `The setting '${givenAs}' must be ${KIND_WORDS[setting.kind]}${unit}, not ${describe(name, value)}.`,
  );
}

const KIND_WORDS: Record<SettingKind, string> = {
  bool: 'true or false',
  int: 'a whole number',
  float: 'a number',
  string: 'a text',
  dict: 'an object',
  list: 'a list',
  any: 'given',
};

function isOfKind(kind: SettingKind, value: unknown): boolean {
  switch (kind) {
    case 'bool':
      return typeof value === 'boolean';
    case 'int':
      return Number.isInteger(value);
    case 'float':
      return typeof value === 'number' && !Number.isNaN(value);
    case 'string':
      return typeof value === 'string';
    case 'dict':
      return typeof value === 'object' && value !== null && !Array.isArray(value);
    case 'list':
      return Array.isArray(value);
    case 'any':
      return true;
  }
}

/** Values with few right answers. */
const ONE_OF: Partial<Record<SettingName, readonly unknown[]>> = {
  task_protocol: [1, 2],
  task_default_delivery_mode: [1, 2, 'transient', 'persistent'],
  task_default_exchange_type: ['direct', 'topic', 'fanout', 'headers'],
  task_create_missing_queue_exchange_type: ['direct', 'topic', 'fanout', 'headers', null],
  task_default_queue_type: ['classic', 'quorum'],
  task_create_missing_queue_type: ['classic', 'quorum'],
};
const FAILOVER = ['round-robin', 'shuffle'];

/** Numbers that mean nothing below. */
const AT_LEAST: Partial<Record<SettingName, number>> = {
  decompressed_size_limit: 1024,
  worker_concurrency: 0,
  worker_prefetch_multiplier: 0,
  result_expires: 0,
  task_time_limit: 0,
  task_soft_time_limit: 0,
  task_default_priority: 0,
  task_queue_max_priority: 0,
};
const AT_MOST: Partial<Record<SettingName, number>> = { task_default_priority: 255, task_queue_max_priority: 255 };
/** Names of queues, exchanges and routing keys, and of ways to compress. */
const NAMES: ReadonlySet<string> = new Set(['task_default_queue', 'task_default_exchange', 'task_default_routing_key']);
const COMPRESSIONS: ReadonlySet<string> = new Set(['task_compression', 'result_compression']);

function further(name: string, value: unknown): unknown {
  const least = AT_LEAST[name as SettingName];
  if (least !== undefined && typeof value === 'number' && value < least) {
    throw new ImproperlyConfigured(`The setting '${name}' must be at least ${least}, not ${value}.`);
  }
  const most = AT_MOST[name as SettingName];
  if (most !== undefined && typeof value === 'number' && value > most) {
    throw new ImproperlyConfigured(`The setting '${name}' must be at most ${most}, not ${value}.`);
  }
  if (COMPRESSIONS.has(name) && typeof value === 'string' && value !== '')
    refuseUnknownCompression(value, `The setting '${name}'`);
  const fault = NAMES.has(name) && typeof value === 'string' ? nameFault(value) : null;
  if (fault !== null && (value !== '' || name === 'task_default_queue')) {
    throw new ImproperlyConfigured(`The setting '${name}' ${fault}.`);
  }
  const right = ONE_OF[name as SettingName];
  if (right && !right.includes(value)) {
    throw new ImproperlyConfigured(
      `The setting '${name}' is one of ${right.join(', ')}, not ${describe(name, value)}.`,
    );
  }
  if (name === 'timezone' && typeof value === 'string' && !isTimezone(value)) {
    throw new ImproperlyConfigured(`The setting 'timezone' names no zone known here: '${value}'.`);
  }
  if (name === 'broker_failover_strategy' && typeof value !== 'function' && !FAILOVER.includes(value as string)) {
    throw new ImproperlyConfigured(
      `The setting '${name}' is ${FAILOVER.join(', ')}, or a function of the addresses that gives them in the order to try, ` +
        `not ${describe(name, value)}.`,
    );
  }
  if ((name === 'broker_use_ssl' || name === 'redis_backend_use_ssl') && !/boolean|object/.test(typeof value)) {
    throw new ImproperlyConfigured(`The setting '${name}' is true, or an object of ssl_cert_reqs, ssl_ca_certs ...`);
  }
  const isUrl = name === 'broker_url' || name === 'broker_read_url' || name === 'broker_write_url';
  if (isUrl && !listOf(value).every((url) => typeof url === 'string')) {
    throw new ImproperlyConfigured(
      `The setting '${name}' must be a URL or a list of URLs, as text (of a URL object its href), not ${describe(name, value)}.`,
    );
  }
  return value;
}

function isTimezone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** Not what it is under a name that sounds secret. */
function describe(name: string, value: unknown): string {
  if (isSecretSetting(name)) return `a ${typeof value}`;
  if (typeof value === 'string') return `the text '${safeUrl(value)}'`;
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  return String(value);
}

function listOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value : [value as string];
}

/** What `ShortNames` has. */
const SHORT_NAMES = ['broker', 'backend'];

/** The setting whose name is fewest edits away, if it is near enough to be meant. */
function nearestSetting(name: string): string | undefined {
  const wanted = name.toLowerCase().replace(/^celeryd?_/, '');
  const upper = name === name.toUpperCase();
  let best: string | undefined;
  let least = Math.max(2, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of SHORT_NAMES) {
    const distance = editDistance(wanted, candidate);
    if (distance < least) {
      least = distance;
      best = candidate;
    }
  }
  for (const candidate of SETTING_NAMES) {
    const distance = Math.min(
      editDistance(wanted, candidate),
      ...(upper ? SETTINGS[candidate].old.map((old) => editDistance(name, old)) : []),
      // 'acks_late' for 'task_acks_late': the prefix was forgotten.
      candidate.endsWith(`_${wanted}`) ? 1 : Number.POSITIVE_INFINITY,
    );
    // Of two that lack a prefix the shorter: 'task_queues' for 'queues'.
    if (
      distance < least ||
      (distance === 1 &&
        least === 1 &&
        best !== undefined &&
        candidate.endsWith(`_${wanted}`) &&
        candidate.length < best.length)
    ) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}
