import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import type { CountingBackend } from '../../../server/backends/contract.ts';
import { createBackend } from '../../../server/backends/registry.ts';
import { backendContract } from '../../contract/backend.ts';
import { record, testContext } from './context.ts';

const folder = mkdtempSync(join(tmpdir(), 'umbel-results-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let count = 0;
const makeUrl = () => `sqlite:///${join(folder, `${count++}.db`)}`;
backendContract('sqlite', makeUrl, { durable: true });

/** Another process that stores what it is told to, and answers with the instant at which it was committed. */
function writer(url: string) {
  const script = fileURLToPath(new URL('./store-in-process.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', script, url], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async (): Promise<string> => {
    const next = await lines.next();
    if (next.done) throw new Error('the writer ended');
    return next.value;
  };
  return {
    child,
    ready: line,
    async tell(command: Record<string, unknown>): Promise<number> {
      child.stdin.write(`${JSON.stringify(command)}\n`);
      return Number(await line());
    },
    line,
    send: (command: Record<string, unknown>) => child.stdin.write(`${JSON.stringify(command)}\n`),
    kill: () =>
      new Promise<void>((done) => {
        child.once('exit', () => done());
        child.kill('SIGKILL');
      }),
  };
}

describe('sqlite results between processes', () => {
  test('a result stored by another process wakes who waits for it and never looks by itself', async () => {
    const url = makeUrl();
    const backend = await createBackend(testContext(url, { options: { polling_interval: 600 } }));
    const other = writer(url);
    await other.ready();
    for (let i = 0; i < 40; i++) {
      const waiting = backend.wait(`t${i}`, new AbortController().signal);
      other.send({ store: record(`t${i}`, 'SUCCESS', i) });
      expect((await waiting).result).toBe(i);
      await other.line();
    }
    await other.kill();
    await backend.close();
  });

  test('parts of one chord in several processes complete it exactly once', async () => {
    const url = makeUrl();
    const backend = (await createBackend(testContext(url))) as CountingBackend;
    await backend.startChord('g', 60);
    const others = [writer(url), writer(url), writer(url)];
    for (const other of others) await other.ready();
    const told = others.map((other, n) =>
      Promise.all(
        Array.from({ length: 20 }, (_, i) =>
          other.tell({ part: { groupId: 'g', taskId: `t${n}-${i}`, index: n * 20 + i, state: 'SUCCESS', result: i } }),
        ),
      ),
    );
    expect((await Promise.all(told)).flat().reduce((a, b) => a + b, 0)).toBe(1);
    for (const other of others) await other.kill();
    await backend.close();
  });

  test('what was stored stays when the process is killed right after', async () => {
    const url = makeUrl();
    const other = writer(url);
    await other.ready();
    for (let i = 0; i < 50; i++) await other.tell({ store: record(`t${i}`, 'SUCCESS', i) });
    await other.kill();
    const backend = await createBackend(testContext(url));
    expect((await backend.getMany(Array.from({ length: 50 }, (_, i) => `t${i}`))).size).toBe(50);
    await backend.close();
  });
});
