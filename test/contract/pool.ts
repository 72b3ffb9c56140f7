// What every pool must keep, run by each of them. What a pool cannot do it says in `canTerminate`, and the list reads it.
import { describe, expect, it } from 'vitest';
import { fromFrame, type TaskOutcome, toFrame } from '../../server/app/outcome.ts';
import type { Stop } from '../../server/app/stop.ts';
import type { Job, JobCallbacks, Pool, PoolContext } from '../../server/pool/contract.ts';
import { jobFrame } from '../../server/pool/job.ts';
import type { TaskMessage } from '../../server/protocol/task-message.ts';
import { createTimer } from '../../server/timer.ts';
import { ManualTimer } from '../support/clock.ts';
import { until } from '../support/until.ts';

export interface PoolUnderTest {
  readonly name: string;
  /** Runs one job at a time, whatever is asked. */
  readonly single: boolean;
  create(context: PoolContext): Promise<Pool>;
}

/** A body one can finish by hand, and that hears its signal. */
class Bodies {
  readonly started: string[] = [];
  readonly aborted = new Map<string, Error>();
  readonly #finish = new Map<string, () => void>();

  readonly execute = (job: Job, { signal }: Stop): Promise<TaskOutcome> => {
    const { id } = job;
    this.started.push(id);
    signal.addEventListener('abort', () => this.aborted.set(id, signal.reason as Error));
    return new Promise((resolve) => {
      this.#finish.set(id, () =>
        resolve({ id, name: 'test', runtimeMs: 1, state: 'SUCCESS', value: id, resultRepr: `'${id}'` }),
      );
    });
  };

  /** One that was killed before it began has nothing to finish. */
  finish(id: string): void {
    this.#finish.get(id)?.();
  }
}

/** Time that passes while nothing can fire. */
class BlockedTimer extends ManualTimer {
  blockedMs = 0;
  override monotonic(): number {
    return super.monotonic() + this.blockedMs;
  }
}

class Callbacks implements JobCallbacks {
  readonly calls: string[] = [];
  outcome: TaskOutcome | null = null;
  may = true;
  mayStart(): boolean {
    return this.may;
  }
  onAccepted(pid: number): void {
    expect(pid).toBeGreaterThan(0);
    this.calls.push('accepted');
  }
  onTimeout(soft: boolean): void {
    this.calls.push(soft ? 'soft' : 'hard');
  }
  onDone(outcome: TaskOutcome): void {
    this.calls.push(`done ${outcome.state}`);
    this.outcome = outcome;
  }
}

export function job(id: string, limits: { soft?: number; hard?: number } = {}): Job {
  const message = { id, task: 'test', shadow: null, args: [], kwargs: {} } as unknown as TaskMessage;
  return {
    id,
    task: 'test',
    name: 'test',
    body: Buffer.from('[[], {}, {}]'),
    contentType: 'application/json',
    contentEncoding: 'utf-8',
    headers: { id, task: 'test', stamps: {} },
    properties: { correlation_id: id },
    deliveryInfo: { exchange: '', routing_key: 'celery' },
    redelivered: false,
    hostname: 'w@test',
    softTimeLimitMs: limits.soft ?? null,
    timeLimitMs: limits.hard ?? null,
    message,
  };
}

/** The same pool, with nothing between it and its bodies but what could go to another process. */
export function overWire(under: PoolUnderTest): PoolUnderTest {
  const sent = (outcome: TaskOutcome): TaskOutcome => fromFrame(structuredClone(toFrame(outcome)));
  return {
    name: `${under.name} (wire)`,
    single: under.single,
    async create(context) {
      const pool = await under.create({
        ...context,
        execute: async (job, stop, bodyEnded) =>
          sent(await context.execute({ ...structuredClone(jobFrame(job)), message: null }, stop, bodyEnded)),
      });
      const apply = pool.apply.bind(pool);
      pool.apply = (given, callbacks) =>
        apply(
          { ...structuredClone(jobFrame(given)), message: null },
          {
            ...(callbacks.mayStart ? { mayStart: () => callbacks.mayStart!() } : {}),
            onAccepted: (pid, timeMs) => callbacks.onAccepted(pid, timeMs),
            onTimeout: (soft, limitMs) => callbacks.onTimeout(soft, limitMs),
            onDone: (outcome) => callbacks.onDone(sent(outcome)),
          },
        );
      return pool;
    },
  };
}

/** Both ways: in this process, and as it would be over a wire. */
export function inProcessContract(under: PoolUnderTest): void {
  poolContract(under);
  poolContract(overWire(under));
}

export function poolContract(under: PoolUnderTest): void {
  async function open(concurrency = 2): Promise<{ pool: Pool; bodies: Bodies }> {
    const bodies = new Bodies();
    const pool = await under.create({ concurrency, execute: bodies.execute, timer: createTimer() });
    await pool.start();
    return { pool, bodies };
  }

  describe(`the ${under.name} pool`, () => {
    it('tells of a job that it was accepted, then its outcome, once each', async () => {
      const { pool, bodies } = await open();
      const callbacks = new Callbacks();
      pool.apply(job('a'), callbacks);
      await until(() => bodies.started.length === 1, 'the body to start');
      expect(pool.active).toBe(1);
      bodies.finish('a');
      await until(() => callbacks.outcome, 'the outcome');
      expect(callbacks.calls).toEqual(['accepted', 'done SUCCESS']);
      expect(pool.active).toBe(0);
      await pool.stop('warm');
    });

    it('runs no more than its limit, and the others in order', async () => {
      const { pool, bodies } = await open(2);
      const callbacks = ['a', 'b', 'c', 'd'].map((id) => {
        const t = new Callbacks();
        pool.apply(job(id), t);
        return t;
      });
      await until(() => bodies.started.length === pool.limit, 'the first bodies');
      expect(callbacks.filter((t) => t.calls.length > 0).length).toBe(pool.limit);
      for (const [index, id] of ['a', 'b', 'c', 'd'].entries()) {
        // One after another: two that may begin at once do so in any order.
        await until(() => bodies.started.length >= Math.min(4, index + pool.limit), `body ${id} and its neighbours`);
        bodies.finish(id);
      }
      await until(() => callbacks.every((t) => t.outcome), 'all outcomes');
      expect(bodies.started.slice(pool.limit)).toEqual(['a', 'b', 'c', 'd'].slice(pool.limit));
      await pool.stop('warm');
    });

    it('frees the place of a job at its hard limit with FAILURE TimeLimitExceeded, and drops what its body still says', async () => {
      const { pool, bodies } = await open(1);
      const callbacks = new Callbacks();
      const next = new Callbacks();
      pool.apply(job('a', { hard: 20 }), callbacks);
      pool.apply(job('b'), next);
      await until(() => callbacks.outcome, 'the outcome');
      expect(callbacks.calls).toEqual(['accepted', 'hard', 'done FAILURE']);
      expect(callbacks.outcome).toMatchObject({ timeout: true, excRepr: 'TimeLimitExceeded(0.02)', traceback: null });
      await until(() => bodies.started.includes('b'), 'the next body');
      bodies.finish('a');
      bodies.finish('b');
      await until(() => next.outcome, 'the next outcome');
      expect(callbacks.calls.length).toBe(3);
      await pool.stop('warm');
    });

    it('tells a body of its soft limit and lets it finish', async () => {
      const { pool, bodies } = await open();
      const callbacks = new Callbacks();
      pool.apply(job('a', { soft: 10, hard: 600_000 }), callbacks);
      await until(() => callbacks.calls.includes('soft'), 'the soft limit');
      await until(() => bodies.aborted.get('a')?.name === 'SoftTimeLimitExceeded', 'the signal');
      bodies.finish('a');
      await until(() => callbacks.outcome, 'the outcome');
      expect(callbacks.calls).toEqual(['accepted', 'soft', 'done SUCCESS']);
      await pool.stop('warm');
    });

    it('ends a running job that is terminated as REVOKED', async () => {
      const { pool, bodies } = await open();
      const callbacks = new Callbacks();
      const running = pool.apply(job('a'), callbacks);
      await until(() => bodies.started.length === 1, 'the body to start');
      running.terminate('SIGKILL');
      await until(() => callbacks.outcome, 'the outcome');
      expect(callbacks.outcome).toMatchObject({ state: 'REVOKED', terminated: true, signum: 9 });
      if (pool.canTerminate === 'abort') expect(bodies.aborted.get('a')?.name).toBe('Terminated');
      running.terminate('SIGTERM');
      expect(callbacks.calls).toEqual(['accepted', 'done REVOKED']);
      await pool.stop('warm');
    });

    it('never starts a job that was terminated while it waited, or that may not start when its turn comes', async () => {
      const { pool, bodies } = await open(1);
      const [first, second, third, fourth] = [new Callbacks(), new Callbacks(), new Callbacks(), new Callbacks()];
      pool.apply(job('a'), first);
      const waiting = pool.apply(job('b'), second);
      pool.apply(job('c'), third);
      pool.apply(job('d'), fourth);
      third.may = false;
      waiting.terminate('SIGTERM');
      await until(() => bodies.started.includes('a'), 'the first body');
      bodies.finish('a');
      await until(() => bodies.started.includes('d'), 'the last body');
      bodies.finish('d');
      await until(() => fourth.outcome, 'the last outcome');
      expect(bodies.started).toEqual(['a', 'd']);
      expect(second.calls).toEqual(['done REVOKED']);
      expect(third.calls).toEqual([]);
      await pool.stop('warm');
    });

    it('finishes what it was given when it is stopped warm', async () => {
      const { pool, bodies } = await open(1);
      const callbacks = [new Callbacks(), new Callbacks()];
      pool.apply(job('a'), callbacks[0]!);
      pool.apply(job('b'), callbacks[1]!);
      let stopped = false;
      const stopping = pool.stop('warm').then(() => {
        stopped = true;
      });
      await until(() => bodies.started.includes('a'), 'the first body');
      bodies.finish('a');
      await until(() => bodies.started.includes('b'), 'the second body');
      expect(stopped).toBe(false);
      bodies.finish('b');
      await stopping;
      expect(callbacks.map((t) => t.calls.at(-1))).toEqual(['done SUCCESS', 'done SUCCESS']);
    });

    it('gives every job its outcome when it is stopped cold', async () => {
      const { pool, bodies } = await open(1);
      const callbacks = [new Callbacks(), new Callbacks()];
      pool.apply(job('a'), callbacks[0]!);
      pool.apply(job('b'), callbacks[1]!);
      await until(() => bodies.started.includes('a'), 'the first body');
      await pool.stop('cold');
      await until(() => callbacks.every((t) => t.outcome), 'both outcomes');
      expect(callbacks.map((t) => t.outcome)).toMatchObject([{ workerLost: true }, { workerLost: true }]);
      expect(pool.active).toBe(0);
    });

    it('takes neither a limit nor a terminate for more than what its body came to, once that has ended', async () => {
      const timer = new ManualTimer();
      let store = () => {};
      const execute: PoolContext['execute'] = (_job, _stop, bodyEnded) => {
        bodyEnded(false);
        const outcome = { id: 'a', name: 'test', runtimeMs: 1, state: 'SUCCESS', value: 1, resultRepr: '1' } as const;
        return new Promise((resolve) => {
          store = () => resolve(outcome);
        });
      };
      const pool = await under.create({ concurrency: 1, execute, timer });
      await pool.start();
      const callbacks = new Callbacks();
      const running = pool.apply(job('a', { soft: 500_000, hard: 1_000_000 }), callbacks);
      await until(() => timer.size === 0 && callbacks.calls.length === 1, 'the body to end');
      await new Promise(setImmediate);
      timer.advance(10_000_000);
      running.terminate('SIGTERM');
      expect(callbacks.calls).toEqual(['accepted']);
      store();
      await until(() => callbacks.outcome, 'the outcome');
      expect(callbacks.calls).toEqual(['accepted', 'done SUCCESS']);
    });

    it('takes a body that blocked past its hard limit for one that exceeded it, unless it asked for a retry', async () => {
      const timer = new BlockedTimer();
      const reasons: (Error | null)[] = [];
      const execute: PoolContext['execute'] = async ({ id }, stop, bodyEnded) => {
        timer.blockedMs += 20;
        bodyEnded(id === 'retried');
        reasons.push(stop.reason);
        return { id, name: 'test', runtimeMs: 20, state: 'SUCCESS', value: id, resultRepr: id };
      };
      const pool = await under.create({ concurrency: 3, execute, timer });
      // Where it can be killed it does not come so far.
      if (pool.canTerminate === 'kill') return;
      await pool.start();
      const [blocks, retried, quick] = [new Callbacks(), new Callbacks(), new Callbacks()];
      pool.apply(job('blocks', { hard: 15 }), blocks);
      pool.apply(job('retried', { hard: 15 }), retried);
      // What the others block is not its time.
      pool.apply(job('quick', { hard: 30 }), quick);
      await until(() => quick.outcome, 'the outcomes');
      expect(blocks.calls).toEqual(['accepted', 'hard', 'done FAILURE']);
      expect(reasons[0]?.name).toBe('TimeLimitExceeded');
      expect(retried.calls).toEqual(['accepted', 'done SUCCESS']);
      expect(quick.calls).toEqual(['accepted', 'done SUCCESS']);
    });

    it('can be stopped again, the harsher way holds, and before it was started', async () => {
      const { pool, bodies } = await open(1);
      const callbacks = new Callbacks();
      pool.apply(job('a'), callbacks);
      await until(() => bodies.started.includes('a'), 'the body');
      const warm = pool.stop('warm');
      await pool.stop('cold');
      await warm;
      expect(callbacks.outcome).toMatchObject({ state: 'FAILURE', workerLost: true });
      await pool.stop('warm');
      const idle = await under.create({ concurrency: 1, execute: bodies.execute, timer: createTimer() });
      await idle.stop('cold');
    });

    it('names the processes its bodies run in, and puts new ones in their place or says that it has none', async () => {
      const { pool } = await open(1);
      const before = [...pool.pids];
      expect(before.length).toBeGreaterThan(0);
      if (pool.canTerminate === 'abort') {
        await expect(pool.restart()).rejects.toThrow(`The ${pool.name} pool has no processes to restart`);
        expect(pool.pids).toEqual(before);
      } else {
        await pool.restart();
        expect(pool.pids.some((pid) => before.includes(pid))).toBe(before.includes(process.pid));
      }
      await pool.stop('warm');
    });

    it('tells what Celery’s pools tell of themselves', async () => {
      const { pool } = await open(2);
      expect(pool.info()).toMatchObject({ 'max-concurrency': pool.limit, processes: expect.any(Array) });
      await pool.stop('warm');
    });

    if (under.single) {
      it('cannot grow', async () => {
        const { pool } = await open();
        expect(() => pool.grow(1)).toThrow(/one task at a time/);
        await pool.stop('warm');
      });
    } else {
      it('grows, shrinks, and never shrinks below one', async () => {
        const { pool, bodies } = await open(1);
        pool.apply(job('a'), new Callbacks());
        pool.apply(job('b'), new Callbacks());
        pool.grow(1);
        await until(() => bodies.started.length === 2, 'the second body');
        pool.shrink(10);
        expect(pool.limit).toBe(1);
        bodies.finish('a');
        bodies.finish('b');
        await pool.stop('warm');
      });
    }
  });
}
