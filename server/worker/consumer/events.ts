// Steps: the event dispatcher gets its channel; the heart tells that the worker is online, beats, and tells when it goes.
// Not here: task events (request.ts, strategy.ts), sending (events/dispatcher.ts).
// Holds: what was gathered while the broker was away is sent after the reconnect, in order.
// Celery 5.6: worker/consumer/events.py, heart.py, worker/heartbeat.py
import { loadavg } from 'node:os';
import { signals } from '../../signals.ts';
import type { TimerHandle } from '../../timer.ts';
import { Bootstep } from '../blueprint.ts';
import { SOFTWARE } from '../state.ts';
import type { TaskConsumer } from './consumer.ts';

export class EventsStep extends Bootstep<TaskConsumer> {
  static override label = 'Events';
  static override requires = ['Connection'];

  override start({ host }: TaskConsumer): void {
    host.events.reset();
    void host.events.flush();
  }

  override async stop(consumer: TaskConsumer): Promise<void> {
    if (consumer.lost) consumer.host.events.reset();
    else await consumer.host.events.flush();
  }
}

export class HeartStep extends Bootstep<TaskConsumer> {
  static override label = 'Heart';
  static override requires = ['Events'];
  #beat: TimerHandle | null = null;

  constructor(consumer: TaskConsumer, options: Readonly<Record<string, unknown>>) {
    super(consumer, options);
    this.enabled = !consumer.host.options.withoutHeartbeat;
  }

  override start(consumer: TaskConsumer): void {
    const { host } = consumer;
    this.#send(consumer, 'worker-online');
    this.#beat = host.timer.every(host.options.heartbeatInterval * 1000, () =>
      this.#send(consumer, 'worker-heartbeat'),
    );
  }

  override stop(consumer: TaskConsumer): void {
    this.#beat?.cancel();
    this.#beat = null;
    if (!consumer.lost) this.#send(consumer, 'worker-offline');
  }

  #send({ host }: TaskConsumer, type: string): void {
    if (signals.heartbeat_sent.size > 0) signals.heartbeat_sent.send({ sender: this });
    host.events.send(type, {
      freq: host.options.heartbeatInterval,
      active: host.state.active,
      processed: host.state.processed,
      // Ours alone: how late the event loop ran at most since the last heartbeat, in seconds. Celery keeps fields it does not know.
      loop_delay: host.loopDelay.sinceHeartbeat(),
      loadavg: loadavg().map((load) => Math.round(load * 100) / 100),
      ...SOFTWARE,
    });
  }
}
