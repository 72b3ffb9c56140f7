// Holds the broker connection: goes round its steps once per connection, and again after it was lost.
// Not here: the steps (connection below; events.ts, mingle.ts, gossip.ts, tasks.ts, delayed.ts, control.ts), messages (strategy.ts).
// Holds: only this file reconnects; a loss restarts the consumer alone, pool and running tasks go on. So does a channel of the tasks
// that the broker closed, whatever the settings say of retrying: the worker can be no worse off than without one. What a broker refuses
// to one that has consumed already (a queue made anew with other arguments, a permission taken away) does not end it either.
// Celery 5.6: worker/consumer/consumer.py
//
// Modes: idle > connecting > running > (lost > connecting ...) > closing > closed. `close` works from every mode.
import type { Celery } from '../../app/celery.ts';
import { ChannelError, OperationalError, toError, UmbelError } from '../../errors.ts';
import type { EventDispatcher } from '../../events/dispatcher.ts';
import type { Logger } from '../../log.ts';
import { backOff, type Connection } from '../../messaging/connection.ts';
import type { Mailbox } from '../../messaging/mailbox.ts';
import type { Pool } from '../../pool/contract.ts';
import type { Timer } from '../../timer.ts';
import type { Queue } from '../../transport/entity.ts';
import { Blueprint, Bootstep, type StepClass } from '../blueprint.ts';
import type { LoopDelay } from '../loop-delay.ts';
import type { Panel } from '../panel/registry.ts';
import type { Prefetch } from '../prefetch.ts';
import type { WorkerState } from '../state.ts';
import type { Strategy } from '../strategy.ts';
import { ControlStep } from './control.ts';
import { DelayedDeliveryStep } from './delayed.ts';
import { EventsStep, HeartStep } from './events.ts';
import { GossipStep } from './gossip.ts';
import { MingleStep } from './mingle.ts';
import { TasksStep } from './tasks.ts';

/** What the consumer needs of its worker. */
export interface ConsumerHost {
  readonly app: Celery;
  readonly hostname: string;
  readonly timer: Timer;
  readonly log: Logger;
  readonly pool: Pool;
  readonly state: WorkerState;
  readonly loopDelay: LoopDelay;
  readonly prefetch: Prefetch;
  readonly events: EventDispatcher;
  readonly strategy: Strategy;
  readonly panel: Panel;
  readonly connection: Connection;
  readonly mailbox: Mailbox;
  readonly options: TaskConsumerOptions;
}

export interface TaskConsumerOptions {
  readonly queues: readonly Queue[];
  readonly purge: boolean;
  /** The pool's size changes by itself, and what is prefetched does not. */
  readonly autoscaled: boolean;
  readonly withoutMingle: boolean;
  readonly withoutGossip: boolean;
  readonly withoutHeartbeat: boolean;
  /** @unit seconds */
  readonly heartbeatInterval: number;
}

/** As Celery: more restarts than this within a second, and it rests for one. */
const RESTARTS_A_SECOND = 5;

/** Celery 5.6, worker/consumer/consumer.py _get_connection_retry_type */
function retriesConnection({ host, restarts }: TaskConsumer): boolean {
  const { conf } = host.app;
  const onStartup = restarts === 0 ? conf.get('broker_connection_retry_on_startup') : null;
  return onStartup ?? conf.get('broker_connection_retry');
}

/** Step: connect, with the retries the settings say. */
class ConnectionStep extends Bootstep<TaskConsumer> {
  static override label = 'Connection';
  override async start(consumer: TaskConsumer): Promise<void> {
    const { connection, log } = consumer.host;
    if (retriesConnection(consumer)) await connection.ensure();
    else await connection.tryConnect();
    consumer.connectedOnce = true;
    log.info(`Connected to ${connection.url}`);
  }
}

export class TaskConsumer {
  readonly host: ConsumerHost;
  readonly blueprint: Blueprint<TaskConsumer>;
  /** Times the steps were started anew. */
  restarts = 0;
  /** The broker was reached: what is lost from then on is tried again, also while the worker starts. */
  connectedOnce = false;
  /** True while its steps are stopped because the connection is gone: nothing can be said to the broker. */
  lost = false;
  mode: 'idle' | 'connecting' | 'running' | 'lost' | 'closing' | 'closed' = 'idle';
  /** Called when the first round is up. */
  onReady: (() => void) | null = null;
  #wake: (() => void) | null = null;
  #loop: Promise<void> | null = null;
  #startedAtMs: number[] = [];

  constructor(host: ConsumerHost) {
    this.host = host;
    const own: StepClass<TaskConsumer>[] = [
      ConnectionStep,
      EventsStep,
      MingleStep,
      GossipStep,
      TasksStep,
      DelayedDeliveryStep,
      HeartStep,
      ControlStep,
    ];
    const users = host.app.steps.consumer as Iterable<StepClass<TaskConsumer>>;
    this.blueprint = new Blueprint('Consumer', [...own, ...users], this, { ...host.options });
  }

  get tasks(): TasksStep {
    return this.blueprint.get<TasksStep>('Tasks')!;
  }

  get delayed(): DelayedDeliveryStep {
    return this.blueprint.get<DelayedDeliveryStep>('DelayedDelivery')!;
  }

  /** undefined with --without-gossip. */
  get gossip(): GossipStep | undefined {
    return this.blueprint.get<GossipStep>('Gossip');
  }

  /** Resolves when it consumes. Rejects when it cannot, and is not to try again. */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#loop = this.#run(resolve).then(
        () => reject(new UmbelError('The worker was stopped before it was ready.')),
        (error: unknown) => {
          this.mode = 'closed';
          reject(error);
          this.onFailed?.(toError(error));
        },
      );
    });
  }

  /** It gave up: the connection was lost and is not to be, or cannot be, made again. */
  onFailed: ((error: Error) => void) | null = null;

  /** The broker closed the channel of the tasks, and the connection lives: what it held is delivered again. */
  restart(reason: Error): void {
    if (!this.#open()) return;
    this.host.log.warning(
      `consumer: The broker closed the channel of the tasks. Consuming again... (${reason.message})`,
    );
    this.#wake?.();
  }

  /** No more tasks are taken, also not at the next connection. */
  paused = false;

  /** Take no more tasks, and give back what has not begun. Everything else goes on. */
  async pause(): Promise<void> {
    this.paused = true;
    await this.tasks.pause(this);
  }

  /** Leave: the steps in reverse, then the connection. */
  async close(): Promise<void> {
    if (this.mode === 'closed' || this.mode === 'closing') return;
    const before = this.mode;
    this.mode = 'closing';
    const { connection } = this.host;
    connection.ending();
    if (before === 'running') {
      await this.blueprint.stop(this).catch((error: Error) => this.host.log.warning(`Consumer: ${error.message}`));
    }
    await connection.close();
    this.#wake?.();
    await this.#loop?.catch(() => {});
    this.mode = 'closed';
  }

  async #run(ready: () => void): Promise<void> {
    const { app, connection, log, timer } = this.host;
    const unlisten = connection.onLost((error) => {
      // Celery 5.6, worker/consumer/consumer.py CONNECTION_RETRY: the words its users look for in logs
      log.warning(`consumer: Connection to broker lost. Trying to re-establish the connection... (${error.message})`);
      this.#wake?.();
    });
    let failures = 0;
    try {
      while (this.#open()) {
        await this.#rest(timer);
        this.mode = 'connecting';
        let broken = new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        try {
          await this.blueprint.start(this);
          if (!this.#open()) break;
          this.mode = 'running';
          failures = 0;
          if (this.restarts === 0) ready();
          this.restarts++;
          // Lost while the last step was started?
          if (!connection.connected) broken = Promise.resolve();
          await broken;
          if (!this.#open()) break;
          if (!connection.connected && !app.conf.get('broker_connection_retry')) {
            throw new OperationalError(connection.url, `The connection to the broker at ${connection.url} was lost.`);
          }
        } catch (error) {
          if (!this.#open()) break;
          await this.#teardown();
          const retried =
            error instanceof OperationalError
              ? this.connectedOnce && retriesConnection(this)
              : error instanceof ChannelError && (this.restarts > 0 || app.conf.get('broker_channel_error_retry'));
          if (!retried) throw error;
          log.error(`consumer: ${toError(error).message}`);
          if (connection.connected) await this.#patience(failures++);
          continue;
        }
        await this.#teardown();
      }
    } finally {
      unlisten();
    }
  }

  /** Steps down, without a word to the broker. */
  async #teardown(): Promise<void> {
    if (!this.#open()) return;
    this.mode = 'lost';
    this.lost = true;
    try {
      await this.blueprint.stop(this);
    } catch (error) {
      this.host.log.debug(`consumer: ${toError(error).message}`);
    } finally {
      this.lost = false;
    }
  }

  /** The broker is there and refuses (out of memory, a queue declared otherwise): as patient as when it is away. */
  async #patience(failures: number): Promise<void> {
    const { connection, log } = this.host;
    const delayMs = backOff(connection.options.retry, failures);
    log.error(`Trying again in ${(delayMs / 1000).toFixed(2)} seconds...`);
    await connection.pause(delayMs);
  }

  async #rest(timer: Timer): Promise<void> {
    const nowMs = timer.monotonic();
    this.#startedAtMs = [...this.#startedAtMs.filter((ms) => nowMs - ms < 1000), nowMs];
    if (this.#startedAtMs.length <= RESTARTS_A_SECOND) return;
    this.host.log.critical('Frequent restarts of the connection to the broker: resting for a second.');
    await this.host.connection.pause(1000);
  }

  #open(): boolean {
    return this.mode !== 'closing' && this.mode !== 'closed';
  }
}
