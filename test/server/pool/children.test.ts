// The pools with children keep the promises of every pool, and some of their own: what becomes of a child that ends when it should not.
import { describe, expect, it } from 'vitest';
import type { TaskOutcome } from '../../../server/app/outcome.ts';
import type { Execute, LostChild, PoolContext } from '../../../server/pool/contract.ts';
import { createTimer } from '../../../server/timer.ts';
import { job, poolContract } from '../../contract/pool.ts';
import { until } from '../../support/until.ts';
import { bridgedPool } from './bridge.ts';

poolContract({ name: 'prefork', single: false, create: (context) => bridgedPool('prefork', context) });
poolContract({ name: 'threads', single: false, create: (context) => bridgedPool('threads', context) });

const done = (id: string): TaskOutcome => ({
  id,
  name: 'test',
  runtimeMs: 1,
  state: 'SUCCESS',
  value: id,
  resultRepr: id,
});

/** A pool of processes, the lines of its log, and how to run a job in it. */
async function open(execute: Execute, context: Partial<PoolContext> = {}) {
  const lines: string[] = [];
  const lost: LostChild[] = [];
  const log = {
    ...Object.fromEntries(
      (['debug', 'info', 'warning', 'error', 'critical'] as const).map((level) => [
        level,
        (text: string) => lines.push(`${level} ${text}`),
      ]),
    ),
    child: () => log,
  } as unknown as NonNullable<PoolContext['log']>;
  const pool = await bridgedPool('prefork', {
    concurrency: 1,
    timer: createTimer(),
    execute,
    log,
    onChildLost: (child) => lost.push(child),
    ...context,
  });
  const run = (id: string, limits = {}) => {
    const calls: string[] = [];
    const outcome = new Promise<TaskOutcome>((resolve) => {
      pool.apply(job(id, limits), {
        onAccepted: (pid) => calls.push(`accepted ${pid}`),
        onTimeout: () => calls.push('timeout'),
        onDone: resolve,
      });
    });
    return { calls, outcome };
  };
  return { pool, run, lines, lost };
}

describe('a child that ends when it should not', () => {
  it('while idle, is told and replaced; a job that it was just being handed goes to the next one', async () => {
    const { pool, run, lines, lost } = await open(async ({ id }) => done(id));
    await pool.start();
    const [pid] = pool.pids;
    process.kill(pid!, 'SIGKILL');
    // It is dead, and nobody has heard of it yet.
    const { calls, outcome } = run('a');
    expect(await outcome).toMatchObject({ state: 'SUCCESS' });
    expect(calls).toEqual([`accepted ${pool.pids[0]}`]);
    expect(pool.pids).not.toContain(pid);
    expect(lost).toEqual([{ name: 'Child-1', pid, how: 'signal 9 (SIGKILL)' }]);
    expect(lines).toContain(`error Process 'Child-1' pid:${pid} exited with 'signal 9 (SIGKILL)'`);
  });

  it('while its job runs, and while what the job came to is stored, is WorkerLostError', async () => {
    let running = '';
    const { pool, run } = await open(({ id }, _stop, bodyEnded) => {
      if (id === 'answering') bodyEnded(false);
      running = id;
      return id === 'next' ? Promise.resolve(done(id)) : new Promise(() => {});
    });
    await pool.start();
    for (const id of ['running', 'answering']) {
      const { outcome, calls } = run(id, { hard: 600_000 });
      await until(() => running === id && calls.length > 0, `${id} to run`);
      process.kill(pool.pids[0]!, 'SIGKILL');
      expect(await outcome).toMatchObject({
        state: 'FAILURE',
        workerLost: true,
        bodyLost: true,
        excRepr: expect.stringMatching(
          /^WorkerLostError\('Worker exited prematurely: signal 9 \(SIGKILL\) Job: \d+\.'\)$/,
        ),
      });
    }
    expect(await run('next').outcome).toMatchObject({ state: 'SUCCESS' });
  });

  it('while it starts, is told and tried again later; when none can start, the pool says why', async () => {
    const { pool, lines } = await open(async ({ id }) => done(id), { concurrency: 2 });
    const starting = pool.start();
    process.kill(pool.pids[0]!, 'SIGKILL');
    await starting;
    await until(() => pool.pids.length === 2 && lines.length > 0, 'the second try');
    expect(lines).toEqual(['error Child-1 could not start: signal 9 (SIGKILL); trying again in 0.5 s']);

    const late = await open(async ({ id }) => done(id), { aliveTimeoutMs: 1 });
    await expect(late.pool.start()).rejects.toThrow(
      'No child of the prefork pool could start: it was not ready after 0.001 s (worker_proc_alive_timeout)',
    );
    expect(late.pool.pids).toEqual([]);
  });
});

describe('several jobs in one child', () => {
  it('run side by side; a hard limit or a terminate of one lets the others go on', async () => {
    const ends = new Map<string, () => void>();
    const aborted = new Map<string, string>();
    const { pool, run } = await open(
      ({ id }, { signal }) => {
        signal.addEventListener('abort', () => aborted.set(id, (signal.reason as Error).name));
        return new Promise((resolve) => ends.set(id, () => resolve(done(id))));
      },
      { childConcurrency: 3 },
    );
    await pool.start();
    expect([pool.limit, pool.size, pool.pids.length]).toEqual([3, 1, 1]);
    const [pid] = pool.pids;
    const limited = run('limited', { hard: 20 });
    const stays = run('stays');
    expect(await limited.outcome).toMatchObject({ state: 'FAILURE', timeout: true });
    await until(() => ends.has('stays'), 'the other');
    const terminated = new Promise<TaskOutcome>((resolve) => {
      const running = pool.apply(job('terminated'), {
        onAccepted: () => running.terminate('SIGTERM'),
        onTimeout() {},
        onDone: resolve,
      });
    });
    expect(await terminated).toMatchObject({ state: 'REVOKED', signum: 15 });
    ends.get('stays')!();
    expect(await stays.outcome).toMatchObject({ state: 'SUCCESS' });
    expect(pool.pids).toEqual([pid]);
    expect(aborted.get('terminated')).toBe('Terminated');
    expect(aborted.get('limited')).toBe('TimeLimitExceeded');
    expect(aborted.has('stays')).toBe(false);
  });
});
