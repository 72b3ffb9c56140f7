// The record of operations as a chain: what was changed, taken out or put in past the dashboard is found, also while it runs.
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { openHistory, verifyAuditOf } from '../../../server/dashboard/history/registry.ts';
import { EmbeddedDb } from '../../../server/embedded-db.ts';
import { ManualTimer } from '../../support/clock.ts';
import { umbel } from '../../support/umbel.ts';

const folder = mkdtempSync(join(tmpdir(), 'umbel-chain-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;
const DAY = 86_400;
const row = (at: number, who: string) => ({
  ...{
    at,
    who,
    address: '10.0.0.7',
    token: 'cron',
    task_name: null,
    action: 'revoke',
    subject: 'a \0 žluť',
    request: '{}',
    outcome: 'failed',
    summary: 'Begun',
  },
  ...{ answers: '[]', new_ids: null },
});
const done = { outcome: 'ok', summary: 'done', answers: '[]', new_ids: null };

/** Five, the last two interleaved, one without an end. */
async function written(): Promise<string> {
  const path = join(folder, `${count++}.db`);
  const store = await openHistory(path, { timer: new ManualTimer() });
  for (const who of ['ann', 'bob']) await store.finishOperation(await store.beginOperation(row(1000, who)), done);
  const [a, b] = [await store.beginOperation(row(2000, 'cy')), await store.beginOperation(row(2001, 'di'))];
  await store.finishOperation(b, done);
  await store.finishOperation(a, done);
  await store.beginOperation(row(2002, 'ed'));
  // As it is read while it is in use.
  expect(await verifyAuditOf(path, null)).toMatchObject({ ok: true, entries: 5, outside: 0, since: 1000 });
  await store.close();
  return path;
}
function tampered(path: string, sql: string): string {
  const copy = join(folder, `${count++}.db`);
  for (const more of ['', '-wal']) if (existsSync(path + more)) copyFileSync(path + more, copy + more);
  const db = new EmbeddedDb(copy);
  db.exec(sql);
  db.close();
  return copy;
}

it('finds whatever was done to the file past the dashboard', async () => {
  const path = await written();
  const { head } = await verifyAuditOf(path, null);
  for (const [sql, words] of [
    ["UPDATE operations SET who = 'eve' WHERE id = 2", /Entry 2 was changed/],
    ["UPDATE operations SET outcome = 'ok' WHERE id = 5", /Entry 5 was changed/],
    ['DELETE FROM operations WHERE id = 3', /Entry 3 is missing/],
    ['DELETE FROM operations WHERE id = 1', /Entry 1 is missing/],
    ['DELETE FROM operations WHERE id = 1; DELETE FROM audit_links WHERE operation = 1', /Link 1 is missing/],
    ['DELETE FROM operations WHERE id = 3; DELETE FROM audit_links WHERE operation = 3', /does not follow/],
    ['DELETE FROM operations WHERE id = 5; DELETE FROM audit_links WHERE operation = 5', /at the end are missing/],
    ["INSERT INTO operations (id, at, who) VALUES (9, 1, 'x')", /Entry 9 has no link/],
    [
      "INSERT INTO operations (id, at, who) VALUES (-1, 1, 'x'); UPDATE audit_links SET digest = 'x' WHERE seq = 2",
      /Link 2 does not follow/,
    ],
  ] as const) {
    const verdict = await verifyAuditOf(tampered(path, sql), null);
    expect([sql, verdict.ok, verdict.problems.join(' ')]).toEqual([sql, false, expect.stringMatching(words)]);
  }
  // Made anew with all its links, it has another end than the one that was noted.
  const anew = tampered(
    path,
    "DELETE FROM operations WHERE id = 5; DELETE FROM audit_links WHERE operation = 5; UPDATE sqlite_sequence SET seq = 8 WHERE name = 'audit_links'",
  );
  expect((await verifyAuditOf(anew, null)).ok).toBe(true);
  expect((await verifyAuditOf(anew, head!)).problems.join()).toMatch(/never ended in/);
  expect((await verifyAuditOf(path, head!.slice(0, 12))).ok).toBe(true);
});

it('goes on after a restart, and from an earlier end', async () => {
  const path = await written();
  const { head } = await verifyAuditOf(path, null);
  const store = await openHistory(path, { timer: new ManualTimer() });
  await store.finishOperation(await store.beginOperation(row(3000, 'flo')), done);
  await store.close();
  const later = await verifyAuditOf(path, head!);
  expect(later).toMatchObject({ ok: true, entries: 6 });
  expect(later.head).not.toBe(head);
});

it('loses its beginning to retention, and stays whole', async () => {
  const path = await written();
  const store = await openHistory(path, { timer: new ManualTimer() });
  await store.expire({ maxAge: null, maxTasks: null }, 1500 + 365 * DAY);
  await store.finishOperation(await store.beginOperation(row(3000, 'flo')), done);
  expect(await verifyAuditOf(path, null)).toMatchObject({ ok: true, entries: 4, since: 2000 });
  await store.expire({ maxAge: null, maxTasks: null }, 9000 + 365 * DAY);
  expect(await verifyAuditOf(path, null)).toMatchObject({ ok: true, entries: 0, since: null });
  await store.beginOperation(row(9000, 'gus'));
  await store.close();
  expect(await verifyAuditOf(path, null)).toMatchObject({ ok: true, entries: 1 });
  expect((await verifyAuditOf(tampered(path, 'UPDATE operations SET at = 1'), null)).ok).toBe(false);
});

it('does not begin before there was one: older entries are counted apart', async () => {
  const path = await written();
  const old = tampered(
    path,
    "DROP TABLE audit_links; DELETE FROM meta WHERE key = 'audit_base'; PRAGMA user_version = 4",
  );
  await expect(verifyAuditOf(old, null)).rejects.toThrow(/cannot be verified.*brings an older one up to date/s);
  const store = await openHistory(old, { timer: new ManualTimer() });
  await store.beginOperation(row(5000, 'ida'));
  await store.close();
  expect(await verifyAuditOf(old, null)).toMatchObject({ ok: true, entries: 1, outside: 5 });
  await expect(verifyAuditOf(join(folder, 'none.db'), null)).rejects.toThrow(/There is no history/);
});

it('umbel audit verify: the same as a command, with the file that the dashboard is given', async () => {
  const path = await written();
  const verify = (db: string, ...words: string[]) =>
    umbel(['audit', 'verify', ...words], { cwd: folder, env: { UMBEL_DB: db } });
  const { code, stdout } = await verify(path);
  expect([code, stdout]).toEqual([
    0,
    expect.stringMatching(/^Verified: 5 entries since 1970-01-01, none missing, none changed\.\nhead [0-9a-f]{64}\n$/),
  ]);
  const bad = await verify(tampered(path, 'UPDATE operations SET address = NULL WHERE id = 2'), '--json');
  expect([bad.code, JSON.parse(bad.stdout)]).toEqual([
    1,
    expect.objectContaining({ ok: false, wrong: 1, problems: ['Entry 2 was changed.'] }),
  ]);
  expect(await verify(path, '--head', 'xyz')).toMatchObject({ code: 64, stderr: expect.stringMatching(/hexadecimal/) });
});
