// Every option of the dashboard as one table, put together from the rows in options/: Flower's name where it has one, default, unit,
// meaning. Flags, environment, config files, the checks and docs/options.md are read from it.
// Not here: reading flags, environment and config files (cli/dashboard-options.ts).
// Holds: an unknown option is refused by name; a missing one has its default; secrets never appear in what is printed.
// Flower: options.py
import { inspect } from 'node:util';
import { MASK } from '../../shared/secret-names.ts';
import { refuseUnknownOptions } from '../app/option-names.ts';
import { masked } from '../app/settings/masked.ts';
import { ImproperlyConfigured } from '../errors.ts';
import { safeUrl } from '../transport/url.ts';
import { type Credential, readCredentials } from './access/credentials.ts';
import { isGuarded } from './access/guarded.ts';
import { type ProviderName, refuseIncomplete } from './access/providers/configured.ts';
import type { AccessRule } from './access/rules.ts';
import { type AlertsConfig, type ResolvedAlerts, shownAlerts } from './alerts/config.ts';
import { ACCESS_OPTIONS } from './options/access.ts';
import { CLUSTER_OPTIONS } from './options/cluster.ts';
import { type ClusterEntry, readClusters } from './options/clusters.ts';
import { IMPOSSIBLE_OPTIONS, REPLACED_OPTIONS } from './options/flower.ts';
import { KEEPING_OPTIONS } from './options/keeping.ts';
import { PROVIDER_OPTIONS } from './options/providers.ts';
import type { OptionRow } from './options/row.ts';
import { SERVING_OPTIONS } from './options/serving.ts';
import { SHOWING_OPTIONS } from './options/showing.ts';
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
  /**
   * Several clusters, each with a name, a broker and whatever else is its own; texts like 'orders=redis://host/0' do. The pages of each
   * are at /c/NAME/, all of them together at /. Default null: one, by the options above.
   */
  clusters?: readonly (string | ClusterEntry)[] | null;
  port?: number;
  address?: string;
  url_prefix?: string;
  /** A path: listen there and on no port. */
  unix_socket?: string | null;
  /** Who may open it: '0660'. Default null: every user of the machine. */
  unix_socket_mode?: string | null;
  /** PEM files: with both of them the server speaks TLS. */
  certfile?: string | null;
  keyfile?: string | null;
  ca_certs?: string | null;
  /** Believe the X-Forwarded- headers of `trusted_proxies`; without those, of proxies on this machine. -Prefix only without `url_prefix`. */
  xheaders?: boolean;
  /** '10.0.0.1', '10.0.0.0/8'. */
  trusted_proxies?: string | readonly string[];
  /** Origins whose pages may show these in a frame. */
  frame_ancestors?: string | readonly string[];
  debug?: boolean;
  logging?: 'debug' | 'info' | 'warning' | 'error' | 'none';
  log_file_prefix?: string | null;
  /** 'user:password', or a list of several. Each is taken as it is: further colons and commas belong to the password. */
  basic_auth?: string | readonly string[] | null;
  /** A file with one user:password a line; lines that begin with # are comments. Its users come beside those of basic_auth. */
  basic_auth_file?: string | null;
  /** What session cookies are signed with. Default null: a random key, kept in `user_data`. Another one ends every session. */
  cookie_secret?: string | null;
  /** A session ends after so long without a request. @unit seconds */
  session_idle?: number;
  /** And after so long in all. @unit seconds */
  session_max?: number;
  /** Where people sign in: 'google', 'github', 'gitlab', 'okta', 'oidc', or the name of Flower's handler. */
  auth_provider?: string | null;
  /** E-mail addresses that may: 'ann@example.com|bob@example.com', '.*@example.com'. */
  auth?: string | null;
  oauth2_key?: string | null;
  oauth2_secret?: string | null;
  /** Where the provider sends people back to: /login of this dashboard, as the browser names it. */
  oauth2_redirect_uri?: string | null;
  oauth2_okta_base_url?: string | null;
  github_oauth_domain?: string;
  gitlab_oauth_domain?: string;
  /** Whole paths of groups, of which one must be in one. */
  gitlab_auth_allowed_groups?: string | readonly string[];
  gitlab_min_access_level?: number;
  oidc_issuer?: string | null;
  /** What the sign-in page calls it. */
  oidc_name?: string;
  oidc_scope?: string;
  /** The claim that names people. 'email' counts only where it is verified. */
  oidc_user_claim?: string;
  oidc_groups_claim?: string;
  /** A provider is asked again whether somebody still may, after so long. @unit seconds */
  session_recheck?: number;
  /** Tokens of a provider's users are good for so long after it last let them in. Default null: for as long as they last. @unit seconds */
  token_recheck?: number | null;
  /** The header by which a trusted proxy says who somebody is: 'X-Forwarded-User'. Default null: nobody is believed. */
  proxy_user_header?: string | null;
  /** And the one with their groups, with commas between them, for `group:` in rules. */
  proxy_groups_header?: string | null;
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
  /**
   * Who gets in, as what: the first rule that fits decides. A list, or the path of a JSON file with one.
   * Default null: everybody who gets in is an admin.
   */
  access_rules?: string | readonly AccessRule[] | null;
  /** Who is told of what needs a person: channels and rules, or the path of a JSON file with them. Default null: nobody. */
  alerts?: string | AlertsConfig | null;
  /** ':memory:' keeps it for the life of the process. */
  db?: string;
  /** The cluster has moved to another broker: use a history file that was written for the old one. */
  adopt_history?: boolean;
  standby?: boolean;
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
  /** Columns of the task list for whoever has not chosen, by Flower's names, or 'all'. */
  tasks_columns?: string | readonly string[] | null;
  /** The task list tells times by their age. Default true. */
  natural_time?: boolean;
  /** Pages follow what happens; false: they begin paused. Default true. */
  auto_refresh?: boolean;
  /** Where a trace is looked at, with `{trace_id}` in it: the page of a task links to it. Default null */
  trace_url?: string | null;
  task_runtime_metric_buckets?: readonly number[] | null;
  /** What finds no room in it is counted together under the label 'other'. @unit bytes */
  max_metrics_size?: number;
  /** A receiver of OTLP over HTTP: the figures of /metrics are sent there. Default null */
  otlp_metrics?: string | null;
  /** 'api-key=secret,x-scope=shop'. */
  otlp_headers?: string | null;
  /** @unit seconds */
  otlp_interval?: number;
}

/** An entry takes most of the other rows, and has to know them: so it stands in none of their tables. */
const SEVERAL_CLUSTERS: OptionRow = {
  name: 'clusters',
  kind: 'texts',
  default: null,
  meaning:
    'Several clusters in one dashboard, a list of objects with a `name`, a `broker` and whatever differs from the common options; `--cluster name=url`, once for each',
  flagless: true,
  read: readClusters,
  source: 'Umbel',
};

/** Under the headings of the help and of docs/options.md. */
export const OPTION_GROUPS: readonly (readonly [title: string, rows: readonly OptionRow[]])[] = [
  ['Serving', SERVING_OPTIONS],
  ['Access', ACCESS_OPTIONS],
  ['Sign-in providers', PROVIDER_OPTIONS],
  ['Cluster', [...CLUSTER_OPTIONS, SEVERAL_CLUSTERS]],
  ['History', KEEPING_OPTIONS],
  ['Pages, metrics and alerts', SHOWING_OPTIONS],
];

export const DASHBOARD_OPTIONS: readonly OptionRow[] = OPTION_GROUPS.flatMap(([, rows]) => rows);

export interface Resolved {
  broker: readonly string[];
  result_backend: string | null;
  broker_api: string | null;
  settings: Readonly<Record<string, unknown>>;
  name: string;
  /** null: it is the only one. */
  clusters: readonly ClusterEntry[] | null;
  port: number;
  address: string;
  /** '' or '/prefix', without a slash at the end. */
  url_prefix: string;
  unix_socket: string | null;
  unix_socket_mode: number | null;
  certfile: string | null;
  keyfile: string | null;
  ca_certs: string | null;
  xheaders: boolean;
  trusted_proxies: readonly string[];
  frame_ancestors: readonly string[];
  debug: boolean;
  logging: 'debug' | 'info' | 'warning' | 'error' | 'none';
  log_file_prefix: string | null;
  basic_auth: readonly Credential[];
  cookie_secret: string | null;
  session_idle: number;
  session_max: number;
  auth_provider: ProviderName | null;
  auth: readonly string[] | null;
  oauth2_key: string | null;
  oauth2_secret: string | null;
  oauth2_redirect_uri: string | null;
  oauth2_okta_base_url: string | null;
  github_oauth_domain: string;
  gitlab_oauth_domain: string;
  gitlab_auth_allowed_groups: readonly string[];
  gitlab_min_access_level: number;
  oidc_issuer: string | null;
  oidc_name: string;
  oidc_scope: string;
  oidc_user_claim: string;
  oidc_groups_claim: string;
  session_recheck: number;
  token_recheck: number | null;
  proxy_user_header: string | null;
  proxy_groups_header: string | null;
  trusted_origins: readonly string[];
  trust_server: boolean;
  allowed_hosts: readonly string[];
  read_only: boolean;
  access_rules: readonly AccessRule[] | null;
  alerts: ResolvedAlerts;
  db: string;
  adopt_history: boolean;
  standby: boolean;
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
  /** Those of ours that are shown. */
  tasks_columns: readonly string[] | null;
  natural_time: boolean;
  auto_refresh: boolean;
  trace_url: string | null;
  task_runtime_metric_buckets: readonly number[] | null;
  max_metrics_size: number;
  otlp_metrics: string | null;
  otlp_headers: Readonly<Record<string, string>> | null;
  otlp_interval: number;
}

/** @throws ImproperlyConfigured naming the option */
export function resolveOptions(options: DashboardOptions): Resolved {
  const known = new Map(DASHBOARD_OPTIONS.map((row) => [row.name as string, row.default]));
  refuseFlowersAlone(options);
  refuseUnknownOptions('The dashboard', options, [...known.keys()]);
  const given = Object.fromEntries(Object.entries(options).filter(([, v]) => v !== undefined));
  const o = { ...Object.fromEntries(known), ...given } as Required<DashboardOptions>;
  const read = Object.fromEntries(DASHBOARD_OPTIONS.map((row) => [row.name, row.read(o[row.name], row.name)]));
  const resolved = {
    ...(read as unknown as Resolved),
    basic_auth: readCredentials(o.basic_auth, o.basic_auth_file),
  };
  if (resolved.proxy_user_header !== null && resolved.trusted_proxies.length === 0 && !resolved.xheaders)
    throw new ImproperlyConfigured(
      'The option proxy_user_header needs trusted_proxies: from anybody else the header could name anybody.',
    );
  if (resolved.unix_socket_mode !== null && resolved.unix_socket === null)
    throw new ImproperlyConfigured('The option unix_socket_mode needs unix_socket: it says who may open that.');
  refuseIncomplete(resolved);
  resolved.user_data ??= besideHistory(resolved.db);
  const { beat_schedule_filename: configured } = resolved.settings;
  if (typeof configured === 'string') resolved.schedule ??= configured;
  if (resolved.unix_socket === null && !isLoopback(resolved.address) && !isGuarded(resolved))
    throw new ImproperlyConfigured(
      `Refusing to listen on ${resolved.address || 'every address'} without authentication: whoever reaches it could revoke tasks and stop workers. ` +
        'Give basic_auth (--basic-auth=user:password), or listen on 127.0.0.1 and put a proxy with authentication in front.',
    );
  return hideSecrets(resolved);
}

/** In code nobody needs to keep what has no effect. */
function refuseFlowersAlone(options: object): void {
  for (const row of [...REPLACED_OPTIONS, ...IMPOSSIBLE_OPTIONS])
    if (Object.hasOwn(Object(options), row.name))
      throw new ImproperlyConfigured(
        `The option ${row.name} is Flower's and has no place here: ${'why' in row ? row.why : row.instead}.`,
      );
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
    clusters: options.clusters?.map(({ name }) => name) ?? null,
    basic_auth: options.basic_auth.map(({ user }) => ({ user, password: MASK })),
    oauth2_secret: options.oauth2_secret === null ? null : MASK,
    cookie_secret: options.cookie_secret === null ? null : MASK,
    alerts: shownAlerts(options.alerts),
    otlp_headers: options.otlp_headers === null ? null : MASK,
  });
  for (const key of ['toJSON', inspect.custom]) Object.defineProperty(options, key, { value: shown });
  return options;
}
