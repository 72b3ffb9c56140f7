// Queues beside those of the settings: one that a running worker is told to consume, and that the broker refuses, is none of its
// queues; with worker_direct each worker has one of its own.
import { expect, it } from 'vitest';
import { workerDirect } from '../../server/app/worker-direct.ts';
import { queue } from '../../server/transport/entity.ts';
import { until } from '../support/until.ts';
import { makeApp, makeWorker, makeWorld } from './worker-world.ts';

it('a queue that cannot be consumed is none of its queues, and can be added when it can', async () => {
  const done: number[] = [];
  const { app, worker, channel } = await makeWorld((made) => made.task({ name: 'add' }, (n: number) => done.push(n)));
  const { tasks } = worker.consumer;
  const names = () => tasks.queues.map((one) => one.name);
  await channel.declareQueue(queue('extra', { durable: false }));
  await expect(tasks.addQueue(queue('extra'))).rejects.toThrow(/PRECONDITION_FAILED/);
  expect(names()).toEqual(['celery']);
  await channel.deleteQueue('extra');
  await until(() => worker.consumer.mode === 'running', 'it to consume');
  expect(await tasks.addQueue(queue('extra'))).toBe(true);
  expect(await tasks.addQueue(queue('extra'))).toBe(false);
  expect(names()).toEqual(['celery', 'extra']);
  await app.sendTask('add', [1], {}, { queue: 'extra' });
  await until(() => done.length === 1, 'a task of it to run');
});

it('what is sent to one worker runs there, whether by its queue or by the name of it', async () => {
  // Queues that are made on the way are of another kind: the client and the worker still declare this one alike.
  const settings = { worker_direct: true, task_create_missing_queue_type: 'quorum' };
  const app = await makeApp(settings);
  const where = app.task({ name: 'where' }, function () {
    return this.request.hostname;
  });
  await makeWorker(app, { hostname: 'one@vec' });
  await makeWorker(app, { hostname: 'two@vec' });
  for (const name of ['one@vec', 'two@vec', 'one@vec']) {
    const byQueue = await where.applyAsync([], {}, { queue: workerDirect(name) });
    expect(await byQueue.get({ timeout: 90 })).toBe(name);
    const byName = await where.applyAsync([], {}, { queue: `${name}.dq2` });
    expect(await byName.get({ timeout: 90 })).toBe(name);
  }
  expect(app.router.queues.named('one@vec.dq2')).toEqual({
    ...{ name: 'one@vec.dq2', routingKey: 'one@vec', durable: true, exclusive: false, autoDelete: false },
    exchange: expect.objectContaining({ name: 'C.dq2', type: 'direct', durable: true }),
  });
});
