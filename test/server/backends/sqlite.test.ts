import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import type { CountingBackend } from '../../../server/backends/contract.ts';
import { createBackend } from '../../../server/backends/registry.ts';
import { silentLogger } from '../../../server/log.ts';
import { backendContract } from '../../contract/backend.ts';
import { until } from '../../support/until.ts';
import { record, testContext } from './context.ts';

const folder = mkdtempSync(join(tmpdir(), 'umbel-results-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let count = 0;
const makeUrl = () => `sqlite:///${join(folder, `${count++}.db`)}`;
backendContract('sqlite', makeUrl, { durable: true });

/** Another process that stores what it is told to, and answers with the instant at which it was committed. */
function writer(url: string) {
  // Bundled (support/sources/compile.ts): it needs nothing of what reads the sources.
  const script = fileURLToPath(new URL('./store-in-process.ts', import.meta.url));
  const child = spawn(process.execPath, [script, url], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async (): Promise<string> => {
    const next = await lines.next();
    if (next.done) throw new Error('the writer ended');
    return next.value;
  };
  return {
    child,
    ready: line,
    async request(command: Record<string, unknown>): Promise<number> {
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

describe('a sqlite result file', () => {
  const opened = (url: string) => createBackend(testContext(url));
  const deleted = { 'with all that is beside it': ['', '-wal', '-shm'], alone: [''] };
  for (const [how, ends] of Object.entries(deleted)) {
    test(`that is deleted while in use, ${how}: results go on in a new one, and wake who waits`, async () => {
      const url = makeUrl();
      const path = url.slice('sqlite:///'.length);
      const [worker, client] = [await opened(url), await opened(url)];
      await worker.store(record('before', 'SUCCESS', 1));
      const waiting = client.wait('after', new AbortController().signal);
      for (const end of ends) renameSync(path + end, `${path}.gone${end}`);
      await worker.store(record('after', 'SUCCESS', 2));
      expect((await waiting).result).toBe(2);
      await client.store(record('and more', 'SUCCESS', 3));
      await worker.close();
      await client.close();
      const anew = await opened(url);
      expect([...(await anew.getMany(['before', 'after', 'and more'])).keys()].sort()).toEqual(['after', 'and more']);
      await anew.close();
    });
  }

  for (const gone of [['-wal'], ['-shm'], ['-wal', '-shm']]) {
    test(`whose ${gone.join(' and ')} is deleted while in use keeps all that was stored, for whoever opens it`, async () => {
      const url = makeUrl();
      const path = url.slice('sqlite:///'.length);
      const [worker, client] = [await opened(url), await opened(url)];
      await worker.store(record('before', 'SUCCESS', 1));
      const waiting = client.wait('after', new AbortController().signal);

      for (const end of gone) rmSync(path + end);

      await worker.store(record('after', 'SUCCESS', 2));
      expect((await waiting).result).toBe(2);
      await client.store(record('and more', 'SUCCESS', 3));
      const other = writer(url);
      await other.ready();
      other.send({ store: record('by another process', 'SUCCESS', 4) });
      await other.line();
      await other.kill();
      const all = ['before', 'after', 'and more', 'by another process'];
      expect([...(await worker.getMany(all)).keys()].sort()).toEqual([...all].sort());
      await worker.close();
      await client.close();
    });
  }

  test('that is out of reach takes its results when it is back, and says so', async () => {
    const place = join(folder, 'volume');
    mkdirSync(place);
    const said: string[] = [];
    const log = {
      ...silentLogger,
      warning: (text: string) => said.push(text),
      info: (text: string) => said.push(text),
    };
    const backend = await createBackend(testContext(`sqlite:///${join(place, 'r.db')}`, { log }));
    renameSync(place, `${place}.away`);
    writeFileSync(place, '');
    const storing = backend.store(record('late', 'SUCCESS', 1));
    await until(() => said.some((text) => /results wait until it does/.test(text)), 'it to say that it waits');
    rmSync(place);
    renameSync(`${place}.away`, place);
    await storing;
    expect((await backend.get('late'))?.result).toBe(1);
    expect(said.at(-1)).toMatch(/takes results again/);
    await backend.close();
  });
});

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
    const received = others.map((other, n) =>
      Promise.all(
        Array.from({ length: 20 }, (_, i) =>
          other.request({
            part: { groupId: 'g', taskId: `t${n}-${i}`, index: n * 20 + i, state: 'SUCCESS', result: i },
          }),
        ),
      ),
    );
    expect((await Promise.all(received)).flat().reduce((a, b) => a + b, 0)).toBe(1);
    for (const other of others) await other.kill();
    await backend.close();
  });

  test('what was stored stays when the process is killed right after', async () => {
    const url = makeUrl();
    const other = writer(url);
    await other.ready();
    for (let i = 0; i < 50; i++) await other.request({ store: record(`t${i}`, 'SUCCESS', i) });
    await other.kill();
    const backend = await createBackend(testContext(url));
    expect((await backend.getMany(Array.from({ length: 50 }, (_, i) => `t${i}`))).size).toBe(50);
    await backend.close();
  });
});
