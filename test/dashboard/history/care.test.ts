// A history file kept in bounds by state and size, giving its room back, copied while it is written to, trimmed and tried without a
// dashboard; and Flower's own file in its place.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { HistoryStore, TaskListQuery } from '../../../server/dashboard/history/contract.ts';
import { careFor, openHistory } from '../../../server/dashboard/history/registry.ts';
import { backupUserData, besideHistory, userDataAt } from '../../../server/dashboard/user-data/registry.ts';
import { EmbeddedDb } from '../../../server/embedded-db.ts';
import { createTimer } from '../../../server/timer.ts';
import { ClusterState } from '../../../shared/events/cluster-state.ts';
import { umbel } from '../../support/umbel.ts';

const NOW = 1_790_000_000;
const DAY = 86_400;
const ALL: TaskListQuery = {
  ...{ tree: null, states: null, from: null, to: null, sort: 'first_seen' },
  ...{ descending: true, cursor: null, limit: 1000 },
};
const KEEP_ALL = { maxAge: null, maxTasks: null };
let folder: string;
let path: string;
let history: HistoryStore;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'umbel-care-'));
  path = join(folder, 'h.db');
  history = await openHistory(path);
});
afterEach(async () => {
  await history.close();
  rmSync(folder, { recursive: true, force: true });
});

async function fill(ends: readonly (readonly [uuid: string, end: string, age: number])[], size = 10): Promise<void> {
  const state = new ClusterState();
  for (const [uuid, end, age] of ends)
    for (const subject of ['received', end])
      state.apply({
        ...{ type: `task-${subject}`, uuid, hostname: 'w1@h', name: 'n', clock: 1, args: 'x'.repeat(size) },
        ...{ timestamp: NOW - age, local_received: NOW - age },
      });
  history.write(state.cut(), NOW);
  await history.written();
}
const uuids = async () => (await history.tasks(ALL)).items.map((t) => t.uuid).sort();
const many = (n: number) => Array.from({ length: n }, (_, i) => [`t${i}`, 'succeeded', n - i] as const);

it('keeps tasks of some states for a time of their own; a dry run says beforehand what goes, and changes nothing', async () => {
  await fill([
    ['ok-young', 'succeeded', DAY / 2],
    ['ok', 'succeeded', 2 * DAY],
    ['failed', 'failed', 90 * DAY],
    ['revoked', 'revoked', 40 * DAY],
    ['revoked-young', 'revoked', 20 * DAY],
  ]);
  const limits = { maxAge: 30 * DAY, maxTasks: null, ages: { SUCCESS: DAY, FAILURE: null } };
  const plan = (await careFor(path)).plan(limits, NOW);
  expect(plan).toMatchObject({ tasks: 5, byAge: { SUCCESS: 1, REVOKED: 1 }, byCount: 0, bySize: 0 });
  expect((await careFor(path)).plan({ ...limits, maxTasks: 2 }, NOW)).toMatchObject({ byCount: 1 });
  expect(await uuids()).toHaveLength(5);

  while ((await history.expire(limits, NOW)) > 0);
  expect(await uuids()).toEqual(['failed', 'ok-young', 'revoked-young']);
  while ((await history.expire({ ...limits, maxTasks: 2 }, NOW)) > 0);
  expect(await uuids()).toEqual(['ok-young', 'revoked-young']);
});

it('keeps the file to its size, the newest tasks in it, and gives room back to the disk', async () => {
  await fill(many(3000), 2500);
  const care = await careFor(path);
  const { bytes } = care.plan(KEEP_ALL, NOW);
  const maxBytes = Math.round(bytes / 3);
  const plan = care.plan({ ...KEEP_ALL, maxBytes }, NOW);
  expect(plan.bySize).toBeGreaterThan(2000);
  expect(plan.bySize).toBeLessThan(2300);

  const before = (await history.counts()).bytes;
  while ((await history.expire({ ...KEEP_ALL, maxBytes }, NOW)) > 0);
  expect((await history.counts()).bytes).toBe(before);
  while ((await history.shrink()) > 0);
  expect((await history.counts()).bytes).toBeLessThanOrEqual(maxBytes + 500 * 4096);
  const left = (await history.tasks({ ...ALL, limit: 1 })).items;
  expect(left[0]?.uuid).toBe('t2999');
  expect(await history.task('t0')).toBeNull();
  await history.close();
  expect(statSync(path).size).toBeLessThan(before * 0.7);
  history = await openHistory(path);
});

it('is copied while a dashboard writes to it, with what people own beside; a file that is there is not overwritten', async () => {
  await fill(many(50));
  const to = join(folder, 'copy.db');
  const userData = await userDataAt(besideHistory(path))({ timer: createTimer({ unref: true }) });
  await userData.close();
  const care = await careFor(path);
  expect(care.backup(to)).toBe(statSync(to).size);
  expect(await backupUserData(besideHistory(path), besideHistory(to))).toBeGreaterThan(0);
  expect(statSync(to).mode & 0o777).toBe(0o600);
  // Still written to, and the copy is one of before.
  await fill([['later', 'succeeded', 0]]);
  const copy = await openHistory(to);
  expect((await copy.tasks(ALL)).total).toBe(50);
  expect(await copy.task('later')).toBeNull();
  await copy.close();

  const held = readFileSync(to);
  expect(() => care.backup(to)).toThrow(/copy\.db is there already, and is not overwritten/);
  expect(readFileSync(to).equals(held)).toBe(true);
  expect(() => care.backup(join(folder, 'no', 'such', 'folder.db'))).toThrow(/could not be copied/);
  expect(readdirSync(folder).filter((name) => name.includes('.part-'))).toEqual([]);
});

it('is trimmed by a command only when no dashboard has it; also one that was made before files gave room back', async () => {
  await fill(many(2000), 2000);
  const care = await careFor(path);
  const limits = { maxAge: null, maxTasks: 100 };
  expect(() => care.trim(limits, NOW)).toThrow(/Another dashboard uses the history file/);
  await history.close();
  const db = new EmbeddedDb(path);
  db.exec('PRAGMA auto_vacuum = NONE; VACUUM');
  db.close();
  const { tasks, before, after } = care.trim(limits, NOW);
  expect(tasks).toBe(1900);
  expect(after).toBeLessThan(before / 4);
  history = await openHistory(path);
  expect((await history.tasks(ALL)).total).toBe(100);
  await fill(many(2000), 2000);
  while ((await history.expire(limits, NOW)) > 0);
  expect(await history.shrink()).toBeGreaterThan(0);
});

it("Flower's own file in its place is refused with what to do, and left as it is", async () => {
  const at = (name: string) => join(folder, name);
  const word = (value: number, at = 0) => {
    const bytes = Buffer.alloc(4096);
    bytes.writeUInt32LE(value, at);
    return bytes;
  };
  // GNU dbm and Berkeley DB by their first bytes (file(1)'s magic); Python 3.13 writes an SQLite file.
  writeFileSync(at('gdbm'), word(0x13579ace));
  writeFileSync(at('ndbm.db'), word(0x00061561, 12));
  const shelf = new EmbeddedDb(at('flower'), { journal: 'DELETE' });
  shelf.exec('CREATE TABLE IF NOT EXISTS Dict (key BLOB UNIQUE NOT NULL, value BLOB NOT NULL)');
  shelf.close();
  for (const name of ['gdbm', 'ndbm.db', 'flower']) {
    const held = readFileSync(at(name));
    await expect(openHistory(at(name))).rejects.toThrow(/a file of Flower's .* only Python reads.*--db=.*-umbel\.db/);
    expect(readFileSync(at(name)).equals(held)).toBe(true);
    expect(existsSync(`${at(name)}-wal`)).toBe(false);
  }
  await expect(careFor(at('nothing.db'))).rejects.toThrow(/There is no history file .*nothing\.db/);
});

it('umbel history: the same as a command', async () => {
  await fill(many(30));
  const command = (...words: string[]) => umbel(['history', ...words], { cwd: folder, env: { UMBEL_DB: 'h.db' } });
  expect(
    (await command('trim', '--dry-run', '--retention-tasks', '10', '--retention-age', '9e9', '--json')).stdout,
  ).toMatch(/"byCount":20/);
  expect((await command('trim', '--dry-run', '--retention-states', 'SUCCESS=1')).stdout).toMatch(
    /^30 tasks in .* MB\. Would leave now:\n {2}30 SUCCESS, too old/,
  );
  expect(await command('backup', 'kept.db')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^Copied h\.db to kept\.db/),
  });
  expect(await command('backup')).toMatchObject({ code: 64, stderr: expect.stringMatching(/where to/) });
  const refused = await command('trim');
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(/Another dashboard uses/)]);
});
