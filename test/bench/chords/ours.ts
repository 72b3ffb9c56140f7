// This package, as it is installed, with the tasks of the chord's bench: a worker as it starts by itself, and who sends the chord.
import { Celery, chord } from 'umbel';
import { Worker } from 'umbel/worker';
import { type Given, offer } from '../support/measure.ts';

function appOn({ url, store }: Given) {
  const app = new Celery('bench', { broker_url: url, result_backend: store! });
  const part = app.task({ name: 'bench.part' }, (n: number) => n);
  const total = app.task({ name: 'bench.total' }, (all: number[]) => all.reduce((a, b) => a + b, 0));
  return { app, part, total };
}

await offer({
  async serve(given) {
    await new Worker(appOn(given).app, { loglevel: 'ERROR' }).start();
  },

  async chord(given) {
    const { app, part, total } = appOn(given);
    await app.backend();
    const cpu = process.cpuUsage();
    const begun = performance.now();
    const header = Array.from({ length: given.count }, (_, n) => part.s(n));
    const sum = await (await chord(header, total.s()).applyAsync()).get({ timeout: 600 });
    const seconds = (performance.now() - begun) / 1000;
    if (sum !== (given.count * (given.count - 1)) / 2) throw new Error(`the sum was ${sum}`);
    const { user, system } = process.cpuUsage(cpu);
    await app.close();
    return { seconds, cpu: (user + system) / 1e6 };
  },
});
