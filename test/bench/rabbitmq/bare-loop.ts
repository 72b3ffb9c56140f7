// No worker at all: what one Node process can do at most on this wire with amqplib. It consumes, reads the body, adds, answers and
// acknowledges, all of one turn of the event loop at once, with the prefetch of the worker beside it.
import { randomUUID } from 'node:crypto';
import { type ConfirmChannel, type ConsumeMessage, connect } from 'amqplib';
import { drained, type Given, offer, tripTimes } from '../support/measure.ts';

const PREFETCH = 400;
const JSON_TEXT = { contentType: 'application/json', contentEncoding: 'utf-8', priority: 0, deliveryMode: 1 };

async function open({ url, confirms = true }: Given): Promise<ConfirmChannel> {
  const { model, raw } = await connect(url, { noDelay: true }).then(async (opened) => ({
    model: opened,
    raw: await (confirms ? opened.createConfirmChannel() : opened.createChannel()),
  }));
  model.on('error', () => {});
  return raw as ConfirmChannel;
}

/** Adds, and answers where an answer is asked for. */
function answer(channel: ConfirmChannel, { content, properties }: ConsumeMessage, answers: boolean): void {
  const [[a, b]] = JSON.parse(content.toString());
  const { replyTo, correlationId, headers } = properties;
  const row = { task_id: headers?.id, status: 'SUCCESS', result: a + b, traceback: null, children: [] };
  if (answers)
    channel.publish('', replyTo, Buffer.from(JSON.stringify(row)), { ...JSON_TEXT, headers: {}, correlationId });
}

await offer({
  async drain(given) {
    const channel = await open(given);
    const done = drained(given.count, given.server);
    const answers = given.task !== 'bench.ignored';
    let last: ConsumeMessage | null = null;
    await channel.prefetch(PREFETCH, true);
    await channel.consume('celery', (message) => {
      answer(channel, message!, answers);
      // Those of a turn go as one.
      if (last === null)
        setImmediate(() => {
          channel.ack(last!, true);
          last = null;
        });
      last = message!;
      done.one();
    });
    const figures = await done.all;
    // The acknowledgement of the last turn.
    await new Promise((resolve) => setImmediate(resolve));
    if ('waitForConfirms' in channel) await channel.waitForConfirms();
    await channel.close();
    return figures;
  },

  async serve(given) {
    const channel = await open(given);
    await channel.assertQueue('celery');
    await channel.consume('celery', (message) => {
      answer(channel, message!, true);
      channel.ack(message!);
    });
  },

  async trip(given) {
    const channel = await open(given);
    const { queue } = await channel.assertQueue('', { autoDelete: true, durable: false });
    const waiting = new Map<string, (value: unknown) => void>();
    await channel.consume(
      queue,
      (message) => {
        const id = message!.properties.correlationId as string;
        waiting.get(id)?.(JSON.parse(message!.content.toString()).result);
        waiting.delete(id);
      },
      { noAck: true },
    );
    return tripTimes(given.count, () => {
      const id = randomUUID();
      return new Promise((resolve) => {
        waiting.set(id, resolve);
        const body = Buffer.from(JSON.stringify([[2, 3], {}, {}]));
        channel.publish('', 'celery', body, {
          ...JSON_TEXT,
          deliveryMode: 2,
          correlationId: id,
          replyTo: queue,
          headers: { id },
        });
      });
    });
  },
});
