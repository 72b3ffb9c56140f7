// The app of the workers in kill-matrix.test.ts: tasks that stop where they are told, in their body or after their result is stored.
// Plain JavaScript: it runs as a user's built module would.
import { existsSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Celery, signals } from 'umbel';

const { MATRIX_FOLDER, MATRIX_SETTINGS } = process.env;

export const app = new Celery('matrix', JSON.parse(MATRIX_SETTINGS));

const diary = openSync(join(MATRIX_FOLDER, 'diary'), 'a');
// Appended in one write: it keeps what a killed process wrote.
const write = (...words) => writeSync(diary, `${words.join(' ')}\n`);
const isOpen = (gate) => existsSync(join(MATRIX_FOLDER, `${gate}.open`));

const KINDS = {
  early: {},
  late: { acks_late: true },
  'early-reject': { reject_on_worker_lost: true },
  'late-reject': { acks_late: true, reject_on_worker_lost: true },
};
for (const [kind, options] of Object.entries(KINDS))
  app.task({ name: `matrix.${kind}`, params: ['key', 'stopsIn', 'gate'], ...options }, async (key, stopsIn, gate) => {
    write('begun', key, process.pid);
    while (stopsIn === 'body' && !isOpen(gate)) await pause(10);
    return key;
  });

/** Its result is stored, and its worker does not know yet. */
signals.task_postrun.connect(({ args: [key, stopsIn, gate] }) => {
  if (stopsIn !== 'end' || isOpen(gate)) return;
  write('stored', key, process.pid);
  const never = new Int32Array(new SharedArrayBuffer(4));
  while (!isOpen(gate)) Atomics.wait(never, 0, 0, 10);
});
