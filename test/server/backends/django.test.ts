// The tables of django-celery-results on SQLite, PostgreSQL and MariaDB, beside real Django and Python Celery.
import { randomUUID } from 'node:crypto';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Backend, CountingBackend } from '../../../server/backends/contract.ts';
import { createBackend } from '../../../server/backends/registry.ts';
import type { SqlDriver } from '../../../server/backends/sql/driver.ts';
import { openSqlDriver } from '../../../server/backends/sql/registry.ts';
import { buildResultMeta } from '../../../server/protocol/result-meta.ts';
import { parseUrl } from '../../../server/transport/url.ts';
import { backendContract } from '../../contract/backend.ts';
import { djangoStore } from '../../support/django-store.ts';
import { hasDjangoResults } from '../../support/needs.ts';
import type { PythonStore } from '../../support/python-store.ts';
import { freshDatabase, hasMariadb, hasPostgres } from '../../support/sql-servers.ts';
import { record, testContext } from './context.ts';

interface Kind {
  readonly name: string;
  readonly present: boolean;
  readonly engine: string;
}
const KINDS: readonly Kind[] = [
  { name: 'sqlite', present: true, engine: 'sqlite3' },
  { name: 'postgresql', present: hasPostgres, engine: 'postgresql' },
  { name: 'mysql', present: hasMariadb, engine: 'mysql' },
];

const withDjango = hasDjangoResults ? describe : describe.skip;
withDjango('django-db', () => {
  const folder = mkdtempSync(join(tmpdir(), 'umbel-django-'));
  const urls = new Map<string, string>();
  const drivers: SqlDriver[] = [];
  const backends: Backend[] = [];
  let python: PythonStore;

  beforeAll(async () => {
    const databases: { name: string; engine: string; url: string }[] = [];
    for (const { name, present, engine } of KINDS) {
      if (!present) continue;
      const url =
        name === 'sqlite'
          ? `sqlite:///${join(folder, 'django.db')}`
          : await freshDatabase(name as 'postgresql' | 'mysql');
      urls.set(name, url);
      databases.push({ name, engine, url });
    }
    python = await djangoStore(databases);
  });
  afterAll(async () => {
    for (const backend of backends) await backend.close();
    for (const driver of drivers) await driver.close();
    await python?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const open = async (url: string, settings = {}): Promise<CountingBackend> => {
    const backend = (await createBackend(testContext(url, { settings }))) as CountingBackend;
    backends.push(backend);
    return backend;
  };
  /** Lines of Python whose Django uses this database. */
  const ask = <T>(name: string, code: string, given: object = {}) =>
    python.run<T>(
      `
import django_store
django_store.use(database)
from celery import Celery
app = Celery('django', broker='memory://', backend='django-db')
app.conf.update(result_extended=True)
app.set_default()
backend = app.backend
${code}
`,
      { given: { database: name, ...given } },
    );

  let count = 0;
  for (const { name, present } of KINDS) {
    const suite = present ? describe : describe.skip;
    suite(`on ${name}`, () => {
      const promises = { durable: true, expiry: 'cleanup' } as const;
      /** SQLite: a copy of the migrated file; else the same database, emptied. */
      const empty = async (): Promise<string> => {
        const url = urls.get(name)!;
        if (name === 'sqlite') {
          const file = join(folder, `${count++}.db`);
          copyFileSync(join(folder, 'django.db'), file);
          return `django-db+sqlite:///${file}`;
        }
        let driver = drivers.find((one) => one.dialect === name);
        if (!driver) {
          driver = await openSqlDriver(name, { url: parseUrl(url), place: name, shortLived: false, poolSize: 1 });
          drivers.push(driver);
        }
        for (const table of ['taskresult', 'groupresult', 'chordcounter'])
          await driver.query(`DELETE FROM "django_celery_results_${table}"`);
        return `django-db+${url}`;
      };
      backendContract(name, empty, promises);

      test('what Django stored is read, and the other way round', async () => {
        if (name !== 'sqlite') await empty();
        const backend = await open(`django-db+${urls.get(name)}`);
        const failed = { exc_type: 'KeyError', exc_message: ['lost'], exc_module: 'builtins' };
        const extended = { name: 'shop.add', args: [1, 'ž'], kwargs: { k: 2 }, worker: 'w@h', retries: 1, queue: 'q' };
        const children = [[['child', null], null]];
        const value = { n: 2n ** 65n, text: 'žluť', none: null };
        const times = { nowMs: 86_400_123 };
        await backend.store(
          buildResultMeta({ task_id: 'a', status: 'SUCCESS', result: value, children, extended, ...times }),
        );
        await backend.store(
          buildResultMeta({ task_id: 'b', status: 'FAILURE', result: failed, traceback: 'T\0!', ...times }),
        );
        await backend.saveGroup('g', [['g', null], [[['a', null], null]]]);
        const seen = await ask<unknown[]>(
          name,
          `
from types import SimpleNamespace
from celery.result import AsyncResult, GroupResult
from django_celery_results.models import TaskResult
request = SimpleNamespace(id='p', group=None, parent_id=None, task='shop.add', argsrepr='(1, 2)', kwargsrepr="{'k': 'v'}",
                          hostname='w@h', properties={}, children=[], delivery_info={})
backend.store_result('p', {'k': ['ž', 1.5]}, 'SUCCESS', request=request)
backend.store_result('q', ValueError('boom'), 'FAILURE', traceback='T2', request=request)
GroupResult('h', [AsyncResult('p', app=app)], app=app).save(backend=backend)
row = TaskResult.objects.get(task_id='a')
result = [repr(AsyncResult('a', app=app).result), str(AsyncResult('a', app=app).children[0].id), repr(AsyncResult('b', app=app).result),
          AsyncResult('b', app=app).traceback, repr(GroupResult.restore('g', app=app)), row.task_name, row.task_args, row.task_kwargs,
          row.worker, row.date_done.isoformat(), row.content_type, row.content_encoding, row.result.isascii()]
`,
        );
        expect(seen).toEqual([
          "{'n': 36893488147419103232, 'text': 'žluť', 'none': None}",
          ...['child', "KeyError('lost')", 'T\\x00!', '<GroupResult: g [a]>', 'shop.add'],
          String.raw`"(1, '\u017e')"`,
          `"{'k': 2}"`,
          ...['w@h', '1970-01-02T00:00:00.123000+00:00', 'application/json', 'utf-8', true],
        ]);
        expect(await backend.get('p')).toMatchObject({
          ...{
            status: 'SUCCESS',
            result: { k: ['ž', 1.5] },
            children: [],
            name: 'shop.add',
            args: [1, 2],
            kwargs: { k: 'v' },
          },
          worker: 'w@h',
        });
        expect(Number.isNaN(Date.parse((await backend.get('p'))!.date_done!))).toBe(false);
        expect(await backend.get('q')).toMatchObject({ result: { exc_type: 'ValueError' }, traceback: 'T2' });
        expect(await backend.restoreGroup('h')).toEqual([['h', null], [[['p', null], null]]]);
      });

      test('one chord with a group in it is counted by workers of both languages', async () => {
        const backend = await open(`django-db+${urls.get(name)}`);
        const id = randomUUID();
        const [x, y, z] = ['x', 'y', 'z'].map((one) => `${one}-${id}`) as [string, string, string];
        await backend.saveGroup(id, [
          [id, null],
          [
            [[x, null], null],
            [
              [`in-${id}`, null],
              [
                [[y, null], null],
                [[z, null], null],
              ],
            ],
          ],
        ]);
        await backend.startChord(id, 3, { parts: [x, y, z], body: { task: 'body' } });
        const part = (taskId: string, index: number) =>
          backend.completeChordPart({ groupId: id, taskId, index, state: 'SUCCESS', result: taskId });
        expect(await part(x, 0)).toBeNull();
        const left = await ask<unknown[]>(
          name,
          `
from types import SimpleNamespace
from django_celery_results.models import ChordCounter
request = SimpleNamespace(id=y, group=gid, chord={'task': 'body'}, children=[], properties={}, parent_id=None)
backend.store_result(y, y, 'SUCCESS', request=request)
backend.on_chord_part_return(request, 'SUCCESS', y)
counter = ChordCounter.objects.get(group_id=gid)
result = [counter.count, repr(counter.group_result(app=app).results[1].results)]
`,
          { gid: id, y },
        );
        expect(left).toEqual([1, `[<AsyncResult: ${y}>, <AsyncResult: ${z}>]`]);
        expect(await part(z, 2)).toEqual({ results: [x, [y, z]], failure: null, repeated: false });
        await backend.forgetChord(id);
        expect(
          await ask(
            name,
            'result = ChordCounter.objects.filter(group_id=gid).count()'.replace(
              /^/,
              'from django_celery_results.models import ChordCounter\n',
            ),
            { gid: id },
          ),
        ).toBe(0);
      });

      test('a chord that Python ends is not sent here', async () => {
        const backend = await open(`django-db+${urls.get(name)}`);
        const id = randomUUID();
        await backend.startChord(id, 2, { parts: [`x-${id}`, `y-${id}`], body: { task: 'body' } });
        const part = (taskId: string, index: number) =>
          backend.completeChordPart({ groupId: id, taskId, index, state: 'SUCCESS', result: taskId });
        expect(await part(`x-${id}`, 0)).toBeNull();
        // As Python does with its last part: the counter is taken away.
        await ask(
          name,
          'from django_celery_results.models import ChordCounter\nChordCounter.objects.filter(group_id=gid).delete()',
          { gid: id },
        );
        expect(await part(`y-${id}`, 1)).toBeNull();
        expect(await backend.countedParts(id)).toBeNull();
      });
    });
  }

  test('a database without the tables is refused with what makes them, and a store without an address with what to write', async () => {
    await expect(open(`django-db+sqlite:///${join(folder, 'empty.db')}`)).rejects.toThrow(/python manage\.py migrate/);
    await expect(open('django-db')).rejects.toThrow(/set database_url/);
    const backend = await open('django-db', { database_url: urls.get('sqlite') });
    await backend.store(record('named', 'SUCCESS', 1));
    expect((await backend.get('named'))?.result).toBe(1);
  });
});
