// createDashboard(options): a Fastify plugin and a server of its own. In which order it starts and stops.
// Not here: what it is made of (rooms.ts), where it keeps things (stores.ts), what requests pass (plugin.ts), the server (server.ts).
// Holds: it listens before it has read its history, and serves pages before the broker answers; stopping writes what is pending.
// Flower: app.py
import { chmodSync } from 'node:fs';
import type { FastifyInstance, FastifyPluginAsync } from 'fastify';
import { createMasking, NO_MASKING } from '../../shared/masking.ts';
import { ImproperlyConfigured, toError } from '../errors.ts';
import { createLogger, LOG_LEVELS, type Logger, silentLogger } from '../log.ts';
import { adoptLogger, type GivenLogger } from '../log-adopt.ts';
import { fileSink } from '../log-sink.ts';
import { createTimer, type Timer } from '../timer.ts';
import { type RefusedRequest, recordRefusedRequest, recordWrongLogin } from './access/audit.ts';
import { Door } from './access/door.ts';
import { isGuarded } from './access/guarded.ts';
import { Tokens } from './access/tokens.ts';
import type { WrongLogin } from './access/wrong-logins.ts';
import type { Cluster } from './cluster/cluster.ts';
import { ClusterLink } from './cluster/link.ts';
import type { OpenSocket } from './live/socket.ts';
import { pageOptionsOf } from './options/page-options.ts';
import { type DashboardOptions, type Resolved, resolveOptions } from './options.ts';
import { dashboardPlugin } from './plugin.ts';
import { Rooms } from './rooms.ts';
import { createServer } from './server.ts';
import { Standby } from './standby.ts';
import { steadyTimer } from './steady-timer.ts';
import { Stores } from './stores.ts';
import { readTls } from './tls.ts';
import { makeRoomForSocket } from './unix-socket.ts';
import type { UserDataStore } from './user-data/contract.ts';
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
  /** Open the history and begin to listen to the cluster. Resolves before the broker answers. */
  start(): Promise<Cluster>;
  /** Another dashboard has the history; only with the option `standby`. */
  readonly isStandingBy: boolean;
  /** Start and serve; the address as a URL. Standing by, it resolves before it has started. */
  listen(): Promise<string>;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export function createDashboard(given: DashboardOptions = {}, parts: DashboardParts = {}): Dashboard {
  const options = resolveOptions(given);
  const log = (parts.log ? adoptLogger(parts.log) : loggerOf(options)).child('dashboard');
  const timer = steadyTimer(parts.timer ?? createTimer({ unref: true }), log);
  const version = packageVersion();
  const masking = options.mask_secrets ? createMasking(options.redact) : NO_MASKING;
  const link = new ClusterLink(options, timer, log);
  const sockets = new Set<OpenSocket>();
  const stores = new Stores(options, timer, log);
  const standby = new Standby(timer, log);
  let rooms: Rooms | null = null;
  let starting: Promise<Cluster> | null = null;
  let closed = false;

  const start = (): Promise<Cluster> => {
    starting ??= (async () => {
      const open = () => stores.open();
      const { history, schedules, userData } = await (options.standby ? standby.open(open) : open());
      rooms = new Rooms(history, {
        schedules,
        userData: userData.open,
        tokens,
        options,
        link,
        timer,
        log,
        masking,
        version,
      });
      await rooms.start();
      return rooms.cluster;
    })();
    return starting;
  };
  /** Started, or standing by: then it starts later. */
  const began = async (): Promise<void> => {
    const started = start();
    await Promise.race([started, standby.waits]);
    started.catch((error: unknown) => {
      if (!closed) log.error(`The dashboard could not start: ${toError(error).message}`);
    });
  };
  const opened = (): Rooms => {
    if (rooms === null) throw new Error('The dashboard has not started.');
    return rooms;
  };

  const ownData = async (): Promise<UserDataStore> => {
    await start();
    return stores.userData.open();
  };
  const tokens = new Tokens(
    ownData,
    timer,
    (key, reason) => {
      for (const socket of sockets) if (socket.reader.key === key) socket.refuse(reason);
    },
    options.token_recheck,
  );
  const unrecorded = (what: string) => (error: unknown) =>
    log.warning(`${what} could not be recorded: ${toError(error).message}`);
  const audit = {
    wrongLogin(wrong: WrongLogin): void {
      void recordWrongLogin(stores.history, wrong, timer.now() / 1000).catch(unrecorded('A wrong login'));
    },
    refused(refused: RefusedRequest): void {
      void start()
        .then(async () => {
          const { desk } = opened().context;
          desk.feed.operation(await recordRefusedRequest(desk.records, refused, timer.now() / 1000));
        })
        .catch(unrecorded('What was refused'));
    },
  };
  const door = new Door({
    options,
    timer,
    log,
    audit,
    stores,
    sockets,
    tokens,
    fetch: parts.fetch ?? globalThis.fetch,
  });
  const plugin = dashboardPlugin({
    ...door,
    isGuarded: isGuarded(options),
    log,
    version,
    frameAncestors: options.frame_ancestors,
    sockets,
    pageOptions: pageOptionsOf(options),
    folder: parts.pages,
    isStandingBy: () => standby.reason !== null,
    ready: start,
    context: () => opened().context,
  });
  const tls = readTls(options);
  const app = createServer(plugin, { prefix: options.url_prefix, tls: options.unix_socket === null ? tls : null }, log);

  const close = async (): Promise<void> => {
    if (closed) return;
    closed = true;
    standby.stop();
    for (const socket of sockets) socket.bye('the server stops');
    rooms?.quiet();
    await app.close();
    if (starting !== null) {
      const began = await starting.then(
        () => true,
        () => false,
      );
      // It may have started only now.
      rooms?.quiet();
      if (began) await rooms?.stop();
    }
    await stores.close();
    await link.close();
    timer.clear();
  };

  return {
    app,
    plugin,
    options,
    start,
    get isStandingBy() {
      return standby.reason !== null;
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
        await began();
        return `unix:${path}`;
      }
      const address = await app.listen({ port: options.port, host: options.address });
      await began();
      return `${address}${options.url_prefix}`;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function loggerOf({ debug, logging, log_file_prefix: path }: Resolved): Logger {
  if (logging === 'none' && !debug) return silentLogger;
  const level = debug ? 'DEBUG' : LOG_LEVELS.find((one) => one === logging.toUpperCase());
  return createLogger({ level: level ?? 'WARNING', ...(path === null ? {} : { sink: fileSink(path) }) });
}
