// A queue that a running worker is told to consume, and that the broker refuses: the worker has it no more than before.
import { expect, it } from 'vitest';
import { queue } from '../../server/transport/entity.ts';
import { until } from '../support/until.ts';
import { makeWorld } from './worker-world.ts';

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
