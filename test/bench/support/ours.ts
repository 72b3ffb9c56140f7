// This package, as it is installed, on whatever broker: an app with the bench's two tasks, a worker that drains or serves, a round trip.
import { Celery, signals } from 'umbel';
import { Worker } from 'umbel/worker';
import { drained, type Given, tripTimes } from './measure.ts';

const QUIET = { withoutGossip: true, withoutMingle: true, loglevel: 'ERROR' } as const;

export function appOn({ url, confirms = true }: Given) {
  const isAmqp = url.startsWith('amqp');
  const app = new Celery('bench', {
    broker_url: url,
    result_backend: isAmqp ? 'rpc://' : url,
    ...(isAmqp ? { broker_transport_options: { confirm_publish: confirms } } : {}),
  });
  const add = app.task({ name: 'bench.add' }, (a: number, b: number) => a + b);
  const ignored = app.task({ name: 'bench.ignored', ignore_result: true }, (a: number, b: number) => a + b);
  return { app, add, ignored };
}

export const worked = {
  async drain(given: Given) {
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

  async serve(given: Given) {
    await new Worker(appOn(given).app, QUIET).start();
  },

  trip(given: Given) {
    const { add } = appOn(given);
    return tripTimes(given.count, async () => (await add.delay(2, 3)).get({ timeout: 10 }));
  },
};
