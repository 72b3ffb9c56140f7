// Ending a thread that uses SQLite. Inside the driver it would take this process along, and this test with it.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { endOutside, nativeGate } from '../../server/native-gate.ts';
import { startThread } from '../../server/own-thread.ts';
import { createTimer } from '../../server/timer.ts';

it('a thread is ended at any moment, also while it loads the driver or is inside it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'umbel-gate-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (let round = 0; round < 10; round++) {
    const gate = nativeGate();
    const workerData = { gate, path: join(folder, `${round}.db`) };
    const thread = startThread(new URL('./busy-with-sqlite.ts', import.meta.url), { workerData });
    await once(thread, 'message');
    // From the midst of loading to the midst of its work: not a wait for anything.
    await pause(round * 4);
    const ended = once(thread, 'exit');
    endOutside(gate, createTimer(), () => void thread.terminate());
    expect(await ended).toEqual([1]);
  }
});
