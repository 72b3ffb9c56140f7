// The app of the workers that are killed and cut off: tasks that write down when they begin and end. tasks.py is its twin.
// Plain JavaScript: it runs as a user's built module would. Who starts it: world.ts, by the environment.
import { existsSync, openSync, writeSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { Celery } from 'umbel';

const { FAULT_URL: url, FAULT_DIARY, FAULT_SETTINGS } = process.env;

export const app = new Celery('fault', { broker: url, backend: url, ...JSON.parse(FAULT_SETTINGS) });

// Appended in one write: it keeps what a killed process wrote.
const diary = openSync(FAULT_DIARY, 'a');
const write = (...words) => writeSync(diary, `${words.join(' ')}\n`);

/** Takes so long, and then as long as the file `gate` is not there. */
app.task({ name: 'fault.work', params: ['number', 'seconds', 'gate'] }, async function (number, seconds, gate = null) {
  write('start', number, this.request.deliveryInfo.redelivered, process.pid);
  await pause(seconds * 1000);
  while (gate && !existsSync(gate)) await pause(20);
  write('end', number);
  return number;
});

/** Lets nothing else of its process run until the file `gate` is there. */
app.task({ name: 'fault.block', params: ['number', 'gate'] }, function (number, gate) {
  write('start', number, this.request.deliveryInfo.redelivered, process.pid);
  const never = new Int32Array(new SharedArrayBuffer(4));
  while (!existsSync(gate)) Atomics.wait(never, 0, 0, 20);
  write('end', number);
  return number;
});

/** Takes the worker's process with it, before it has awaited anything. */
app.task({ name: 'fault.die', params: ['number'] }, function (number) {
  write('start', number, this.request.deliveryInfo.redelivered, process.pid);
  process.kill(process.pid, 'SIGKILL');
  for (;;);
});

/** The body of a chord of five. */
app.task({ name: 'fault.gather', params: ['results', 'number'] }, (results, number) => {
  if (results.length !== 5) throw new RangeError(`${results.length} results of 5`);
  return number;
});
