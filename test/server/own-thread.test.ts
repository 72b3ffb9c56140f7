// Threads of this package's own: with what of its process they begin.
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { startInnerThread, startThread } from '../../server/own-thread.ts';

it('one in which nothing of the user runs is started without what is loaded before their program', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'umbel-thread-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'thread.mjs');
  writeFileSync(
    file,
    "import { parentPort } from 'node:worker_threads'; parentPort.postMessage(process.execArgv.includes('--import'));",
  );
  const preloads = async (start: typeof startThread) => (await once(start(pathToFileURL(file)), 'message'))[0];
  // This process is started with one.
  expect([await preloads(startThread), await preloads(startInnerThread)]).toEqual([true, false]);
});
