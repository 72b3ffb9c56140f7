// What umbel writes holds arguments and results: nobody else on the machine reads it.
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { EmbeddedDb } from '../../server/embedded-db.ts';

const folder = mkdtempSync(join(tmpdir(), 'umbel-modes-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8);

it('a database and the files beside it are 0600 in folders of 0700', () => {
  const path = join(folder, 'made', 'deeper', 'h.db');
  const db = new EmbeddedDb(path);
  db.exec('CREATE TABLE t (a)');
  expect([mode(path), mode(join(folder, 'made')), mode(join(folder, 'made', 'deeper'))]).toEqual(['600', '700', '700']);
  for (const beside of [`${path}-wal`, `${path}-shm`])
    expect([existsSync(beside), mode(beside)]).toEqual([true, '600']);
  db.close();
});

it('a file that was there keeps the mode somebody gave it', () => {
  const path = join(folder, 'shared.db');
  writeFileSync(path, '', { mode: 0o660 });
  const before = mode(path);
  new EmbeddedDb(path).close();
  expect(mode(path)).toBe(before);
});
