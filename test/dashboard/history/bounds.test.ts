// What leaves the history by age and by number, what senders may invent and what becomes of it, long texts and odd ones.
// Straight on writer and reader, without their threads.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Limits, OTHER, type TaskListQuery } from '../../../server/dashboard/history/contract.ts';
import { mergeStored, ROW_TEXT, toRow } from '../../../server/dashboard/history/rows.ts';
import { emptyWire, flatten } from '../../../server/dashboard/history/sqlite/flat.ts';
import { KnownNames } from '../../../server/dashboard/history/sqlite/known-names.ts';
import { HistoryReader } from '../../../server/dashboard/history/sqlite/read.ts';
import { Rollup } from '../../../server/dashboard/history/sqlite/rollup.ts';
import { decodeText, encodeText } from '../../../server/dashboard/history/sqlite/text.ts';
import { HistoryWriter } from '../../../server/dashboard/history/sqlite/write.ts';
import { WriteBehind } from '../../../server/dashboard/history/sqlite/write-behind.ts';
import { EmbeddedDb } from '../../../server/embedded-db.ts';
import { ClusterState } from '../../../shared/events/cluster-state.ts';
import type { CeleryEvent } from '../../../shared/events/event.ts';
import type { WorkerRecord } from '../../../shared/events/worker-record.ts';
import { parseQuery } from '../../../shared/query/parser.ts';

const NOW = 1_790_000_000;
const HOUR = 3600;
const DAY = 24 * HOUR;
let folder: string;
let path: string;
let writer: HistoryWriter;
let reader: HistoryReader;
let state: ClusterState;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'umbel-bounds-'));
  path = join(folder, 'h.db');
  writer = new HistoryWriter(path);
  reader = new HistoryReader(path, () => 0);
  state = new ClusterState();
});
afterEach(() => {
  reader.close();
  writer.close();
  rmSync(folder, { recursive: true, force: true });
});

const ALL: TaskListQuery = {
  tree: null,
  states: null,
  from: null,
  to: null,
  sort: 'first_seen',
  descending: true,
  cursor: null,
  limit: 1000,
};
const KEEP_ALL: Limits = { maxAge: null, maxTasks: null };

function applyEvents(uuid: string, subjects: readonly string[], at: number, more: Partial<CeleryEvent> = {}): void {
  for (const subject of subjects)
    state.apply({
      type: `task-${subject}`,
      uuid,
      hostname: 'w1@h',
      timestamp: at,
      local_received: at,
      clock: 1,
      name: 'n',
      ...more,
    });
}
const write = (now = NOW) => writer.write(flatten(state.cut()), now);
function expire(limits: Limits, now = NOW): void {
  while (writer.expire(limits, now) > 0);
}
/** @returns its id in the audit log */
const revoked = (at: number): number =>
  writer.operation({
    ...{ at, who: 'a', address: null, token: null, action: 'revoke', subject: 's', task_name: null, request: '{}' },
    ...{ outcome: 'ok', summary: '', answers: '[]', new_ids: null },
  });
const uuids = () => reader.tasks(ALL).items.map((t) => t.uuid);
const select = <T>(sql: string): T[] => {
  const db = new EmbeddedDb(path);
  try {
    return db.all<T>(sql);
  } finally {
    db.close();
  }
};

describe('retention', () => {
  it('keeps exactly as many tasks as it is to keep, the newest, with their tries', () => {
    for (let i = 0; i < 7; i++) applyEvents(`t${i}`, ['received', 'started', 'retried'], NOW - 100 + i);
    write();
    expire({ maxAge: null, maxTasks: 3 });
    expect(uuids()).toEqual(['t6', 't5', 't4']);
    expect(select('SELECT DISTINCT uuid FROM tries ORDER BY uuid')).toEqual([
      { uuid: 't4' },
      { uuid: 't5' },
      { uuid: 't6' },
    ]);
    expire({ maxAge: null, maxTasks: 3 });
    expect(uuids()).toHaveLength(3);
  });

  it('keeps a task to the very second of its age', () => {
    for (const [uuid, age] of [['older', 3601] as const, ['edge', 3600] as const, ['younger', 3599] as const])
      applyEvents(uuid, ['received'], NOW - age);
    write();
    expire({ maxAge: 3600, maxTasks: null });
    expect(uuids()).toEqual(['younger', 'edge']);
  });

  it('goes on until all that is too much has gone, however much that is', () => {
    for (let i = 0; i < 4100; i++) applyEvents(`t${i}`, ['received'], NOW - 100 + i / 100);
    write();
    expire({ maxAge: null, maxTasks: 10 });
    expect(uuids()).toHaveLength(10);
  });

  it('each step of the roll-ups for its time', () => {
    const at = (age: number) => Math.floor((NOW - age) / HOUR) * HOUR;
    const ages = [0, 2 * HOUR, 27 * HOUR, 4 * DAY, 36 * DAY];
    for (const [i, age] of ages.entries()) applyEvents(`t${i}`, ['received', 'started', 'succeeded'], at(age));
    write();
    expire(KEEP_ALL);
    const kept = select<{ step: number; bucket: number }>(
      "SELECT step, bucket FROM rollup WHERE dim = 'all' ORDER BY step, bucket DESC",
    );
    const of = (step: number) => kept.filter((row) => row.step === step).map((row) => row.bucket);
    expect([of(10), of(60), of(300), of(HOUR)].map((buckets) => buckets.length)).toEqual([1, 2, 3, 4]);
    expect(of(10)).toEqual([at(0)]);
    expect(of(HOUR)).toEqual(ages.slice(0, 4).map(at));
  });

  it('gauges for 31 days, groups of failures for 35, operations for a year, workers for 31 days: no second more or less', () => {
    const gauges = [NOW, NOW - 31 * DAY, NOW - 31 * DAY - 1].flatMap((bucket) => ['up', bucket, 1]);
    const workers = [0, 31 * DAY, 31 * DAY + 1].flatMap((age) => [`w${age}`, '{}', NOW - age]);
    writer.write({ ...emptyWire(), gauges, workers }, NOW);
    // In their order: of a chain the beginning goes.
    for (const age of [365 * DAY + 1, 365 * DAY, 0]) revoked(NOW - age);
    for (const age of [0, 34 * DAY, 36 * DAY])
      applyEvents(`f${age}`, ['failed'], NOW - age, { exception: "ValueError('x')" });
    write();
    expire(KEEP_ALL);
    expect(reader.gauge('up', 0, NOW + 1).map((g) => g.bucket)).toEqual([NOW - 31 * DAY, NOW]);
    expect(reader.operations(null, 10).map((o) => NOW - o.at)).toEqual([0, 365 * DAY]);
    expect(select('SELECT count(*) AS n FROM failures')).toEqual([{ n: 2 }]);
    expect(reader.workers().map((w) => w.hostname)).toContain(`w${31 * DAY}`);
    expect(reader.workers().map((w) => w.hostname)).not.toContain(`w${31 * DAY + 1}`);
  });

  it('what came of an operation goes with it', () => {
    for (const age of [366 * DAY, DAY]) {
      const id = revoked(NOW - age);
      writer.effect(id, '{}');
    }
    expire(KEEP_ALL);
    expect(select('SELECT count(*) AS n FROM effects')).toEqual([{ n: 1 }]);
  });

  it('roll-ups leave memory when they no longer fill', () => {
    const db = new EmbeddedDb(path);
    const rollup = new Rollup(db);
    const finish = (at: number) =>
      rollup.add({ state: 'SUCCESS', at, task: 't', queue: '', worker: '', runtime: 1, wait: null });
    finish(NOW - DAY);
    finish(NOW);
    const all = rollup.size;
    rollup.committed(NOW);
    expect(rollup.size).toBe(all / 2);
    rollup.committed(NOW + DAY);
    expect(rollup.size).toBe(0);
    db.close();
  });

  it('a name goes when no task can have it any more, and not before', () => {
    applyEvents('a', ['received'], NOW - 5 * HOUR, { name: 'gone' });
    write(NOW - 5 * HOUR);
    applyEvents('b', ['received'], NOW, { name: 'here' });
    write();
    expire({ maxAge: 3 * HOUR + 1, maxTasks: null });
    expect(reader.taskNames()).toEqual(['gone', 'here']);
    expire({ maxAge: 3 * HOUR - 1, maxTasks: null });
    expect(reader.taskNames()).toEqual(['here']);
  });
});

describe('invented names', () => {
  it('a set of names keeps those in use, refuses more than fit, and forgets what was not used for an hour', () => {
    const names = new KnownNames(2);
    expect([names.has('a', 0), names.has('b', 10), names.has('c', 20)]).toEqual([true, true, false]);
    expect([names.has('a', 3700), names.has('c', 3701)]).toEqual([true, true]);
    expect([names.has('b', 3702), names.size]).toEqual([false, 2]);
  });

  it('of 6,000 task names, queues and exceptions roll-ups keep a part, count the rest as (other), and every sum stays true', () => {
    for (let i = 0; i < 6000; i++)
      applyEvents(`t${i}`, ['received', 'started', 'failed'], NOW, {
        name: `invented.${i}`,
        queue: `q${i}`,
        exception: `Invented${i}('x')`,
      });
    write();
    const [task, queue] = (['task', 'queue'] as const).map((dim) => reader.keyStats(dim, NOW - 60, NOW + 60, null));
    for (const stats of [task!, queue!]) {
      expect(stats).toHaveLength(2001);
      expect(stats.reduce((sum, s) => sum + s.finished, 0)).toBe(6000);
      expect(stats.find((s) => s.key === OTHER)?.finished).toBe(4000);
    }
    const groups = reader.failures({ now: NOW, span: DAY, limit: 10_000, task: null, exception: null });
    expect(groups).toHaveLength(5001);
    expect(groups[0]).toMatchObject({ task: OTHER, exception: OTHER, count: 1000 });
    // They can still be listed and searched.
    const { tree } = parseQuery('name:invented.', { nowS: NOW }) as { tree: TaskListQuery['tree'] };
    expect(reader.tasks({ ...ALL, tree, limit: 5 }).counts).toEqual({ FAILURE: 6000 });
  });
});

describe('long and odd texts', () => {
  it('rows and lists carry 2,000 characters and say so; the detail has all, also when memory has let go of it', () => {
    const behind = new WriteBehind();
    const long = 'é'.repeat(5000);
    applyEvents('a', ['received'], NOW, { args: `('${long}',)`, kwargs: '{}' });
    applyEvents('a', ['failed'], NOW, { exception: `ValueError('${long}')`, traceback: long });
    behind.add(state.cut(), null);
    const work = behind.next()!;
    behind.done(work, writer.write(work.wire, NOW).missing);
    const record = state.tasks.get('a')!;
    expect(record.traceback).toHaveLength(ROW_TEXT);
    const listed = reader.tasks(ALL).items[0]!;
    expect(listed.cut).toEqual(['args', 'exception']);
    expect(listed.args).toHaveLength(ROW_TEXT + 3);
    expect(toRow(record)).toEqual(listed);
    const whole = mergeStored(reader.task('a'), record);
    expect([whole.args, whole.traceback, whole.exception]).toEqual([`('${long}',)`, long, `ValueError('${long}')`]);

    // What changes later does not take the whole text away; a new text takes its place.
    applyEvents('a', ['retried'], NOW + 1, { exception: "ValueError('short')" });
    behind.add(state.cut(), null);
    const next = behind.next()!;
    behind.done(next, writer.write(next.wire, NOW).missing);
    expect(reader.task('a')).toMatchObject({ exception: "ValueError('short')", traceback: long, args: `('${long}',)` });
    expect(toRow(record).cut).toEqual(['args']);
  });

  it('tasks with long texts leave no more than their beginnings in memory', () => {
    const behind = new WriteBehind();
    for (let i = 0; i < 300; i++) {
      applyEvents(`t${i}`, ['received'], NOW, { args: String(i).padEnd(64_000, 'x') });
      applyEvents(`t${i}`, ['failed'], NOW, { traceback: String(i).padEnd(200_000, 'x') });
      behind.add(state.cut(), null);
      const work = behind.next()!;
      behind.done(work, writer.write(work.wire, NOW).missing);
    }
    let kept = 0;
    for (const t of state.tasks.values()) kept += (t.args?.length ?? 0) + (t.traceback?.length ?? 0);
    expect(kept).toBe(300 * 2 * ROW_TEXT);
    expect(JSON.stringify(reader.tasks(ALL)).length).toBeLessThan(300 * 3000);
  });

  it('NUL, lone surrogates and big integers come back as they were', () => {
    for (const text of ['a\0b', '\0', 'x\ud800y', '😀 \uf8ff \uf8ff0000', 'plain'])
      expect(decodeText(encodeText(text))).toBe(text);
    const odd = "('a\0b', '\ud800', '\uf8ff')";
    applyEvents('a\0b', ['received'], NOW, { args: odd, name: 'odd\0name' });
    state.apply({
      type: 'task-progress',
      uuid: 'a\0b',
      hostname: 'w1@h',
      timestamp: NOW,
      local_received: NOW,
      order_id: 1234567890123456789n,
    });
    write();
    expect(reader.task('a\0b')).toMatchObject({ uuid: 'a\0b', args: odd, name: 'odd\0name' });
    expect(reader.task('a\0b')!.extra).toContain('1234567890123456789');
    expect(reader.tasks(ALL).items[0]).toMatchObject({ uuid: 'a\0b', args: odd });
    expect(reader.rows(['a\0b'])).toHaveLength(1);
    expect(reader.taskNames()).toEqual(['odd\0name']);
  });
});

describe('what waits to be written', () => {
  it('a worker that came back is written, one that left is not', () => {
    const behind = new WriteBehind();
    const w = { hostname: 'w1' } as WorkerRecord;
    const nothing = { tasks: [], finishes: [], workers: [], workersGone: [] };
    behind.add({ ...nothing, workersGone: ['w1'] }, null);
    behind.add({ ...nothing, workers: [w] }, null);
    const back = behind.next()!;
    expect([back.wire.workers[0], back.wire.gone]).toEqual(['w1', []]);
    behind.done(back, []);
    behind.add({ ...nothing, workers: [w] }, null);
    behind.add({ ...nothing, workersGone: ['w1'] }, null);
    const left = behind.next()!;
    expect([left.wire.workers, left.wire.gone]).toEqual([[], ['w1']]);
  });

  it('of gauges that cannot be written the oldest are given up', () => {
    const behind = new WriteBehind({ tasks: 100, finishes: 1000, text: 1e6, gauges: 100 });
    for (let n = 0; n < 60; n++) behind.addGauges({ up: 1, rate: 2 }, NOW + n);
    const { gauges } = behind.next()!.wire;
    expect([gauges.length / 3, gauges[1], gauges.at(-2)]).toEqual([100, NOW + 10, NOW + 59]);
  });

  it('is bounded: the oldest tasks go with their ends, so that rows and roll-ups stay one truth, and are counted', () => {
    const behind = new WriteBehind({ tasks: 100, finishes: 1000, text: 1e6, gauges: 100 });
    for (let i = 0; i < 250; i++) {
      applyEvents(`t${i}`, ['received', 'started', 'succeeded'], NOW, { runtime: 1 });
      behind.add(state.cut(), null);
    }
    expect(behind.waiting).toBeLessThanOrEqual(100);
    expect(behind.givenUp).toBe(250 - behind.waiting);
    const expected = behind.waiting;
    for (let work = behind.next(); work; work = behind.next()) behind.done(work, writer.write(work.wire, NOW).missing);
    expect(reader.tasks(ALL).total).toBe(expected);
    expect(reader.sums(HOUR, NOW - HOUR, NOW + HOUR).finished).toBe(expected);
    expect(uuids()).toContain('t249');
  });

  it('a batch that failed has left no trace: written again, it counts once', () => {
    const behind = new WriteBehind();
    applyEvents('a', ['received', 'started', 'succeeded'], NOW);
    behind.add(state.cut(), null);
    const work = behind.next()!;
    const broken = { ...work.wire, tries: [Symbol('no value of SQLite') as unknown as string] };
    for (let i = 0; i < 2; i++) expect(() => writer.write(broken, NOW)).toThrow();
    behind.failed();
    expect(behind.next()).toBe(work);
    behind.done(work, writer.write(work.wire, NOW).missing);
    applyEvents('b', ['received', 'started', 'succeeded'], NOW);
    write();
    expect(reader.sums(HOUR, NOW - HOUR, NOW + HOUR).finished).toBe(2);
    expect(reader.taskNames()).toEqual(['n']);
  });

  it('goes in batches of ten thousand tasks, and all is said to be heard with the last of them', () => {
    const behind = new WriteBehind();
    for (let i = 0; i < 20_001; i++) applyEvents(`t${i}`, ['received'], NOW);
    behind.add(state.cut(), { at: NOW, rate: 1, knewAll: true, workers: [] });
    const all = [behind.next(), behind.next(), behind.next()];
    expect(all.map((work) => [work?.records.length, work?.wire.heard?.at ?? null])).toEqual([
      [10_000, null],
      [10_000, null],
      [1, NOW],
    ]);
  });

  it('a few batches are under way at a time; what follows one that failed is refused, and all go again in their order', () => {
    const behind = new WriteBehind();
    const subjects = ['received', 'started', 'retried', 'received', 'succeeded'];
    const [one, two, three, four, ...rest] = subjects.map((subject, i) => {
      applyEvents('a', [subject], NOW + i);
      behind.add(state.cut(), null);
      return behind.next();
    });
    expect([one, two, three, four].every((work) => work !== null)).toBe(true);
    expect(rest).toEqual([null]);
    expect(behind.waiting).toBe(5);

    const broken = { ...one!.wire, tries: [Symbol('no value of SQLite') as unknown as string] };
    expect(() => writer.write(broken, NOW)).toThrow();
    for (const work of [two, three, four])
      expect(() => writer.write(work!.wire, NOW, false)).toThrow('The batch before this one was not written');
    expect(uuids()).toEqual([]);
    behind.failed();
    for (const work of [one, two, three, four]) {
      expect(behind.next()).toBe(work);
      behind.done(work!, writer.write(work!.wire, NOW, work === one).missing);
    }
    expect(reader.task('a')).toMatchObject({ state: 'RECEIVED', received: NOW + 3 });
    const last = behind.next()!;
    behind.done(last, writer.write(last.wire, NOW, false).missing);
    expect(reader.task('a')).toMatchObject({
      state: 'SUCCESS',
      started: NOW + 1,
      retried: NOW + 2,
      succeeded: NOW + 4,
    });
    expect(behind.isEmpty).toBe(true);
  });

  it('a task whose row has gone meanwhile is written whole again', () => {
    applyEvents('a', ['received'], NOW - 100, { args: '(1,)' });
    const behind = new WriteBehind();
    const flush = () => {
      behind.add(state.cut(), null);
      for (let work = behind.next(); work; work = behind.next())
        behind.done(work, writer.write(work.wire, NOW).missing);
    };
    flush();
    expire({ maxAge: 10, maxTasks: null });
    expect(reader.task('a')).toBeNull();
    applyEvents('a', ['started'], NOW);
    flush();
    expect(reader.task('a')).toMatchObject({ state: 'STARTED', args: '(1,)' });
  });
});

describe('how sure a list is', () => {
  it('counts are exact up to 10,000 of a state, and at least so many beyond', () => {
    for (let i = 0; i < 20_001; i++) applyEvents(`t${i}`, ['received'], NOW - i / 1000);
    applyEvents('one', ['failed'], NOW);
    write();
    const page = reader.tasks({ ...ALL, limit: 1 });
    expect(page.counts).toEqual({ RECEIVED: 10_000, FAILURE: 1 });
    expect(page.counts_are).toEqual({ RECEIVED: 'at_least', FAILURE: 'exact' });
    expect([page.total, page.total_is]).toEqual([10_001, 'at_least']);
    expect(reader.tasks({ ...ALL, states: ['FAILURE'] })).toMatchObject({ total: 1, total_is: 'exact' });
    // Values of a field are counted in the newest 20,000, and that is said.
    const values = () => reader.facets({ field: 'name', tree: null, prefix: '', limit: 5 });
    expect(values()).toEqual({ field: 'name', values: [{ value: 'n', count: 20_000 }], of_newest: 20_000 });
    expire({ maxAge: null, maxTasks: 20_000 });
    expect(values()).toEqual({ field: 'name', values: [{ value: 'n', count: 20_000 }] });
  });

  it('a page that looked only so far says how far, and goes on from there', () => {
    for (let i = 0; i < 9000; i++)
      applyEvents(`t${i}`, ['received'], NOW - i, { args: i === 8999 ? "('needle',)" : '()' });
    write();
    let ms = 0;
    const slow = new HistoryReader(path, () => {
      ms += 700;
      return ms;
    });
    try {
      const query = { ...ALL, tree: { op: 'contains', field: 'args', text: 'needle' } as const };
      const first = slow.tasks(query);
      expect(first.items).toEqual([]);
      expect(first.total_is).toBe('at_least');
      expect(first.looked_back_to).toBeLessThan(NOW - 1000);
      expect(first.looked_back_to).toBeGreaterThan(NOW - 8999);
      let page = first;
      for (let i = 0; page.items.length === 0 && page.next !== null && i < 20; i++)
        page = slow.tasks({ ...query, cursor: page.next });
      expect(page.items.map((t) => t.uuid)).toEqual(['t8999']);
    } finally {
      slow.close();
    }
  });

  it('a failure is new only to a history that goes back a day', () => {
    applyEvents('f', ['failed'], NOW - 60, { exception: "ValueError('x')" });
    write();
    const isNew = () => reader.failures({ now: NOW, span: DAY, limit: 1, task: null, exception: null })[0]!.is_new;
    expect(isNew()).toBeNull();
    writer.write({ ...emptyWire(), gauges: ['up', NOW - DAY + 60, 1] }, NOW);
    expect(isNew()).toBeNull();
    writer.write({ ...emptyWire(), gauges: ['up', NOW - DAY, 1] }, NOW);
    expect(isNew()).toBe(true);
  });
});
