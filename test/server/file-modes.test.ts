// What umbel writes holds arguments and results: nobody else on the machine reads it. Results in a folder are Celery's files, with its modes.
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { createBackend } from '../../server/backends/registry.ts';
import { takeOn, writePidfile } from '../../server/cli/daemon.ts';
import { openLog } from '../../server/cli/log.ts';
import { EmbeddedDb } from '../../server/embedded-db.ts';
import { fileSink } from '../../server/log-sink.ts';
import { record, testContext } from './backends/context.ts';

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

/** As a process that inherited this umask. */
function underUmask<T>(umask: number, work: () => T): T {
  const before = process.umask(umask);
  try {
    return work();
  } finally {
    process.umask(before);
  }
}

it('logs and pid files are 0600 under the widest umask, also when a log is made anew after it was rotated away', () => {
  underUmask(0, () => {
    const logfile = join(folder, 'worker.log');
    openLog({ logfile }, 'MainProcess', 'w1@x');
    const pidfile = writePidfile(join(folder, 'worker.pid'));
    expect([mode(logfile), mode(pidfile)]).toEqual(['600', '600']);
    rmSync(logfile);
    fileSink(logfile).write('anew');
    expect(mode(logfile)).toBe('600');
  });
});

it('results in a folder are as the umask has them, as Celery’s are: its workers and who asks may be several users', async () => {
  const results = join(folder, 'results');
  mkdirSync(results, { mode: 0o700 });
  const backend = await createBackend(testContext(`file://${results}`));
  const before = process.umask(0o027);
  try {
    await backend.store(record('a', 'STARTED'));
    await backend.store(record('a', 'SUCCESS', 1));
    await backend.store(record('b', 'SUCCESS', 1));
  } finally {
    process.umask(before);
    await backend.close();
  }
  expect(['a', 'b'].map((id) => mode(join(results, `celery-task-meta-${id}`)))).toEqual(['640', '640']);
});

it('an explicit --umask decides instead, as in Celery', () => {
  underUmask(0, () => {
    const umask = 0o027;
    takeOn({ umask });
    const logfile = join(folder, 'shared.log');
    const log = openLog({ logfile, umask, loglevel: 'INFO' }, 'MainProcess', 'w1@x');
    expect([mode(logfile), mode(writePidfile(join(folder, 'shared.pid'), umask))]).toEqual(['640', '640']);
    rmSync(logfile);
    log.info('anew');
    expect(mode(logfile)).toBe('640');
  });
});
