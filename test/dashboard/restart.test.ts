// What a dashboard knows of the time in which none ran, and whose history it is. What /metrics tells: metrics.test.ts.
import { mkdirSync, rmSync } from 'node:fs';
import { expect, it, onTestFinished } from 'vitest';
import { createDashboard } from '../../server/dashboard/dashboard.ts';
import { createLogger, silentLogger } from '../../server/log.ts';
import { createTimer } from '../../server/timer.ts';
import type { SeriesReply } from '../../shared/wire/series.ts';
import { PushedClock } from '../support/clock.ts';
import { listening, place, task } from '../support/listening.ts';
import { until } from '../support/until.ts';

/** What is known may have grown so much older, as a share of the jump, while a busy machine got here. */
const MARGIN = 0.9;

it('tasks that ran while no dashboard did are counted, kept, and marked in the charts', async () => {
  const at = place();
  const first = await listening(at);
  await first.emit([first.beat(100), ...Array.from({ length: 20 }, (_, i) => task(`t${i}`)).flat(), first.beat(120)]);
  await until(
    async () => (await first.cluster.history.heard())?.workers.some((w) => w.begun === 120),
    'it to be kept how far the worker was heard',
  );
  expect((await first.info()).events_lost).toBe(0);
  await first.dashboard.close();

  // 60 tasks begin meanwhile.
  const second = await listening(at);
  const found = await until(async () => {
    await second.emit([second.beat(180)]);
    second.ranBefore();
    const info = await second.info();
    return info.gaps[0]?.tasks_is === 'exact' && info.gaps[0].until !== null && info;
  }, 'what was missed to be counted');
  expect(found).toMatchObject({ events_lost: 180, events_lost_is: 'about' });
  expect(found.gaps).toMatchObject([{ tasks: 60, tasks_is: 'exact', events: 180, cause: 'not-running' }]);
  const kept = await until(async () => {
    await second.emit([second.beat(180)]);
    const reply = await second.dashboard.app.inject('/api/v2/series?metric=throughput&range=15m');
    const { gaps } = reply.json<SeriesReply>();
    return gaps?.length === 1 && gaps;
  }, 'the gap in the history');
  expect(kept[0]).toMatchObject({ tasks: 60, events: 180 });

  // One begins, is heard to, and runs on over the restart; none begins unseen.
  await second.emit(task('runs').slice(0, 2));
  await until(() => second.cluster.state.tasks.get('runs')?.state === 'STARTED', 'its start to be heard');
  await second.dashboard.close();
  const third = await listening(at);
  await until(async () => {
    await third.emit([third.beat(181)]);
    return !third.cluster.events.gaps.isMeasuring;
  }, 'the second restart to be counted');
  await expect.poll(() => third.info()).toMatchObject({ events_lost: 180, gaps: [{ tasks: 60 }] });
});

it.each([60, 3600])(
  'a clock set forward by %i s and back, and the other way, loses no row, invents no gap, deletes nothing',
  async (by) => {
    const clock = new PushedClock();
    const timer = createTimer({ unref: true, clock });
    const lines: string[] = [];
    const log = createLogger({ level: 'WARNING', write: (line) => lines.push(line) });
    const options = { ...place(), retention_age: by * MARGIN };
    const { emit, beat, info, cluster, dashboard } = await listening(options, { timer, log });
    const uuids: string[] = [];
    let processed = 100;
    const run = async (name: string) => {
      const names = Array.from({ length: 5 }, (_, i) => `${name}${i}`);
      uuids.push(...names);
      processed += 5;
      const timestamp = timer.now() / 1000;
      await emit([...names.flatMap((uuid) => task(uuid)), beat(processed)].map((e) => ({ ...e, timestamp })));
      const isDone = (uuid: string) => cluster.state.tasks.get(uuid)?.state === 'SUCCESS';
      await until(() => names.every(isDone), `${name} to be heard`);
    };
    await emit([beat(100)]);
    await run('before');
    await emit(
      [beat(processed), beat(processed), beat(processed)].map((e) => ({ ...e, timestamp: timer.now() / 1000 })),
    );
    await until(() => cluster.state.workers.get('w1')?.drifts.length === 5, 'its heartbeats');
    await emit(
      task('runs')
        .slice(0, 2)
        .map((e) => ({ ...e, timestamp: timer.now() / 1000 })),
    );
    await until(() => cluster.state.tasks.get('runs')?.state === 'STARTED', 'its start to be heard');
    uuids.push('runs');
    await until(() => cluster.probe.queues.size > 0, 'queues to be measured');
    for (const [name, jump] of [
      ['ahead', by],
      ['back', -by],
      ['behind', -by],
      ['right', by],
    ] as const) {
      const known = lines.length;
      clock.setWallClock(jump * 1000);
      await until(() => lines.slice(known).some((line) => line.includes('clock of this machine')), 'it to be noticed');
      // What is known is as old as it was, not of another hour.
      const { now, probe, startedAt, state } = cluster;
      const samples = [...probe.queues.values()].flatMap((q) => [q.at, ...q.samples.map((one) => one.at)]);
      for (const at of [state.tasks.get('runs')!.started!, state.workers.get('w1')!.last_heard!, startedAt, ...samples])
        expect(Math.abs(now - at)).toBeLessThan(by * MARGIN);
      // The worker's has not been set yet.
      if (name === 'ahead') expect(cluster.state.workers.get('w1')!.clock_drift).toBeLessThan(-jump / 2);
      await run(name);
      // As it does by itself twice a minute.
      cluster.flush();
      await cluster.history.written();
      await cluster.retention.expire();
    }
    const listed = async ({ app }: typeof dashboard) => {
      const reply = await app.inject('/api/v2/tasks?limit=100');
      return reply.json<{ items: { uuid: string }[] }>().items.map((t) => t.uuid);
    };
    expect((await listed(dashboard)).sort()).toEqual([...uuids].sort());
    expect(await info()).toMatchObject({ events_lost: 0, gaps: [] });
    await dashboard.close();
    // The next begins with a clock that is ahead, as a machine's may be before it is set. What came behind has grown old by the right one.
    const ahead = new PushedClock();
    ahead.setWallClock(by * 1000);
    const next = await listening(options, { timer: createTimer({ unref: true, clock: ahead }), log });
    await next.cluster.retention.expire();
    const young = uuids.filter((uuid) => !uuid.startsWith('behind'));
    expect(await listed(next.dashboard)).toEqual(expect.arrayContaining(young));
  },
);

it('a dashboard on a history that cannot be written answers /readyz with the reason, and its metrics say so', async () => {
  const at = place();
  const { dashboard, cluster, metrics, info } = await listening(at);
  expect(await metrics()).toMatch(/^umbel_history_writable 1$/m);
  await until(async () => (await dashboard.app.inject('/readyz')).statusCode === 200, 'it to be ready');
  // A folder where the file was: it can be opened by nobody.
  await cluster.history.written();
  for (const end of ['', '-wal', '-shm']) rmSync(at.db + end, { force: true });
  mkdirSync(at.db);
  const refused = await until(async () => {
    const reply = await dashboard.app.inject('/readyz');
    return reply.statusCode === 503 && reply.json<{ sources: { store: { ok: boolean; detail: string } } }>();
  }, 'it not to be ready');
  expect(refused.sources.store).toMatchObject({ ok: false });
  expect(refused.sources.store.detail).toContain(at.db);
  expect((await info()).history).toMatchObject({ ok: false });
  const payload = { action: 'revoke', task_ids: ['x'] };
  const operation = await dashboard.app.inject({ method: 'POST', url: '/api/v2/operations', payload });
  expect([operation.statusCode, operation.json<{ detail: string }>().detail]).toEqual([
    503,
    expect.stringContaining('Nothing was done, since it cannot be recorded'),
  ]);
  expect(await metrics()).toMatch(/^umbel_history_writable 0$/m);
  rmSync(at.db, { recursive: true });
  await until(async () => (await dashboard.app.inject('/readyz')).statusCode === 200, 'it to be ready again');
  await expect.poll(async () => (await info()).history).toMatchObject({ ok: true, problem: null });
});

it('two dashboards on one history: the second answers with who has it, and does no harm', async () => {
  const at = place();
  await listening(at);
  const second = createDashboard({ ...at, port: 0 }, { log: silentLogger, pages: null });
  onTestFinished(() => second.close());
  await expect(second.start()).rejects.toThrow(/Another dashboard uses the history file .*process \d+ on /);
  const reply = await second.app.inject('/api/v2/tasks');
  expect([reply.statusCode, reply.json<{ detail: string }>().detail]).toEqual([503, expect.stringContaining('--db')]);
});
