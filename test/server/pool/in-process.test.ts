import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Stop } from '../../../server/app/stop.ts';
import { createPool, poolNames } from '../../../server/pool/registry.ts';
import { createTimer } from '../../../server/timer.ts';
import { inProcessContract, job } from '../../contract/pool.ts';
import { until } from '../../support/until.ts';

inProcessContract({ name: 'async', single: false, create: (context) => createPool('async', context) });
inProcessContract({ name: 'solo', single: true, create: (context) => createPool('solo', context) });

describe('the pool registry', () => {
  it('names the pools it has when asked for another', async () => {
    const context = { concurrency: 1, execute: () => new Promise<never>(() => {}), timer: createTimer() };
    await expect(createPool('nowhere', context)).rejects.toThrow(`Known pools: ${poolNames().join(', ')}`);
  });

  it('takes gevent and eventlet for what they are here: many tasks at once in one process', async () => {
    const context = { concurrency: 1, execute: () => new Promise<never>(() => {}), timer: createTimer() };
    expect((await createPool('gevent', context)).name).toBe('async');
  });
});

describe('an in-process pool', () => {
  it('shows a body that overlooked its soft limit the harder reason when the hard limit comes', async () => {
    let signal: AbortSignal | undefined;
    const timer = createTimer();
    const execute = (_: unknown, stop: Stop) => {
      signal = stop.signal;
      return new Promise<never>(() => {});
    };
    const pool = await createPool('async', { concurrency: 1, execute, timer });
    let done = false;
    pool.apply(job('a', { soft: 5, hard: 15 }), {
      onAccepted() {},
      onTimeout() {},
      onDone() {
        done = true;
      },
    });
    await until(() => done, 'the hard limit');
    expect((signal!.reason as Error).name).toBe('TimeLimitExceeded');
  });

  it('turns an execute that breaks its promise into a failure', async () => {
    const execute = () => Promise.reject(new Error('broken'));
    const pool = await createPool('async', { concurrency: 1, execute, timer: createTimer() });
    const outcome = await new Promise((resolve) => {
      pool.apply(job('a'), { onAccepted() {}, onTimeout() {}, onDone: resolve });
    });
    expect(outcome).toMatchObject({ state: 'FAILURE', internal: true });
  });
});

describe('a pool of the user’s own', () => {
  it('is named by its module, by an export of it, or by the environment', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'umbel-own-pool-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    writeFileSync(
      join(folder, 'mine.mjs'),
      'export const createPool = ({ concurrency }) => ({ name: "mine", limit: concurrency }); export const other = () => ({ name: "other" }); export const none = 1;',
    );
    const source = { spec: null, workdir: folder, config: null, include: [], settings: [] };
    const context = { concurrency: 3, execute: () => new Promise<never>(() => {}), timer: createTimer(), source };
    expect(await createPool('./mine.mjs', context)).toEqual({ name: 'mine', limit: 3 });
    expect((await createPool('./mine.mjs:other', context)).name).toBe('other');
    await expect(createPool('./mine.mjs:none', context)).rejects.toThrow(/exports no none: write export function none/);
    vi.stubEnv('CELERY_CUSTOM_WORKER_POOL', './mine.mjs');
    onTestFinished(() => void vi.unstubAllEnvs());
    expect((await createPool('custom', context)).name).toBe('mine');
    expect((await createPool('celery.concurrency.gevent:TaskPool', context)).name).toBe('async');
  });
});
