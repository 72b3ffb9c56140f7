// Every option of the dashboard as one table: Flower's name where it has one, default, unit, meaning. The CLI and the docs read it.
// Not here: reading flags and environment (cli/dashboard.ts).
// Holds: an unknown option is refused by name; a missing one has its default; secrets never appear in what is printed.
// Flower: options.py
import { ImproperlyConfigured } from '../errors.ts';

export interface DashboardOptions {
  /** broker_url: one, or several for failover. */
  broker?: string | readonly string[];
  result_backend?: string | null;
  /** Further settings of the cluster, in Celery's names: event_exchange, control_exchange, broker_transport_options ... */
  settings?: Readonly<Record<string, unknown>>;
  /** What the page calls this cluster. */
  name?: string;
  port?: number;
  address?: string;
  url_prefix?: string;
  /** 'user:password', several as a list or separated by commas. */
  basic_auth?: string | readonly string[] | null;
  /** Host names by which browsers may reach an unauthenticated dashboard, besides localhost. */
  allowed_hosts?: string | readonly string[];
  read_only?: boolean;
  /** ':memory:' keeps it for the life of the process. */
  db?: string;
  /** The cluster has moved to another broker: use a history file that was written for the old one. */
  adopt_history?: boolean;
  max_tasks?: number;
  max_workers?: number;
  /** @unit seconds; null: for ever */
  retention_age?: number | null;
  retention_tasks?: number | null;
  enable_events?: boolean;
  /** @unit milliseconds */
  inspect_timeout?: number;
  /** @unit seconds */
  inspect_interval?: number;
  /** @unit seconds */
  queue_interval?: number;
  /** How long a worker with free slots must not have taken any of the messages before it, to be named. @unit seconds */
  stalled_after?: number;
  /** @unit seconds; null: workers stay in the list for a day */
  purge_offline_workers?: number | null;
  /** Regular expressions of names whose values are masked, besides the built-in ones. */
  redact?: readonly string[];
  /** Take secrets out of arguments, results, exceptions, tracebacks and configurations before they are stored or shown. Default true. */
  mask_secrets?: boolean;
  task_runtime_metric_buckets?: readonly number[] | null;
}

export interface OptionRow {
  readonly name: keyof DashboardOptions;
  readonly default: unknown;
  readonly unit?: string;
  readonly meaning: string;
  readonly source: 'Flower' | 'Celery' | 'Umbel';
}

const DAY = 86_400;
export const DASHBOARD_OPTIONS: readonly OptionRow[] = [
  { name: 'broker', default: 'sqlite:///umbel.db', meaning: "The cluster's broker", source: 'Celery' },
  {
    name: 'result_backend',
    default: null,
    meaning: 'Where results are kept; without one, results cannot be shown',
    source: 'Celery',
  },
  { name: 'settings', default: {}, meaning: "Further settings of the cluster, in Celery's names", source: 'Celery' },
  { name: 'name', default: 'celery', meaning: 'What the page calls this cluster', source: 'Umbel' },
  { name: 'port', default: 5555, meaning: 'TCP port; 0 takes a free one', source: 'Flower' },
  {
    name: 'address',
    default: '127.0.0.1',
    meaning: 'Address to bind. Wider than loopback only with basic_auth',
    source: 'Flower',
  },
  { name: 'url_prefix', default: '', meaning: 'Path in front of every route', source: 'Flower' },
  { name: 'basic_auth', default: null, meaning: 'user:password, several separated by commas', source: 'Flower' },
  {
    name: 'allowed_hosts',
    default: [],
    meaning: 'Host names accepted besides localhost while there is no authentication',
    source: 'Umbel',
  },
  { name: 'read_only', default: false, meaning: 'Refuse everything that changes something', source: 'Flower' },
  {
    name: 'db',
    default: 'umbel-history.db',
    meaning: 'File of the history, of one cluster and one process',
    source: 'Flower',
  },
  {
    name: 'adopt_history',
    default: false,
    meaning: 'Use a history file that was written for another broker: the cluster has moved',
    source: 'Umbel',
  },
  {
    name: 'max_tasks',
    default: 10_000,
    meaning: 'Finished tasks kept in memory; the history keeps more',
    source: 'Flower',
  },
  { name: 'max_workers', default: 5000, meaning: 'Workers kept in memory', source: 'Flower' },
  {
    name: 'retention_age',
    default: 30 * DAY,
    unit: 'seconds',
    meaning: 'How long tasks stay in the history',
    source: 'Umbel',
  },
  { name: 'retention_tasks', default: 5_000_000, meaning: 'How many tasks stay in the history', source: 'Umbel' },
  {
    name: 'enable_events',
    default: true,
    meaning: 'Ask workers that send no task events to send them',
    source: 'Flower',
  },
  {
    name: 'inspect_timeout',
    default: 1000,
    unit: 'milliseconds',
    meaning: 'How long to wait for answers of workers',
    source: 'Flower',
  },
  {
    name: 'inspect_interval',
    default: 10,
    unit: 'seconds',
    meaning: 'How often workers are asked for their state',
    source: 'Umbel',
  },
  { name: 'queue_interval', default: 2, unit: 'seconds', meaning: 'How often queues are measured', source: 'Umbel' },
  {
    name: 'stalled_after',
    default: 40,
    unit: 'seconds',
    meaning: 'How long a worker with free slots must not have taken any of the messages before it, to be named',
    source: 'Umbel',
  },
  {
    name: 'purge_offline_workers',
    default: null,
    unit: 'seconds',
    meaning: 'Forget workers not heard for so long',
    source: 'Flower',
  },
  {
    name: 'redact',
    default: [],
    meaning: 'Patterns of names whose values are masked, besides the built-in ones',
    source: 'Umbel',
  },
  {
    name: 'mask_secrets',
    default: true,
    meaning: 'Take secrets out of arguments, results, tracebacks and configurations before they are stored or shown',
    source: 'Umbel',
  },
  {
    name: 'task_runtime_metric_buckets',
    default: null,
    unit: 'seconds',
    meaning: 'Upper bounds of the runtime histogram of /metrics',
    source: 'Flower',
  },
];

export interface Resolved {
  broker: readonly string[];
  result_backend: string | null;
  settings: Readonly<Record<string, unknown>>;
  name: string;
  port: number;
  address: string;
  /** '' or '/prefix', without a slash at the end. */
  url_prefix: string;
  basic_auth: readonly { user: string; password: string }[];
  allowed_hosts: readonly string[];
  read_only: boolean;
  db: string;
  adopt_history: boolean;
  max_tasks: number;
  max_workers: number;
  retention_age: number | null;
  retention_tasks: number | null;
  enable_events: boolean;
  inspect_timeout: number;
  inspect_interval: number;
  queue_interval: number;
  stalled_after: number;
  purge_offline_workers: number | null;
  redact: readonly string[];
  mask_secrets: boolean;
  task_runtime_metric_buckets: readonly number[] | null;
}

/** @throws ImproperlyConfigured naming the option */
export function resolveOptions(options: DashboardOptions): Resolved {
  const known = new Map(DASHBOARD_OPTIONS.map((row) => [row.name as string, row.default]));
  for (const name of Object.keys(options))
    if (!known.has(name))
      throw new ImproperlyConfigured(
        `The dashboard has no option '${name}'. It knows: ${[...known.keys()].join(', ')}.`,
      );
  const given = Object.fromEntries(Object.entries(options).filter(([, v]) => v !== undefined));
  const o = { ...Object.fromEntries(known), ...given } as Required<DashboardOptions>;
  const resolved: Resolved = {
    ...(o as unknown as Resolved),
    broker: typeof o.broker === 'string' ? o.broker.split(';') : o.broker,
    url_prefix: prefix(o.url_prefix),
    basic_auth: credentials(o.basic_auth),
    allowed_hosts: list(o.allowed_hosts).map((h) => h.toLowerCase()),
  };
  for (const name of [
    'port',
    'max_tasks',
    'max_workers',
    'inspect_timeout',
    'inspect_interval',
    'queue_interval',
    'stalled_after',
  ] as const)
    if (!(typeof resolved[name] === 'number' && resolved[name] >= 0))
      throw new ImproperlyConfigured(
        `The option ${name} must be a number of at least 0, not ${JSON.stringify(o[name])}.`,
      );
  if (!Number.isInteger(resolved.port) || resolved.port > 65_535)
    throw new ImproperlyConfigured(`The option port must be a whole number from 0 to 65535, not ${resolved.port}.`);
  if (!isLoopback(resolved.address) && resolved.basic_auth.length === 0)
    throw new ImproperlyConfigured(
      `Refusing to listen on ${resolved.address || 'every address'} without authentication: whoever reaches it could revoke tasks and stop workers. ` +
        'Give basic_auth (--basic-auth=user:password), or listen on 127.0.0.1 and put a proxy with authentication in front.',
    );
  return resolved;
}

export function isLoopback(address: string): boolean {
  return address === 'localhost' || address === '::1' || /^127(\.\d{1,3}){3}$/.test(address);
}

function prefix(text: string): string {
  const trimmed = text.replace(/^\/+|\/+$/g, '');
  if (trimmed === '') return '';
  if (!/^[\w.~-]+(\/[\w.~-]+)*$/.test(trimmed))
    throw new ImproperlyConfigured(`The option url_prefix must be a plain path, not ${JSON.stringify(text)}.`);
  return `/${trimmed}`;
}

function list(value: string | readonly string[]): readonly string[] {
  return typeof value === 'string'
    ? value
        .split(',')
        .map((v) => v.trim())
        .filter((v) => v !== '')
    : value;
}

function credentials(value: DashboardOptions['basic_auth']): { user: string; password: string }[] {
  if (value === null || value === undefined) return [];
  return list(value).map((pair) => {
    const colon = pair.indexOf(':');
    if (colon < 1 || colon === pair.length - 1)
      throw new ImproperlyConfigured(
        'The option basic_auth takes user:password. One of those given has no colon, no user or no password.',
      );
    return { user: pair.slice(0, colon), password: pair.slice(colon + 1) };
  });
}
