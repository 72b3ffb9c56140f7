// Step: where a queue of the app is a quorum queue of RabbitMQ, what holds back tasks for later is declared, and bound to the queues.
// Celery 5.6: worker/consumer/delayed_delivery.py
import { delaysTasks } from '../../app/delayed.ts';
import { canBeDelayed, prepareDelayed } from '../../messaging/delayed-delivery.ts';
import type { Queue } from '../../transport/entity.ts';
import { Bootstep } from '../blueprint.ts';
import type { TaskConsumer } from './consumer.ts';

export class DelayedDeliveryStep extends Bootstep<TaskConsumer> {
  static override label = 'DelayedDelivery';
  static override requires = ['Tasks'];

  override async start(consumer: TaskConsumer): Promise<void> {
    const { log } = consumer.host;
    if (consumer.paused || !this.#isUsed(consumer)) return;
    const direct = consumer.tasks.queues.filter((queue) => !canBeDelayed(queue)).map(({ name }) => name);
    if (direct.length > 0 && consumer.restarts === 0)
      log.info(
        `Tasks for later wait in this worker, not in RabbitMQ, where their exchange is a direct one: ${direct.join(', ')}. ` +
          'A topic exchange lets RabbitMQ hold them (task_default_exchange_type).',
      );
    await this.prepare(consumer, consumer.tasks.queues);
  }

  /** So that what is held back for these queues comes to them. */
  async prepare(consumer: TaskConsumer, queues: readonly Queue[]): Promise<void> {
    const { app, connection } = consumer.host;
    const able = this.#isUsed(consumer) ? queues.filter(canBeDelayed) : [];
    if (able.length > 0)
      await prepareDelayed(connection, able, app.conf.get('broker_native_delayed_delivery_queue_type'));
  }

  #isUsed({ host: { app, connection } }: TaskConsumer): boolean {
    return connection.transport.driver === 'amqp' && delaysTasks(app);
  }
}
