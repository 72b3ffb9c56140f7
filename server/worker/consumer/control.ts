// Step: listen for remote commands and answer them.
// Not here: the commands (panel/), the wire (messaging/mailbox.ts).
// Celery 5.6: worker/consumer/control.py, worker/pidbox.py
import { ChannelError } from '../../errors.ts';
import type { MailboxNode } from '../../messaging/mailbox.ts';
import { Bootstep } from '../blueprint.ts';
import type { ConsumerHost, TaskConsumer } from './consumer.ts';
import { relisten } from './relisten.ts';

export class ControlStep extends Bootstep<TaskConsumer> {
  static override label = 'Control';
  static override requires = ['Tasks'];
  #node: MailboxNode | null = null;
  /** Times it was started and stopped. */
  #round = 0;

  constructor(consumer: TaskConsumer, options: Readonly<Record<string, unknown>>) {
    super(consumer, options);
    this.enabled = consumer.host.app.conf.get('worker_enable_remote_control');
  }

  override async start({ host, restarts }: TaskConsumer): Promise<void> {
    const round = ++this.#round;
    try {
      await this.#listen(host, round);
    } catch (error) {
      // What is left of the connection before may hold its queue for itself still; tasks do not wait for that.
      if (restarts === 0 || !(error instanceof ChannelError)) throw error;
      void this.#relisten(host, round, error);
    }
  }

  #relisten(host: ConsumerHost, round: number, reason: Error): Promise<void> {
    const wanted = () => this.#round === round;
    return relisten(host, { step: 'pidbox', reason, wanted, listen: () => this.#listen(host, round) });
  }

  async #listen(host: ConsumerHost, round: number): Promise<void> {
    const { connection, hostname, mailbox, panel } = host;
    const onLost = (reason: Error) => void this.#relisten(host, round, reason);
    const node = mailbox.node(hostname, connection, (method, args) => panel.dispatch(method, args), onLost);
    await node.start();
    if (this.#round === round) this.#node = node;
    else await node.stop();
  }

  override async stop(consumer: TaskConsumer): Promise<void> {
    this.#round++;
    const node = this.#node;
    this.#node = null;
    await node?.stop(consumer.lost);
  }
}
