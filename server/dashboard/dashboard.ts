// createDashboard(options): a Fastify plugin and a server of its own. What is wired to what, and in which order it starts and stops.
// Not here: what each room does: cluster/ (now), history/ (then), live/ (to browsers), access/ (who may), operations/, routes/.
// Holds: it listens before it has read its history, and serves pages before the broker answers; every error is problem+json and
// shows no stack; stopping writes what is pending.
// Flower: app.py
import { readFileSync } from 'node:fs';
import compress from '@fastify/compress';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import websocket, { type WebSocket } from '@fastify/websocket';
import fastify, {
  type FastifyInstance,
  type FastifyPluginAsync,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import { Type } from 'typebox';
import { jsonText } from '../../shared/json-text.ts';
import { createMasking, NO_MASKING } from '../../shared/masking.ts';
import { fromSegment } from '../../shared/path-segment.ts';
import { ImproperlyConfigured, toError } from '../errors.ts';
import { createLogger, type Logger } from '../log.ts';
import { createTimer, type Timer } from '../timer.ts';
import { Gate, NOBODY, requireDeclaredAccess } from './access/gate.ts';
import { SECURITY_HEADERS } from './access/headers.ts';
import { type Identity, VIEWER } from './access/identity.ts';
import type { WrongLogin } from './access/wrong-logins.ts';
import { Attention } from './attention/attention.ts';
import { Baselines } from './cluster/baselines.ts';
import { Cluster } from './cluster/cluster.ts';
import { clusterAddresses } from './cluster/identity.ts';
import { ClusterLink } from './cluster/link.ts';
import type { HistoryStore } from './history/contract.ts';
import { openHistory } from './history/registry.ts';
import { Feed } from './live/feed.ts';
import { ProgressWatch } from './live/progress.ts';
import { LiveSocket, MAX_FRAME } from './live/socket.ts';
import { EventTally } from './metrics/event-tally.ts';
import { Metrics } from './metrics/metrics.ts';
import type { OperationDesk } from './operations/contract.ts';
import { Follower } from './operations/follow.ts';
import { Interventions } from './operations/interventions.ts';
import { StartRates } from './operations/start-rates.ts';
import { type DashboardOptions, type Resolved, resolveOptions } from './options.ts';
import { aliveRoutes } from './routes/alive.ts';
import { ProblemError, type RouteContext } from './routes/context.ts';
import { docsRoutes } from './routes/docs.ts';
import { healthRoutes } from './routes/health.ts';
import { operationRoutes } from './routes/operations.ts';
import { overviewRoutes } from './routes/overview.ts';
import { answerNotFound, answerProblem, rawProblem } from './routes/problem.ts';
import { queueRoutes } from './routes/queues.ts';
import { taskValueRoutes } from './routes/task-values.ts';
import { taskRoutes } from './routes/tasks.ts';
import { validatorOf } from './routes/validation.ts';
import { workerRoutes } from './routes/workers.ts';
import { pages } from './spa.ts';
import { TaskRows } from './views/task-rows.ts';
import { Waiting } from './waiting/waiting.ts';

export type { DashboardOptions } from './options.ts';

/** What tests and embedding programs may hand in. */
export interface DashboardParts {
  readonly timer?: Timer;
  readonly log?: Logger;
  /** Folder of the built pages; null: none. Default: found beside the sources or in dist. */
  readonly pages?: string | null;
}

export interface Dashboard {
  /** The server of its own, with the plugin under `url_prefix`. `inject` works without listening. */
  readonly app: FastifyInstance;
  /** Everything as a plugin, for a Fastify server of yours; call `start` or let the first request do it, and `close` at the end. */
  readonly plugin: FastifyPluginAsync;
  readonly options: Resolved;
  /** Open the history and begin to listen to the cluster. Resolves before the broker answers. */
  start(): Promise<Cluster>;
  /** Start and serve; the address as a URL. */
  listen(): Promise<string>;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Operations of the audit log whose traces tasks and limits may still bear. */
const REMEMBERED = 500;
const BODY_LIMIT = 1024 * 1024;
/** @unit bytes */
const COMPRESS_FROM = 2048;
/** Address and headers: a query of some thousand letters of any alphabet fits. @unit bytes */
const MAX_HEADER = 64 * 1024;
/** A request must have come in within this, its headers within the other. */
const REQUEST_MS = 30_000;
const HEADERS_MS = 10_000;
/** Connections at a time; browsers use up to six each. */
const MAX_CONNECTIONS = 2000;
/** Live pages at a time. */
const MAX_SOCKETS = 500;
/** Close codes of ours for the live socket (4000 to 4999 are for applications). */
const CLOSE_REFUSED = 4403;
const CLOSE_TOO_MANY = 4429;

export function createDashboard(given: DashboardOptions = {}, parts: DashboardParts = {}): Dashboard {
  const options = resolveOptions(given);
  const timer = parts.timer ?? createTimer({ unref: true });
  const log = (parts.log ?? createLogger({ level: 'WARNING' })).child('dashboard');
  const version = packageVersion();
  const link = new ClusterLink(options, timer, log);
  const lateHistory = late<HistoryStore>();
  const masking = options.mask_secrets ? createMasking(options.redact) : NO_MASKING;
  const cluster = new Cluster(options, link, lateHistory.value, timer, log, masking);
  const { actions, view } = cluster;
  const baselines = new Baselines(lateHistory.value, timer);
  const attention = new Attention(view, timer, log.child('attention'), baselines);
  const interventions = new Interventions();
  const taskRows = new TaskRows(view, interventions);
  const feed = new Feed(view, taskRows, timer, version);
  const sockets = new Set<LiveSocket>();
  const tally = new EventTally();
  cluster.onEvents((events) => tally.add(events, (uuid) => cluster.state.tasks.get(uuid)?.name ?? null));
  cluster.onBatch((batch) => {
    for (const hostname of batch.workersGone) tally.forgetWorker(hostname);
  });
  const waiting = new Waiting(view, interventions, attention, baselines);
  const rates = new StartRates(() => timer.now() / 1000);
  cluster.onEvents((events) => rates.take(events, (uuid) => cluster.state.tasks.get(uuid)?.name ?? null));
  const follower = new Follower(timer, feed, lateHistory.value);
  const desk: OperationDesk = {
    cluster: view,
    actions,
    records: lateHistory.value,
    feed,
    waiting,
    interventions,
    rates,
    follower,
  };
  const progress = new ProgressWatch(view, feed, timer, masking);
  const context: RouteContext = {
    cluster: view,
    attention,
    feed,
    baselines,
    waiting,
    desk,
    taskRows,
    progress,
    options,
    masking,
    version,
    timer,
  };
  let metrics: Promise<Metrics> | null = null;
  let starting: Promise<Cluster> | null = null;
  let closed = false;

  const start = (): Promise<Cluster> => {
    starting ??= (async () => {
      const prefix = (options.settings.broker_transport_options as { global_keyprefix?: string } | undefined)
        ?.global_keyprefix;
      const addresses = clusterAddresses(options.broker, prefix);
      lateHistory.set(await openHistory(options.db, { timer, log, cluster: addresses, adopt: options.adopt_history }));
      await cluster.start();
      attention.start();
      // The newest come first.
      for (const record of (await cluster.history.operations(null, REMEMBERED)).reverse()) interventions.note(record);
      rates.restore(interventions.limits(), cluster.history).catch((error: unknown) => {
        log.debug(`Rates since limits were changed could not be read: ${toError(error).message}`);
      });
      timer.every(10_000, () => {
        if (tally.runtimes.length > 0) void readMetrics().then((m) => m.drain());
      });
      return cluster;
    })();
    return starting;
  };
  const readMetrics = (): Promise<Metrics> => {
    metrics ??= Metrics.create(context, tally);
    return metrics;
  };

  const plugin: FastifyPluginAsync = async (root) => {
    root.decorateRequest<Identity | null>('identity', null);
    root.decorateRequest('refusal', null);
    root.setErrorHandler((error, request, reply) => answerProblem(error, request, reply, log));
    root.setNotFoundHandler(answerNotFound);
    root.setSerializerCompiler(() => jsonText);
    root.setValidatorCompiler(({ schema, httpPart }) => validatorOf(schema, httpPart));
    // A server of yours that compresses already goes on doing so.
    if (!root.hasReplyDecorator('compress'))
      await root.register(compress, { threshold: COMPRESS_FROM, globalDecompression: false });
    root.addHook('onRoute', requireDeclaredAccess);
    root.addHook('onRequest', async (request, reply) => {
      reply.headers(SECURITY_HEADERS);
      request.identity = NOBODY;
      request.refusal = gate.admit(request, reply, request.url.slice(root.prefix.length).split('?')[0] ?? '');
      await start();
    });
    root.addHook('onResponse', async (request, reply) => {
      // A refused upgrade leaves a socket that no server closes: it would hold up our own end.
      if (request.headers.upgrade !== undefined && reply.statusCode >= 400) request.raw.socket.destroySoon();
    });
    await root.register(websocket, { options: { maxPayload: MAX_FRAME } });
    await root.register(
      async (api) => {
        api.addHook('onSend', async (_, reply) => {
          if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
        });
        api.addHook('preValidation', async ({ params }) => {
          const named = params as Record<string, string>;
          for (const key of Object.keys(named)) named[key] = fromSegment(named[key]!);
        });
        // A route that says nothing of its query takes none.
        api.addHook('onRoute', (route) => {
          if (route.schema?.summary) route.schema.querystring ??= Type.Object({});
        });
        await docsRoutes(api, version);
        const typed = api.withTypeProvider<TypeBoxTypeProvider>();
        taskRoutes(typed, context);
        taskValueRoutes(typed, context);
        workerRoutes(typed, context);
        queueRoutes(typed, context);
        overviewRoutes(typed, context);
        operationRoutes(typed, context);
        const liveSocket = (socket: WebSocket, request: FastifyRequest): void => {
          const [code, reason] = request.refusal
            ? [CLOSE_REFUSED, request.refusal]
            : [CLOSE_TOO_MANY, `More than ${MAX_SOCKETS} pages are open.`];
          if (request.refusal || sockets.size >= MAX_SOCKETS) {
            // A close frame holds 123 bytes of words.
            socket.close(
              code,
              Buffer.from(reason)
                .subarray(0, 123)
                .toString()
                .replace(/\ufffd+$/, ''),
            );
            return;
          }
          const live = new LiveSocket(socket, feed, progress, timer, request.identity.name);
          sockets.add(live);
          socket.on('close', () => sockets.delete(live));
        };
        api.route({
          method: 'GET',
          url: '/live',
          compress: false,
          config: VIEWER,
          handler: async () => {
            throw new ProblemError(426, 'Upgrade required', 'This is the live feed: it is read by a WebSocket.', {
              headers: { upgrade: 'websocket' },
            });
          },
          wsHandler: liveSocket,
        });
      },
      { prefix: '/api/v2' },
    );
    // Below /api nothing is a page.
    for (const path of ['/api', '/api/*'])
      root.all(path, { config: VIEWER }, async (request, reply) => answerNotFound(request, reply));
    healthRoutes(root, context, readMetrics);
    aliveRoutes(root.withTypeProvider<TypeBoxTypeProvider>(), context);
    await pages(root, parts.pages);
  };

  /** Wrong logins stand in the record of what people did, too. */
  const audit = ({ address, user, times }: WrongLogin): void => {
    const history = lateHistory.get();
    const summary = `Wrong user or password, ${times === 1 ? 'once' : `${times} times`}`;
    const row = { at: cluster.now, who: user, action: 'login', subject: `from ${address}`, outcome: 'failed' as const };
    void history
      ?.beginOperation({
        ...row,
        request: jsonText({ action: 'login', address, times }),
        summary,
        answers: '[]',
        new_ids: null,
      })
      .catch((error: unknown) => log.warning(`A wrong login could not be recorded: ${toError(error).message}`));
  };
  const gate = new Gate(options, timer, log, audit);

  const app = fastify({
    logger: false,
    bodyLimit: BODY_LIMIT,
    forceCloseConnections: true,
    requestTimeout: REQUEST_MS,
    http: { maxHeaderSize: MAX_HEADER, headersTimeout: HEADERS_MS },
    routerOptions: { maxParamLength: 1024 },
    // What is refused before any route is found, an address with a bad escape for instance.
    frameworkErrors: (error, request, reply) =>
      answerProblem(error, request as FastifyRequest, reply as FastifyReply, log),
    clientErrorHandler: (error, socket) => {
      if (socket.writable && error.code !== 'ECONNRESET') socket.end(rawProblem(error));
      else socket.destroy();
    },
    ajv: {},
  });
  app.server.maxConnections = MAX_CONNECTIONS;
  app.register(plugin, { prefix: options.url_prefix });
  if (options.url_prefix !== '') {
    // Outside of the prefix: nothing but the way to it.
    app.addHook('onRequest', async (_, reply) => void reply.headers(SECURITY_HEADERS));
    app.setNotFoundHandler(answerNotFound);
    app.get('/', async (_, reply) => reply.redirect(`${options.url_prefix}/`));
  }

  const close = async (): Promise<void> => {
    if (closed) return;
    closed = true;
    for (const socket of sockets) socket.bye('the server stops');
    feed.stop();
    attention.stop();
    follower.stop();
    progress.stop();
    await app.close();
    if (starting !== null) {
      const began = await starting.then(
        () => true,
        () => false,
      );
      if (began) await cluster.stop();
    }
    await lateHistory.get()?.close();
    await link.close();
    timer.clear();
  };

  return {
    app,
    plugin,
    options,
    start,
    async listen() {
      if (options.trust_server)
        throw new ImproperlyConfigured(
          'trust_server is for the plugin, in a server that authenticates. A dashboard that listens by itself needs basic_auth, or stays on loopback without either.',
        );
      const address = await app.listen({ port: options.port, host: options.address });
      await start();
      return `${address}${options.url_prefix}`;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** A store that is opened later than it is handed on. Using it before is a mistake of ours and throws. */
function late<T extends object>(): { value: T; set(value: T): void; get(): T | null } {
  let real: T | null = null;
  const value = new Proxy({} as T, {
    get(_, name) {
      if (real === null) throw new Error(`The history is not open yet (${String(name)}).`);
      const found = Reflect.get(real, name) as unknown;
      return typeof found === 'function' ? found.bind(real) : found;
    },
  });
  return {
    value,
    set: (v) => {
      real = v;
    },
    get: () => real,
  };
}

function packageVersion(): string {
  for (const up of ['../package.json', '../../package.json', '../../../package.json']) {
    try {
      const { name, version } = JSON.parse(readFileSync(new URL(up, import.meta.url), 'utf8')) as {
        name: string;
        version: string;
      };
      if (name === 'umbel') return version;
    } catch {
      // From sources it lies two folders up, built one.
    }
  }
  return '0.0.0';
}
