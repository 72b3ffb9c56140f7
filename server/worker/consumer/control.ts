// Step: listen for remote commands and answer them.
// Not here: the commands (panel/), the wire (messaging/mailbox.ts).
// Celery 5.6: worker/consumer/control.py, worker/pidbox.py
import type { MailboxNode } from '../../messaging/mailbox.ts';
import type { Channel } from '../../transport/contract.ts';
import { Bootstep } from '../blueprint.ts';
import type { ConsumerHost, TaskConsumer } from './consumer.ts';
import { relisten } from './relisten.ts';

export class ControlStep extends Bootstep<TaskConsumer> {
  static override label = 'Control';
  static override requires = ['Tasks'];
  #channel: Channel | null = null;
  #node: MailboxNode | null = null;
  /** Times it was started and stopped. */
  #round = 0;

  constructor(consumer: TaskConsumer, options: Readonly<Record<string, unknown>>) {
    super(consumer, options);
    this.enabled = consumer.host.app.conf.get('worker_enable_remote_control');
  }

  override start({ host }: TaskConsumer): Promise<void> {
    this.#round++;
    return this.#listen(host);
  }

  async #listen(host: ConsumerHost): Promise<void> {
    const channel = await host.connection.channel();
    this.#channel = channel;
    const round = this.#round;
    const wanted = () => this.#round === round;
    const onLost = (reason: Error) =>
      void relisten(host, { step: 'pidbox', reason, wanted, listen: () => this.#listen(host) });
    this.#node = host.mailbox.node(host.hostname, channel, (method, args) => host.panel.dispatch(method, args), onLost);
    await this.#node.start();
  }

  override async stop(consumer: TaskConsumer): Promise<void> {
    this.#round++;
    const [node, channel] = [this.#node, this.#channel];
    this.#node = null;
    this.#channel = null;
    if (!consumer.lost) await node?.stop().catch(() => {});
    await channel?.close().catch(() => {});
  }
}
