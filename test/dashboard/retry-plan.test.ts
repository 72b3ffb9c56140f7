// What a page shows of a call before it is sent again: whole as long as it can be read, its beginning and its size beyond; and what is
// said of the options it goes without, there and when it was sent.
import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import type { RetryPlan } from '../../shared/wire/task-values.ts';
import { operate } from '../support/dashboard-shop.ts';
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

it('which options are not known, and which are not sent again, is said before and after it is sent', async () => {
  const { dashboard, cluster, emit } = await listening({ broker: `memory://${randomUUID()}`, db: ':memory:' });
  const ids = [randomUUID(), randomUUID()];
  const carried = [{}, { priority: 4, headers: { tenant: 'x' }, expires: '2026-11-30T12:00:00+00:00' }];
  for (const [n, uuid] of ids.entries()) {
    const call = { uuid, name: 'shop.add', args: '(1,)', kwargs: '{}', queue: 'celery', ...carried[n] };
    await emit([
      { type: 'task-sent', ...call },
      { type: 'task-failed', uuid, exception: 'E()' },
    ]);
  }
  await until(() => ids.every((id) => cluster.state.tasks.get(id)?.state === 'FAILURE'), 'both to fail');
  const none = 'it had is not known any more: it is sent with none.';
  const said = [
    [`Which priority, headers, time limits, ignore_result, shadow name and stamps ${none}`],
    [`Which time limits, ignore_result, shadow name and stamps ${none}`, 'It is sent without its expiry.'],
  ];
  const notes = async (id: string) => (await dashboard.app.inject(`/api/v2/tasks/${id}/retry`)).json<RetryPlan>().notes;
  expect(await notes(ids[0]!)).toEqual(said[0]);
  expect(await notes(ids[1]!)).toEqual(['It keeps its priority 4 and its headers tenant.', ...said[1]!]);
  const { outcome, summary, answers } = await operate(dashboard, { action: 'retry', task_ids: ids });
  expect({ outcome, summary }).toEqual({
    outcome: 'ok',
    summary: '2 of 2 tasks sent again; not all options of 2 of them are known and sent',
  });
  expect(answers.map(({ text }) => text.slice(text.indexOf('. ') + 2))).toEqual(said.map((notes) => notes.join(' ')));
  const one = await operate(dashboard, { action: 'retry', task_ids: ids.slice(1) });
  expect(one.summary).toBe('1 of 1 task sent again; not all of its options are known and sent');
});
