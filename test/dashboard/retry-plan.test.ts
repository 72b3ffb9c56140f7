// What a page shows of a call before it is sent again: whole as long as it can be read, its beginning and its size beyond.
import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import type { RetryPlan } from '../../shared/wire/task-values.ts';
import { listening } from '../support/listening.ts';
import { until } from '../support/until.ts';

it('a call is shown whole, and a very long one by its beginning', async () => {
  const { dashboard, cluster, emit } = await listening({ broker: `memory://${randomUUID()}`, db: ':memory:' });
  const plan = async (text: string) => {
    const uuid = randomUUID();
    const call = { uuid, name: 'shop.add', args: `('${text}',)`, kwargs: "{'n': 1}", queue: 'celery' };
    await emit([
      { type: 'task-sent', ...call },
      { type: 'task-received', ...call },
      { type: 'task-failed', uuid, exception: 'E()' },
    ]);
    await until(() => cluster.state.tasks.get(uuid)?.state === 'FAILURE', 'it to fail');
    return (await dashboard.app.inject(`/api/v2/tasks/${uuid}/retry`)).json<RetryPlan>();
  };
  const short = await plan('a');
  expect(short.call).toBe("shop.add('a', n=1)");
  const long = await plan('x'.repeat(30_000));
  expect(long.call).toMatch(/^shop\.add\('x+\.\.\. \(30017 characters\)$/);
  expect(long.call!.replace(/\.\.\. .*$/, '')).toHaveLength(20_000);
});
