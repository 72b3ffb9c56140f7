// This package, as it is installed, on RabbitMQ: a producer, a worker, a round trip.
import { Celery, signals } from 'umbel';
import { Worker } from 'umbel/worker';
import { drained, type Given, inFlight, offer, stopwatch, tripTimes } from '../support/measure.ts';
import { REPLIES } from './replies.ts';

const QUIET = { withoutGossip: true, withoutMingle: true, loglevel: 'ERROR' } as const;
const ALONE = 1000;

function appOn({ url, confirms = true }: Given) {
  const app = new Celery('bench', {
    broker_url: url,
    result_backend: 'rpc://',
    broker_transport_options: { confirm_publish: confirms },
  });
  const add = app.task({ name: 'bench.add' }, (a: number, b: number) => a + b);
  const ignored = app.task({ name: 'bench.ignored', ignore_result: true }, (a: number, b: number) => a + b);
  return { app, add, ignored };
}

await offer({
  /** As many under way as it takes, and then a few one after the other. */
  async publish(given) {
    const { app, ignored } = appOn(given);
    await ignored.delay(2, 3);
    let lap = stopwatch(given.server);
    await inFlight(500, given.count - 1 - ALONE, () => ignored.delay(2, 3));
    const figures = lap(given.count - 1 - ALONE);
    lap = stopwatch(given.server);
    await inFlight(1, ALONE, () => ignored.delay(2, 3));
    const alone = lap(ALONE).rate;
    await app.close();
    return { ...figures, alone };
  },

  /** Tasks whose results go to a queue that stays, where they are looked at. */
  async load(given) {
    const { app, add, ignored } = appOn(given);
    const task = given.task === 'bench.ignored' ? ignored : add;
    await inFlight(500, given.count, () => task.applyAsync([2, 3], {}, { reply_to: REPLIES }));
    await app.close();
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
