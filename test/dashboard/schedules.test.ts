// /schedules: what a real beat writes, as a dashboard that only reads shows it.
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { Celery } from '../../server/app/celery.ts';
import { Beat } from '../../server/beat/beat.ts';
import { createDashboard, type DashboardOptions } from '../../server/dashboard/dashboard.ts';
import { silentLogger } from '../../server/log.ts';
import { crontab } from '../../server/schedules/crontab.ts';
import type { SchedulesReply } from '../../shared/wire/schedules.ts';
import { ManualTimer } from '../support/clock.ts';

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'umbel-dash-schedules-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

function reader(options: DashboardOptions, timer?: ManualTimer) {
  const dashboard = createDashboard(
    { broker: 'memory://schedules', db: ':memory:', ...options },
    { log: silentLogger, pages: null, ...(timer && { timer }) },
  );
  onTestFinished(() => dashboard.close());
  return async (): Promise<SchedulesReply> => {
    const reply = await dashboard.app.inject('/api/v2/schedules');
    expect(reply.statusCode).toBe(200);
    return reply.json<SchedulesReply>();
  };
}

it('shows whole entries, their runs, when each is due, and which beat has the lease', async () => {
  const schedule = join(await folder(), 'beat');
  const start = Date.parse('2026-03-04T10:30:00Z');
  const timer = new ManualTimer(start);
  const settings = {
    broker: 'memory://schedules',
    timezone: 'Europe/Prague',
    beat_schedule: {
      'every half minute': { task: 'shop.check', schedule: 30, args: [2n ** 60n], options: { queue: 'mail' } },
      'at seven': { task: 'shop.open', schedule: crontab({ hour: 7, minute: 0 }), kwargs: { password: 'hush', n: 1 } },
      never: { task: 'shop.close', schedule: { hours: 1 }, enabled: false },
    },
  };
  const app = new Celery('shop', settings, { timer, log: silentLogger, env: {} });
  onTestFinished(() => app.close());
  const beat = new Beat(app, { schedule });
  await beat.start();
  onTestFinished(() => beat.stop());
  const read = reader({ schedule: `file://${schedule}` }, timer);

  const before = await read();
  expect(before).toMatchObject({
    store: `${schedule}.json`,
    reason: null,
    lease: { state: 'held', pid: process.pid, host: hostname(), reason: null },
  });
  const entry = (reply: SchedulesReply, name: string) => reply.items?.find((one) => one.name === name);
  expect(before.items?.map(({ name }) => name)).toEqual(['at seven', 'every half minute', 'never']);
  expect(entry(before, 'every half minute')).toMatchObject({
    task: 'shop.check',
    schedule: { kind: 'interval', every: 30, relative: false },
    options: { queue: 'mail' },
    enabled: true,
    last_run: null,
    total_run_count: 0,
    next_run: start / 1000 + 30,
  });
  expect(entry(before, 'at seven')).toMatchObject({
    schedule: { kind: 'crontab', hour: '7', minute: '0' },
    timezone: 'Europe/Prague',
    kwargs: { n: 1 },
    next_run: Date.parse('2026-03-05T06:00:00Z') / 1000,
  });
  expect(JSON.stringify(before)).not.toContain('hush');
  expect(entry(before, 'never')).toMatchObject({ enabled: false, next_run: null, next_run_reason: 'It is disabled' });

  // It is sent once, and written down within a second.
  timer.advance(30_000);
  await expect.poll(() => beat.sent).toBe(1);
  timer.advance(1000);
  const run = { last_run: start / 1000 + 30, total_run_count: 1, next_run: start / 1000 + 60 };
  await expect.poll(async () => entry(await read(), 'every half minute')).toMatchObject(run);

  // What is due when no beat runs is overdue, and says so by its time.
  await beat.stop();
  timer.advance(120_000);
  const after = await read();
  expect(after.lease).toMatchObject({
    state: 'free',
    pid: null,
    host: null,
    since: null,
    last_tick: null,
    reason: null,
  });
  expect(entry(after, 'every half minute')).toMatchObject(run);
});

it('what is not known is unknown and not an empty schedule', async () => {
  const unconfigured = await reader({})();
  expect(unconfigured).toMatchObject({ store: null, items: null, lease: { state: 'unknown' } });
  expect(unconfigured.reason).toContain('--schedule');

  const schedule = join(await folder(), 'beat');
  const read = reader({ settings: { beat_schedule_filename: schedule } });
  expect(await read()).toMatchObject({ store: `${schedule}.json`, items: [], lease: { state: 'free' } });
  writeFileSync(
    `${schedule}.json`,
    '{"version": 1, "entries": {"a": {"last_run_at": "2026-03-04T10:30:00Z", "total_run_count": 3}}}',
  );
  expect((await read()).items).toMatchObject([
    { name: 'a', task: null, schedule: null, args: null, enabled: null, total_run_count: 3, next_run: null },
  ]);
  writeFileSync(`${schedule}.json`, '{"version": 1, "entr');
  writeFileSync(`${schedule}.lock`, 'this is no lock at all, and longer than the head of a database is');
  const damaged = await read();
  expect(damaged).toMatchObject({ items: null, lease: { state: 'unknown' } });
  expect(damaged.reason).toContain('cannot be read');
  expect(damaged.lease.reason).toContain('cannot be asked');
});

it('a place that nobody else can see, or that no store is for, is refused at the start', async () => {
  expect(() => createDashboard({ schedule: 'memory://' })).toThrow(/option schedule/);
  const dashboard = createDashboard({ broker: 'memory://schedules', db: ':memory:', schedule: 'nowhere://:hush@x/' });
  onTestFinished(() => dashboard.close());
  const error = await dashboard.start().catch((reason: Error) => reason);
  expect(String(error)).toContain('memory://, file://');
  expect(String(error)).not.toContain('hush');
});
