// worker_delivery_limit: a task whose message came back too often, since its workers died, is set aside and named.
import { expect, it } from 'vitest';
import { markRedelivered } from '../../server/transport/redis/envelope.ts';
import { until } from '../support/until.ts';
import { makeWorld, publishRaw, type World } from './worker-world.ts';

const world = (ran: number[], settings = {}): Promise<World> =>
  makeWorld((app) => app.task('vec.poison', (x: number) => void ran.push(x)), {
    settings: { task_acks_late: true, ...settings },
  });

/** A message of the task as a broker delivers it that counts. */
async function deliver(w: World, id: string, count: number): Promise<void> {
  await publishRaw(w, {
    body: JSON.stringify([[count], {}, { callbacks: null, errbacks: null, chain: null, chord: null }]),
    headers: { id, task: 'vec.poison', lang: 'py', root_id: id, 'x-delivery-count': count },
    properties: { delivery_mode: 2, correlation_id: id },
  });
}

it('sets aside what came back so many times: failed, rejected, logged with the reason', async () => {
  const ran: number[] = [];
  const w = await world(ran, { worker_delivery_limit: 3 });
  await deliver(w, 'below', 2);
  await w.event('task-succeeded', 'below');
  await deliver(w, 'at', 3);
  const why = '3 workers that held it died, and worker_delivery_limit is 3';
  await w.line(new RegExp(`^ERROR Task vec.poison\\[at\\] is set aside: ${why}`));
  expect((await w.event('task-failed', 'at')).exception).toBe(`WorkerLostError('Set aside: ${why}.')`);
  expect(w.typesOf('at')).toEqual(['rejected', 'failed']);
  await expect(w.app.AsyncResult('at').get({ timeout: 90 })).rejects.toThrow(why);
  await until(async () => (await w.depth()) === 0, 'the message to go');
  expect(ran).toEqual([2]);
});

it('is off by default, as in Celery', async () => {
  const ran: number[] = [];
  const w = await world(ran);
  await deliver(w, 'often', 50);
  await w.event('task-succeeded', 'often');
  expect(ran).toEqual([50]);
});

it('what is sent again by a retry begins to count anew', async () => {
  const seen: unknown[] = [];
  const w = await makeWorld(
    (app) =>
      app.task('vec.poison', function () {
        seen.push([this.request.retries, this.request.headers]);
        if (this.request.retries === 0) this.retry({ countdown: 0 });
      }),
    { settings: { worker_delivery_limit: 3 } },
  );
  await deliver(w, 'retried', 2);
  await w.event('task-succeeded', 'retried');
  expect(seen).toEqual([
    [0, {}],
    [1, {}],
  ]);
});

it('on Redis the envelope counts the deaths of its holders, and no other way back', () => {
  const raw = JSON.stringify({ body: '', headers: { id: 'a' }, properties: { delivery_tag: 't' } });
  const countOf = (text: string): unknown => JSON.parse(text).headers['x-delivery-count'];
  const once = markRedelivered(raw, true);
  expect([
    countOf(markRedelivered(raw)),
    countOf(once),
    countOf(markRedelivered(once)),
    countOf(markRedelivered(once, true)),
  ]).toEqual([undefined, 1, 1, 2]);
});
