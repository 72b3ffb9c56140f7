// This package's store on a database, as it is installed: results as a worker with 100 tasks at a time stores them.
import { randomUUID } from 'node:crypto';
import { Celery } from 'umbel';
import { inFlight, offer, stopwatch } from '../support/measure.ts';

const COLD = 2000;
const AT_ONCE = 100;

await offer({
  async store({ url, count }) {
    const app = new Celery('bench', { broker_url: 'memory://', result_backend: url });
    const backend = await app.backend();
    const store = () =>
      backend.store({
        status: 'SUCCESS',
        result: 5,
        traceback: null,
        children: [],
        date_done: new Date().toISOString(),
        task_id: randomUUID(),
      });
    await inFlight(AT_ONCE, COLD, store);
    const lap = stopwatch();
    await inFlight(AT_ONCE, count - COLD, store);
    const figures = lap(count - COLD);
    await app.close();
    return figures;
  },
});
