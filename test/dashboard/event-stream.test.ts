// Why events were not heard: the broker was away, or this process stood still. How much was missed: gaps.test.ts.
// With a real broker that closes the line of a stopped process: test/fault/slow-dashboard.test.ts.
import { expect, test } from 'vitest';
import { EventStream, type EventStreamParts } from '../../server/dashboard/cluster/event-stream.ts';
import { readGaps } from '../../server/dashboard/history/gap-gauges.ts';
import { silentLogger } from '../../server/log.ts';

const START = 1_790_000_000;

/** A stream whose clocks a test moves. */
async function listening() {
  const clock = { now: START, monotonicMs: 0 };
  const receiverCalls = { lost: () => {}, back: () => {} };
  const saved: { name: string; bucket: number; value: number }[] = [];
  const receiver = {
    connected: true,
    onLost: (fn: () => void) => Object.assign(receiverCalls, { lost: fn }),
    onGap: (fn: () => void) => Object.assign(receiverCalls, { back: fn }),
  };
  const history = {
    gauges: async () => [],
    heard: async () => null,
    write: () => {},
    saveGauges: (values: Record<string, number>, bucket: number) =>
      void saved.push(...Object.entries(values).map(([name, value]) => ({ name, bucket, value }))),
  };
  const timer = { now: () => clock.now * 1000, monotonic: () => clock.monotonicMs };
  const parts = { receiver, history, timer, log: silentLogger, resumed: () => {}, counted: () => {} };
  const made = new EventStream(parts as unknown as EventStreamParts);
  made.neverHeard = false;
  await made.start();
  const pass = (seconds: number): void => {
    clock.now += seconds;
    clock.monotonicMs += seconds * 1000;
  };
  const hear = (sent = clock.now): void => {
    const local_received = clock.now;
    const event = { type: 'worker-heartbeat', hostname: 'w1', pid: 1, processed: 0, timestamp: sent, local_received };
    made.gaps.take(event);
    made.take([event]);
  };
  /** It runs: a tick a second, and as often a worker is heard. */
  const run = (seconds: number): void => {
    for (let i = 0; i < seconds; i++) {
      pass(1);
      made.tick(clock.now);
      hear();
    }
  };
  run(10);
  return { made, clock, receiverCalls, saved, pass, hear, run, cause: () => made.gaps.current?.cause };
}

test('a line that breaks while this process runs was closed by a broker that is away', async () => {
  const { made, clock, receiverCalls, run, cause } = await listening();
  run(20);
  receiverCalls.lost();
  expect(cause()).toBe('broker-away');
  expect(made.gaps.current?.since).toBe(clock.now);
});

test('a line that is closed because this process did not run: it stood still, from when it stopped', async () => {
  const { made, clock, receiverCalls, pass, cause } = await listening();
  const stopped = clock.now;
  pass(300);
  expect(made.tick(clock.now)).toBe(false);
  receiverCalls.lost();
  expect(cause()).toBe('stood-still');
  expect(made.gaps.current?.since).toBe(stopped);
});

test('also when the closed line is noticed before the tick that is late', async () => {
  const { made, clock, receiverCalls, pass, cause } = await listening();
  const stopped = clock.now;
  pass(300);
  receiverCalls.lost();
  expect(cause()).toBe('stood-still');
  expect(made.gaps.current?.since).toBe(stopped);
});

test('also when what had waited on the line is read first: it was sent before it stood still', async () => {
  const { made, clock, receiverCalls, pass, hear, cause } = await listening();
  const stopped = clock.now;
  pass(300);
  made.tick(clock.now);
  hear(stopped + 1);
  receiverCalls.lost();
  expect(cause()).toBe('stood-still');
});

test('one that stood still and heard all the same lost the line for another reason, later', async () => {
  const { clock, receiverCalls, made, pass, run, cause } = await listening();
  pass(30);
  made.tick(clock.now);
  run(20);
  receiverCalls.lost();
  expect(cause()).toBe('broker-away');
  expect(made.gaps.current?.since).toBe(clock.now);
});

test('a machine that is busy for some seconds did not stand still, nor does a clock that is set say so', async () => {
  const { clock, receiverCalls, made, pass, cause } = await listening();
  pass(4);
  expect(made.tick(clock.now)).toBe(true);
  clock.now += 3600;
  made.clockSet(3_600_000);
  pass(1);
  expect(made.tick(clock.now)).toBe(true);
  receiverCalls.lost();
  expect(cause()).toBe('broker-away');
});

test('the cause is kept with the gap: it stands in the history when it is over and counted', async () => {
  const { made, clock, receiverCalls, saved, pass, hear } = await listening();
  const stopped = clock.now;
  pass(300);
  made.tick(clock.now);
  receiverCalls.lost();
  pass(1);
  receiverCalls.back();
  for (let i = 0; i < 3; i++) {
    made.gaps.take({ type: 'worker-heartbeat', hostname: 'w1', pid: 1, processed: 7, timestamp: clock.now });
    pass(2);
    hear(clock.now);
  }
  pass(30);
  made.finalizeGap(clock.now);
  expect(made.gaps.past.at(-1)).toMatchObject({ cause: 'stood-still' });
  expect(readGaps(saved)).toMatchObject([{ cause: 'stood-still', since: stopped, until: stopped + 301 }]);
});
