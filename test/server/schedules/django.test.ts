// A schedule in the tables of django-celery-beat on SQLite, PostgreSQL and MariaDB, beside real Django and Python's DatabaseScheduler.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SqlDriver } from '../../../server/backends/sql/driver.ts';
import { openSqlDriver } from '../../../server/backends/sql/registry.ts';
import type { EntryDefinition, ScheduleStore, StoredEntry } from '../../../server/schedules/contract.ts';
import { openScheduleStore } from '../../../server/schedules/registry.ts';
import { parseUrl } from '../../../server/transport/url.ts';
import type { SchedulesReply } from '../../../shared/wire/schedules.ts';
import { scheduleContract } from '../../contract/schedules.ts';
import { get, shop } from '../../support/dashboard-shop.ts';
import { djangoStore } from '../../support/django-store.ts';
import { hasDjangoBeat } from '../../support/needs.ts';
import type { PythonStore } from '../../support/python-store.ts';
import { freshDatabase, hasMariadb, hasPostgres } from '../../support/sql-servers.ts';

const KINDS = [
  { name: 'sqlite', present: true, engine: 'sqlite3' },
  { name: 'postgresql', present: hasPostgres, engine: 'postgresql' },
  { name: 'mysql', present: hasMariadb, engine: 'mysql' },
] as const;
const TABLES = [
  'periodictask',
  'periodictasks',
  'intervalschedule',
  'crontabschedule',
  'solarschedule',
  'clockedschedule',
];
const AT = Date.parse('2026-03-04T10:30:07.250Z');

(hasDjangoBeat ? describe : describe.skip)('django-celery-beat', () => {
  const folder = mkdtempSync(join(tmpdir(), 'umbel-django-beat-'));
  const urls = new Map<string, string>();
  const drivers = new Map<string, SqlDriver>();
  const stores: ScheduleStore[] = [];
  let python: PythonStore;

  beforeAll(async () => {
    const databases: { name: string; engine: string; url: string }[] = [];
    for (const { name, present, engine } of KINDS) {
      if (!present) continue;
      const url = name === 'sqlite' ? `sqlite:///${join(folder, 'beat.db')}` : await freshDatabase(name);
      urls.set(name, url);
      databases.push({ name, engine, url });
    }
    python = await djangoStore(databases, "'django_celery_beat'");
    for (const [name, address] of urls) {
      const url = parseUrl(address);
      drivers.set(name, await openSqlDriver(url.scheme, { url, place: address, shortLived: false, poolSize: 2 }));
    }
  });
  afterAll(async () => {
    for (const store of stores) await store.close();
    for (const driver of drivers.values()) await driver.close();
    await python?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** The tables as a migration leaves them. */
  const empty = async (name: string): Promise<string> => {
    const driver = drivers.get(name)!;
    for (const table of TABLES) await driver.query(`DELETE FROM "django_celery_beat_${table}"`);
    for (const table of ['lease', 'entry']) await driver.query(`DROP TABLE IF EXISTS "umbel_beat_${table}"`);
    return `django-db+${urls.get(name)}`;
  };
  const fresh = async (name: string): Promise<ScheduleStore> => {
    const store = await openScheduleStore(await empty(name));
    stores.push(store);
    return store;
  };
  /** Lines of Python whose Django uses this database, and a DatabaseScheduler that has read it. */
  const ask = <T>(name: string, code: string, given: object = {}) =>
    python.run<T>(
      `
import django_store
django_store.use(database)
import json
from datetime import datetime, timezone
from celery import Celery
from django_celery_beat.models import *
from django_celery_beat.schedulers import DatabaseScheduler
app = Celery('django', broker='memory://', set_as_current=False)
app.conf.update(result_expires=None)
app.loader.import_default_modules = lambda: None
${code}
`,
      { given: { database: name, ...given } },
    );

  for (const { name, present } of KINDS) {
    (present ? describe : describe.skip)(`on ${name}`, () => {
      scheduleContract(name, () => empty(name), {
        durable: true,
        edited: true,
        expire: async () => void (await drivers.get(name)!.query('UPDATE "umbel_beat_lease" SET "expires" = 0')),
      });

      test('what Python and its admin write is read as they mean it', async () => {
        const store = await fresh(name);
        await ask(
          name,
          `
minutes = IntervalSchedule.objects.create(every=10, period='minutes')
morning = CrontabSchedule.objects.create(minute='30', hour='7', day_of_week='mon-fri', timezone='Europe/Prague')
sunset = SolarSchedule.objects.create(event='sunset', latitude=50.08, longitude=14.43)
once = ClockedSchedule.objects.create(clocked_time=datetime(2026, 12, 24, 18, 0, tzinfo=timezone.utc))
PeriodicTask.objects.create(name='often', task='shop.check', interval=minutes, args='[1, "ž"]', kwargs='{"a": 36893488147419103232}',
  queue='mail', priority=3, headers='{"h": 1}', expire_seconds=60, start_time=datetime(2026, 1, 2, tzinfo=timezone.utc))
PeriodicTask.objects.create(name='off', task='shop.check', interval=minutes, enabled=False)
PeriodicTask.objects.create(name='morning', task='shop.report', crontab=morning, expires=datetime(2027, 1, 1, tzinfo=timezone.utc),
  last_run_at=datetime(2026, 3, 4, 10, 30, 7, 250000, tzinfo=timezone.utc), total_run_count=4)
PeriodicTask.objects.create(name='evening', task='shop.lamps', solar=sunset)
PeriodicTask.objects.create(name='christmas', task='shop.tree', clocked=once, one_off=True)
PeriodicTask.objects.create(name='broken', task='shop.check', interval=minutes, args='[1')
`,
        );
        const found = await store.load();
        const plain: Omit<EntryDefinition, 'task' | 'schedule'> = {
          ...{ args: [], kwargs: {}, options: {}, enabled: true, one_off: false, timezone: null },
        };
        const definition = (each: string) => found.get(each)!.definition;
        expect(definition('often')).toEqual({
          ...plain,
          task: 'shop.check',
          schedule: { kind: 'interval', every: 600, relative: false },
          args: [1, 'ž'],
          kwargs: { a: 36893488147419103232n },
          options: { queue: 'mail', priority: 3, headers: { h: 1 }, expires: 60 },
          start_time: Date.UTC(2026, 0, 2),
        });
        expect(found.get('morning')).toEqual({
          definition: {
            ...plain,
            task: 'shop.report',
            schedule: {
              ...{ kind: 'crontab', minute: '30', hour: '7' },
              ...{ day_of_week: 'mon-fri', day_of_month: '*', month_of_year: '*' },
            },
            options: { expires: { __type__: 'datetime', __value__: '2027-01-01T00:00:00.000+00:00' } },
            timezone: 'Europe/Prague',
          },
          runs: { lastRunAt: AT, totalRunCount: 4 },
          owner: 'store',
        });
        expect(definition('off')!.enabled).toBe(false);
        expect(definition('evening')!.schedule).toEqual({ kind: 'solar', event: 'sunset', lat: 50.08, lon: 14.43 });
        expect(definition('christmas')).toMatchObject({
          schedule: { kind: 'clocked', at: Date.UTC(2026, 11, 24, 18) },
          one_off: true,
        });
        expect(definition('broken')!.args).toBeNull();
      });

      test("what we write and run is what Python's DatabaseScheduler runs, and the other way round", async () => {
        const store = await fresh(name);
        const definition: EntryDefinition = {
          ...{
            task: 'shop.check',
            args: [1, 'ž'],
            kwargs: { n: 2n ** 65n },
            enabled: true,
            one_off: false,
            timezone: null,
          },
          schedule: { kind: 'interval', every: 90, relative: false },
          options: { queue: 'mail', priority: 3, headers: { h: 1 }, expires: 60 },
        };
        await store.editor!.create('by us', definition);
        const lease = await store.claim();
        const nightly: StoredEntry = {
          definition: {
            ...definition,
            schedule: {
              ...{ kind: 'crontab', minute: '0', hour: '4' },
              ...{ day_of_week: '*', day_of_month: '*', month_of_year: '*' },
            },
            timezone: 'Europe/Prague',
          },
          runs: { lastRunAt: AT, totalRunCount: 2 },
        };
        await lease.replace(new Map([['nightly', nightly]]));
        await lease.saveRuns(new Map([['by us', { lastRunAt: AT, totalRunCount: 5 }]]));
        const seen = await ask<unknown[]>(
          name,
          `
scheduler = DatabaseScheduler(app=app)
django_store.beside = scheduler
entry, nightly = scheduler.schedule['by us'], scheduler.schedule['nightly']
result = [entry.task, entry.args, json.dumps(entry.kwargs), entry.schedule.run_every.total_seconds(), entry.options['queue'],
  entry.options['priority'], entry.options['headers'], entry.options['expires'], entry.total_run_count,
  entry.last_run_at.timestamp(), repr(nightly.schedule), str(nightly.schedule.tz)]
`,
        );
        expect(seen.slice(0, 10)).toEqual([
          ...['shop.check', [1, 'ž'], '{"n": 36893488147419103232}', 90, 'mail', 3, { h: 1 }, 60, 5, AT / 1000],
        ]);
        expect(String(seen[10]).replace(/\s+/g, ' ')).toContain('0 4 * * *');
        expect(seen[11]).toBe('Europe/Prague');

        // A change of ours is noticed by a DatabaseScheduler that runs; what it ran is ours to see.
        await store.editor!.change('by us', { ...definition, args: [2] });
        const version = await store.editor!.version();
        const after = await ask<unknown>(
          name,
          `
scheduler = django_store.beside
scheduler._last_timestamp = datetime(2020, 1, 1, tzinfo=timezone.utc)
entry = scheduler.schedule['by us']
result = entry.args
scheduler.reserve(entry)
scheduler.sync()
PeriodicTask.objects.filter(name='nightly').update(enabled=False)
task = PeriodicTask.objects.get(name='by us')
task.queue = 'letters'
task.save()
`,
        );
        expect(after).toEqual([2]);
        expect(await store.editor!.version()).not.toBe(version);
        const found = await store.load();
        expect(found.get('by us')!.definition!.options!.queue).toBe('letters');
        expect(found.get('by us')!.runs.totalRunCount).toBe(6);
        expect(found.get('nightly')!.definition!.enabled).toBe(false);
        await lease.release();
      });

      test('what ran for its only time is disabled, as Python does it', async () => {
        const store = await fresh(name);
        await store.editor!.create('once', {
          ...{ task: 'shop.tree', args: [], kwargs: {}, options: {}, enabled: true, one_off: true, timezone: null },
          schedule: { kind: 'clocked', at: AT },
        });
        const lease = await store.claim();
        await lease.saveRuns(new Map([['once', { lastRunAt: AT, totalRunCount: 1 }]]));
        expect(
          await ask(name, "one = PeriodicTask.objects.get(name='once')\nresult = [one.enabled, one.total_run_count]"),
        ).toEqual([false, 0]);
        await lease.release();
      });
    });
  }

  test("what the dashboard's page writes Python sees, and what Python writes is on the page", async () => {
    const schedule = await empty('sqlite');
    const { dashboard } = await shop({ schedule });
    const post = async (path: string, payload: object) => {
      const reply = await dashboard.app.inject({ method: 'POST', url: `/api/v2/schedules${path}`, payload });
      expect(reply.statusCode, reply.body).toBe(200);
      return reply.json<{ uuid?: string }>();
    };
    const rowsOfPage = async () => (await get<SchedulesReply>(dashboard, 'schedules')).items!;
    const ofPython = (what: string) => ask<unknown>('sqlite', `result = ${what}`);
    const entry = {
      ...{ name: 'page', task: 'shop.add', timezone: 'Europe/Prague', queue: null, enabled: true, one_off: false },
      schedule: {
        kind: 'crontab',
        minute: '30',
        hour: '7',
        day_of_week: 'mon-fri',
        day_of_month: '*',
        month_of_year: '*',
      },
    };
    await post('', { ...entry, create: true, args: [1, 2], kwargs: {} });
    const read = "[(e.task, e.args, str(e.schedule.tz)) for e in [DatabaseScheduler(app=app).schedule['page']]][0]";
    expect(await ofPython(read)).toEqual(['shop.add', [1, 2], 'Europe/Prague']);
    await post('', { ...entry, create: false, args: [3, 4], kwargs: null });
    expect(await ofPython(read)).toEqual(['shop.add', [3, 4], 'Europe/Prague']);
    await post('/enable', { name: 'page', enabled: false });
    expect(await ofPython("'page' in DatabaseScheduler(app=app).schedule")).toBe(false);

    await ask(
      'sqlite',
      `
task = PeriodicTask.objects.get(name='page')
task.enabled, task.kwargs, task.queue = True, '{"n": 1}', 'mail'
task.save()
PeriodicTask.objects.create(name='theirs', task='shop.add', interval=IntervalSchedule.objects.create(every=10, period='minutes'))
`,
    );
    expect(await rowsOfPage()).toMatchObject([
      { name: 'page', enabled: true, kwargs: { n: 1 }, options: { queue: 'mail' } },
      { name: 'theirs', schedule: { kind: 'interval', every: 600 }, from: 'store' },
    ]);
    const { uuid } = await post('/run', { name: 'theirs' });
    expect(uuid).toBeTypeOf('string');
    for (const name of ['page', 'theirs']) await post('/delete', { name });
    expect(await ofPython("list(PeriodicTask.objects.values_list('name', flat=True))")).toEqual([]);
  });
  test('a database without the tables is refused with what makes them; one without an address with what to write', async () => {
    const store = await openScheduleStore(`django-db+sqlite:///${join(folder, 'none.db')}`);
    stores.push(store);
    await expect(store.load()).rejects.toThrow(/python manage\.py migrate django_celery_beat/);
    await expect(openScheduleStore('django-db://')).rejects.toThrow(/without an address/);
  });
  test('who only reads makes no tables', async () => {
    const store = await fresh('sqlite');
    expect(await store.load()).toEqual(new Map());
    expect(await store.holder()).toBeNull();
    const { rows } = await drivers.get('sqlite')!.query("SELECT name FROM sqlite_master WHERE name LIKE 'umbel%'");
    expect(rows).toEqual([]);
  });
});
