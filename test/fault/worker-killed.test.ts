// SIGKILL of a worker in the middle of its work: what it had not finished is done by another, of either language, and nothing is lost.
// Redis itself going away: redis-restarts.test.ts. The workers, their tasks and the diary of runs: world.ts.
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { describeNeedsPythonOnRedis } from '../support/needs.ts';
import { describeNeedsRedis } from '../support/redis-server.ts';
import { until } from '../support/until.ts';
import { PATIENT, type Run, World, type WorldOptions } from './world.ts';

/** @unit seconds */
const VISIBILITY = 2;
/** UMBEL_LONG=1 for as many as it was first proved with. */
const [TASKS_LATE, TASKS_EARLY] = process.env['UMBEL_LONG'] ? [5000, 2000] : [1500, 800];
const LATE = { task_acks_late: true, broker_transport_options: { visibility_timeout: VISIBILITY } };
const EARLY_UNTRACKED = { ...LATE, task_acks_late: false };
const EARLY = { ...LATE, task_acks_late: false, task_track_started: true };

let opened: World | null = null;
afterEach(async () => {
  await opened?.[Symbol.asyncDispose]();
  opened = null;
});

async function open(options: WorldOptions): Promise<World> {
  opened = await World.open(options);
  return opened;
}

const numbersAsRun = (runs: readonly Run[]) => runs.map((run) => run.number);
const numbers = (runs: readonly Run[]) => numbersAsRun(runs).sort((a, b) => a - b);
const ended = (world: World, count: number) =>
  until(() => world.runs().filter((run) => run.ended).length >= count, `${count} tasks to be done`, PATIENT);

/** The numbers of the tasks recorded as taken and not acknowledged. */
async function heldIn(world: World): Promise<number[]> {
  const records = await world.keys.hvals('unacked');
  const bodies = records.map((record) => Buffer.from(JSON.parse(record)[0].body, 'base64').toString());
  return bodies.map((body) => JSON.parse(body)[0][0] as number).sort((a, b) => a - b);
}

/** All that was held was run again, marked, and nothing else was. */
async function onlyHeldRanAgain(world: World, held: readonly number[], before: readonly Run[], count: number) {
  const runs = world.runs();
  expect(numbers(runs.filter((run) => run.redelivered))).toEqual(held);
  const first = runs.filter((run) => !run.redelivered);
  const begun = new Set(before.map((run) => run.number));
  const all = Array.from({ length: count }, (_, number) => number);
  const neverBegun = new Set(held.filter((number) => !begun.has(number)));
  expect(numbers(first)).toEqual(all.filter((number) => !neverBegun.has(number)));
}

describe('a worker that is killed', () => {
  describeNeedsRedis('with acks_late', () => {
    it('many tasks are all done by it and its successor: what it held runs again after the visibility timeout, marked', async () => {
      const world = await open({ settings: LATE });
      const ids = await world.send(TASKS_LATE, 0.02);
      const first = await world.umbel('w@fault', ['-c', '20']);
      await ended(world, TASKS_LATE * 0.1);
      await first.kill();
      const before = world.runs();
      const held = await heldIn(world);
      expect(held.length).toBeGreaterThan(0);
      expect(held.length).toBeLessThanOrEqual(80);

      const next = await world.umbel('w@fault', ['-c', '20']);
      await world.allSucceeded(ids);
      await world.allSettled();
      await onlyHeldRanAgain(world, held, before, TASKS_LATE);
      expect(next.output()).not.toMatch(/ERROR|CRITICAL/);
    });
  });

  describeNeedsPythonOnRedis('with acks_late, one of the two written in Python', () => {
    it('a Python worker gives back and runs what a killed one of ours held', async () => {
      const world = await open({ settings: LATE });
      const ids = await world.send(400, 0.005);
      const first = await world.umbel('ours@fault', ['-c', '20']);
      await ended(world, 200);
      await first.kill();
      const before = world.runs();
      const held = await heldIn(world);
      // Kombu looks when it starts, or 10 s later, and then not for 100 s.
      const old = async () => world.keys.zcount('unacked_index', '-inf', Date.now() / 1000 - VISIBILITY);
      await until(async () => (await old()) === held.length, 'all of them to be visible', PATIENT);
      await world.python('theirs@fault', ['-P', 'solo']);
      await world.allSucceeded(ids);
      await world.allSettled();
      await onlyHeldRanAgain(world, held, before, 400);
    });

    it('a worker of ours gives back and runs what a killed Python prefork worker held', async () => {
      const world = await open({ settings: LATE });
      const ids = await world.send(100, 0.005);
      ids.push(...(await world.send(300, 0.005, world.gate, ids.length)));
      const first = await world.python('theirs@fault', ['-c', '2']);
      await ended(world, 100);
      // It has all it may fetch: killed while it fetches, kombu can lose what it has not recorded yet.
      await until(
        async () => (await heldIn(world)).filter((number) => number >= 100).length === 8,
        'eight held',
        PATIENT,
      );
      await until(() => world.runs().length === 102, 'two to run', PATIENT);
      await first.kill();
      world.openGate();
      const before = world.runs();
      const held = await heldIn(world);
      await world.umbel('ours@fault', ['-c', '20']);
      await world.allSucceeded(ids);
      await world.allSettled();
      await onlyHeldRanAgain(world, held, before, 400);
    });
  });

  describeNeedsRedis('with early acks', () => {
    it('the running tasks are lost, and stay STARTED; exactly those: what it had only fetched is run by another', async () => {
      const world = await open({ settings: EARLY });
      const ids = await world.send(40, 0, world.gate);
      const first = await world.umbel('first@fault', ['-c', '4']);
      await until(() => world.runs().length === 4, 'four to run', PATIENT);
      await until(async () => (await world.keys.hlen('unacked')) === 16, 'sixteen more to be fetched', PATIENT);
      const lost = numbers(world.runs());
      await first.kill();
      world.openGate();

      await world.umbel('next@fault', ['-c', '4']);
      await world.allSettled();
      await ended(world, 36);
      const running = new Set(lost);
      const rest = ids.filter((_, number) => !running.has(number));
      await until(
        async () => [...(await world.results(rest)).values()].filter((meta) => meta.status === 'SUCCESS').length === 36,
        'the results of all others',
        PATIENT,
      );
      const states = [...(await world.results(lost.map((number) => ids[number]!))).values()].map((meta) => meta.status);
      expect(states).toEqual(['STARTED', 'STARTED', 'STARTED', 'STARTED']);
      expect(world.runs()).toHaveLength(40);
      // In their old order.
      expect(numbersAsRun(world.runs().filter((run) => run.redelivered))).toEqual(
        Array.from({ length: 16 }, (_, i) => 4 + i),
      );
    });

    it('a task that takes its worker with it is not delivered again, to take the next one too', async () => {
      const world = await open({ settings: EARLY_UNTRACKED });
      await world.app.sendTask('fault.die', [0]);
      const first = await world.umbel('first@fault', ['-c', '4']).catch(() => null);
      await until(() => world.runs().length === 1, 'it to begin', PATIENT);
      await first?.kill();
      expect(await world.keys.exists('celery', 'unacked', 'unacked_index')).toBe(0);
    });

    it('killed under load it loses no more than ran at that moment', async () => {
      const world = await open({ settings: EARLY });
      const ids = await world.send(TASKS_EARLY, 0.01);
      const first = await world.umbel('first@fault', ['-c', '10']);
      await ended(world, TASKS_EARLY * 0.2);
      await first.kill();
      const before = world.runs();
      const next = await world.umbel('next@fault', ['-c', '10']);
      await world.allSettled();
      // Acknowledged is not begun, and begun is not stored: a warm stop waits for both.
      next.child.kill('SIGTERM');
      await once(next.child, 'close');
      const results = await world.results(ids);
      const lost = ids.flatMap((id, number) => (results.get(id)?.status === 'SUCCESS' ? [] : [number]));
      expect(lost.length).toBeLessThanOrEqual(10);
      const begun = new Set(numbers(before));
      for (const number of lost) {
        // Acknowledged when it was about to begin: its row, and its first line, may not have been written yet.
        const state = results.get(ids[number]!)?.status;
        expect([number, begun.has(number) ? state : (state ?? 'STARTED')]).toEqual([number, 'STARTED']);
      }
    });
  });
});
