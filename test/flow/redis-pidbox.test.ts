// Requests of Python's remote control, as they were recorded on the wire, published to a worker of ours; its replies, as they stand
// in the caller's list, against those of Celery's worker. What the answers mean: contract/worker-control.ts.
import { Redis } from 'ioredis';
import { expect, it, onTestFinished } from 'vitest';
import { Celery } from '../../server/app/celery.ts';
import { silentLogger } from '../../server/log.ts';
import { Worker } from '../../server/worker/worker.ts';
import { define, EXACT, recordedCommands } from '../contract/worker-control.ts';
import { describeNeedsRedis, redisServer } from '../support/redis-server.ts';
import { until } from '../support/until.ts';

interface Envelope {
  body: string;
  headers: Record<string, unknown>;
  properties: Record<string, unknown>;
}

describeNeedsRedis('requests recorded on Redis', () => {
  it('are answered to the letter, envelope by envelope', async () => {
    const server = await redisServer();
    const url = server.url();
    const app = new Celery('vec', { broker: url, backend: url }, { env: {}, log: silentLogger });
    define(app);
    const worker = new Worker(app, { hostname: 'w1@vec', taskEvents: true, log: silentLogger });
    const keys = new Redis(url);
    onTestFinished(async () => {
      await worker.stop('cold');
      await app.close();
      keys.disconnect();
      await server.close();
    });
    await worker.start();

    let answered = 0;
    for (const { name, requests, reply_messages: replies } of recordedCommands) {
      const [request] = requests;
      if (!EXACT.has(name) || !request) continue;
      const message = JSON.parse(request.envelope_text) as Envelope;
      // Old requests are not obeyed.
      message.headers.expires = Date.now() / 1000 + 60;
      const { routing_key: oid } = (request.body_json.reply_to ?? {}) as { routing_key?: string };
      const list = `${oid}.reply.celery.pidbox`;
      await keys.sadd('_kombu.binding.reply.celery.pidbox', `${oid}\x06\x16\x06\x16${list}`);
      expect(await keys.publish('/0.celery.pidbox', JSON.stringify(message))).toBe(1);
      const [reply] = replies;
      if (!reply) continue;
      const text = await until(() => keys.rpop(list), `the reply to ${name}`);
      expect(reply.key).toBe(list);
      expect(comparable(text), name).toEqual(comparable(reply.envelope_text));
      answered++;
    }
    expect(answered).toBeGreaterThan(25);
  });
});

function comparable(text: string): unknown {
  const { body, headers, properties, ...rest } = JSON.parse(text) as Envelope;
  return {
    ...rest,
    body: JSON.parse(Buffer.from(body, 'base64').toString()),
    headers: { ...headers, clock: typeof headers.clock },
    properties: { ...properties, delivery_tag: typeof properties.delivery_tag },
  };
}
