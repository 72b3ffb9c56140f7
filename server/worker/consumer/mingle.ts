// Step mingle: at start, ask the broker what was revoked while nobody was there, and the other workers what is revoked and how late it is
// on their clocks.
// Not here: watching one another afterwards (gossip.ts).
// Holds: a worker that can see it is alone does not wait; with others it waits until all have answered, a second at most.
// Celery 5.6: worker/consumer/mingle.py
import { rememberedRevokes } from '../../control/remembered-revokes.ts';
import { toError } from '../../errors.ts';
import { Bootstep } from '../blueprint.ts';
import type { ConsumerHost, TaskConsumer } from './consumer.ts';

const WAIT_MS = 1000;

export class MingleStep extends Bootstep<TaskConsumer> {
  static override label = 'Mingle';
  static override requires = ['Events'];

  override async start(consumer: TaskConsumer): Promise<void> {
    const { host } = consumer;
    if (consumer.restarts === 0 && host.app.conf.get('worker_enable_remote_control')) await readRevokes(host);
    if (host.options.withoutMingle || !host.app.conf.get('worker_enable_remote_control')) return;
    host.log.info('mingle: searching for neighbors');
    const others = await countOthers(host);
    if (others === 0) return host.log.info('mingle: all alone');
    const replies = await host.mailbox.broadcast('hello', {
      arguments: { from_node: host.hostname, revoked: host.state.revoked.toRecord() },
      reply: true,
      timeoutMs: WAIT_MS,
      ...(others === null ? {} : { limit: others }),
    });
    // It was the only question of a worker.
    await host.mailbox.unlisten();
    const nodes = replies.flatMap((reply) => Object.entries(reply)).filter(([node]) => node !== host.hostname);
    if (nodes.length === 0) return host.log.info('mingle: all alone');
    host.log.info(`mingle: sync with ${nodes.length} nodes`);
    for (const [node, answer] of nodes) this.#sync(consumer, node, answer);
    host.log.info('mingle: sync complete');
  }

  #sync({ host }: TaskConsumer, node: string, answer: unknown): void {
    if (typeof answer !== 'object' || answer === null) return;
    const { clock, revoked } = answer as { clock?: unknown; revoked?: unknown };
    host.log.debug(`mingle: processing reply from ${node}`);
    if (typeof clock === 'number') host.app.clock.adjust(clock);
    if (typeof revoked === 'object' && revoked !== null) host.state.revoked.merge(revoked as Record<string, unknown>);
  }
}

/** What was revoked while nobody was there, from a broker that remembers. */
async function readRevokes({ connection, mailbox, state, log }: ConsumerHost): Promise<void> {
  try {
    const ids = await rememberedRevokes((await connection.defaultChannel()).notes, mailbox.namespace);
    if (Object.keys(ids).length > 0) state.revoked.merge(ids);
  } catch (error) {
    log.warning(`mingle: Cannot read what was revoked before: ${toError(error).message}`);
  }
}

/** Nodes that listen on this broker. null: the broker cannot tell, or will tell with the question. */
async function countOthers({ connection, hostname, mailbox }: ConsumerHost): Promise<number | null> {
  const channel = await connection.defaultChannel();
  if (connection.transport.flags.fanoutByKey) return null;
  const names = await channel.listQueues();
  if (names === null) return null;
  const pidbox = mailbox.exchange.name;
  let others = 0;
  for (const name of names) {
    if (!name.endsWith(`.${pidbox}`) || name === `${hostname}.${pidbox}` || name.endsWith(`.reply.${pidbox}`)) continue;
    const status = await channel.queueStatus(name);
    if (status && status.consumers !== 0) others++;
  }
  return others;
}
