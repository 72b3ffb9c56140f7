// No worker at all: what one Node process can do at most on this wire with ioredis. It takes a batch and records it as unacked in one
// call, reads envelope and body, adds, stores and tells, and acknowledges, all of it in one pipeline with the next take. A round trip is
// LPUSH, BRPOP, SETEX with PUBLISH, and a subscription, between two processes.
import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { drained, offer, tripTimes } from '../support/measure.ts';

const BATCH = 128;
const TTL_S = 86_400;
const TAKE = `
local raws = redis.call('RPOP', KEYS[1], ARGV[2])
if not raws then return {} end
local record, index = {}, {}
for i, raw in ipairs(raws) do
  local tag = string.match(raw, '"delivery_tag": ?"([^"]+)"', -120)
  record[2 * i - 1], record[2 * i] = tag, raw
  index[2 * i - 1], index[2 * i] = ARGV[1], tag
end
redis.call('HSET', 'unacked', unpack(record))
redis.call('ZADD', 'unacked_index', unpack(index))
return raws`;

await offer({
  async drain(given) {
    const redis = new Redis(given.url);
    const sha = (await redis.script('LOAD', TAKE)) as string;
    const take = ['EVALSHA', sha, 1, 'celery'] as const;
    const done = drained(given.count, given.server);
    let raws = (await redis.call(...take, Date.now() / 1000, BATCH)) as string[];
    while (raws.length > 0) {
      const pipeline = redis.pipeline();
      const tags: string[] = [];
      for (const raw of raws) {
        const { headers, body, properties } = JSON.parse(raw);
        const [[a, b]] = JSON.parse(Buffer.from(body, 'base64').toString());
        const key = `celery-task-meta-${headers.id}`;
        const row = JSON.stringify({
          status: 'SUCCESS',
          result: a + b,
          traceback: null,
          children: [],
          date_done: new Date().toISOString(),
          task_id: headers.id,
        });
        pipeline.setex(key, TTL_S, row).publish(key, row);
        tags.push(properties.delivery_tag);
      }
      pipeline.hdel('unacked', ...tags).zrem('unacked_index', ...tags);
      pipeline.call(...take, Date.now() / 1000, BATCH);
      const answers = (await pipeline.exec())!;
      for (const _ of raws) done.one();
      raws = answers.at(-1)![1] as string[];
    }
    const figures = await done.all;
    redis.disconnect();
    return figures;
  },

  async serve(given) {
    const taking = new Redis(given.url);
    const storing = new Redis(given.url);
    const loop = async () => {
      for (;;) {
        const [, raw] = (await taking.brpop('bench', 0))!;
        const { id, args } = JSON.parse(raw);
        const row = JSON.stringify({ status: 'SUCCESS', result: args[0] + args[1], task_id: id });
        // Nobody waits for the answer: the next is taken meanwhile.
        void storing.pipeline().setex(`result-${id}`, TTL_S, row).publish(`result-${id}`, row).exec();
      }
    };
    void loop();
    await storing.ping();
  },

  async trip(given) {
    const sending = new Redis(given.url);
    const hearing = new Redis(given.url);
    const waiting = new Map<string, (value: unknown) => void>();
    hearing.on('message', (channel: string, row: string) => {
      waiting.get(channel)?.(JSON.parse(row).result);
      waiting.delete(channel);
    });
    const trips = await tripTimes(given.count, async () => {
      const id = randomUUID();
      const channel = `result-${id}`;
      const result = new Promise((resolve) => waiting.set(channel, resolve));
      // Both lines at once would let a result come before the subscription.
      await hearing.subscribe(channel);
      void sending.lpush('bench', JSON.stringify({ id, args: [2, 3] }));
      const value = await result;
      void hearing.unsubscribe(channel);
      return value;
    });
    sending.disconnect();
    hearing.disconnect();
    return trips;
  },
});
