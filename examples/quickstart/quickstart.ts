import { Celery } from 'umbel';
import { Worker } from 'umbel/worker';

const app = new Celery('quickstart', { broker: 'memory://', backend: 'memory://' });
const add = app.task({ name: 'math.add' }, (x: number, y: number) => x + y);

const worker = new Worker(app);
await worker.start();
const result = await add.delay(2, 3);
console.log(await result.get({ timeout: 10 })); // 5
await worker.stop();
await app.close();
