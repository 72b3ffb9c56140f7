// Tasks that run, or wait for their time, longer than the visibility timeout: they stay with the worker that has them as long as it lives.
// What of a dead one comes back: worker-killed.test.ts. How: transport/redis/restore.ts.
import { afterEach, expect, it } from 'vitest';
import { describeNeedsPythonOnRedis } from '../support/needs.ts';
import { until } from '../support/until.ts';
import { PATIENT, World } from './world.ts';

/** @unit seconds */
const VISIBILITY = 2;

describeNeedsPythonOnRedis('tasks held beyond the visibility timeout', () => {
  let world: World;
  afterEach(() => world[Symbol.asyncDispose]());

  it('run once, with the worker that has them, though workers of both languages look for what nobody acknowledged', async () => {
    world = await World.open({
      settings: {
        task_acks_late: true,
        worker_prefetch_multiplier: 2,
        broker_transport_options: { visibility_timeout: VISIBILITY },
      },
    });
    // Three wait for their time, two run, two wait for these.
    const waiting = await Promise.all(
      [4, 5, 6].map((number) => world.app.sendTask('fault.work', [number, 0], {}, { countdown: 3600 })),
    );
    const gated = await world.send(4, 0, world.gate);
    await world.umbel('slow@fault', ['-c', '2']);
    await until(async () => (await world.keys.hlen('unacked')) === 7, 'all to be fetched', PATIENT);
    const taken = Date.now() / 1000;

    const monitor = await world.keys.duplicate().monitor();
    /** Who looked how often. Kombu's looks ask for the scores too. */
    const looks = { theirs: 0, ours: new Map<string, number>() };
    monitor.on('monitor', (_time: string, [command, ...args]: string[], source: string) => {
      if (command!.toLowerCase() !== 'zrevrangebyscore') return;
      if (args.includes('WITHSCORES')) looks.theirs++;
      else looks.ours.set(source, (looks.ours.get(source) ?? 0) + 1);
    });
    const unmarked = () => world.keys.zcount('unacked_index', '-inf', taken + VISIBILITY);
    await until(async () => (await unmarked()) === 0, 'all to be marked as held after the visibility timeout', PATIENT);
    await world.umbel('other@fault', ['-c', '2']);
    await world.python('theirs@fault', ['-P', 'solo']);
    await until(() => looks.theirs > 0, 'the Python worker to look', PATIENT);
    await until(() => [...looks.ours.values()].filter((n) => n > 1).length === 2, 'both of ours to look', PATIENT);
    monitor.disconnect();

    world.openGate();
    await world.allSucceeded(gated);
    expect(world.runs().map((run) => [run.number, run.redelivered])).toEqual([
      [0, false],
      [1, false],
      [2, false],
      [3, false],
    ]);
    // A result is stored before its message is acknowledged.
    await expect.poll(() => world.keys.hlen('unacked')).toBe(waiting.length);
  });
});
