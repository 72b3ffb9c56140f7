// /schedules as people write it: in a store that beat shares, by whom it may be, and what of it is refused; and /scheduled.
// What a beat writes, read: schedules.test.ts. How runs are judged: views/schedule-runs.test.ts.
import { beforeAll, expect, it } from 'vitest';
import { openScheduleStore } from '../../server/schedules/registry.ts';
import type { OperationsPage } from '../../shared/wire/operations.ts';
import type { EtaReply, ScheduleRunsReply, SchedulesReply } from '../../shared/wire/schedules.ts';
import { folder, get, makeDashboard, shop, stored } from '../support/dashboard-shop.ts';
import { describeNeedsRedis, type RedisServer, redisServer } from '../support/redis-server.ts';
import { until } from '../support/until.ts';

type Dashboard = ReturnType<typeof makeDashboard>;
const ENTRY = {
  name: 'nightly',
  create: true,
  task: 'shop.add',
  schedule: { kind: 'crontab', minute: '30', hour: '3', day_of_week: '*', day_of_month: '*', month_of_year: '*' },
  timezone: 'Europe/Paris',
  args: [1, 2],
  kwargs: {},
  queue: null,
  enabled: true,
  one_off: false,
};
const post = async (dashboard: Dashboard, path: string, payload: object, who?: string) => {
  const authorization = `Basic ${Buffer.from(`${who}:pw`).toString('base64')}`;
  const headers = who === undefined ? {} : { authorization };
  const reply = await dashboard.app.inject({ method: 'POST', url: `/api/v2/${path}`, payload, headers });
  return { status: reply.statusCode, ...reply.json<{ uuid?: string }>() };
};
const records = async (dashboard: Dashboard) =>
  (await get<OperationsPage>(dashboard, 'operations')).items.map(({ action, subject, outcome }) => [
    action,
    subject,
    outcome,
  ]);

describeNeedsRedis('a schedule that beat shares', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await redisServer();
  });

  it('is written, paused, run and deleted from here, each of it recorded', async () => {
    const schedule = redis.freshUrl();
    const { dashboard } = await shop({ schedule });
    const store = await openScheduleStore(schedule);
    const kept = async () => (await store.load()).get('nightly')?.definition;

    expect(await post(dashboard, 'schedules', ENTRY)).toMatchObject({ status: 200, name: 'nightly' });
    expect(await kept()).toMatchObject({ task: 'shop.add', timezone: 'Europe/Paris', args: [1, 2], enabled: true });
    const [row] = (await get<SchedulesReply>(dashboard, 'schedules')).items!;
    expect(row).toMatchObject({ name: 'nightly', from: 'store', last_run: null });
    expect(row!.upcoming).toHaveLength(10);

    const secret = { ...ENTRY, create: false, args: null, kwargs: { password: 'hush', n: 1 }, queue: 'mail' };
    expect(await post(dashboard, 'schedules', secret)).toMatchObject({ status: 200 });
    expect(await kept()).toMatchObject({ args: [1, 2], kwargs: { password: 'hush' }, options: { queue: 'mail' } });
    // What is shown masked is kept when it is not touched, and never written as its mask.
    const again = { ...secret, kwargs: null, queue: '' };
    expect(await post(dashboard, 'schedules', again)).toMatchObject({ status: 200 });
    expect(await kept()).toMatchObject({ kwargs: { password: 'hush', n: 1 }, options: {} });
    const shown = (await get<SchedulesReply>(dashboard, 'schedules')).items![0]!.kwargs;
    expect(JSON.stringify(shown)).not.toContain('hush');
    const masked = await post(dashboard, 'schedules', { ...again, kwargs: shown });
    expect(masked).toMatchObject({ status: 400, field: 'kwargs' });

    expect(await post(dashboard, 'schedules/enable', { name: 'nightly', enabled: false })).toMatchObject({
      status: 200,
    });
    expect(await kept()).toMatchObject({ enabled: false, kwargs: { password: 'hush' } });

    expect(await post(dashboard, 'schedules', { ...again, kwargs: {} })).toMatchObject({ status: 200 });
    const { uuid } = await post(dashboard, 'schedules/run', { name: 'nightly' });
    await stored(dashboard, String(uuid), 'SUCCESS');
    // By hand, whenever that was: no second run of a beat.
    const runs = () => get<ScheduleRunsReply>(dashboard, 'schedules/runs?name=nightly');
    const run = await until(async () => (await runs()).items.find((one) => one.uuid === uuid), 'the run to be listed');
    expect(run).toMatchObject({ kind: 'extra', due: null });

    expect(await post(dashboard, 'schedules/delete', { name: 'nightly' })).toMatchObject({ status: 200 });
    expect(await kept()).toBeUndefined();
    expect(await post(dashboard, 'schedules/delete', { name: 'nightly' })).toMatchObject({ status: 404 });
    const all = await records(dashboard);
    expect(all.map(([action]) => action)).toEqual([
      'delete_schedule',
      'run_schedule',
      ...Array<string>(5).fill('save_schedule'),
    ]);
    expect(new Set(all.map(([, subject, outcome]) => `${subject} ${outcome}`))).toEqual(new Set(['nightly ok']));
    expect(JSON.stringify(await get(dashboard, 'operations'))).not.toContain('hush');
    await store.close();
  });

  it('refuses what can be no entry, and names its field', async () => {
    const dashboard = makeDashboard({ schedule: redis.freshUrl() });
    await dashboard.start();
    const cron = (change: object) => ({ ...ENTRY, schedule: { ...ENTRY.schedule, ...change } });
    const solar = { kind: 'solar', event: 'sunset', lat: 95, lon: 0 };
    for (const [wrong, field, words] of [
      [cron({ hour: '25' }), 'hour', /25/],
      [cron({ day_of_week: 'someday' }), 'day_of_week', /someday/],
      [{ ...ENTRY, timezone: 'Europe/Nowhere' }, 'timezone', /Nowhere/],
      [{ ...ENTRY, schedule: { kind: 'interval', every: 0, relative: false } }, 'every', /0 s/],
      [{ ...ENTRY, schedule: solar }, 'lat', /95/],
      [{ ...ENTRY, name: '' }, 'name', /./],
      [{ ...ENTRY, args: 'no list' }, 'args', /./],
    ] as const) {
      const reply = await post(dashboard, 'schedules', wrong);
      expect(reply, field).toMatchObject({ status: 400, field, detail: expect.stringMatching(words) as string });
    }
    expect(await post(dashboard, 'schedules', ENTRY)).toMatchObject({ status: 200 });
    expect(await post(dashboard, 'schedules', ENTRY)).toMatchObject({ status: 409, field: 'name' });
    expect(await post(dashboard, 'schedules', { ...ENTRY, colour: 1 })).toMatchObject({ status: 400 });
    expect(await post(dashboard, 'schedules', { ...ENTRY, name: 'other', create: false })).toMatchObject({
      status: 404,
    });
    // Never both days of a month that has none: it would never run.
    const never = await post(dashboard, 'schedules', {
      ...cron({ day_of_month: '31', month_of_year: '2' }),
      name: 'n',
    });
    expect(never).toMatchObject({ status: 400, detail: expect.stringContaining('never runs') as string });
  });

  it('is changed by whom the rules let, within their tasks, and refusals are recorded', async () => {
    const dashboard = makeDashboard({
      schedule: redis.freshUrl(),
      basic_auth: ['root:pw', 'shop:pw', 'look:pw', 'ro:pw'],
      access_rules: [
        { who: 'root', role: 'admin' },
        { who: 'shop', role: 'operator', tasks: 'shop.*', sees_tasks: 'shop.*', actions: ['save_schedule'] },
        { who: 'look', role: 'viewer' },
        { who: 'ro', role: 'admin', read_only: true },
      ],
    });
    await dashboard.start();
    const payroll = { ...ENTRY, name: 'payroll', task: 'hr.payroll' };
    expect(await post(dashboard, 'schedules', payroll, 'root')).toMatchObject({ status: 200 });
    expect(await post(dashboard, 'schedules', ENTRY, 'shop')).toMatchObject({ status: 200 });
    const pause = { name: 'nightly', enabled: false };
    expect(await post(dashboard, 'schedules/enable', pause, 'shop')).toMatchObject({ status: 200 });
    for (const who of ['look', 'ro']) {
      expect(await post(dashboard, 'schedules/enable', pause, who), who).toMatchObject({ status: 403 });
      expect(await post(dashboard, 'schedules/run', { name: 'nightly' }, who), who).toMatchObject({ status: 403 });
    }
    // Neither what it is nor what it would become may be another's, and what is not seen is not there.
    const stolen = { ...ENTRY, create: false, task: 'hr.payroll' };
    expect(await post(dashboard, 'schedules', stolen, 'shop')).toMatchObject({ status: 403 });
    expect(await post(dashboard, 'schedules/enable', { name: 'payroll', enabled: false }, 'shop')).toMatchObject({
      status: 404,
    });
    expect(await post(dashboard, 'schedules/delete', { name: 'nightly' }, 'shop')).toMatchObject({ status: 403 });
    const list = await dashboard.app.inject({
      url: '/api/v2/schedules',
      headers: { authorization: `Basic ${Buffer.from('shop:pw').toString('base64')}` },
    });
    expect(list.json<SchedulesReply>().items!.map(({ name }) => name)).toEqual(['nightly']);
    const log = await dashboard.app.inject({
      url: '/api/v2/operations?outcome=refused',
      headers: { authorization: `Basic ${Buffer.from('root:pw').toString('base64')}` },
    });
    const refused = () => log.json<OperationsPage>().items.map(({ who, action }) => `${who} ${action}`);
    expect(refused()).toEqual(
      expect.arrayContaining(['shop save_schedule', 'shop delete_schedule', 'look run_schedule']),
    );
  });
});

it('a schedule that its beat alone writes says so in a sentence, and its entries can still be sent', async () => {
  const schedule = `${folder()}/beat`;
  const store = await openScheduleStore(schedule);
  const lease = await store.claim();
  const { name, create: _, queue: __, ...definition } = ENTRY;
  const runs = { lastRunAt: Date.now(), totalRunCount: 0 };
  await lease.replace(new Map([[name, { definition: { ...definition, options: {} } as never, runs }]]));
  const { dashboard } = await shop({ schedule });
  const { read_only } = await get<SchedulesReply>(dashboard, 'schedules');
  expect(read_only).toContain('beat_schedule of the app');
  for (const [path, body] of [
    ['schedules', { ...ENTRY, create: false }],
    ['schedules/enable', { name, enabled: false }],
    ['schedules/delete', { name }],
  ] as const)
    expect(await post(dashboard, path, body), path).toMatchObject({ status: 409, detail: read_only });
  const { uuid } = await post(dashboard, 'schedules/run', { name });
  await stored(dashboard, String(uuid), 'SUCCESS');
  await store.close();
});

it('tasks that workers hold until their ETA stand on one list, the soonest first', async () => {
  const { dashboard, add } = await shop();
  const later = await add.applyAsync([1, 2], {}, { countdown: 900 });
  const sooner = await add.applyAsync([3, 4], {}, { countdown: 600 });
  const held = await until(async () => {
    const reply = await get<EtaReply>(dashboard, 'scheduled');
    return reply.total === 2 && reply;
  }, 'both to be held');
  expect(held.unknown).toEqual([]);
  expect(held.items).toMatchObject([
    { uuid: sooner.id, name: 'shop.add', worker: 'w1@shop' },
    { uuid: later.id, name: 'shop.add', worker: 'w1@shop' },
  ]);
  expect(held.items[0]!.args).toContain('3, 4');
  expect(held.items[1]!.eta! - held.items[0]!.eta!).toBeGreaterThan(200);
});
