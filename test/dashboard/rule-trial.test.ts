// What the page of access asks: whom the rules are about, and what they say of somebody who asks for something.
import { randomUUID } from 'node:crypto';
import { expect, it, onTestFinished } from 'vitest';
import { createDashboard } from '../../server/dashboard/dashboard.ts';
import { silentLogger } from '../../server/log.ts';
import type { PeopleReply, RuleTrial } from '../../shared/wire/rules.ts';
import type { TokenMade } from '../../shared/wire/tokens.ts';

it('a rule is tried as the gate would ask it, of a name, of groups and of a token; people are known by what they did', async () => {
  const dashboard = createDashboard(
    {
      ...{ broker: `memory://${randomUUID()}`, db: ':memory:', port: 0, inspect_timeout: 50 },
      basic_auth: ['root:pw', 'op:pw', 'gone:pw'],
      access_rules: [
        { who: 'root', role: 'admin' },
        { who: ['op', 'group:ops'], role: 'operator', except: 'purge', queues: ['orders', 'mail'] },
        { who: '*@shop.example', role: 'admin', read_only: true, sees_tasks: 'shop.*' },
      ],
    },
    { log: silentLogger, pages: null },
  );
  onTestFinished(() => dashboard.close());
  await dashboard.start();
  const as = (who: string) => ({ authorization: `Basic ${Buffer.from(`${who}:pw`).toString('base64')}` });
  const get = (who: string, url: string) => dashboard.app.inject({ url: `/api/v2${url}`, headers: as(who) });
  const post = (who: string, url: string, payload: object) =>
    dashboard.app.inject({ method: 'POST', url: `/api/v2${url}`, headers: as(who), payload });
  const tried = async (query: Record<string, string>) => {
    const { allowed, reason, rule } = (await get('root', `/rules/try?${new URLSearchParams(query)}`)).json<RuleTrial>();
    return `${allowed ? 'yes' : 'no'} ${rule} ${reason ?? ''}`.trim();
  };

  expect(await tried({ who: 'eve' })).toBe('no null No rule lets eve in.');
  expect(await tried({ who: 'root', action: 'purge', queue: 'orders' })).toBe('yes 1');
  expect(await tried({ who: 'op', action: 'purge', queue: 'orders' })).toBe('no 2 op may not purge (rule 2).');
  expect(await tried({ who: 'kim', groups: 'all, ops', action: 'pause_queue', queue: 'mail' })).toBe(
    'no 2 pause_queue takes the role admin; kim may only what a operator may.',
  );
  expect(await tried({ who: 'kim', groups: 'ops', action: 'retry', task: 'shop.pay', queue: 'mail' })).toBe('yes 2');
  expect(await tried({ who: 'kim', groups: 'ops', action: 'retry', task: 'shop.pay' })).toBe(
    'no 2 kim may retry queues orders, mail only, not one whose name is not known (rule 2).',
  );
  for (const action of ['send_task', 'save_schedule', 'move'])
    expect(await tried({ who: 'op', action, queue: 'mail' }), action).toBe('yes 2');
  expect(await tried({ who: 'a@shop.example', action: 'retry' })).toBe(
    'no 3 retry changes something; a@shop.example may only look.',
  );
  expect(await tried({ who: 'a@shop.example', task: 'shop.pay', queue: 'q' })).toBe('yes 3');
  expect(await tried({ who: 'a@shop.example', task: 'hr.pay' })).toBe('no 3 a@shop.example does not see hr.pay.');

  const scope = { role: 'operator', actions: ['retry', 'purge'] };
  const made = await post('op', '/tokens', { name: 'cron', scope, expires_in: null });
  const { id: token } = made.json<TokenMade>().made;
  expect(await tried({ token, action: 'retry', queue: 'orders' })).toBe('yes 2');
  expect(await tried({ token, action: 'revoke', queue: 'orders' })).toBe('no 2 the token cron may not revoke.');
  expect(await tried({ token, action: 'purge', queue: 'orders' })).toBe('no 2 op may not purge (rule 2).');
  await dashboard.app.inject({ method: 'DELETE', url: `/api/v2/tokens/${token}`, headers: as('root') });
  expect(await tried({ token, action: 'retry', queue: 'orders' })).toBe('no null The token cron is revoked.');

  for (const bad of ['', '?who=a&token=b', '?who=a&action=fly'])
    expect((await get('root', `/rules/try${bad}`)).statusCode, bad).toBe(400);
  expect((await get('root', '/rules/try?token=none')).statusCode).toBe(404);
  expect((await get('op', '/rules/try?who=a')).statusCode).toBe(403);
  expect((await get('op', '/people')).statusCode).toBe(403);

  // One is signed in; a wrong login is nobody.
  await dashboard.app.inject({
    ...{ method: 'POST', url: '/api/v2/session', headers: { origin: 'http://localhost:80', host: 'localhost:80' } },
    payload: { user: 'root', password: 'pw' },
  });
  expect((await get('nobody', '/tasks')).statusCode).toBe(401);
  const { items, days } = (await get('root', '/people')).json<PeopleReply>();
  expect(days).toBe(30);
  expect(items.map(({ name, role, rule, acts, sessions }) => [name, role, rule, acts, sessions])).toEqual([
    // What they revoked, and what they made.
    ['root', 'admin', 1, 1, 1],
    ['op', 'operator', 2, 1, 0],
  ]);
});
