// A server that is slow to start, once for all test files of a run: who asks first starts it, others wait until it is ready.
// Holds: it ends with the run, however that ends (ends-with-run.ts); a file that is run alone has one of its own.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { markOfRun } from './ends-with-run.ts';
import { until } from './until.ts';

/** A start may take as long on a busy machine (server-process.ts). @unit milliseconds */
const SLOW_MS = 270_000;

/**
 * @param start gets a folder that goes with the run; what it gives, as JSON, every file of the run gets
 * @returns what `start` gave
 */
export async function oncePerRun<T>(name: string, start: (folder: string) => Promise<T>): Promise<T> {
  const folder = join(tmpdir(), `umbel-${name}-${markOfRun() || `pid${process.pid}`}`);
  const ready = join(folder, 'ready.json');
  let mine = true;
  try {
    mkdirSync(folder);
  } catch (error) {
    if ((error as { code?: string }).code !== 'EEXIST') throw error;
    mine = false;
  }
  if (mine) {
    let outcome: { value: T } | { failed: string };
    try {
      outcome = { value: await start(folder) };
    } catch (error) {
      outcome = { failed: String((error as Error).stack) };
    }
    writeFileSync(`${ready}.new`, JSON.stringify(outcome));
    renameSync(`${ready}.new`, ready);
  }
  const text = await until(() => textOf(ready), `the ${name} that another test file starts`, { timeoutMs: SLOW_MS });
  const outcome = JSON.parse(text) as { value: T } | { failed: string };
  if ('failed' in outcome) throw new Error(`${name} could not be started: ${outcome.failed}`);
  return outcome.value;
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
