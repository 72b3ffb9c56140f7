// Results as files, beside real Python Celery in the same folder.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { LONGEST_PAUSE_MS, takeLockFile } from '../../../server/backends/lock-file.ts';
import { createBackend } from '../../../server/backends/registry.ts';
import { silentLogger } from '../../../server/log.ts';
import { buildResultMeta } from '../../../server/protocol/result-meta.ts';
import { backendContract } from '../../contract/backend.ts';
import { ManualTimer } from '../../support/clock.ts';
import { itNeedsPython } from '../../support/needs.ts';
import { pythonStore } from '../../support/python-store.ts';
import { until } from '../../support/until.ts';
import { record, testContext } from './context.ts';

const root = mkdtempSync(join(tmpdir(), 'umbel-files-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let count = 0;
function folder(): string {
  const path = join(root, String(count++));
  mkdirSync(path);
  return path;
}

backendContract('filesystem', () => `file://${folder()}`, { durable: true, expiry: 'cleanup', chords: 'unlock' });

itNeedsPython('Python reads what stands here, and what Python wrote is read', async () => {
  const path = folder();
  const url = `file://localhost${path}`;
  const backend = await createBackend(testContext(url));
  const python = await pythonStore();
  try {
    const failed = { exc_type: 'KeyError', exc_message: ['lost'], exc_module: 'builtins' };
    await backend.store(record('a', 'SUCCESS', { n: 2n ** 70n, text: 'žluť' }));
    await backend.store(buildResultMeta({ task_id: 'b', status: 'FAILURE', result: failed, traceback: 'T', nowMs: 0 }));
    await backend.saveGroup('g', [['g', null], [[['a', null], null]]]);
    const seen = await python.run(
      `
from celery.result import AsyncResult, GroupResult
backend.store_result('p', [1, {'k': 'ž'}], 'SUCCESS')
backend.store_result('q', ValueError('boom'), 'FAILURE', traceback='T2')
GroupResult('h', [AsyncResult('p', app=app)], app=app).save(backend=backend)
result = [repr(AsyncResult('a', app=app).result), repr(AsyncResult('b', app=app).result), repr(GroupResult.restore('g', app=app))]
`,
      { url: `file://${path}` },
    );
    expect(seen).toEqual(["{'n': 1180591620717411303424, 'text': 'žluť'}", "KeyError('lost')", '<GroupResult: g [a]>']);
    expect(await backend.get('p')).toMatchObject({ status: 'SUCCESS', result: [1, { k: 'ž' }] });
    expect(await backend.get('q')).toMatchObject({ result: { exc_type: 'ValueError' }, traceback: 'T2' });
    expect(await backend.restoreGroup('h')).toEqual([['h', null], [[['p', null], null]]]);
    expect(readdirSync(path).sort()).toEqual([
      ...['a', 'b', 'p', 'q'].map((id) => `celery-task-meta-${id}`),
      ...['g', 'h'].map((id) => `celery-taskset-meta-${id}`),
    ]);
    expect(JSON.parse(readFileSync(join(path, 'celery-task-meta-a'), 'utf8'))).toMatchObject({ task_id: 'a' });
  } finally {
    await python.close();
    await backend.close();
  }
});

test('an id leads nowhere else, and an empty file is no record yet', async () => {
  const path = folder();
  const backend = await createBackend(testContext(`file://${path}`));
  await expect(backend.store(record('../out', 'SUCCESS'))).rejects.toThrow(/no slash/);
  await expect(backend.get('a/../../b')).rejects.toThrow(/no slash/);
  writeFileSync(join(path, 'celery-task-meta-empty'), '');
  expect(await backend.get('empty')).toBeNull();
  await backend.store(record('empty', 'SUCCESS', 1));
  expect((await backend.get('empty'))?.result).toBe(1);
  await backend.close();
});

test.each([
  ['ahead of', 3_600_000],
  ['behind', -3_600_000],
])(
  'a lock whose holder died is set aside after ten seconds of waiting, with a clock that is %s its file’s',
  async (_, byMs) => {
    const path = join(folder(), 'x.lock');
    const leave = () => {
      const at = (Date.now() - byMs) / 1000;
      writeFileSync(`${path}.new`, '');
      utimesSync(`${path}.new`, at, at);
      renameSync(`${path}.new`, path);
    };
    const timer = new ManualTimer();
    let taken = false;
    const wait = async (ms: number) => {
      for (const untilMs = timer.monotonic() + ms; ; timer.advance(LONGEST_PAUSE_MS)) {
        await until(() => taken || timer.size > 0, 'a look at the lock', { everyMs: 1 });
        if (taken || timer.monotonic() >= untilMs) return;
      }
    };
    leave();
    const taking = takeLockFile(path, timer).then((free) => {
      taken = true;
      return free;
    });
    await wait(6000);
    // Another one has it since: its ten seconds begin anew.
    leave();
    await wait(8000);
    expect(taken).toBe(false);
    await wait(10_000);
    expect(taken).toBe(true);
    await (await taking)();
    expect([existsSync(path), existsSync(`${path}.stale`)]).toEqual([false, true]);
  },
);

test('a folder that is away takes its results when it is back, and one that never was is refused', async () => {
  await expect(createBackend(testContext(`file://${root}/nowhere`))).rejects.toThrow(/nowhere cannot be used: ENOENT/);
  await expect(createBackend(testContext('file://'))).rejects.toThrow(/needs a folder/);
  const path = folder();
  const said: string[] = [];
  const say = (text: string) => said.push(text);
  const backend = await createBackend(
    testContext(`file://${path}`, { log: { ...silentLogger, warning: say, info: say } }),
  );
  renameSync(path, `${path}.away`);
  const storing = backend.store(record('a', 'SUCCESS', 1));
  await until(() => said.some((text) => /is away .*results wait/.test(text)), 'it to say that it waits');
  renameSync(`${path}.away`, path);
  await storing;
  expect((await backend.get('a'))?.result).toBe(1);
  expect(said.at(-1)).toMatch(/is back/);
  await backend.close();
});
