// createDashboard(options): a Fastify plugin and a server of its own, of one cluster or of several. In which order it starts and stops.
// Not here: what each cluster is made of (one-cluster.ts), what requests pass (plugin.ts), several below one prefix (several.ts), the
// server (server.ts).
// Holds: it listens before it has read its history, and serves pages before the broker answers; stopping writes what is pending. Of several
// dashboards with the same clusters the one that has the first one's history has all of them.
// Flower: app.py
import { chmodSync } from 'node:fs';
import { inspect } from 'node:util';
import type { FastifyInstance, FastifyPluginAsync } from 'fastify';
import { ImproperlyConfigured, toError } from '../errors.ts';
import { createLogger, LOG_LEVELS, type Logger, silentLogger } from '../log.ts';
import { adoptLogger, type GivenLogger } from '../log-adopt.ts';
import { fileSink } from '../log-sink.ts';
import { createTimer, type Timer } from '../timer.ts';
import { safeUrl } from '../transport/url.ts';
import { recordWrongLogin } from './access/audit.ts';
import { Door } from './access/door.ts';
import { isGuarded } from './access/guarded.ts';
import { Tokens } from './access/tokens.ts';
import type { WrongLogin } from './access/wrong-logins.ts';
import type { Cluster } from './cluster/cluster.ts';
import { clustersOf } from './clusters.ts';
import type { OpenSocket } from './live/socket.ts';
import { OneCluster } from './one-cluster.ts';
import { pageOptionsOf } from './options/page-options.ts';
import { type DashboardOptions, type Resolved, resolveOptions } from './options.ts';
import { dashboardPlugin, type PluginParts } from './plugin.ts';
import { historyFile } from './replicas/line.ts';
import { OwnerLine } from './replicas/owner-line.ts';
import { PassOn } from './replicas/pass-on.ts';
import { standIn } from './replicas/stand-in.ts';
import { createServer } from './server.ts';
import { severalPlugin } from './several.ts';
import { steadyTimer } from './steady-timer.ts';
import { readTls } from './tls.ts';
import { makeRoomForSocket } from './unix-socket.ts';
import { UserData } from './user-data/user-data.ts';
import { packageVersion } from './version.ts';

export type { DashboardOptions } from './options.ts';

/** What tests and embedding programs may hand in. */
export interface DashboardParts {
  readonly timer?: Timer;
  readonly log?: GivenLogger;
  /** Folder of the built pages; null: none. Default: found beside the sources or in dist. */
  readonly pages?: string | null;
  /** How sign-in providers are asked. Default: Node's own. */
  readonly fetch?: typeof globalThis.fetch;
}

export interface Dashboard {
  /** The server of its own, with the plugin under `url_prefix`. `inject` works without listening. */
  readonly app: FastifyInstance;
  /** Everything as a plugin, for a Fastify server of yours; call `start` or let the first request do it, and `close` at the end. */
  readonly plugin: FastifyPluginAsync;
  readonly options: Resolved;
  /** Open the history and begin to listen to the cluster, or to each. Resolves before a broker answers, with the first cluster. */
  start(): Promise<Cluster>;
  /** Another dashboard has the history, or one of them; only with the option `standby`. */
  readonly isStandingBy: boolean;
  /** Start and serve; the address as a URL. Standing by, it resolves before it has started. */
  listen(): Promise<string>;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export function createDashboard(given: DashboardOptions = {}, parts: DashboardParts = {}): Dashboard {
  const options = resolveOptions(given);
  const all = clustersOf(given, options);
  const isOne = options.clusters === null;
  const base = parts.log ? adoptLogger(parts.log) : loggerOf(options);
  const log = base.child('dashboard');
  const timer = steadyTimer(parts.timer ?? createTimer({ unref: true }), log);
  const version = packageVersion();
  const sockets = new Set<OpenSocket>();
  const clusters = all.map(
    (one) =>
      new OneCluster(one, {
        ...{ timer, version, tokens: () => tokens },
        log: isOne ? log : base.child(`dashboard of ${one.name}`),
      }),
  );
  const first = clusters[0]!;
  // Of several clusters none owns the people: sessions and tokens stay where they are when one is taken away.
  const people = isOne ? first.stores.userData : new UserData(options.user_data, timer);
  let closed = false;
  const file = options.standby ? historyFile(first.options.db) : null;
  const passOn = new PassOn(file, first.lookNow);
  // Of one cluster among those that are ours another dashboard has the history: whoever that is, it is none of the same clusters.
  const noOwner = new PassOn(null, () => {});
  // Not at once, where another dashboard may have the first one's history.
  const startOf = async (cluster: OneCluster): Promise<Cluster> => {
    if (options.standby) await first.start();
    return cluster.start();
  };

  const tokens = new Tokens(
    async () => {
      if (isOne || options.standby) await first.start();
      return people.open();
    },
    timer,
    (key, reason) => {
      for (const socket of sockets) if (socket.reader.key === key) socket.refuse(reason);
    },
    options.token_recheck,
  );
  const door = new Door({
    ...{ options, timer, log, sockets, tokens },
    wrongLogin(wrong: WrongLogin): void {
      recordWrongLogin(first.stores.history, wrong, timer.now() / 1000).catch((error: unknown) =>
        log.warning(`A wrong login could not be recorded: ${toError(error).message}`),
      );
    },
    userData: people.open,
    records: () => first.stores.history,
    rules: clusters.map(({ rules }) => rules),
    fetch: parts.fetch ?? globalThis.fetch,
  });
  const partsOf = (cluster: OneCluster): PluginParts => ({
    gate: door.gateOf(cluster),
    ...{ door, sockets, version, log: cluster.log, rules: cluster.rules },
    isGuarded: isGuarded(options),
    frameAncestors: options.frame_ancestors,
    pageOptions: pageOptionsOf(cluster.options),
    folder: parts.pages,
    async isStandingBy() {
      // Before that is known nothing is opened: what people own is of whoever has the history.
      if (options.standby) for (const one of new Set([first, cluster])) if (await one.standsBy()) return true;
      return false;
    },
    standIn: (request, reply, where) => standIn({ request, reply }, first.isStandingBy ? passOn : noOwner, where),
    ready: () => startOf(cluster),
    context: cluster.context,
  });
  const plugin = isOne ? dashboardPlugin(partsOf(first)) : severalPlugin(clusters, partsOf);
  const certified = readTls(options);
  const tls = options.unix_socket === null ? certified : null;
  const app = createServer(plugin, { prefix: options.url_prefix, tls }, log);

  const line = new OwnerLine(log, (socket) =>
    app.server.emit(tls === null ? 'connection' : 'secureConnection', socket),
  );

  const start = async (): Promise<Cluster> => (await Promise.all(clusters.map(startOf)))[0]!;
  const begun = async (): Promise<void> => {
    await first.begun();
    const others = () => Promise.all(clusters.slice(1).map((one) => one.begun()));
    const rest = first.start().then(async () => {
      if (closed) return;
      if (file !== null) line.open(file);
      await others();
    });
    if (first.isStandingBy) rest.catch(() => {});
    else await rest;
  };

  const close = async (): Promise<void> => {
    if (closed) return;
    closed = true;
    line.close();
    for (const socket of sockets) socket.bye('the server stops');
    for (const one of clusters) one.quiet();
    passOn.close();
    await app.close();
    await Promise.all(clusters.slice(1).map((one) => one.close()));
    if (!isOne) await people.close();
    // Last: who stands by waits for its history.
    await first.close();
    timer.clear();
  };

  const dashboard: Dashboard = {
    app,
    plugin,
    options,
    start,
    get isStandingBy() {
      return clusters.some((one) => one.isStandingBy);
    },
    async listen() {
      if (options.trust_server)
        throw new ImproperlyConfigured(
          'trust_server is for the plugin, in a server that authenticates. A dashboard that listens by itself needs basic_auth, or stays on loopback without either.',
        );
      const { unix_socket: path, unix_socket_mode: mode } = options;
      if (path !== null) {
        await makeRoomForSocket(path);
        // As Flower's, unless its mode is given: its folder says who may come near it.
        await app.listen({ path, ...(mode === null && { readableAll: true, writableAll: true }) });
        if (mode !== null) chmodSync(path, mode);
        await begun();
        return `unix:${path}`;
      }
      const address = await app.listen({ port: options.port, host: options.address });
      await begun();
      return `${address}${options.url_prefix}`;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
  // Who prints it wants no server with all its options.
  const shown = () =>
    `<Dashboard of ${all.map(({ name, broker }) => `${name} (${broker.map(safeUrl).join(', ')})`).join(', ')}>`;
  for (const key of ['toString', 'toJSON', inspect.custom]) Object.defineProperty(dashboard, key, { value: shown });
  return dashboard;
}

function loggerOf({ debug, logging, log_file_prefix: path }: Resolved): Logger {
  if (logging === 'none' && !debug) return silentLogger;
  const level = debug ? 'DEBUG' : LOG_LEVELS.find((one) => one === logging.toUpperCase());
  return createLogger({ level: level ?? 'WARNING', ...(path === null ? {} : { sink: fileSink(path) }) });
}
