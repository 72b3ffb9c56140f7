// A result store that dies while tasks run, on a server of its own: workers wait with their results and say so, the dashboard answers at
// once and says since when it does not know them, and all is well again when it is back. A broker that dies: redis-restarts.test.ts.
import { afterEach, expect, it } from 'vitest';
import { createDashboard } from '../../server/dashboard/dashboard.ts';
import { silentLogger } from '../../server/log.ts';
import type { Overview } from '../../shared/wire/overview.ts';
import type { ResultReply } from '../../shared/wire/task-values.ts';
import type { TaskDetail } from '../../shared/wire/tasks.ts';
import { getFrom } from '../support/python-dashboard.ts';
import { describeNeedsRedis, redisServer } from '../support/redis-server.ts';
import { until } from '../support/until.ts';
import { linesOf, PATIENT, World } from './world.ts';

describeNeedsRedis('a result store that dies', () => {
  const cleanup: (() => unknown)[] = [];
  afterEach(async () => {
    for (const undo of cleanup.splice(0).reverse()) await undo();
  });

  it('holds up no page, is named with its time, and gets every result when it is back', async () => {
    const store = await redisServer({ durable: true });
    cleanup.push(() => store.close());
    const world = await World.open({ settings: { result_backend: store.url() } });
    cleanup.push(() => world[Symbol.asyncDispose]());
    const worker = await world.umbel('w1@store', ['-c', '2', '-E']);
    const dashboard = createDashboard(
      {
        broker: world.redis.url(),
        result_backend: store.url(),
        db: `${store.folder}/history.db`,
        port: 0,
        queue_interval: 0.3,
        inspect_interval: 0.5,
      },
      { log: silentLogger, pages: null },
    );
    cleanup.push(() => dashboard.close());
    await dashboard.start();
    const knowledge = async () => (await getFrom<Overview>(dashboard, 'overview')).knowledge;
    const results = async () => (await knowledge()).results;
    const task = (id: string) => getFrom<TaskDetail>(dashboard, `tasks/${id}`);
    const result = (id: string) => getFrom<ResultReply>(dashboard, `tasks/${id}/result`);
    const seen = async (id: string, state: string) =>
      until(async () => (await task(id)).state === state, `${id} to be seen as ${state}`, PATIENT);
    await until(async () => (await results()).ok === true, 'the store to be known', PATIENT);
    await until(async () => (await knowledge()).events.ok === true, 'the events to be heard', PATIENT);
    const [before] = await world.send(1, 0);
    await seen(before!, 'SUCCESS');
    const { status } = await until(async () => (await result(before!)).found && result(before!), 'its result', PATIENT);
    expect(status).toBe('SUCCESS');

    await store.kill();
    const died = Date.now() / 1000;
    const ids = await world.send(6, 0, null, 1000);
    await Promise.all(ids.slice(0, 2).map((id) => seen(id, 'STARTED')));
    // Each page answers, with what the events say and without the result; asked side by side, as by pages that are open.
    const away = await Promise.all([before!, ...ids].map(result));
    for (const { found, reason } of away) {
      expect(found).toBe(false);
      expect(reason).toMatch(/^The result backend does not answer: /);
      expect(reason).not.toMatch(/broker/);
    }
    const known = await until(async () => (await results()).ok === false && results(), 'the store to be away', PATIENT);
    expect(known.since).toBeLessThanOrEqual(died + 1);
    const needs = async () => (await getFrom<Overview>(dashboard, 'overview')).attention;
    await until(
      async () => (await needs()).some(({ kind, subject }) => kind === 'source-down' && subject === 'results'),
      'what needs a person to name it',
      PATIENT,
    );
    // Both slots are taken by what waits for the store, and the worker says why.
    const says = (pattern: RegExp) => expect.poll(() => linesOf(worker, pattern).length).toBe(1);
    await says(/result store .* is away .*results wait until it is back/);
    expect(linesOf(worker, /succeeded/)).toHaveLength(1);

    await store.start();
    for (const id of ids) await seen(id, 'SUCCESS');
    for (const [i, id] of ids.entries())
      await until(async () => (await result(id)).result === 1000 + i, `the result of ${id}`, PATIENT);
    await until(async () => (await results()).ok === true, 'the store to be back', PATIENT);
    await until(async () => (await needs()).length === 0, 'nothing to need a person', PATIENT);
    await says(/result store \S+ is back\./);
    const runs = world.runs().filter(({ number }) => number >= 1000);
    expect(runs.map(({ number }) => number).sort()).toEqual(ids.map((_, i) => 1000 + i));
    await world.allSettled();
  });
});
