// Every option of the dashboard as one table: Flower's name where it has one, default, unit, meaning. The CLI and the docs read it.
// Not here: reading flags and environment (cli/dashboard.ts).
// Holds: an unknown option is refused by name; a missing one has its default; secrets never appear in what is printed.
// Flower: options.py
import { inspect } from 'node:util';
import { MASK } from '../../shared/secret-names.ts';
import { refuseUnknownOptions } from '../app/option-names.ts';
import { asGiven, list, number, orNull, text, yesOrNo } from '../app/option-values.ts';
import { masked } from '../app/settings/masked.ts';
import { ImproperlyConfigured } from '../errors.ts';
import { safeUrl } from '../transport/url.ts';
import { type Credential, readCredentials } from './access/credentials.ts';
import {
  agesByState,
  bounds,
  brokers,
  fileSize,
  httpUrl,
  origin,
  patterns,
  port,
  prefix,
  shared,
  table,
} from './option-values.ts';
import { besideHistory } from './user-data/registry.ts';

export interface DashboardOptions {
  /** broker_url: one, or several for failover. */
  broker?: string | readonly string[];
  result_backend?: string | null;
  /** RabbitMQ's management API: `http://user:password@host:15672/api/` */
  broker_api?: string | null;
  /** Further settings of the cluster, in Celery's names: event_exchange, control_exchange, broker_transport_options ... */
  settings?: Readonly<Record<string, unknown>>;
  /** What the page calls this cluster. */
  name?: string;
  port?: number;
  address?: string;
  url_prefix?: string;
  /** 'user:password', or a list of several. Each is taken as it is: further colons and commas belong to the password. */
  basic_auth?: string | readonly string[] | null;
  /** A file with one user:password a line; lines that begin with # are comments. Its users come beside those of basic_auth. */
  basic_auth_file?: string | null;
  /** Origins of the pages besides this server's own, for a proxy that changes Host: 'https://dash.example.com:8443'. */
  trusted_origins?: string | readonly string[];
  /**
   * As a plugin: the server it is part of authenticates, so that everybody who gets here may. Default false: without basic_auth only
   * callers of this machine are answered. `listen()` refuses it: no server stands before it then.
   */
  trust_server?: boolean;
  /** Host names by which browsers may reach an unauthenticated dashboard, besides localhost. */
  allowed_hosts?: string | readonly string[];
  read_only?: boolean;
  /** ':memory:' keeps it for the life of the process. */
  db?: string;
  /** The cluster has moved to another broker: use a history file that was written for the old one. */
  adopt_history?: boolean;
  /** What people save and own (views), in a file that retention never touches: a path or a URL. Default: beside `db`. */
  user_data?: string | null;
  /** Where beat keeps its schedule, as `umbel beat --schedule` was told: a path or a URL. Default: `beat_schedule_filename` of `settings`. */
  schedule?: string | null;
  max_tasks?: number;
  max_workers?: number;
  /** @unit seconds; null: for ever */
  retention_age?: number | null;
  retention_tasks?: number | null;
  /** Of the history file. @unit bytes; null: any size */
  retention_size?: number | null;
  /** How long tasks of one state stay, instead of retention_age: 'FAILURE=7776000', 'SUCCESS=86400', 'REVOKED=forever'. */
  retention_states?: string | readonly string[] | Readonly<Record<string, number | null>>;
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
  /** What finds no room in it is counted together under the label 'other'. @unit bytes */
  max_metrics_size?: number;
}

export interface OptionRow {
  readonly name: keyof DashboardOptions;
  readonly default: unknown;
  readonly unit?: string;
  readonly meaning: string;
  readonly source: 'Flower' | 'Celery' | 'Umbel';
  /** The value as the dashboard has it. @throws ImproperlyConfigured naming the option */
  readonly read: (value: unknown, name: string) => unknown;
}

const DAY = 86_400;
export const DASHBOARD_OPTIONS: readonly OptionRow[] = [
  { name: 'broker', default: 'sqlite:///umbel.db', meaning: "The cluster's broker", read: brokers, source: 'Celery' },
  {
    name: 'result_backend',
    default: null,
    meaning: 'Where results are kept; without one, results cannot be shown',
    read: orNull(text),
    source: 'Celery',
  },
  {
    name: 'broker_api',
    default: null,
    meaning:
      "RabbitMQ's management API, http://user:password@host:15672/api/, for what AMQP does not tell of queues; without a user, the broker's",
    read: orNull(httpUrl),
    source: 'Flower',
  },
  {
    name: 'settings',
    default: {},
    meaning: "Further settings of the cluster, in Celery's names",
    read: table,
    source: 'Celery',
  },
  { name: 'name', default: 'celery', meaning: 'What the page calls this cluster', read: text, source: 'Umbel' },
  { name: 'port', default: 5555, meaning: 'TCP port; 0 takes a free one', read: port, source: 'Flower' },
  {
    name: 'address',
    default: '127.0.0.1',
    meaning: 'Address to bind. Wider than loopback only with basic_auth',
    read: text,
    source: 'Flower',
  },
  { name: 'url_prefix', default: '', meaning: 'Path in front of every route', read: prefix, source: 'Flower' },
  { name: 'basic_auth', default: null, meaning: 'user:password; once for each user', read: asGiven, source: 'Flower' },
  {
    name: 'basic_auth_file',
    default: null,
    meaning: 'File with one user:password a line',
    read: orNull(text),
    source: 'Umbel',
  },
  {
    name: 'trusted_origins',
    default: [],
    meaning: 'Addresses of the pages besides its own, for a proxy that changes Host: https://dash.example.com',
    read: (value, name) => list(value, name).map((one) => origin(one, name)),
    source: 'Umbel',
  },
  {
    name: 'trust_server',
    default: false,
    meaning: 'As a plugin: the server around it authenticates, so answer other machines without basic_auth',
    read: yesOrNo,
    source: 'Umbel',
  },
  {
    name: 'allowed_hosts',
    default: [],
    meaning: 'Host names accepted besides localhost while there is no authentication',
    read: (value, name) => list(value, name).map((host) => host.toLowerCase()),
    source: 'Umbel',
  },
  {
    name: 'read_only',
    default: false,
    meaning: 'Refuse everything that changes something',
    read: yesOrNo,
    source: 'Flower',
  },
  {
    name: 'db',
    default: 'umbel-history.db',
    meaning: 'The history of one cluster, kept by one process: a file, or sqlite:///file',
    read: text,
    source: 'Flower',
  },
  {
    name: 'adopt_history',
    default: false,
    meaning: 'Use a history file that was written for another broker: the cluster has moved',
    read: yesOrNo,
    source: 'Umbel',
  },
  {
    name: 'user_data',
    default: null,
    meaning: 'What people save and own, kept for good: a file, or sqlite:///file. Without it, beside the history',
    read: orNull(text),
    source: 'Umbel',
  },
  {
    name: 'schedule',
    default: null,
    meaning: 'Where beat keeps its schedule, which is only read: a file, or a URL',
    read: orNull(shared),
    source: 'Umbel',
  },
  {
    name: 'max_tasks',
    default: 10_000,
    meaning: 'Finished tasks kept in memory; the history keeps more',
    read: number,
    source: 'Flower',
  },
  { name: 'max_workers', default: 5000, meaning: 'Workers kept in memory', read: number, source: 'Flower' },
  {
    name: 'retention_age',
    default: 30 * DAY,
    unit: 'seconds',
    meaning: 'How long tasks stay in the history',
    read: orNull(number),
    source: 'Umbel',
  },
  {
    name: 'retention_tasks',
    default: 5_000_000,
    meaning: 'How many tasks stay in the history',
    read: orNull(number),
    source: 'Umbel',
  },
  {
    name: 'retention_size',
    default: null,
    unit: 'bytes',
    meaning: 'How large the history file may grow, 10 MB at least; the oldest tasks go first',
    read: orNull(fileSize),
    source: 'Umbel',
  },
  {
    name: 'retention_states',
    default: [],
    meaning: 'How long tasks of some states stay, instead of retention_age: SUCCESS=86400,FAILURE=forever',
    read: agesByState,
    source: 'Umbel',
  },
  {
    name: 'enable_events',
    default: true,
    meaning: 'Ask workers that send no task events to send them',
    read: yesOrNo,
    source: 'Flower',
  },
  {
    name: 'inspect_timeout',
    default: 1000,
    unit: 'milliseconds',
    meaning: 'How long to wait for answers of workers',
    read: number,
    source: 'Flower',
  },
  {
    name: 'inspect_interval',
    default: 10,
    unit: 'seconds',
    meaning: 'How often workers are asked for their state',
    read: number,
    source: 'Umbel',
  },
  {
    name: 'queue_interval',
    default: 2,
    unit: 'seconds',
    meaning: 'How often queues are measured',
    read: number,
    source: 'Umbel',
  },
  {
    name: 'stalled_after',
    default: 40,
    unit: 'seconds',
    meaning: 'How long a worker with free slots must not have taken any of the messages before it, to be named',
    read: number,
    source: 'Umbel',
  },
  {
    name: 'purge_offline_workers',
    default: null,
    unit: 'seconds',
    meaning: 'Forget workers not heard for so long',
    read: orNull(number),
    source: 'Flower',
  },
  {
    name: 'redact',
    default: [],
    meaning: 'Patterns of names whose values are masked, besides the built-in ones',
    read: patterns,
    source: 'Umbel',
  },
  {
    name: 'mask_secrets',
    default: true,
    meaning: 'Take secrets out of arguments, results, tracebacks and configurations before they are stored or shown',
    read: yesOrNo,
    source: 'Umbel',
  },
  {
    name: 'task_runtime_metric_buckets',
    default: null,
    unit: 'seconds',
    meaning: 'Upper bounds of the runtime histogram of /metrics',
    read: orNull(bounds),
    source: 'Flower',
  },
  {
    name: 'max_metrics_size',
    default: 20_000_000,
    unit: 'bytes',
    meaning: "About how large an answer of /metrics gets; workers, tasks and queues beyond it count as 'other'",
    read: number,
    source: 'Umbel',
  },
];

export interface Resolved {
  broker: readonly string[];
  result_backend: string | null;
  broker_api: string | null;
  settings: Readonly<Record<string, unknown>>;
  name: string;
  port: number;
  address: string;
  /** '' or '/prefix', without a slash at the end. */
  url_prefix: string;
  basic_auth: readonly Credential[];
  trusted_origins: readonly string[];
  trust_server: boolean;
  allowed_hosts: readonly string[];
  read_only: boolean;
  db: string;
  adopt_history: boolean;
  user_data: string;
  schedule: string | null;
  max_tasks: number;
  max_workers: number;
  retention_age: number | null;
  retention_tasks: number | null;
  retention_size: number | null;
  /** @unit seconds; null: for ever */
  retention_states: Readonly<Record<string, number | null>>;
  enable_events: boolean;
  inspect_timeout: number;
  inspect_interval: number;
  queue_interval: number;
  stalled_after: number;
  purge_offline_workers: number | null;
  redact: readonly string[];
  mask_secrets: boolean;
  task_runtime_metric_buckets: readonly number[] | null;
  max_metrics_size: number;
}

/** @throws ImproperlyConfigured naming the option */
export function resolveOptions(options: DashboardOptions): Resolved {
  const known = new Map(DASHBOARD_OPTIONS.map((row) => [row.name as string, row.default]));
  refuseUnknownOptions('The dashboard', options, [...known.keys()]);
  const given = Object.fromEntries(Object.entries(options).filter(([, v]) => v !== undefined));
  const o = { ...Object.fromEntries(known), ...given } as Required<DashboardOptions>;
  const read = Object.fromEntries(DASHBOARD_OPTIONS.map((row) => [row.name, row.read(o[row.name], row.name)]));
  const resolved = {
    ...(read as unknown as Resolved),
    basic_auth: readCredentials(o.basic_auth, o.basic_auth_file),
  };
  resolved.user_data ??= besideHistory(resolved.db);
  const { beat_schedule_filename: configured } = resolved.settings;
  if (typeof configured === 'string') resolved.schedule ??= configured;
  if (!isLoopback(resolved.address) && resolved.basic_auth.length === 0)
    throw new ImproperlyConfigured(
      `Refusing to listen on ${resolved.address || 'every address'} without authentication: whoever reaches it could revoke tasks and stop workers. ` +
        'Give basic_auth (--basic-auth=user:password), or listen on 127.0.0.1 and put a proxy with authentication in front.',
    );
  return hideSecrets(resolved);
}

export function isLoopback(address: string): boolean {
  return address === 'localhost' || address === '::1' || /^127(\.\d{1,3}){3}$/.test(address);
}

/** So that nobody shows a password who prints the options. */
function hideSecrets(options: Resolved): Resolved {
  const shown = (): Record<string, unknown> => ({
    ...options,
    broker: options.broker.map(safeUrl),
    result_backend: options.result_backend === null ? null : safeUrl(options.result_backend),
    broker_api: options.broker_api === null ? null : safeUrl(options.broker_api),
    user_data: safeUrl(options.user_data),
    schedule: options.schedule === null ? null : safeUrl(options.schedule),
    settings: masked(options.settings),
    basic_auth: options.basic_auth.map(({ user }) => ({ user, password: MASK })),
  });
  for (const key of ['toJSON', inspect.custom]) Object.defineProperty(options, key, { value: shown });
  return options;
}
