// A job that is handed to a child while that one stores what another came to: it begins after that, is taken back when it would wait, and
// nothing that becomes of the child or of the other is its own.
import { describe, expect, it } from 'vitest';
import type { TaskOutcome } from '../../../server/app/outcome.ts';
import type { Running } from '../../../server/pool/contract.ts';
import { createTimer, type Timer } from '../../../server/timer.ts';
import { job } from '../../contract/pool.ts';
import { ManualTimer } from '../../support/clock.ts';
import { until } from '../../support/until.ts';
import { bridgedPool } from './bridge.ts';

interface Watched {
  readonly running: Running;
  readonly calls: string[];
  outcome: TaskOutcome | null;
}

/** A pool whose bodies end at once, or when they are told to, and store until they are told to stop. */
async function open(concurrency: number, timer: Timer = createTimer()) {
  const begun: string[] = [];
  const steps = new Map<string, () => void>();
  const step = (name: string) => new Promise<void>((go) => steps.set(name, go));
  const pool = await bridgedPool('prefork', {
    concurrency,
    timer,
    execute: async ({ id }, _stop, bodyEnded) => {
      begun.push(id);
      if (id.startsWith('runs')) await step(`end ${id}`);
      bodyEnded(false);
      if (id.startsWith('stores')) await step(`store ${id}`);
      return { id, name: 'test', runtimeMs: 1, state: 'SUCCESS', value: id, resultRepr: id };
    },
  });
  await pool.start();
  const give = (id: string, limits = {}): Watched => {
    const calls: string[] = [];
    const watched = { calls, outcome: null as TaskOutcome | null, running: null as unknown as Running };
    watched.running = pool.apply(job(id, limits), {
      onAccepted: (pid) => calls.push(`accepted ${pid}`),
      onTimeout: (soft) => calls.push(soft ? 'soft' : 'hard'),
      onDone: (outcome) => {
        calls.push(outcome.state);
        watched.outcome = outcome;
      },
    });
    return watched;
  };
  const go = async (name: string) => (await until(() => steps.get(name), name))();
  const inside = (count: number) => until(() => pool.active === count, `${count} jobs in children`);
  return { pool, begun, give, go, inside };
}

describe('a job that is handed ahead', () => {
  it('never waits for a body, begins after what was stored before it, and goes where nothing runs when that is sooner', async () => {
    const { pool, begun, give, go, inside } = await open(2);
    const [other, first] = [give('runs-1'), give('stores-1')];
    const [ahead, waits] = [give('runs-2'), give('last')];
    await inside(3);
    await until(() => begun.length === 2 && other.calls.length === 1, 'the other body');
    expect([begun.toSorted(), ahead.calls, waits.calls]).toEqual([['runs-1', 'stores-1'], [], []]);
    waits.running.terminate('SIGTERM');
    const [storing, free] = [first, other].map(({ calls }) => calls[0]);
    await go('end runs-1');
    await until(() => ahead.calls.length > 0, 'the other child to begin it');
    expect([ahead.calls, first.outcome, storing === free]).toEqual([[free], null, false]);
    const next = give('next');
    await inside(3);
    await go('store stores-1');
    await until(() => next.outcome, 'the next one');
    expect(next.calls).toEqual([storing, 'SUCCESS']);
    await go('end runs-2');
    await pool.stop('warm');
    expect([first, other, ahead, waits].map(({ calls }) => calls.at(-1))).toEqual([
      'SUCCESS',
      'SUCCESS',
      'SUCCESS',
      'REVOKED',
    ]);
    expect(begun.length).toBe(4);
  });

  it('is terminated without harm to the one before it, and finished by a warm stop', async () => {
    const { pool, begun, give, go, inside } = await open(1);
    const [pid] = pool.pids;
    const first = give('stores-1');
    const revoked = give('revoked');
    await inside(2);
    revoked.running.terminate('SIGKILL');
    await until(() => revoked.outcome, 'it to be given back');
    expect(revoked.outcome).toMatchObject({ state: 'REVOKED', terminated: true, signum: 9 });
    // Its child cannot hear for a while, and then hears that it may go on before it hears that it should not: neither of one that it has...
    const late = give('late');
    await inside(2);
    const unheard = async (id: string, give: () => Watched) => {
      process.kill(pid!, 'SIGSTOP');
      const one = give();
      await inside(2);
      await go(`store ${id}`);
      await new Promise(setImmediate);
      one.running.terminate('SIGTERM');
      process.kill(pid!, 'SIGCONT');
      await until(() => one.outcome, 'it to be given back');
      return one;
    };
    await unheard('stores-1', () => late);
    // ... nor of one that came meanwhile.
    const second = give('stores-2');
    const probe = give('probe');
    await inside(2);
    probe.running.terminate('SIGTERM');
    await until(() => probe.outcome, 'the worker to know that the body has ended');
    const unread = await unheard('stores-2', () => give('unread'));
    const third = give('stores-3');
    const last = give('last');
    await inside(2);
    const stopping = pool.stop('warm');
    await go('store stores-3');
    await stopping;
    const ran = [`accepted ${pid}`, 'SUCCESS'];
    expect([first, second, third, last].map(({ calls }) => calls)).toEqual([ran, ran, ran, ran]);
    expect([late, probe, unread].map(({ calls }) => calls)).toEqual([['REVOKED'], ['REVOKED'], ['REVOKED']]);
    expect(begun).toEqual(['stores-1', 'stores-2', 'stores-3', 'last']);
  });

  it('runs once and elsewhere when its child is killed, however often, and its limit counts from its own start', async () => {
    const timer = new ManualTimer();
    const { pool, begun, give, inside } = await open(1, timer);
    const first = give('stores-1');
    const ahead = give('runs-1', { hard: 1000 });
    await inside(2);
    timer.advance(10_000);
    const [pid] = pool.pids;
    process.kill(pid!, 'SIGKILL');
    await until(() => ahead.calls.length > 0 && begun.length === 2, 'it to begin elsewhere');
    expect(first.outcome).toMatchObject({ state: 'FAILURE', workerLost: true });
    expect(ahead.calls).toEqual([`accepted ${pool.pids[0]}`]);
    expect(pool.pids[0]).not.toBe(pid);
    timer.advance(999);
    expect(ahead.calls.length).toBe(1);
    timer.advance(1);
    await until(() => ahead.outcome, 'its limit');
    expect(ahead.calls.slice(1)).toEqual(['hard', 'FAILURE']);
    expect(begun).toEqual(['stores-1', 'runs-1']);
    // Who had to kill a child keeps one more ready: the next job need not wait for a start.
    const cold = ['stores-2', 'stores-3', 'never'].map((id) => give(id));
    await until(() => begun.includes('stores-3'), 'a child in reserve');
    expect([pool.limit, pool.pids.length]).toEqual([1, 2]);
    await inside(3);
    await pool.stop('cold');
    expect(cold.map(({ outcome }) => outcome)).toMatchObject(cold.map(() => ({ workerLost: true })));
    expect(begun.includes('never')).toBe(false);
  });
});
