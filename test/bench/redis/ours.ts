// This package, as it is installed: a producer, a worker, a round trip.
import { Celery, signals } from 'umbel';
import { Worker } from 'umbel/worker';
import { drained, type Given, inFlight, offer, stopwatch, tripTimes } from '../support/measure.ts';

const QUIET = { withoutGossip: true, withoutMingle: true, loglevel: 'ERROR' } as const;

function appOn({ url }: Given) {
  const app = new Celery('bench', { broker_url: url, result_backend: url });
  const add = app.task({ name: 'bench.add' }, (a: number, b: number) => a + b);
  return { app, add };
}

await offer({
  async publish(given) {
    const { app, add } = appOn(given);
    await add.delay(2, 3);
    const lap = stopwatch(given.server);
    await inFlight(500, given.count - 1, () => add.delay(2, 3));
    const figures = lap(given.count - 1);
    await app.close();
    return figures;
  },

  async drain(given) {
    const { app } = appOn(given);
    const done = drained(given.count, given.server);
    signals.task_success.connect(() => done.one());
    const worker = new Worker(app, { ...QUIET, concurrency: 100 });
    await worker.start();
    const figures = await done.all;
    await worker.stop('warm');
    await app.close();
    return figures;
  },

  async serve(given) {
    await new Worker(appOn(given).app, QUIET).start();
  },

  trip(given) {
    const { add } = appOn(given);
    return tripTimes(given.count, async () => (await add.delay(2, 3)).get({ timeout: 10 }));
  },
});
