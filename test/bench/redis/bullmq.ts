// The same work in BullMQ: its own jobs and results, kept as it keeps them by default.
import { Queue, QueueEvents, Worker } from 'bullmq';
import { drained, type Given, inFlight, offer, stopwatch, tripTimes } from '../support/measure.ts';

const NAME = 'bench';
const connectionOf = ({ url }: Given) => {
  const { hostname, port, pathname } = new URL(url);
  return { host: hostname, port: Number(port), db: Number(pathname.slice(1)), maxRetriesPerRequest: null };
};
const workerOf = (given: Given) =>
  new Worker(NAME, async (job) => job.data.a + job.data.b, { connection: connectionOf(given), concurrency: 100 });

await offer({
  async publish(given) {
    const queue = new Queue(NAME, { connection: connectionOf(given) });
    await queue.add('add', { a: 2, b: 3 });
    const lap = stopwatch(given.server);
    await inFlight(500, given.count - 1, () => queue.add('add', { a: 2, b: 3 }));
    const figures = lap(given.count - 1);
    await queue.close();
    return figures;
  },

  async drain(given) {
    const done = drained(given.count, given.server);
    const worker = workerOf(given);
    worker.on('completed', () => done.one());
    const figures = await done.all;
    await worker.close();
    return figures;
  },

  async serve(given) {
    await workerOf(given).waitUntilReady();
  },

  async trip(given) {
    const connection = connectionOf(given);
    const queue = new Queue(NAME, { connection });
    const events = new QueueEvents(NAME, { connection });
    await events.waitUntilReady();
    return tripTimes(given.count, async () => (await queue.add('add', { a: 2, b: 3 })).waitUntilFinished(events));
  },
});
