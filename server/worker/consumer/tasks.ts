// Step: consume the task queues on a channel of their own, with the prefetch count; add and cancel queues while it runs.
// Not here: what becomes of a message (strategy.ts); which queues (the worker's options).
// Holds: no message is read after `pause` has resolved, at no later connection either; what had not begun is given back before the channel closes.
// Celery 5.6: worker/consumer/tasks.py
import { OperationalError } from '../../errors.ts';
import type { Connection } from '../../messaging/connection.ts';
import { Consumer } from '../../messaging/consumer.ts';
import type { Channel } from '../../transport/contract.ts';
import type { Queue } from '../../transport/entity.ts';
import { Bootstep } from '../blueprint.ts';
import type { TaskConsumer } from './consumer.ts';

export class TasksStep extends Bootstep<TaskConsumer> {
  static override label = 'Tasks';
  static override requires = ['Mingle'];
  /** What is consumed now, and again after a reconnect. */
  readonly #queues = new Map<string, Queue>();
  readonly #connection: Connection;
  #channel: Channel | null = null;
  #consumer: Consumer | null = null;

  constructor(consumer: TaskConsumer, options: Readonly<Record<string, unknown>>) {
    super(consumer, options);
    this.#connection = consumer.host.connection;
    for (const queue of consumer.host.options.queues) this.#queues.set(queue.name, queue);
  }

  get queues(): readonly Queue[] {
    return [...this.#queues.values()];
  }

  override async start(consumer: TaskConsumer): Promise<void> {
    // A worker that finishes what it holds connects again to tell of it.
    if (consumer.paused) return;
    const { connection, strategy, prefetch, pool, state, app, log } = consumer.host;
    if (consumer.restarts > 0 && app.conf.get('worker_enable_prefetch_count_reduction')) prefetch.reduce(state.active);
    // With --autoscale the count follows the upper bound.
    if (!consumer.host.options.autoscaled) prefetch.resize(pool.limit);
    this.#channel = await connection.channel();
    this.#consumer = new Consumer(this.#channel, {
      queues: this.queues,
      onMessage: strategy.onMessage,
      prefetch: prefetch.count,
      onLost: (reason) => consumer.restart(reason),
      // Its queue was deleted, or moved: what it has taken of it goes on.
      onCancelled: (queue, reason) =>
        log.warning(
          `consumer: The broker cancelled the consumer of ${queue.name}. Consuming it again... (${reason.message})`,
        ),
    });
    const channel = this.#channel;
    prefetch.attach((count) => {
      // A channel that is gone takes its count along.
      channel.qos(count).catch(() => {});
    });
    const reading = this.#consumer;
    const failed = (what: string) => (error: Error) => {
      if (this.#consumer === reading) log.error(`Cannot ${what}: ${error.message}`);
    };
    prefetch.rateLimited.attach({
      suspend: (name, waiting) => {
        log.info(
          `Rate limits hold ${waiting} tasks: the queue ${name} is not read until half of them have run. ` +
            'Give a rate-limited task a queue of its own: other tasks of this one wait behind it.',
        );
        void reading.suspendQueue(name).catch(failed(`stop reading the queue ${name}`));
      },
      resume: (name) => void reading.resumeQueue(name).catch(failed(`read the queue ${name} again`)),
    });
    if (consumer.restarts === 0 && consumer.host.options.purge) await this.#purge(consumer, channel);
    await this.#consumer.consume();
  }

  async #purge({ host }: TaskConsumer, channel: Channel): Promise<void> {
    let count = 0;
    for (const queue of this.#queues.values()) {
      await channel.declareQueue(queue);
      count += await channel.purge(queue.name);
    }
    host.log.warning(`purge: Erased ${count} messages from ${this.#queues.size} queues.`);
  }

  /** Nothing new is read; what has not begun goes back to its queue. */
  async pause(consumer: TaskConsumer): Promise<void> {
    const { state, strategy } = consumer.host;
    const reading = this.#consumer;
    this.#consumer = null;
    if (reading) await reading.cancel().catch(() => {});
    strategy.clear();
    // In reverse, so that they stand in their old order at the head of the queue.
    for (const request of [...state.inPhase('held', 'scheduled', 'limited', 'reserved')].reverse()) request.requeue();
    await this.#channel?.flush().catch(() => {});
  }

  override async stop(consumer: TaskConsumer): Promise<void> {
    const { prefetch, state, strategy, app } = consumer.host;
    prefetch.detach();
    if (consumer.lost) {
      strategy.clear();
      const cancel = app.conf.get('worker_cancel_long_running_tasks_on_connection_loss');
      // What has not begun goes back as soon as the broker can be told: one that gives back by itself at a loss ignores it, Redis
      // would keep it from everybody for its visibility timeout. In reverse, so that they stand in their old order.
      for (const request of [...state.requests].reverse()) {
        if (request.phase !== 'active') request.requeue();
        else if (cancel && request.policy.acksLate) request.cancel();
      }
    } else {
      await this.pause(consumer);
    }
    const channel = this.#channel;
    this.#channel = null;
    this.#consumer = null;
    await channel?.close().catch(() => {});
  }

  async addQueue(queue: Queue): Promise<boolean> {
    if (this.#queues.has(queue.name)) return false;
    const consumer = this.#reading();
    this.#queues.set(queue.name, queue);
    try {
      if (!queue.noDeclare) await this.#declare(queue);
      await consumer.addQueue(queue);
    } catch (error) {
      this.#queues.delete(queue.name);
      throw error;
    }
    return true;
  }

  /** On a channel of its own: a refusal closes it, and with that of the tasks all that runs would be delivered again. */
  async #declare(queue: Queue): Promise<void> {
    const channel = await this.#connection.channel();
    try {
      await channel.declareQueue(queue);
    } finally {
      await channel.close().catch(() => {});
    }
  }

  async cancelQueue(name: string): Promise<boolean> {
    const consumer = this.#reading();
    this.#queues.delete(name);
    return consumer.cancelQueue(name);
  }

  #reading(): Consumer {
    if (!this.#consumer) throw new OperationalError('', 'The worker is not consuming now.');
    return this.#consumer;
  }
}
