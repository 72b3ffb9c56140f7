// Step: listen for remote commands and answer them.
// Not here: the commands (panel/), the wire (messaging/mailbox.ts).
// Celery 5.6: worker/consumer/control.py, worker/pidbox.py
import type { MailboxNode } from '../../messaging/mailbox.ts';
import type { Channel } from '../../transport/contract.ts';
import { Bootstep } from '../blueprint.ts';
import type { TaskConsumer } from './consumer.ts';

export class ControlStep extends Bootstep<TaskConsumer> {
  static override label = 'Control';
  static override requires = ['Tasks'];
  #channel: Channel | null = null;
  #node: MailboxNode | null = null;

  constructor(consumer: TaskConsumer, options: Readonly<Record<string, unknown>>) {
    super(consumer, options);
    this.enabled = consumer.host.app.conf.get('worker_enable_remote_control');
  }

  override async start({ host }: TaskConsumer): Promise<void> {
    this.#channel = await host.connection.channel();
    this.#node = host.mailbox.node(host.hostname, this.#channel, (method, args) => host.panel.dispatch(method, args));
    await this.#node.start();
  }

  override async stop(consumer: TaskConsumer): Promise<void> {
    const [node, channel] = [this.#node, this.#channel];
    this.#node = null;
    this.#channel = null;
    if (!consumer.lost) await node?.stop().catch(() => {});
    await channel?.close().catch(() => {});
  }
}
