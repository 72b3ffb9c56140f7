// A worker: takes tasks of an app from its queues, runs them in a pool, and obeys remote commands, until it is stopped.
// It holds and connects: pool, state, events, panel, consumer. Messages: strategy.ts. Tasks: request.ts. Connection: consumer/.
// Holds: no process-wide side effects (OS signals are the CLI's); after `done` nothing of it keeps the process alive.
// Celery 5.6: worker/worker.py, apps/worker.py
//
// Modes: idle > starting > running > stopping (warm or soft may turn cold) > stopped. `stop` works from every mode.
import { inspect } from 'node:util';
import { type Celery, isCelery } from '../app/celery.ts';
import { ImproperlyConfigured, toError, UmbelError } from '../errors.ts';
import { EventDispatcher } from '../events/dispatcher.ts';
import { createLogger, LineStyle, type Logger } from '../log.ts';
import type { Connection } from '../messaging/connection.ts';
import { controlQueues, Mailbox } from '../messaging/mailbox.ts';
import { hostFormat } from '../nodename.ts';
import type { Pool } from '../pool/contract.ts';
import { createPool, hasChildren, poolNamed } from '../pool/registry.ts';
import { signals } from '../signals.ts';
import { type Timer, type TimerHandle, within } from '../timer.ts';
import type { Queue } from '../transport/entity.ts';
import { type Autoscaler, AutoscalerStep } from './autoscaler.ts';
import { Blueprint, Bootstep, type StepClass } from './blueprint.ts';
import { TaskConsumer, type TaskConsumerOptions } from './consumer/consumer.ts';
import { LoopDelay } from './loop-delay.ts';
import { OpenChordsStep } from './open-chords.ts';
import { type GivenOptions, readWorkerOptions, type WorkerOptions } from './options.ts';
import { INSPECT } from './panel/inspect.ts';
import { MANAGE } from './panel/manage.ts';
import { Panel, type PanelHandle, type QueueOptions } from './panel/registry.ts';
import { mostAtATime, PoolStep, poolContext } from './pool.ts';
import { Prefetch } from './prefetch.ts';
import { addedQueue, consumedQueues } from './queues.ts';
import type { RequestHost } from './request.ts';
import { WorkerState } from './state.ts';
import { StateDbStep } from './state-db.ts';
import { workerStats } from './stats.ts';
import { Strategy } from './strategy.ts';

export { Bootstep, type StepClass } from './blueprint.ts';
export type { TaskConsumer } from './consumer/consumer.ts';
export type { WorkerOptions } from './options.ts';

export interface WorkerEnd {
  readonly exitCode: number;
  readonly reason: string;
}

/** How a worker stops. warm: what runs may finish. soft: so long as worker_soft_shutdown_timeout says, then cold. cold: at once. */
export type StopHow = 'warm' | 'soft' | 'cold';

/** How long a cold stop waits for the result store. */
const COLD_STORING_MS = 2000;

/** Step: the consumer, after all others. */
class ConsumerStep extends Bootstep<Worker> {
  static override label = 'Consumer';
  static override last = true;
  override start(worker: Worker): Promise<void> {
    return worker.consumer.start();
  }
  override stop(worker: Worker): Promise<void> {
    return worker.consumer.close();
  }
}

export class Worker implements RequestHost, PanelHandle {
  readonly app: Celery;
  readonly options: GivenOptions;
  readonly hostname: string;
  readonly timer: Timer;
  readonly log: Logger;
  readonly logs: { readonly info: boolean; readonly debug: boolean };
  readonly state: WorkerState;
  readonly loopDelay: LoopDelay;
  readonly prefetch: Prefetch;
  readonly events: EventDispatcher;
  readonly strategy: Strategy;
  readonly panel: Panel;
  readonly connection: Connection;
  readonly mailbox: Mailbox;
  readonly consumer: TaskConsumer;
  /** With `autoscale`, once it is started. */
  autoscaler: Autoscaler | null = null;
  /** Resolves when it has stopped, whoever stopped it. Never rejects. */
  readonly done: Promise<WorkerEnd>;
  readonly #poolName: string;
  /** Its bodies run in processes or threads of their own. */
  readonly #hasChildren: boolean;
  readonly blueprint: Blueprint<Worker>;
  readonly #tracked = new Set<Promise<unknown>>();
  #pool: Pool | null = null;
  #mode: 'idle' | 'starting' | 'running' | 'stopping' | 'stopped' = 'idle';
  #end!: (end: WorkerEnd) => void;
  readonly #soft = once();
  readonly #cold = once();

  /** @throws ImproperlyConfigured for an option that is none or cannot have its value */
  constructor(app: Celery, given: WorkerOptions = {}) {
    if (!isCelery(app))
      throw new ImproperlyConfigured('A worker takes its app first: new Worker(app, { queues: [...] }).');
    const options = readWorkerOptions(given);
    const { conf } = app;
    this.app = app;
    this.options = options;
    this.hostname = hostFormat(options.hostname);
    this.timer = app.timer;
    const level = options.loglevel ?? 'WARNING';
    this.log = options.log ?? createLogger({ level, name: 'MainProcess', style: LineStyle.of(conf) });
    const all = options.log !== undefined && options.loglevel === undefined;
    this.logs = { info: all || level === 'INFO' || level === 'DEBUG', debug: all || level === 'DEBUG' };
    this.state = new WorkerState(this.timer);
    this.loopDelay = new LoopDelay({
      timer: this.timer,
      log: this.log,
      // What runs in children blocks those.
      running: () => (this.#hasChildren ? [] : [...this.state.inPhase('active')].map(({ name }) => name)),
    });
    this.#poolName = poolNamed(options.pool ?? conf.get('worker_pool'));
    this.#hasChildren = hasChildren(this.#poolName);
    if (!this.#hasChildren) this.state.onBegin = (name) => this.loopDelay.began(name);
    this.prefetch = new Prefetch({
      multiplier: options.prefetchMultiplier ?? conf.get('worker_prefetch_multiplier'),
      concurrency: mostAtATime(app, options, this.#poolName),
      etaTaskLimit: conf.get('worker_eta_task_limit'),
      disabled: options.disablePrefetch ?? conf.get('worker_disable_prefetch'),
    });
    this.connection = app.connection('read');
    this.mailbox = new Mailbox({
      namespace: conf.get('control_exchange'),
      connection: this.connection,
      clock: app.clock,
      timer: this.timer,
      codec: app.codec,
      ...controlQueues(conf),
    });
    this.events = this.#dispatcher();
    this.strategy = new Strategy({
      host: this,
      timer: this.timer,
      policies: {
        app,
        monotonic: () => this.timer.monotonic(),
        timeLimit: options.timeLimit ?? null,
        softTimeLimit: options.softTimeLimit ?? null,
      },
    });
    this.panel = new Panel(this, { ...INSPECT, ...MANAGE });
    this.consumer = new TaskConsumer(this.#consumerHost());
    this.consumer.onFailed = (error) => this.#failed(error);
    const users = app.steps.worker as Iterable<StepClass<Worker>>;
    this.blueprint = new Blueprint(
      'Worker',
      [PoolStep, AutoscalerStep, StateDbStep, OpenChordsStep, ...users, ConsumerStep],
      this,
      {
        ...options,
      },
    );
    this.done = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  toString(): string {
    return `<Worker ${this.hostname} (${this.#mode})>`;
  }
  [inspect.custom](): string {
    return String(this);
  }
  toJSON(): string {
    return String(this);
  }

  /** Made by `start`. */
  get pool(): Pool {
    if (!this.#pool) throw new ImproperlyConfigured('The worker has no pool before it is started.');
    return this.#pool;
  }

  get mode(): 'idle' | 'starting' | 'running' | 'stopping' | 'stopped' {
    return this.#mode;
  }

  /** Resolves when it consumes its queues. Rejects, and is stopped, when it cannot. */
  async start(): Promise<void> {
    if (this.#mode !== 'idle') throw new ImproperlyConfigured('A worker can be started once.');
    this.#mode = 'starting';
    signals.worker_init.send({ sender: this });
    try {
      const { app } = this;
      this.#pool = await createPool(this.#poolName, poolContext(this, this.#poolName));
      await app.loadBackend();
      // Stopped while its code was loaded?
      if (this.#isStopping()) throw stoppedEarly();
      this.strategy.makeBuckets();
      await this.blueprint.start(this);
    } catch (error) {
      if (this.#isStopping()) {
        await this.done;
        throw error;
      }
      this.#mode = 'stopping';
      await this.#leave('cold', { exitCode: 1, reason: toError(error).message });
      throw error;
    }
    if (this.#isStopping()) return;
    this.#mode = 'running';
    this.loopDelay.start();
    this.log.info(`${this.hostname} ready.`);
    signals.worker_ready.send({ sender: this });
  }

  /** Asked twice, the harsher way holds. Resolves when it has stopped. */
  async stop(how: StopHow = 'warm'): Promise<void> {
    if (how === 'cold') this.#cold.ask();
    if (how === 'soft') this.#soft.ask();
    if (this.#mode === 'running' || this.#mode === 'starting') {
      this.#mode = 'stopping';
      void this.#shutdown(how);
    } else if (this.#mode === 'idle') {
      this.#mode = 'stopping';
      await this.#leave('warm', { exitCode: 0, reason: 'never started' });
    }
    await this.done;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('warm');
  }

  async #shutdown(how: StopHow): Promise<void> {
    this.log.warning(`worker: ${how[0]!.toUpperCase()}${how.slice(1)} shutdown (MainProcess)`);
    const exitcode = how === 'warm' ? 0 : 1;
    signals.worker_shutting_down.send({
      sender: this.hostname,
      sig: how === 'warm' ? 'SIGTERM' : 'SIGQUIT',
      how,
      exitcode,
    });
    this.connection.leaving();
    await this.consumer.pause().catch((error: Error) => this.log.warning(error.message));
    let finished = false;
    const first = how === 'warm' ? await this.#finishedOrHarsher() : how;
    if (first === 'soft') finished = await this.#finishedInTime();
    else finished = first === 'finished';
    if (!finished) await this.#abandon();
    await this.#stored(finished);
    const end = finished || how === 'warm' ? 0 : 1;
    await this.#leave(how, { exitCode: finished ? 0 : Math.max(end, 1), reason: `${how} shutdown` });
  }

  /** All that ran has finished, or a harsher stop was asked for meanwhile. */
  #finishedOrHarsher(): Promise<'finished' | 'soft' | 'cold'> {
    return Promise.race([
      this.#allDone().then(() => 'finished' as const),
      this.#soft.asked.then(() => 'soft' as const),
      this.#cold.asked.then(() => 'cold' as const),
    ]);
  }

  /** Celery 5.6, apps/worker.py: soft shutdown waits so long, then is cold. */
  async #finishedInTime(): Promise<boolean> {
    const { conf } = this.app;
    const timeoutMs = conf.get('worker_soft_shutdown_timeout') * 1000;
    const idle = this.state.active === 0;
    if (!(timeoutMs > 0)) return idle;
    if (idle && !conf.get('worker_enable_soft_shutdown_on_idle')) return true;
    const count = this.state.active;
    this.log.warning(`worker: ${count} ${count === 1 ? 'task has' : 'tasks have'} ${timeoutMs / 1000} s to end`);
    let handle: TimerHandle | undefined;
    const late = new Promise<boolean>((resolve) => {
      handle = this.timer.after(timeoutMs, () => resolve(false));
    });
    try {
      return await Promise.race([
        idle ? late.then(() => true) : this.#allDone(),
        late,
        this.#cold.asked.then(() => false),
      ]);
    } finally {
      handle?.cancel();
    }
  }

  async #allDone(): Promise<true> {
    await this.#pool?.stop('warm');
    return true;
  }

  /** Late tasks go back to their queue; what was acknowledged already fails with WorkerLostError. */
  async #abandon(): Promise<void> {
    for (const request of [...this.state.requests]) {
      if (request.phase === 'active' && !request.acknowledged) request.requeue();
    }
    await this.#pool?.stop('cold');
  }

  /** What is still to be stored. A cold stop gives a store that is silent a moment only, and says what it gave up. */
  async #stored(finished: boolean): Promise<void> {
    const all = (async () => {
      while (this.#tracked.size > 0) await Promise.allSettled(this.#tracked);
    })();
    if (finished) await Promise.race([all, this.#cold.asked]);
    await within(this.timer, COLD_STORING_MS, all);
    const left = this.#tracked.size;
    if (left === 0) return;
    const what = left === 1 ? 'The end of 1 task is' : `The ends of ${left} tasks are`;
    this.log.error(`worker: ${what} not stored: the result store did not answer within ${COLD_STORING_MS / 1000} s.`);
  }

  async #leave(how: StopHow, end: WorkerEnd): Promise<void> {
    const warn = (error: unknown) => this.log.warning(`worker: ${toError(error).message}`);
    this.loopDelay.stop();
    await this.blueprint.stop(this, how === 'cold' ? 'terminate' : 'stop').catch(warn);
    // A step that failed to start leaves the consumer untouched.
    await this.consumer.close().catch(warn);
    await this.events.close().catch(warn);
    await this.mailbox.close().catch(warn);
    await this.connection.close().catch(warn);
    this.#mode = 'stopped';
    signals.worker_shutdown.send({ sender: this });
    this.#end(end);
  }

  /** The consumer gave up after it had been running. */
  #failed(error: Error): void {
    if (this.#mode !== 'running') return;
    this.#mode = 'stopping';
    this.log.critical(`Unrecoverable error: ${error.message}`, { error });
    const leave = async () => {
      await this.#pool?.stop('cold');
      await this.#leave('cold', { exitCode: 1, reason: error.message });
    };
    void leave();
  }

  // -- what requests and commands ask of it

  now(): number {
    return this.timer.now();
  }

  track(work: Promise<unknown>): void {
    this.#tracked.add(work);
    work.finally(() => this.#tracked.delete(work)).catch(() => {});
  }

  stats(): Record<string, unknown> {
    return workerStats(this);
  }

  stepsInfo(): Record<string, unknown> {
    return { ...this.blueprint.info(this), ...this.consumer.blueprint.info(this.consumer) };
  }

  resetLimits(): void {
    this.strategy.resetPolicies();
  }

  queues(): readonly Queue[] {
    return this.consumer.tasks.queues;
  }

  async addQueue(name: string, options: QueueOptions): Promise<void> {
    const { consumer } = this;
    const queue = addedQueue(this.app, name, options);
    const added = await consumer.tasks.addQueue(queue);
    if (added) await consumer.delayed.prepare(consumer, [queue]);
    if (added) this.log.info(`Started consuming from ${name}`);
  }

  async cancelQueue(name: string): Promise<void> {
    this.log.info(`Canceling queue ${name}`);
    await this.consumer.tasks.cancelQueue(name);
  }

  #dispatcher(): EventDispatcher {
    const { conf } = this.app;
    const taskEvents = this.options.taskEvents ?? conf.get('worker_send_task_events');
    return new EventDispatcher({
      channel: () => this.connection.channel(),
      hostname: this.hostname,
      clock: this.app.clock,
      timer: this.timer,
      exchange: conf.get('event_exchange'),
      serializer: conf.get('event_serializer'),
      codec: this.app.codec,
      log: this.log,
      // With -E the filter is empty, everything; without, worker events alone, until enable_events.
      groups: taskEvents ? [] : ['worker'],
    });
  }

  #consumerHost(): ConstructorParameters<typeof TaskConsumer>[0] {
    const options: TaskConsumerOptions = {
      queues: consumedQueues(this.app, this.options, this.hostname),
      purge: this.options.purge ?? false,
      autoscaled: this.options.autoscale !== undefined,
      withoutMingle: this.options.withoutMingle ?? false,
      withoutGossip: this.options.withoutGossip ?? false,
      withoutHeartbeat: this.options.withoutHeartbeat ?? false,
      heartbeatInterval: this.options.heartbeatInterval || 2,
    };
    const pool = () => this.pool;
    const { app, hostname, timer, log, state, loopDelay, prefetch, events, strategy, panel, connection, mailbox } =
      this;
    return {
      options,
      app,
      hostname,
      timer,
      log,
      state,
      loopDelay,
      prefetch,
      events,
      strategy,
      panel,
      connection,
      mailbox,
      get pool() {
        return pool();
      },
    };
  }

  #isStopping(): boolean {
    return this.#mode === 'stopping' || this.#mode === 'stopped';
  }
}

function stoppedEarly(): UmbelError {
  return new UmbelError('The worker was stopped before it was ready.');
}

function once(): { asked: Promise<void>; ask: () => void } {
  let ask = () => {};
  const asked = new Promise<void>((resolve) => {
    ask = resolve;
  });
  return { asked, ask };
}
