// The app whose tasks the end-to-end tests watch and steer: one task for each thing that can happen to one.
// Plain JavaScript: it runs as a user's built module would. Who sends them: support/cluster.ts and the tests.
import { existsSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { Celery } from 'umbel';

export const app = new Celery('e2e', {
  task_send_sent_event: true,
  worker_send_task_events: true,
  task_track_started: true,
  result_extended: true,
});

app.task({ name: 'shop.add', params: ['x', 'y'] }, (x, y) => x + y);

/** Gives its arguments back as they came. */
app.task({ name: 'shop.pack', params: ['order', 'fragile'] }, (order, fragile) => ({ order, fragile }));

/** Runs until it is told to stop, and listens. */
app.task({ name: 'shop.listen', bind: true, params: ['seconds'] }, function (seconds) {
  return pause(seconds * 1000, 'listened to the end', { signal: this.signal });
});

/** Hears nothing, runs until a file is there, and leaves another at its end. */
app.task({ name: 'shop.stubborn', params: ['gate', 'ended'] }, async (gate, ended) => {
  while (!existsSync(gate)) await pause(50);
  writeFileSync(ended, '');
  return 'heard nothing';
});

/** Fails until a file is there: what an operator mends before a retry. */
app.task({ name: 'shop.charge', params: ['account', 'mended'] }, (account, mended) => {
  if (!existsSync(mended)) throw new RangeError(`account ${account} has no bank`);
  return `charged ${account}`;
});

/** Tried again by itself, each time in vain. */
app.task(
  { name: 'shop.flaky', params: ['n'], autoretry_for: [TypeError], default_retry_delay: 0, max_retries: 2 },
  (n) => {
    throw new TypeError(`try of ${n} in vain`);
  },
);

/** Calls others, so that it has children. */
app.task({ name: 'shop.order', bind: true, params: ['n'] }, async (n) => {
  await app.tasks.get('shop.add').delay(n, 1);
  return n;
});

export const limited = app.task({ name: 'shop.limited', params: ['n'] }, (n) => n);
