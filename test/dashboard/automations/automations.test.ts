// Automations of a running dashboard: a task that fails is sent again by one, with a broker and a worker; a dry run does nothing; rights
// that are lost, failures in a row and a restart; who may write one.
import { expect, it } from 'vitest';
import type { DashboardOptions } from '../../../server/dashboard/dashboard.ts';
import { createTimer } from '../../../server/timer.ts';
import type {
  Automation,
  AutomationRequest,
  AutomationsReply,
  AutomationTrial,
} from '../../../shared/wire/automations.ts';
import type { OperationsPage } from '../../../shared/wire/operations.ts';
import type { TaskDetail } from '../../../shared/wire/tasks.ts';
import type { WorkersReply } from '../../../shared/wire/workers.ts';
import { PushedClock } from '../../support/clock.ts';
import { type makeDashboard, shop } from '../../support/dashboard-shop.ts';
import { listening, place, task } from '../../support/listening.ts';

const RETRY: AutomationRequest = {
  ...{ name: 'again', if: {}, cooldown: 0, max_per_hour: 10, retries: 2, breaker: 2 },
  when: { on: 'task-failed', task: 'shop.f*', exception: 'RangeError' },
  do: { action: 'retry', task_ids: ['{task_id}'] },
};
type Dash = ReturnType<typeof makeDashboard>;

const asking =
  (dashboard: Dash) =>
  async <T>(who: string, method: 'GET' | 'POST' | 'DELETE', path: string, payload?: object) => {
    const authorization = `Basic ${Buffer.from(`${who}:pw`).toString('base64')}`;
    const reply = await dashboard.app.inject({
      ...{ method, url: `/api/v2${path}`, headers: { authorization } },
      ...(payload && { payload }),
    });
    return { status: reply.statusCode, body: reply.json<T & { detail: string }>() };
  };
/** Newest last. */
const actsOf = async (dashboard: Dash, who = 'ann') =>
  (await asking(dashboard)<AutomationsReply>(who, 'GET', '/automations')).body.acts.reverse();

it('a task that fails is sent again as often as it may be, recorded under its own name; a dry run only lists it', async () => {
  const { dashboard, fail } = await shop();
  const ask = asking(dashboard);
  const made = await ask<Automation>('-', 'POST', '/automations', RETRY);
  expect(made.body).toMatchObject({ mode: 'dry-run', owner: 'anonymous', stopped: null, acts: 0 });
  await fail.delay();
  await expect
    .poll(() => actsOf(dashboard, '-'))
    .toMatchObject([{ mode: 'dry-run', outcome: 'would', operation: null }]);
  const { body: tried } = await ask<AutomationTrial>('-', 'POST', '/automations/try', RETRY);
  expect(tried).toMatchObject({ facts: 1, acts_total: 1, left: 0, acts: [{ action: 'retry' }] });

  const on = await ask<Automation>('-', 'POST', `/automations/${made.body.id}/mode`, { mode: 'on' });
  expect(on.body).toMatchObject({ mode: 'on', acts: 0 });
  const { id } = await fail.delay();
  const done = async () =>
    (await actsOf(dashboard, '-')).slice(1).map(({ outcome, because }) => `${outcome}: ${because}`);
  const again = expect.stringMatching(/^ok: shop\.fail \([-0-9a-f]{36}\) failed with RangeError$/);
  await expect.poll(done).toEqual([again, again]);
  expect((await done())[0]).toContain(id);
  // The third of its line is left alone.
  const left = async () => (await ask<AutomationsReply>('-', 'GET', '/automations')).body.items[0]?.left;
  await expect.poll(left).toMatchObject({ n: 1, reason: 'It was sent again by automations as often as it may be.' });
  const { items } = (await ask<OperationsPage>('-', 'GET', '/operations')).body;
  expect(items.reverse().map(({ who, action, outcome }) => `${who} ${action} ${outcome}`)).toEqual([
    ...['anonymous save_automation ok', 'anonymous save_automation ok'],
    ...['automation again (made by anonymous) retry ok', 'automation again (made by anonymous) retry ok'],
  ]);
});

it('acts as its maker may now; after failures in a row it is off; what it did is known after a restart', async () => {
  const where = { ...place(), basic_auth: ['ann:pw', 'op:pw', 'eve:pw'], inspect_timeout: 50 };
  const rules = (op: 'operator' | 'viewer'): DashboardOptions => ({
    ...where,
    access_rules: [
      { who: 'ann', role: 'admin' },
      { who: 'op', role: op },
      { who: 'eve', role: 'viewer' },
    ],
  });
  const first = await listening(rules('operator'));
  const ask = asking(first.dashboard);
  const failing = (uuid: string) => [
    ...task(uuid, { name: 'shop.fail' }).slice(0, 2),
    { type: 'task-failed', uuid, exception: 'RangeError()' },
  ];
  for (const [who, spec, status] of [
    ['eve', RETRY, 403],
    ['op', { ...RETRY, do: { action: 'pause_queue', queue: '{queue}' } }, 403],
    ['op', { ...RETRY, do: { action: 'purge', queue: 'x', confirm: 'x' } }, 400],
    ['op', { ...RETRY, do: { action: 'retry', task_ids: ['{subject}'] } }, 400],
    ['op', { ...RETRY, when: { ...RETRY.when, task: '' } }, 400],
    ['op', RETRY, 200],
    ['ann', RETRY, 409],
  ] as const)
    expect([who, spec, (await ask(who, 'POST', '/automations', spec)).status]).toEqual([who, spec, status]);
  const { token } = (
    await ask<{ token: string }>('ann', 'POST', '/tokens', { name: 't', scope: { role: 'admin' }, expires_in: null })
  ).body;
  const byToken = await first.dashboard.app.inject({
    ...{ method: 'POST', url: '/api/v2/automations', headers: { authorization: `Bearer ${token}` } },
    payload: { ...RETRY, name: 'by a token' },
  });
  expect([byToken.statusCode, byToken.json<{ detail: string }>().detail]).toEqual([
    403,
    'A token makes no automations and turns none on: sign in.',
  ]);
  const { items } = (await ask<AutomationsReply>('ann', 'GET', '/automations')).body;
  const { id } = items[0]!;
  // Of nobody: each act is refused.
  const slow = { action: 'rate_limit', task_name: '{task}', rate_limit: '1/m', destination: ['gone@h'] };
  expect((await ask('op', 'POST', `/automations/${id}`, { ...RETRY, do: slow })).status).toBe(200);
  expect((await ask<Automation>('op', 'POST', `/automations/${id}/mode`, { mode: 'on' })).body).toMatchObject({
    ...{ mode: 'on', owner: 'op' },
  });
  await first.emit([...failing('a'), ...failing('b')]);
  const state = async (dashboard: Dash) => {
    const { body } = await asking(dashboard)<AutomationsReply>('ann', 'GET', '/automations');
    return body.items.map(({ mode, failures, stopped }) => ({ mode, failures, reason: stopped?.reason }));
  };
  await expect
    .poll(() => state(first.dashboard))
    .toEqual([{ mode: 'off', failures: 2, reason: '2 in a row failed, the last: No worker named gone@h is known.' }]);
  await first.emit(failing('c'));
  // Heard while it is off, and not once it is on.
  await expect.poll(() => first.metrics()).toMatch(/^umbel_task_failures_total\{.*"shop\.fail".*\} 3$/m);
  expect((await ask<Automation>('op', 'POST', `/automations/${id}/mode`, { mode: 'on' })).body).toMatchObject({
    ...{ failures: 0, stopped: null },
  });
  await first.dashboard.close();

  const second = await listening(rules('viewer'));
  expect(await actsOf(second.dashboard)).toMatchObject([{ outcome: 'failed' }, { outcome: 'failed' }]);
  await second.emit(failing('d'));
  await expect
    .poll(() => state(second.dashboard))
    .toEqual([
      { mode: 'off', failures: 0, reason: 'rate_limit takes the role operator; op may only what a viewer may.' },
    ]);
  expect((await actsOf(second.dashboard)).at(-1)).toMatchObject({ outcome: 'refused', operation: null });
  const { body: log } = await asking(second.dashboard)<OperationsPage>('ann', 'GET', '/operations?outcome=refused');
  expect(log.items[0]).toMatchObject({
    who: 'automation again (made by op)',
    action: 'rate_limit',
    outcome: 'refused',
  });
  expect((await asking(second.dashboard)('op', 'DELETE', `/automations/${id}`)).status).toBe(403);
  expect((await asking(second.dashboard)('ann', 'DELETE', `/automations/${id}`)).status).toBe(200);
});

it('an alert that begins sets one off without any channel, once', async () => {
  const { dashboard, enqueue } = await listening(place());
  const ask = asking(dashboard);
  const rule = { name: 'deep', kind: 'queue-depth', match: '*', above: 1, severity: 'notice', for: 0, ends: 0 };
  expect((await ask('-', 'POST', '/alerts/rules', rule)).status).toBe(200);
  const spec = {
    ...{ ...RETRY, name: 'more', when: { on: 'alert-begins', rule: 'deep', subject: '*' } },
    do: { action: 'add_consumer', queue: '{queue}' },
  };
  expect(
    (await ask('-', 'POST', '/automations', { ...spec, do: { action: 'retry', task_ids: ['{task_id}'] } })).status,
  ).toBe(400);
  expect((await ask('-', 'POST', '/automations', spec)).status).toBe(200);
  for (let i = 0; i < 2; i++) await enqueue('jobs');
  await expect
    .poll(() => actsOf(dashboard, '-'))
    .toMatchObject([{ because: 'deep began: jobs', subject: 'jobs on every worker', outcome: 'would' }]);
});

it('a worker that goes offline sets one off; with read_only none acts, whatever happens', async () => {
  const where = place();
  const clock = new PushedClock();
  const timer = createTimer({ unref: true, clock });
  const offline = { ...RETRY, name: 'gone', when: { on: 'worker-offline', worker: 'w*' } };
  const first = await listening(where, { timer });
  const ask = asking(first.dashboard);
  for (const spec of [{ ...offline, do: { action: 'add_consumer', queue: 'jobs' } }, RETRY])
    expect((await ask('-', 'POST', '/automations', spec)).status).toBe(200);
  const seen = async ({ dashboard }: typeof first, status: string) => {
    const statuses = async () =>
      (await asking(dashboard)<WorkersReply>('-', 'GET', '/workers')).body.items.map((one) => one.status);
    await expect.poll(statuses).toEqual([status]);
    // And looked at.
    clock.push(1000);
  };
  const goes = async (at: typeof first) => {
    await at.emit([at.beat(1)]);
    await seen(at, 'online');
    await at.emit([{ type: 'worker-offline' }]);
    await seen(at, 'offline');
  };
  await goes(first);
  await expect
    .poll(() => actsOf(first.dashboard, '-'))
    .toMatchObject([{ because: 'w1 went offline', subject: 'jobs on every worker', outcome: 'would' }]);
  await first.dashboard.close();

  const second = await listening({ ...where, read_only: true }, { timer: createTimer({ unref: true, clock }) });
  await goes(second);
  await second.emit([
    ...task('a', { name: 'shop.fail' }).slice(0, 2),
    { type: 'task-failed', uuid: 'a', exception: 'RangeError()' },
  ]);
  const failed = async () => (await second.dashboard.app.inject('/api/v2/tasks/a')).json<TaskDetail>().state;
  await expect.poll(failed).toBe('FAILURE');
  const { body } = await asking(second.dashboard)<AutomationsReply>('-', 'GET', '/automations');
  expect([body.read_only, body.items.map(({ mode }) => mode), body.acts_total]).toEqual([
    true,
    ['dry-run', 'dry-run'],
    1,
  ]);
  expect((await asking(second.dashboard)('-', 'POST', '/automations', { ...RETRY, name: 'other' })).status).toBe(403);
});
