// Celery's SQL tables on SQLite, PostgreSQL and MariaDB, beside real Python Celery on the same tables.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Backend, BackendContext } from '../../../server/backends/contract.ts';
import { createBackend } from '../../../server/backends/registry.ts';
import { openSqlDriver } from '../../../server/backends/sql/registry.ts';
import { silentLogger } from '../../../server/log.ts';
import { buildResultMeta } from '../../../server/protocol/result-meta.ts';
import { parseUrl } from '../../../server/transport/url.ts';
import { backendContract } from '../../contract/backend.ts';
import { itNeedsPython } from '../../support/needs.ts';
import { type PythonStore, pythonStore } from '../../support/python-store.ts';
import { freshDatabase, hasMariadb, hasPostgres } from '../../support/sql-servers.ts';
import { tcpProxy } from '../../support/tcp-proxy.ts';
import { until } from '../../support/until.ts';
import { record, testContext } from './context.ts';

const folder = mkdtempSync(join(tmpdir(), 'umbel-database-'));
const backends: Backend[] = [];
let python: PythonStore;
beforeAll(async () => {
  if (itNeedsPython === test) python = await pythonStore();
});
afterAll(async () => {
  for (const backend of backends) await backend.close();
  await python?.close();
  rmSync(folder, { recursive: true, force: true });
});

let count = 0;
const ownTables = () => ({ database_table_names: { task: `task_${++count}`, group: `group_${count}` } });
const file = () => `db+sqlite:///${join(folder, `${count++}.db`)}`;

async function open(url: string, change: Partial<BackendContext> = {}): Promise<Backend> {
  const backend = await createBackend(testContext(url, change));
  backends.push(backend);
  return backend;
}

const promises = { durable: true, expiry: 'cleanup', keeps: 'no family', chords: 'unlock' } as const;
backendContract('db+sqlite', file, promises);

interface Kind {
  readonly name: string;
  readonly present: boolean;
  /** A database, as the URL of a result store. */
  readonly make: () => Promise<string>;
}
const KINDS: readonly Kind[] = [
  { name: 'SQLite', present: true, make: async () => file() },
  { name: 'PostgreSQL', present: hasPostgres, make: async () => `db+${await freshDatabase('postgresql')}` },
  { name: 'MariaDB', present: hasMariadb, make: async () => `db+${await freshDatabase('mysql')}` },
];

for (const { name, present, make } of KINDS) {
  const suite = present ? describe : describe.skip;
  suite(`the tables on ${name}`, () => {
    let url = '';
    beforeAll(async () => {
      url = await make();
    });
    if (name !== 'SQLite') backendContract(name, () => url, { ...promises, settings: ownTables });

    /** The same store with tables of its own, for both languages. */
    const both = (more: object = {}) => ({ ...ownTables(), ...more });
    const ask = <T>(conf: object, code: string, given: object = {}) => python.run<T>(code, { url, conf, given });

    itNeedsPython('what Python stored is read, in tables that Python made', async () => {
      const conf = both({ result_extended: true });
      await ask(
        conf,
        `
import datetime, decimal, uuid
from types import SimpleNamespace
request = SimpleNamespace(id='t', group=None, parent_id=None, task='shop.add', args=[1, 'ž'], kwargs={'k': 2}, hostname='w@h',
                          retries=3, delivery_info={'routing_key': 'celery'}, children=[])
value = {'n': 2**70, 'text': 'žluť', 'at': datetime.datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=datetime.timezone.utc),
         'price': decimal.Decimal('1.50'), 'id': uuid.UUID(int=7), 'raw': b'\\x00\\xff', 'pair': (1, 2), 'set': {1}}
backend.store_result('t', value, 'SUCCESS', request=request)
backend.store_result('bad', ValueError('boom', 1), 'FAILURE', traceback='Traceback: boom')
backend.store_result('begun', {'pid': 1}, 'STARTED')
`,
      );
      const backend = await open(url, { settings: conf });
      const meta = await backend.get('t');
      expect(meta).toMatchObject({ status: 'SUCCESS', name: 'shop.add', args: [1, 'ž'], kwargs: { k: 2 } });
      expect(meta).toMatchObject({ worker: 'w@h', retries: 3, queue: 'celery', children: null });
      expect(Date.parse(meta!.date_done!)).toBeLessThan(Date.now() + 60_000);
      const result = meta!.result as Record<string, unknown>;
      expect([result.n, result.text, result.pair, result.set]).toEqual([2n ** 70n, 'žluť', [1, 2], [1]]);
      expect([String(result.price), String(result.id)]).toEqual(['1.50', '00000000-0000-0000-0000-000000000007']);
      expect((result.at as Date).toISOString()).toBe('2026-01-02T03:04:05.000Z');
      expect(result.raw).toEqual(new Uint8Array([0, 255]));
      expect(await backend.get('bad')).toMatchObject({
        status: 'FAILURE',
        result: { exc_type: 'ValueError', exc_message: ['boom', 1], exc_module: 'builtins' },
        traceback: 'Traceback: boom',
      });
      expect(await backend.get('begun')).toMatchObject({ status: 'STARTED', result: { pid: 1 }, date_done: null });
      // ... and neither language overwrites what has succeeded.
      await backend.store(record('t', 'REVOKED', 'late'));
      expect((await backend.get('t'))?.status).toBe('SUCCESS');
    });

    itNeedsPython('Python reads what was stored here, in tables that were made here', async () => {
      const conf = both({ result_extended: true });
      const backend = await open(url, { settings: conf });
      const extended = { name: 'shop.add', args: [1], kwargs: { k: 'v' }, worker: 'w@h', retries: 1, queue: 'q' };
      const failed = { exc_type: 'KeyError', exc_message: ['lost'], exc_module: 'builtins' };
      const value = { n: -(2n ** 65n), f: 1.5, list: [null, true, 'žluť 😀'], at: new Date(0), long: 'x'.repeat(70) };
      await Promise.all([
        backend.store(buildResultMeta({ task_id: 'a', status: 'SUCCESS', result: value, nowMs: 1_000, extended })),
        backend.store(
          buildResultMeta({ task_id: 'b', status: 'FAILURE', result: failed, traceback: 'Traceback: lost', nowMs: 0 }),
        ),
      ]);
      await backend.saveGroup('g', [
        ['g', [['p', null], null]],
        [
          [['a', null], null],
          [['inner', null], [[['b', null], null]]],
        ],
      ]);
      const seen = await ask<unknown[]>(
        conf,
        `
from celery.result import AsyncResult, GroupResult
one = backend.get_task_meta('a')
two = AsyncResult('b', app=app)
group = GroupResult.restore('g', app=app)
result = [repr(one['result']), one['name'], one['args'], one['kwargs'], one['worker'], one['retries'], one['queue'],
          str(one['date_done']), repr(two.result), two.traceback, repr(group), repr(group.parent), group.results[0].get(),
          [repr(one) for one in group.results[1].results]]
result[12] = result[12]['long']
`,
      );
      expect(seen[0]).toBe(
        "{'n': -36893488147419103232, 'f': 1.5, 'list': [None, True, 'žluť 😀'], 'at': datetime.datetime(1970, 1, 1, 0, 0, " +
          `tzinfo=datetime.timezone.utc), 'long': '${'x'.repeat(70)}'}`,
      );
      expect(seen.slice(1, 8)).toEqual(['shop.add', [1], { k: 'v' }, 'w@h', 1, 'q', '1970-01-01 00:00:01']);
      expect(seen.slice(8)).toEqual([
        "KeyError('lost')",
        'Traceback: lost',
        '<GroupResult: g [a, inner]>',
        '<AsyncResult: p>',
        'x'.repeat(70),
        ['<AsyncResult: b>'],
      ]);
    });

    itNeedsPython('a group that Python saved is found, and the other way round it is forgotten', async () => {
      const conf = both();
      await ask(
        conf,
        `
from celery.result import AsyncResult, GroupResult
one = lambda id: AsyncResult(id, app=app)
GroupResult('g', [one('a'), GroupResult('inner', [one('b')], app=app)], app=app).save(backend=backend)
`,
      );
      const backend = await open(url, { settings: conf });
      const members = [
        [['a', null], null],
        [['inner', null], [[['b', null], null]]],
      ];
      expect(await backend.restoreGroup('g')).toEqual([['g', null], members]);
      await backend.forgetGroup('g');
      expect(await ask(conf, "result = backend.restore_group('g')")).toBeNull();
    });

    itNeedsPython('the tables made here are those that Python makes', async () => {
      const [ours, theirs] = [both(), both()];
      await open(url, { settings: ours });
      await ask(theirs, "backend.store_result('t', 1, 'SUCCESS')");
      const shape = (conf: { database_table_names: { task: string; group: string } }) =>
        ask<unknown>(
          theirs,
          `
import sqlalchemy
look = sqlalchemy.inspect(backend.ResultSession().get_bind())
result = [[[[c['name'], str(c['type']), c['nullable'], c.get('autoincrement')] for c in look.get_columns(t)],
           look.get_pk_constraint(t)['constrained_columns'],
           sorted(u['column_names'] for u in look.get_unique_constraints(t))] for t in tables]
`,
          { tables: Object.values(conf.database_table_names) },
        );
      expect(await shape(ours)).toEqual(await shape(theirs));
    });

    itNeedsPython('nothing that stands in a row is executed', async () => {
      const conf = both();
      const touched = join(folder, `touched-${count}`);
      await ask(
        conf,
        `
import os
class Evil:
    def __reduce__(self):
        return (os.system, ('touch ' + path,))
backend.store_result('evil', Evil(), 'SUCCESS')
`,
        { path: touched },
      );
      const backend = await open(url, { settings: conf });
      expect(String((await backend.get('evil'))!.result)).toBe('<posix.system object>');
      expect(existsSync(touched)).toBe(false);
    });

    test('texts with a NUL in them are stored, a result with one as it is, and an id with one is refused', async () => {
      const backend = await open(url, { settings: { ...ownTables(), result_extended: true } });
      const failure = { exc_type: 'E', exc_message: ['a\0b'], exc_module: 'm' };
      const extended = { name: 'n\0', args: ['\0'], kwargs: {}, worker: 'w\0', retries: 0, queue: 'q\0' };
      const meta = { task_id: 'a', status: 'FAILURE', result: failure, traceback: 'x\0y', nowMs: 0, extended };
      await backend.store(buildResultMeta(meta));
      expect(await backend.get('a')).toMatchObject({
        ...{ result: failure, traceback: 'x\\x00y', name: 'n\\x00', args: ['\0'], worker: 'w\\x00', queue: 'q\\x00' },
      });
      await expect(backend.store(record('i\0d', 'SUCCESS', 1))).rejects.toThrow(/no NUL character: "i\\u0000d"/);
      await expect(backend.saveGroup('g\0', [['g\0', null], []])).rejects.toThrow(/no NUL character/);
      expect([...(await backend.getMany(['i\0d', 'a'])).keys()]).toEqual(['a']);
      expect(await backend.restoreGroup('g\0')).toBeNull();
    });

    test('tables that are dropped while they are used are made again', async () => {
      const settings = ownTables();
      const backend = await open(url, { settings });
      await backend.store(record('a', 'SUCCESS', 1));
      const { protocol } = new URL(url.slice('db+'.length));
      const [parsed, kind] = [parseUrl(url), protocol.slice(0, -1)];
      const driver = await openSqlDriver(kind, { url: parsed, place: name, shortLived: false, poolSize: 1 });
      for (const table of Object.values(settings.database_table_names)) await driver.query(`DROP TABLE "${table}"`);
      await driver.close();
      await Promise.all(['b', 'c'].map((id) => backend.store(record(id, 'SUCCESS', id))));
      await backend.saveGroup('g', [['g', null], []]);
      const found = await backend.getMany(['a', 'b', 'c']);
      expect([...found].map(([id, { result }]) => [id, result])).toEqual([
        ['b', 'b'],
        ['c', 'c'],
      ]);
      expect(await backend.restoreGroup('g')).toEqual([['g', null], []]);
    });

    test('tables have whatever names they are given', async () => {
      const database_table_names = { task: `a "b" ? 'c' $1 \`d\`${++count}`, group: `g.?${count}` };
      const backend = await open(url, { settings: { database_table_names } });
      await backend.store(record('a', 'SUCCESS', 1));
      await backend.saveGroup('g', [['g', null], []]);
      expect([(await backend.get('a'))?.result, await backend.restoreGroup('g')]).toEqual([1, [['g', null], []]]);
    });

    test('an id and a name that are longer than their columns are refused by name, where columns are bounded', async () => {
      const backend = await open(url, { settings: { ...ownTables(), result_extended: true } });
      const extended = { name: '😀'.repeat(156), args: [], kwargs: {}, worker: 'w', retries: 0, queue: 'q' };
      const fits = record('😀'.repeat(155), 'SUCCESS', 1);
      const outcome = await Promise.allSettled([
        backend.store(fits),
        backend.store(record('i'.repeat(200), 'SUCCESS', 1)),
        backend.store(buildResultMeta({ task_id: 'n', status: 'SUCCESS', result: 1, nowMs: 0, extended })),
        backend.saveGroup('g'.repeat(200), [['g', null], []]),
      ]);
      expect((await backend.get(fits.task_id))?.result).toBe(1);
      const said = outcome.map((one) => (one.status === 'fulfilled' ? 'stored' : (one.reason as Error).message));
      const remedy = { SQLite: '', PostgreSQL: 'ALTER COLUMN \\w+ TYPE TEXT', MariaDB: 'MODIFY \\w+ VARCHAR\\(256\\)' };
      const refused = (length: number, column: string) =>
        name === 'SQLite'
          ? 'stored'
          : expect.stringMatching(
              new RegExp(
                `${length} characters for the column \\S+\\.${column}, which holds 155.*${remedy[name as 'SQLite']}`,
              ),
            );
      expect(said).toEqual(['stored', refused(200, 'task_id'), refused(156, 'name'), refused(200, 'taskset_id')]);
    });

    itNeedsPython('tables stand in a schema of their own where the database has schemas, for Python too', async () => {
      const schema = name === 'SQLite' ? 'main' : `own_${process.pid}`;
      const parsed = parseUrl(url.replace(/^db\+/, ''));
      if (name !== 'SQLite') {
        const kind = name === 'PostgreSQL' ? 'postgresql' : 'mysql';
        const driver = await openSqlDriver(kind, { url: parsed, place: name, shortLived: false, poolSize: 1 });
        await driver.query(`CREATE SCHEMA ${schema}`);
        await driver.close();
      }
      const conf = both({ database_table_schemas: { task: schema, group: schema } });
      const backend = await open(url, { settings: conf });
      await backend.store(record('a', 'SUCCESS', 1));
      await backend.saveGroup('g', [['g', null], [[['a', null], null]]]);
      const seen = await ask(
        conf,
        `
from celery.result import GroupResult
backend.store_result('p', 2, 'SUCCESS')
result = [backend.get_task_meta('a')['result'], repr(GroupResult.restore('g', app=app))]
`,
      );
      expect(seen).toEqual([1, '<GroupResult: g [a]>']);
      expect((await backend.get('p'))?.result).toBe(2);
      // They are there, and nowhere else.
      const elsewhere = await open(url, { settings: { ...conf, database_table_schemas: {} } });
      expect(await elsewhere.get('a')).toEqual(name === 'SQLite' ? expect.objectContaining({ result: 1 }) : null);
    });
  });
}

const needsMariadb = hasMariadb ? test : test.skip;
needsMariadb('letters that a table has not are written as escapes, but in an id', async () => {
  const url = await freshDatabase('mysql');
  const settings = { ...ownTables(), result_extended: true };
  const backend = await open(`db+${url}`, { settings });
  const driver = await openSqlDriver('mysql', { url: parseUrl(url), place: 'mysql', shortLived: false, poolSize: 1 });
  await driver.query(`ALTER TABLE "${settings.database_table_names.task}" CONVERT TO CHARACTER SET latin1`);
  await driver.close();
  const stored = ['é', '😀'].map((text) => {
    const result = { exc_type: 'E', exc_message: [text], exc_module: 'm' };
    const extended = { name: text, args: [text], kwargs: {}, worker: 'w', retries: 0, queue: 'q' };
    const meta = {
      task_id: `of ${text.length}`,
      status: 'FAILURE',
      result,
      traceback: `T ${text}`,
      nowMs: 0,
      extended,
    };
    return backend.store(buildResultMeta(meta));
  });
  await Promise.all(stored);
  const [one, two] = [await backend.get('of 1'), await backend.get('of 2')];
  expect(one).toMatchObject({ traceback: 'T é', name: 'é', args: ['é'], result: { exc_message: ['é'] } });
  const escaped = '\\ud83d\\ude00';
  expect(two).toMatchObject({
    traceback: `T ${escaped}`,
    name: escaped,
    args: ['😀'],
    result: { exc_message: ['😀'] },
  });
  await expect(backend.store(record('😀', 'SUCCESS', 1))).rejects.toThrow(
    /Cannot store the result of 😀.*Incorrect string/,
  );
});

needsMariadb(
  'a result that is longer than its column is refused by name, and the others of its turn are stored',
  async () => {
    const backend = await open(`db+${await freshDatabase('mysql')}`, { settings: ownTables() });
    const outcome = await Promise.allSettled([
      backend.store(record('a', 'SUCCESS', 1)),
      backend.store(record('b', 'SUCCESS', 'x'.repeat(70_000))),
      backend.store(
        buildResultMeta({ task_id: 'c', status: 'FAILURE', result: {}, traceback: 'é'.repeat(70_000), nowMs: 0 }),
      ),
    ]);
    expect(outcome.map((one) => one.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    const { reason } = outcome[1] as PromiseRejectedResult;
    expect(reason.message).toMatch(
      /Cannot store the result of b .*70\d\d\d bytes for the column .*result, which holds 65535.*LONGBLOB/,
    );
    // What a traceback ends with says most.
    expect((await backend.get('c'))!.traceback).toMatch(/^\.\.\.\né+$/);
  },
);

for (const kind of ['postgresql', 'mysql'] as const) {
  const needs = (kind === 'mysql' ? hasMariadb : hasPostgres) ? test : test.skip;
  needs(`a ${kind} server that goes away takes its results when it is back, and says so`, async () => {
    const direct = new URL(await freshDatabase(kind));
    const proxy = await tcpProxy(Number(direct.port));
    try {
      const said: string[] = [];
      const say = (text: string) => said.push(text);
      const log = { ...silentLogger, warning: say, info: say };
      const settings = ownTables();
      const through = direct.href.replace(`:${direct.port}`, `:${proxy.port}`);
      const backend = await open(`db+${through}`, { settings, log });
      await backend.store(record('a', 'SUCCESS', 1));
      const waiting = backend.wait('late', new AbortController().signal);
      proxy.refuse();
      proxy.cut();
      const storing = backend.store(record('late', 'SUCCESS', 2));
      await until(() => said.some((text) => /is away .*results wait/.test(text)), 'it to say that it waits');
      proxy.accept();
      await storing;
      expect((await waiting).result).toBe(2);
      expect(said.at(-1)).toMatch(/is back/);
      expect(said.join()).not.toContain('secret');
    } finally {
      for (const backend of backends.splice(0)) await backend.close();
      await proxy.close();
    }
  });
}

test('a database that is not known, and one without an address, are refused with what to write', async () => {
  await expect(open('db+oracle://h/x')).rejects.toThrow(/Unknown result store "db\+oracle/);
  await expect(open('db')).rejects.toThrow(/set database_url/);
  await expect(open('db+sqlite://')).rejects.toThrow(/db\+sqlite:\/\/\/relative\.db/);
  const url = file().slice('db+'.length);
  const backend = await open('database', { settings: { database_url: url } });
  await backend.store(record('a', 'SUCCESS', 1));
  expect((await (await open(`db+${url}`)).get('a'))?.result).toBe(1);
});
