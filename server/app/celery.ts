// What users hold: registers tasks, sends them, hands out connections, results, control; closes all of it.
// It holds and connects; whatever needs an `if` lives in a room of its own (publisher, task, trace, routing).
// Holds: nothing starts at import or construction; what was opened on the way is closed by `close`, after which no handle is left.
// Celery 5.6: app/base.py Celery
import { randomUUID } from 'node:crypto';
import { inspect } from 'node:util';
import type { Backend, BackendContext } from '../backends/contract.ts';
import { createBackend, loadBackend } from '../backends/registry.ts';
import { retrying } from '../backends/retrying.ts';
import type { KeywordsAlone } from '../canvas/call-option-table.ts';
import type { ApplyOptions, SignatureLike } from '../canvas/call-options.ts';
import { signature } from '../canvas/compose.ts';
import type { CanvasHost, CanvasResult } from '../canvas/host.ts';
import { refuseMisplacedOptions } from '../canvas/misplaced-options.ts';
import type { Signature } from '../canvas/signature.ts';
import { Control } from '../control/control.ts';
import { AlreadyRegistered, ImproperlyConfigured, UmbelError } from '../errors.ts';
import { EventDispatcher } from '../events/dispatcher.ts';
import { createLogger, type Logger } from '../log.ts';
import { adoptLogger, type GivenLogger } from '../log-adopt.ts';
import { Connection, type ConnectionOptions, type FailoverStrategy } from '../messaging/connection.ts';
import { LamportClock } from '../messaging/lamport-clock.ts';
import { controlQueues, Mailbox } from '../messaging/mailbox.ts';
import { Producer } from '../messaging/producer.ts';
import { AsyncResult, type RevokeOptions, restoreGroup, resultFromTuple } from '../results/async-result.ts';
import { GroupResult } from '../results/group-result.ts';
import { Codec, type Encoded, type LazySerializer, type Serializer } from '../serialization/codec.ts';
import { createTimer, type Timer } from '../timer.ts';
import type { SchemaInput, SchemaOutput, StandardSchema } from './args-schema.ts';
import { builtinTasks } from './builtins.ts';
import { argumentsOf, checkOptions, keywordsOf, refuseNoTaskName } from './call-checks.ts';
import { canvasHost } from './canvas-host.ts';
import { type Config, createConfig, type Environment, type SettingsInput } from './config.ts';
import { currentTask, type TaskContext } from './context.ts';
import { TaskContract } from './contract.ts';
import { loadFormats } from './formats.ts';
import type { AppHost } from './host.ts';
import type { AppSource } from './load.ts';
import { refuseUnknownOptions } from './option-names.ts';
import { addPeriodicTask, type PeriodicTaskOptions } from './periodic.ts';
import { ORIGIN, sendTask } from './publisher.ts';
import { OwnCommands } from './remote-commands.ts';
import { type Queues, Router } from './routing.ts';
import { authOf, type SecurityOptions } from './security.ts';
import { Task, type TaskFunction } from './task.ts';
import { checkTaskOptions, refuseUncallable, type TaskOptions, taskOptionsOf } from './task-options.ts';
import type { Telemetry } from './telemetry.ts';

const OPTIONS = ['env', 'log', 'timer', 'connection', 'backend'];
const BRAND = Symbol.for('umbel.Celery');
export interface CeleryOptions {
  /** Default: process.env. Pass {} to have nothing from outside decide. */
  readonly env?: Environment;
  readonly log?: GivenLogger;
  readonly timer?: Timer;
  /** What differs in this app's connections from what the settings say: how patient they are, for instance. */
  readonly connection?: Partial<Pick<ConnectionOptions, 'retry' | 'log'>>;
  /** What differs in how its result store is opened: how records are read, for instance. */
  readonly backend?: Partial<Pick<BackendContext, 'decode' | 'log'>>;
}

/** Is it an app, of this copy of the package or of another one? */
export function isCelery(value: unknown): value is Celery {
  return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[BRAND] === true;
}

export class Celery implements AppHost {
  readonly [BRAND] = true;
  readonly name: string;
  readonly conf: Config;
  readonly timer: Timer;
  log: Logger;
  /** How it was loaded, when the command did it: app/load.ts. */
  source: AppSource | null = null;
  chordPartsCounted = 0;
  /** Set by `instrument(app)` of 'umbel/otel'. */
  telemetry: Telemetry | null = null;
  readonly clock = new LamportClock();
  /** This client's id: where replies to it go. */
  readonly oid: string = randomUUID();
  readonly canvas: CanvasHost;
  /** How this app writes and reads bodies. */
  readonly codec = new Codec();
  /** Remote commands of this app's own, by name. */
  readonly commands: OwnCommands = new OwnCommands();
  /** Bootsteps to add to workers of this app. */
  readonly steps: { readonly worker: Set<unknown>; readonly consumer: Set<unknown> } = {
    worker: new Set(),
    consumer: new Set(),
  };
  readonly #options: CeleryOptions;
  readonly #tasks = new Map<string, Task>();
  #router: Router | null = null;
  #connection: Connection | null = null;
  #producer: Producer | null = null;
  #backend: Promise<Backend> | null = null;
  #openBackend: Backend | null = null;
  #mailbox: Mailbox | null = null;
  #control: Control | null = null;
  #events: EventDispatcher | null = null;
  #accept: ReadonlySet<string> | null = null;
  #closed = false;

  constructor(name: string, settings: SettingsInput = {}, options: CeleryOptions = {}) {
    if (typeof name !== 'string' || name === '') {
      throw new ImproperlyConfigured("An app needs a name: new Celery('shop', { ... }).");
    }
    refuseUnknownOptions('new Celery(name, settings, options)', options, OPTIONS);
    this.#options = options;
    this.name = name;
    this.conf = createConfig(settings, options.env ?? process.env);
    this.timer = options.timer ?? createTimer();
    this.log = options.log ? adoptLogger(options.log) : createLogger({ name: 'Main' });
    this.canvas = canvasHost(this);
    for (const { options: task, run } of builtinTasks(this)) {
      this.#tasks.set(task.name, new Task(this, task.name, task, run as TaskFunction<readonly unknown[], unknown>));
    }
    this.conf.onChange((names) => {
      this.#accept = null;
      if ([...names].some((one) => one.startsWith('task_'))) this.#router = null;
      if (names.has('task_annotations')) for (const task of this.#tasks.values()) this.#annotate(task);
    });
  }

  // -- tasks

  /** Register a task. `app.task({ name: 'math.add' }, (a: number, b: number) => a + b)`, or a contract's: `app.task(add, (a, b) => a + b)` */
  task<A extends readonly unknown[], R, B extends readonly unknown[]>(
    contract: TaskContract<A, R, B>,
    fn: (this: TaskContext, ...args: B) => R | PromiseLike<R>,
  ): Task<A, R>;
  task<S extends StandardSchema, R>(
    options: TaskOptions & { readonly args_schema: S },
    fn: (this: TaskContext, ...args: SchemaOutput<S>) => R | PromiseLike<R>,
  ): Task<SchemaInput<S>, R>;
  task<A extends unknown[], R>(
    options: (TaskOptions & { readonly bodyType?: never }) | string,
    fn: (this: TaskContext, ...args: A) => R | PromiseLike<R>,
  ): Task<A, R>;
  task<A extends unknown[], R>(
    options: TaskContract | TaskOptions | string,
    fn: (this: TaskContext, ...args: A) => R | PromiseLike<R>,
    ...misplaced: unknown[]
  ): Task<A, R> {
    const { name: given, ...rest } = options instanceof TaskContract ? options.options : taskOptionsOf(options);
    const name = given ?? (fn.name ? `${this.name}.${fn.name}` : '');
    if (typeof name !== 'string' || name === '')
      throw new ImproperlyConfigured("A task needs a name: app.task({ name: 'math.add' }, ...).");
    refuseUncallable(name, fn, misplaced);
    checkTaskOptions(name, rest);
    if (rest.serializer) this.codec.refuseUnknown(rest.serializer, `The task '${name}'`);
    if (this.#tasks.has(name)) throw new AlreadyRegistered(`There is a task '${name}' in this app already.`);
    const task = new Task<A, R>(this, name, { ...rest, name }, fn as TaskFunction<A, R>);
    const registered = task as unknown as Task; // Of every signature: it is called with what a message has.
    this.#tasks.set(name, registered);
    this.#annotate(registered);
    return task;
  }

  get tasks(): ReadonlyMap<string, Task> {
    return this.#tasks;
  }

  get currentTask(): TaskContext | undefined {
    return currentTask();
  }

  /** Send a task by name, known here or not. Rejects when call options stand where keyword arguments belong. */
  sendTask(name: string, args?: readonly unknown[], kwargs?: KeywordsAlone): Promise<AsyncResult>;
  sendTask(
    name: string,
    args: readonly unknown[] | undefined,
    kwargs: Readonly<Record<string, unknown>> | undefined,
    options: ApplyOptions | undefined,
  ): Promise<AsyncResult>;
  async sendTask(
    name: string,
    args: readonly unknown[] = [],
    kwargs: Readonly<Record<string, unknown>> = {},
    given?: ApplyOptions,
  ): Promise<AsyncResult> {
    refuseNoTaskName(name);
    const options = given ?? {};
    if (given === undefined) refuseMisplacedOptions(kwargs, [], `app.sendTask('${name}', [...]`);
    checkOptions(options, this.timer.now());
    return sendTask(this, name, argumentsOf(args), keywordsOf(kwargs), options, this.#tasks.get(name));
  }

  signature(
    task: string | SignatureLike,
    args: readonly unknown[] = [],
    kwargs: Readonly<Record<string, unknown>> = {},
    options?: ApplyOptions & { readonly immutable?: boolean },
  ): Signature {
    if (options === undefined) refuseMisplacedOptions(kwargs, [], `app.signature('${String(task)}', [...]`);
    const { immutable = false, ...rest } = options ?? {};
    return signature(task, { args, kwargs, options: rest as Record<string, unknown>, immutable }, this.canvas);
  }

  /** Have beat send it: `app.addPeriodicTask(30, add.s(2, 3))`. @returns the entry's name, by default the signature as text */
  addPeriodicTask(schedule: unknown, sig: Signature, options: PeriodicTaskOptions = {}): string {
    return addPeriodicTask(this.conf, schedule, sig, options);
  }

  // -- results

  AsyncResult<T = unknown>(id: string): AsyncResult<T> {
    if (typeof id !== 'string' || id === '')
      throw new TypeError(`app.AsyncResult takes the id of a task, not ${id === '' ? 'an empty text' : String(id)}.`);
    return new AsyncResult<T>(id, this);
  }

  GroupResult<T = unknown>(id: string, results: readonly CanvasResult[] = []): GroupResult<T> {
    return new GroupResult<T>(id, results, this);
  }

  /** The group that was saved under this id (`GroupResult.save`); null when none was, or it has expired. */
  restoreGroup<T = unknown>(id: string): Promise<GroupResult<T> | null> {
    return restoreGroup(id, this) as Promise<GroupResult<T> | null>;
  }

  /** A result from what `asTuple()` gave, here or in Python, with its parents and members. */
  resultFromTuple(tuple: unknown): AsyncResult | GroupResult {
    return resultFromTuple(tuple, this);
  }

  backend(): Promise<Backend> {
    if (!this.#backend) {
      this.#notClosed();
      const opening = this.#createBackend();
      this.#backend = opening;
      opening.catch(() => {
        if (this.#backend === opening) this.#backend = null;
      });
    }
    return this.#backend;
  }

  get openBackend(): Backend | null {
    return this.#openBackend;
  }

  /** Loads the code that results need and opens nothing: for programs that stay, whose first result may come at a bad time. */
  async loadBackend(): Promise<void> {
    await this.codec.load(this.#resultFormats());
    await loadBackend(this.conf.resultBackendUrl());
  }

  #resultFormats({ result_accept_content, accept_content, result_serializer } = this.conf): string[] {
    return [...(result_accept_content ?? accept_content), result_serializer];
  }

  async #createBackend(): Promise<Backend> {
    await this.loadBackend();
    const { conf, codec } = this;
    const accept = codec.acceptSet(this.#resultFormats());
    const url = conf.resultBackendUrl();
    const opened = await createBackend({
      url: url === 'disabled' ? '' : url,
      options: conf.result_backend_transport_options,
      settings: conf.changes(),
      log: this.log,
      messages: { oid: this.oid, connection: () => this.writeConnection },
      expiresMs: conf.result_expires ? conf.result_expires * 1000 : null,
      encode: (value) => codec.encode(value, conf.result_serializer),
      decode: (body, contentType, contentEncoding) => codec.decode(body, contentType, contentEncoding, accept),
      now: () => this.timer.now(),
      monotonic: () => this.timer.monotonic(),
      ...this.#options.backend,
    });
    const policy = {
      maxRetries: conf.result_backend_max_retries,
      baseMs: conf.result_backend_base_sleep_between_retries_ms,
      longestMs: conf.result_backend_max_sleep_between_retries_ms,
    };
    const backend = conf.result_backend_always_retry ? retrying(opened, policy, this.timer) : opened;
    this.#openBackend = backend;
    return backend;
  }

  // -- broker

  get router(): Router {
    this.#router ??= new Router(this.conf);
    return this.#router;
  }

  get queues(): Queues {
    return this.router.queues;
  }

  /** A new connection; whoever asks for it closes it. @param urls of another broker than the app's */
  connection(kind: 'read' | 'write' = 'write', urls: readonly string[] = this.conf.brokerUrls(kind)): Connection {
    const { conf } = this;
    return new Connection({
      urls,
      transportOptions: { event_exchange: conf.event_exchange, ...conf.broker_transport_options },
      ssl: conf.broker_use_ssl,
      failover: conf.broker_failover_strategy as FailoverStrategy | null,
      connectTimeoutMs: conf.broker_connection_timeout * 1000,
      heartbeatMs: (conf.broker_heartbeat ?? 0) * 1000,
      loginMethod: conf.broker_login_method ?? undefined,
      retry: {
        enabled: conf.broker_connection_retry,
        maxRetries: conf.broker_connection_max_retries,
        // Kombu's ensure_connection as Celery calls it: 2, 4, 6 ... at most 30 seconds.
        intervalStartMs: 2000,
        intervalStepMs: 2000,
        intervalMaxMs: 30_000,
      },
      prepare: () => loadFormats(this),
      timer: this.timer,
      log: this.log,
      ...this.#options.connection,
    });
  }

  /** The connection for sending, shared by all of this app. */
  get writeConnection(): Connection {
    this.#notClosed();
    this.#connection ??= this.connection('write');
    return this.#connection;
  }

  producer(): Producer {
    this.#producer ??= new Producer(this.writeConnection);
    return this.#producer;
  }

  sentEvents(): EventDispatcher | null {
    if (!this.conf.task_send_sent_event) return null;
    this.#events ??= new EventDispatcher({
      connection: this.writeConnection,
      hostname: ORIGIN,
      clock: this.clock,
      timer: this.timer,
      exchange: this.conf.event_exchange,
      serializer: this.conf.event_serializer,
      codec: this.codec,
      log: this.log,
    });
    return this.#events;
  }

  /** Make a serializer known to this app: at once, or by a `load` that is awaited before the first connection whose settings name it. */
  registerSerializer(serializer: Serializer | LazySerializer): void {
    this.codec.register(serializer);
    this.#accept = null;
  }

  /** Sign what is sent and take only what is signed (`auth`). @throws ImproperlyConfigured, SecurityError: see SecurityOptions */
  setupSecurity(options: SecurityOptions = {}): void {
    this.registerSerializer(authOf(this, options));
  }

  encode(value: unknown): Encoded {
    return this.codec.encode(value, this.conf.task_serializer);
  }

  /** @throws ContentDisallowed, DecodeError */
  decode(body: Uint8Array, contentType: string, contentEncoding: string): unknown {
    this.#accept ??= this.codec.acceptSet(this.conf.accept_content);
    return this.codec.decode(body, contentType, contentEncoding, this.#accept);
  }

  // -- remote control

  get control(): Control {
    this.#control ??= new Control({
      mailbox: () => this.mailbox,
      notes: () => this.producer().notes(),
      purge: () => this.#purge(),
    });
    return this.#control;
  }

  get mailbox(): Mailbox {
    this.#mailbox ??= new Mailbox({
      namespace: this.conf.control_exchange,
      connection: this.writeConnection,
      clock: this.clock,
      timer: this.timer,
      oid: this.oid,
      codec: this.codec,
      ...controlQueues(this.conf),
    });
    return this.#mailbox;
  }

  /** Tell every worker not to run these, and with `terminate` to stop them. */
  async revoke(ids: string | readonly string[], options: RevokeOptions = {}): Promise<void> {
    await this.control.revoke(ids, options);
  }

  async #purge(): Promise<number> {
    const channel = await this.writeConnection.defaultChannel();
    let removed = 0;
    for (const queue of this.queues.values()) {
      await channel.declareQueue(queue);
      removed += await channel.purge(queue.name);
    }
    return removed;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Flush and close what was opened. The app cannot be used afterwards. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    // A broker that is away or silent is not waited for with what is left to say.
    this.#connection?.ending();
    await this.#events?.close();
    await (this.#mailbox as { close?: () => Promise<void> } | null)?.close?.();
    this.#producer?.close();
    await this.#connection?.close();
    await (await this.#backend?.catch(() => null))?.close();
    this.#openBackend = null;
    this.timer.clear();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** What `JSON.stringify` and `console.log` show: short, and without secrets. */
  toJSON(): Record<string, unknown> {
    const tasks = [...this.#tasks.keys()].filter((name) => !name.startsWith('celery.'));
    return { name: this.name, tasks, conf: this.conf.masked() };
  }
  toString(): string {
    return `<Celery ${this.name}>`;
  }
  [inspect.custom](): string {
    const { tasks, conf } = this.toJSON() as { tasks: string[]; conf: object };
    return `<Celery ${this.name}: ${tasks.length} ${tasks.length === 1 ? 'task' : 'tasks'}, ${inspect(conf, { breakLength: Number.POSITIVE_INFINITY })}>`;
  }

  #notClosed(): void {
    if (this.#closed) throw new UmbelError(`The app '${this.name}' is closed.`);
  }

  #annotate(task: Task): void {
    const given = this.conf.task_annotations ?? [];
    const tables = (Array.isArray(given) ? given : [given]) as readonly Readonly<Record<string, TaskOptions>>[];
    for (const table of tables) Object.assign(task.options, table['*'], table[task.name], { name: task.name });
  }
}
