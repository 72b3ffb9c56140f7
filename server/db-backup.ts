// A copy of an SQLite file that others may be writing to.
// Holds: the copy is of one moment, checked, and readable by this user alone; it is there whole or not at all, and nothing is overwritten.
import { closeSync, existsSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { EmbeddedDb } from './embedded-db.ts';
import { ImproperlyConfigured, toError } from './errors.ts';

/** @returns bytes of the copy  @throws ImproperlyConfigured saying what stands in the way */
export function backupFile(from: string, to: string): number {
  if (!existsSync(from)) throw new ImproperlyConfigured(`There is no file ${from} to copy.`);
  if (existsSync(to))
    throw new ImproperlyConfigured(`${to} is there already, and is not overwritten: name another file.`);
  const part = `${to}.part-${process.pid}`;
  try {
    // SQLite writes into an empty file, and keeps its mode.
    closeSync(openSync(part, 'wx', 0o600));
    copy(from, part);
    check(part);
    renameSync(part, to);
  } catch (error) {
    throw new ImproperlyConfigured(`${from} could not be copied to ${to}: ${toError(error).message}`, { cause: error });
  } finally {
    rmSync(part, { force: true });
  }
  return statSync(to).size;
}

function copy(from: string, to: string): void {
  const db = new EmbeddedDb(from, { readOnly: true, busyTimeoutMs: 30_000 });
  try {
    db.run('VACUUM INTO ?', to);
  } finally {
    db.close();
  }
}

function check(path: string): void {
  const db = new EmbeddedDb(path, { readOnly: true });
  try {
    const { quick_check: answer } = db.get<{ quick_check: string }>('PRAGMA quick_check')!;
    if (answer !== 'ok') throw new Error(`the copy is damaged, as the file is: ${answer}`);
  } finally {
    db.close();
  }
}
