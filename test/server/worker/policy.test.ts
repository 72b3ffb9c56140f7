// Limits of a task as they are given at run time, by Celery's remote commands: what holds for the next one of its name.
import { expect, it } from 'vitest';
import type { Celery } from '../../../server/app/celery.ts';
import { MANAGE } from '../../../server/worker/panel/manage.ts';
import type { PanelHandle } from '../../../server/worker/panel/registry.ts';
import { policyOf } from '../../../server/worker/policy.ts';
import { logger } from '../../flow/worker-world.ts';
import { makeApp } from '../../support/world.ts';

function given(app: Celery, worker: { timeLimit?: number; softTimeLimit?: number } = {}) {
  let resets = 0;
  const lines: string[] = [];
  const handle = { app, log: logger(lines), resetLimits: () => resets++ } as unknown as PanelHandle;
  const context = { app, monotonic: () => 0, timeLimit: null, softTimeLimit: null, ...worker };
  return {
    lines,
    resets: () => resets,
    control: (command: string, args: Record<string, unknown>) =>
      MANAGE[command]!(handle, { task_name: 'one', ...args }),
    policy: () => policyOf(app.tasks.get('one')!, context),
  };
}

it('time limits given at run time take the place of the task’s own, and zero or nothing leaves them to the worker', () => {
  const app = makeApp({ settings: { task_soft_time_limit: 200 } });
  app.task({ name: 'one', time_limit: 20, soft_time_limit: 10 }, () => 1);
  const { control, policy, resets, lines } = given(app, { timeLimit: 300 });
  const limits = () => [policy().softTimeLimitMs, policy().timeLimitMs];
  expect(limits()).toEqual([10_000, 20_000]);
  expect(control('time_limit', { soft: 1, hard: '2.5' })).toEqual({ ok: 'time limits set successfully' });
  expect(limits()).toEqual([1000, 2500]);
  for (const none of [0, null, undefined]) {
    control('time_limit', { soft: none, hard: none });
    expect(limits()).toEqual([200_000, 300_000]);
  }
  control('time_limit', { hard: 5 });
  expect(limits()).toEqual([200_000, 5000]);
  expect(resets()).toBe(5);
  expect(lines.at(-1)).toBe('INFO New time limits for tasks of type one: soft=null hard=5');
  expect(() => control('time_limit', { soft: 'soon' })).toThrow('soft must be seconds, not soon');
  expect(() => control('time_limit', { hard: -1 })).toThrow('hard must be seconds, not -1');
  expect(limits()).toEqual([200_000, 5000]);
  expect(control('time_limit', { task_name: 'two', hard: 1 })).toEqual({ error: 'unknown task' });
});

it('a rate limit of zero or nothing is none, also where a default one is set; one that is none changes nothing', () => {
  const app = makeApp({ settings: { task_default_rate_limit: '1/h' } });
  app.task({ name: 'one' }, () => 1);
  const { control, policy, resets } = given(app);
  const waitMs = () => {
    const { bucket } = policy();
    bucket?.consume();
    return bucket && Math.round(bucket.expectedMs());
  };
  expect(waitMs()).toBe(3_600_000);
  expect(control('rate_limit', { rate_limit: '10/s' })).toEqual({ ok: 'new rate limit set successfully' });
  expect(waitMs()).toBe(100);
  expect(control('rate_limit', { rate_limit: 'often' })).toMatchObject({
    error: expect.stringMatching(/^Invalid rate limit string: ValueError\(/),
  });
  expect(() => control('rate_limit', { rate_limit: '1/x' })).toThrow(expect.objectContaining({ name: 'KeyError' }));
  expect(control('rate_limit', { task_name: 'two', rate_limit: '1/s' })).toEqual({ error: 'unknown task' });
  expect([waitMs(), resets()]).toEqual([100, 1]);
  for (const none of [0, '0', null, '']) {
    control('rate_limit', { rate_limit: '10/s' });
    expect(control('rate_limit', { rate_limit: none })).toMatchObject({ ok: expect.any(String) });
    expect(waitMs()).toBeNull();
  }
  expect(control('rate_limit', { rate_limit: 0 })).toEqual({ ok: 'rate limit disabled successfully' });
});
