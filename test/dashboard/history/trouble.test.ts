// The history when its disk is full, its file goes, or somebody else has it: what is heard meanwhile is kept and written later.
import { type ChildProcess, fork, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HistoryStore } from '../../../server/dashboard/history/contract.ts';
import { openHistory as openByUrl } from '../../../server/dashboard/history/registry.ts';
import { HistoryFile } from '../../../server/dashboard/history/sqlite/file.ts';
import { type HistoryOptions, openHistory } from '../../../server/dashboard/history/sqlite/history.ts';
import { createLogger } from '../../../server/log.ts';
import { ClusterState } from '../../../shared/events/cluster-state.ts';
import type { CeleryEvent } from '../../../shared/events/event.ts';
import { ManualTimer } from '../../support/clock.ts';
import { itNeedsTmpfs } from '../../support/needs.ts';
import { READ_SOURCES } from '../../support/sources/read-sources.ts';
import { until } from '../../support/until.ts';

const NOW = 1_790_000_000;
let folder: string;
let open: HistoryStore[] = [];
let children: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'umbel-trouble-'));
});
afterEach(async () => {
  for (const h of open) await h.close();
  for (const child of children) child.kill('SIGKILL');
  open = [];
  children = [];
  rmSync(folder, { recursive: true, force: true });
});

async function history(path: string, options: HistoryOptions = {}): Promise<HistoryStore> {
  const h = await openHistory(path, options);
  open.push(h);
  return h;
}

function events(state: ClusterState, from: number, to: number, text = ''): void {
  for (let i = from; i < to; i++)
    applyEvents(state, `t${i}`, ['received', 'started', 'succeeded'], text, NOW + i / 100);
}
function applyEvents(state: ClusterState, uuid: string, subjects: readonly string[], text = '', at = NOW): void {
  for (const subject of subjects)
    state.apply({
      type: `task-${subject}`,
      uuid,
      hostname: 'w1@h',
      timestamp: at,
      local_received: at,
      clock: 1,
      name: 'shop.add',
      queue: 'q',
      args: `('${text}',)`,
      result: '3',
      runtime: 0.5,
    } as CeleryEvent);
}

/** What rows and roll-ups say of the tasks that succeeded. */
async function successes(h: HistoryStore): Promise<{ rows: number; rolled: number }> {
  const page = await h.tasks({
    tree: null,
    states: ['SUCCESS'],
    from: null,
    to: null,
    sort: 'first_seen',
    descending: true,
    cursor: null,
    limit: 1,
  });
  const { finished } = await h.sums(3600, NOW - 7200, NOW + 7200);
  return { rows: page.total, rolled: finished };
}

describe('a full disk', () => {
  const mounted: string[] = [];
  afterEach(async () => {
    for (const h of open) await h.close();
    open = [];
    for (const path of mounted.splice(0)) spawnSync('umount', ['-l', path]);
  });

  itNeedsTmpfs('is said; what happens meanwhile is kept and written when there is room again', async () => {
    const disk = join(folder, 'disk');
    mkdirSync(disk);
    expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', disk]).status).toBe(0);
    mounted.push(disk);
    const timer = new ManualTimer(NOW * 1000);
    const lines: string[] = [];
    const log = createLogger({ level: 'WARNING', write: (line) => lines.push(line) });
    const h = await history(join(disk, 'h.db'), { timer, log });
    const recovered: unknown[] = [];
    h.onRecovered((what) => recovered.push(what));
    const state = new ClusterState();
    applyEvents(state, 'before', ['received', 'started']);
    h.write(state.cut(), NOW);
    await h.written();
    let n = 0;
    await until(() => {
      events(state, n, n + 100, 'x'.repeat(1000));
      n += 100;
      h.write(state.cut(), NOW);
      return !h.health.ok;
    }, 'the disk to be full');
    expect(h.health).toMatchObject({ ok: false, problem: 'full', since: NOW });
    expect(h.failure).toContain('No space is left');
    expect(lines.join('\n')).toContain('No space is left');

    // Begun, ended, and begun and ended while it is full.
    applyEvents(state, 'during', ['received', 'started']);
    applyEvents(state, 'before', ['succeeded']);
    events(state, n, n + 300);
    n += 300;
    h.write(state.cut(), NOW);
    for (let i = 0; i < 3; i++) {
      timer.advance(2000);
      await h.written();
    }
    expect(h.health.ok).toBe(false);
    expect(h.health.waiting).toBeGreaterThan(300);

    expect(spawnSync('mount', ['-o', 'remount,size=64m', disk]).status).toBe(0);
    timer.advance(2000);
    await until(() => h.health.ok && h.pending === 0, 'all to be written');
    expect(lines.at(-1)).toContain('is written again');
    expect(recovered).toMatchObject([{ since: NOW, anew: false, givenUp: 0 }]);
    expect(await successes(h)).toEqual({ rows: n + 1, rolled: n + 1 });
    expect(await h.task('during')).toMatchObject({ state: 'STARTED', name: 'shop.add', args: "('',)" });
    expect(await h.task('before')).toMatchObject({ state: 'SUCCESS' });
  });
});

describe('a file that goes while it is open', () => {
  const setting = async () => {
    const timer = new ManualTimer(NOW * 1000);
    const path = join(folder, 'h.db');
    const h = await history(path, { timer });
    const recovered: { anew: boolean }[] = [];
    h.onRecovered((what) => recovered.push(what));
    const state = new ClusterState();
    events(state, 0, 50);
    h.write(state.cut(), NOW);
    await h.written();
    const again = async () => {
      await h.close();
      open = open.filter((one) => one !== h);
      return successes(await history(path));
    };
    return { path, h, state, recovered, again };
  };

  it('comes back with all that was in it when it was deleted', async () => {
    const { path, h, state, recovered, again } = await setting();
    for (const end of ['', '-wal', '-shm', '.lock']) rmSync(path + end, { force: true });
    events(state, 50, 80);
    h.write(state.cut(), NOW);
    await until(() => h.pending === 0, 'the rest to be written');
    expect(existsSync(path)).toBe(true);
    expect(recovered).toEqual([]);
    expect(await successes(h)).toEqual({ rows: 80, rolled: 80 });
    await expect(openHistory(path)).rejects.toThrow(/Another dashboard uses/);
    expect(await again()).toEqual({ rows: 80, rolled: 80 });
    expect(readdirSync(folder).filter((name) => name.includes('restored'))).toEqual([]);
  });

  it('comes back with all that was in it when its journal was deleted', async () => {
    const { path, h, state, recovered, again } = await setting();
    for (const end of ['-wal', '-shm']) rmSync(path + end);
    events(state, 50, 80);
    h.write(state.cut(), NOW);
    await until(() => h.pending === 0, 'the rest to be written');
    expect(recovered).toEqual([]);
    expect(await successes(h)).toEqual({ rows: 80, rolled: 80 });
    expect(await again()).toEqual({ rows: 80, rolled: 80 });
  });

  it('is put aside when a question finds it damaged, and a new one begun: when it was damaged before the start as well', async () => {
    const { path, h } = await setting();
    await h.close();
    open = open.filter((one) => one !== h);
    const size = statSync(path).size;
    const file = openSync(path, 'r+');
    writeSync(file, randomBytes(size - 2 * 4096), 0, size - 2 * 4096, 2 * 4096);
    closeSync(file);
    const later = await history(path);
    expect(await successes(later)).toEqual({ rows: 0, rolled: 0 });
    expect(readdirSync(folder).some((name) => name.startsWith('h.db.unreadable-'))).toBe(true);
    const state = new ClusterState();
    events(state, 50, 60);
    later.write(state.cut(), NOW);
    await later.written();
    expect(await successes(later)).toEqual({ rows: 10, rolled: 10 });
    await later.close();
    open = open.filter((one) => one !== later);
    expect(await successes(await history(path))).toEqual({ rows: 10, rolled: 10 });
  });

  it('comes back when its folder was deleted', async () => {
    const { path, h, state, again } = await setting();
    rmSync(folder, { recursive: true });
    events(state, 50, 60);
    h.write(state.cut(), NOW);
    await until(() => h.pending === 0, 'the rest to be written');
    expect(existsSync(path)).toBe(true);
    expect(await again()).toEqual({ rows: 60, rolled: 60 });
  });

  it('is left for the one that was put in its place', async () => {
    const { path, h, state, recovered, again } = await setting();
    const other = new ClusterState();
    const copy = join(folder, 'other.db');
    const second = await history(copy);
    events(other, 1000, 1007);
    second.write(other.cut(), NOW);
    await second.close();
    open = open.filter((one) => one !== second);
    renameSync(copy, path);
    events(state, 50, 60);
    h.write(state.cut(), NOW);
    await until(() => h.pending === 0, 'the rest to be written');
    expect(recovered).toMatchObject([{ anew: true }]);
    expect(await again()).toEqual({ rows: 17, rolled: 17 });
  });

  it('is put aside when it cannot be read, and a new one begun', () => {
    const path = join(folder, 'h.db');
    const file = new HistoryFile(path, (db) => db.exec('CREATE TABLE IF NOT EXISTS t (a)'));
    file.db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    writeFileSync(path, 'no database at all'.repeat(1000));
    expect(file.reopen()).toBe('anew');
    expect(file.db.get('SELECT count(*) AS n FROM t')).toEqual({ n: 0 });
    expect(readdirSync(folder).some((name) => name.startsWith('h.db.unreadable-'))).toBe(true);
    file.db.close();
  });
});

it('a file in its place that cannot be written for a while, locked or on a disk that takes no writing, keeps all that is in it', () => {
  const path = join(folder, 'h.db');
  const file = new HistoryFile(path, (db) => db.exec('CREATE TABLE IF NOT EXISTS t (a)'));
  file.db.exec('INSERT INTO t VALUES (1)');
  expect(file.reopen()).toBe('reached');
  expect(file.db.get('SELECT count(*) AS n FROM t')).toEqual({ n: 1 });
  expect(readdirSync(folder).filter((name) => name.includes('unreadable'))).toEqual([]);
  file.db.close();
});

it('a file that was out of reach, and could not be opened meanwhile, is used again as it is', () => {
  const path = join(folder, 'h.db');
  const file = new HistoryFile(path, (db) => db.exec('CREATE TABLE IF NOT EXISTS t (a)'));
  file.db.exec('INSERT INTO t VALUES (1)');
  file.db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  renameSync(path, `${path}.away`);
  mkdirSync(path);
  expect(() => file.check()).toThrow('was replaced');
  expect(() => file.reopen()).toThrow();
  rmSync(path, { recursive: true });
  renameSync(`${path}.away`, path);
  expect(() => file.check()).toThrow('out of reach');
  expect(file.reopen()).toBe('reached');
  file.check();
  expect(file.db.get('SELECT count(*) AS n FROM t')).toEqual({ n: 1 });
  expect(readdirSync(folder).filter((name) => name.includes('unreadable'))).toEqual([]);
  file.db.close();
});

describe('a history file has one owner', () => {
  const owner = async (path: string): Promise<ChildProcess> => {
    const child = fork(new URL('./ingest-child.ts', import.meta.url), [path], {
      execArgv: [...READ_SOURCES],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    children.push(child);
    // It writes five times a second.
    let messages = 0;
    child.on('message', () => messages++);
    await until(() => messages > 50, 'some tasks to be written');
    return child;
  };

  it('a second process is refused by the name of the first, and takes over when that was killed', async () => {
    const path = join(folder, 'h.db');
    const first = await owner(path);
    const refused = openHistory(path, { cluster: ['redis://localhost:6379/1'] });
    await expect(refused).rejects.toThrow(
      `Another dashboard uses the history file ${path} (process ${first.pid} on ${hostname()}, watching redis://localhost:6379/0, since `,
    );
    await expect(refused).rejects.toThrow('--db');
    const gone = new Promise((resolve) => first.once('exit', resolve));
    first.kill('SIGKILL');
    await gone;
    const h = await history(path, { cluster: ['redis://localhost:6379/0'] });
    expect((await h.counts()).tasks).toBeGreaterThan(0);
  });

  it('that of another cluster is refused by name, unless it is adopted; one address of several is enough', async () => {
    const path = join(folder, 'h.db');
    await (await openHistory(path, { cluster: ['redis://a:6379/0', 'redis://b:6379/0'] })).close();
    await (await openHistory(path, { cluster: ['redis://b:6379/0'] })).close();
    await expect(openHistory(path, { cluster: ['redis://c:6379/0'] })).rejects.toThrow(
      /is that of another cluster \(redis:\/\/b:6379\/0\); this dashboard watches redis:\/\/c:6379\/0.*--db.*--adopt-history/,
    );
    await (await openHistory(path, { cluster: ['redis://c:6379/0'], adopt: true })).close();
    await (await openHistory(path, { cluster: ['redis://c:6379/0'] })).close();
  });

  it('also by a link that leads to it', async () => {
    const path = join(folder, 'h.db');
    await history(path);
    symlinkSync(path, join(folder, 'link.db'));
    await expect(openHistory(join(folder, 'link.db'))).rejects.toThrow(
      `Another dashboard uses the history file ${path}`,
    );
  });

  it('two that keep theirs in memory know nothing of each other, and leave nothing behind', async () => {
    const [one, two] = [await history(':memory:'), await history(':memory:')];
    const state = new ClusterState();
    events(state, 0, 3);
    one.write(state.cut(), NOW);
    await one.written();
    expect([(await successes(one)).rows, (await successes(two)).rows]).toEqual([3, 0]);
  });
});

it('a history is opened by path or URL; an unknown scheme is refused without its secrets', async () => {
  const path = join(folder, 'by-url.db');
  const h = await openByUrl(`sqlite:///${path}`);
  open.push(h);
  expect(existsSync(path)).toBe(true);
  await expect(openByUrl('postgresql://me:secret@h/x')).rejects.toThrow(
    /No history for postgresql:.*sqlite:\/\/\/path/,
  );
  await expect(openByUrl('postgresql://me:secret@h/x')).rejects.not.toThrow('secret');
});
