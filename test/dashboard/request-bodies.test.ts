// Bodies of requests: read, and judged by the schema of their route before anything is done. Product: server/dashboard/routes/body.ts.
import { randomUUID } from 'node:crypto';
import { afterAll, expect, it } from 'vitest';
import { createDashboard } from '../../server/dashboard/dashboard.ts';
import { silentLogger } from '../../server/log.ts';
import type { QueueDetail } from '../../shared/wire/queues.ts';
import { ROUTES, type RouteKey } from '../../shared/wire/routes.ts';

const dashboard = createDashboard(
  { broker: `memory://${randomUUID()}`, db: ':memory:', port: 0 },
  { log: silentLogger, pages: null },
);
afterAll(() => dashboard.close());
const ask = (url: string) => dashboard.app.inject({ url });

it.each(Object.keys(ROUTES).filter((key) => 'body' in ROUTES[key as RouteKey]))(
  '%s refuses what its body does not have by name, before anything is done',
  async (key) => {
    const [method, path] = key.split(' ') as ['POST', string];
    const payload = { action: 'peek', kind: 'no-worker', constructor: 1 };
    const reply = await dashboard.app.inject({ method, url: `/api/v2${path}`, payload });
    const { detail, title } = reply.json<{ detail: string; title: string }>();
    expect([reply.statusCode, title, detail]).toEqual([
      400,
      expect.stringMatching(
        /^Bad (operation|schedule|view|token|sign-in|question|rule|switch|silence|automation|mode)$/,
      ),
      expect.stringMatching(/ has no "(action|kind|constructor)"\. It takes /),
    ]);
  },
);

it.each([
  ['application/json; charset=utf-16', 415],
  ['application/json; charset=latin1', 415],
  ['application/json-x', 415],
  ['application/json;charset="UTF-8"', 400],
  ['application/json', 400],
])('are read as UTF-8 only: %s gets %i', async (type, status) => {
  const post = {
    method: 'POST',
    url: '/api/v2/operations',
    headers: { 'content-type': type },
    payload: '{}',
  } as const;
  expect((await dashboard.app.inject(post)).statusCode).toBe(status);
});

it('are not unpacked', async () => {
  const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
  const post = { method: 'POST', url: '/api/v2/operations', headers, payload: '{"action":"heartbeat"}' } as const;
  expect((await dashboard.app.inject(post)).statusCode).toBe(415);
});

it('hold integers of any size as they were written', async () => {
  const call = '{"action":"send_task","task_name":"a","args":[1234567890123456789],"options":{"queue":"long"}}';
  const headers = { 'content-type': 'application/json' };
  const post = { method: 'POST', url: '/api/v2/operations', headers, payload: call } as const;
  const sent = await dashboard.app.inject(post);
  expect([sent.statusCode, sent.body]).toEqual([200, expect.stringContaining('[1234567890123456789]')]);
  expect((await ask('/api/v2/queues/long')).json<QueueDetail>().peek).toMatchObject([
    { args: '(1234567890123456789,)' },
  ]);
  expect((await ask('/api/v2/operations?action=send_task')).body).toContain('[1234567890123456789]');
  const refused = await dashboard.app.inject({ ...post, payload: '{"action":"pool_grow","n":1234567890123456789}' });
  expect([refused.statusCode, refused.json<{ detail: string }>().detail]).toEqual([
    400,
    expect.stringContaining("'n'"),
  ]);
});

it.each([
  { action: 'purge', queue: 'a\u0000b', confirm: 'a\u0000b' },
  { action: 'add_consumer', queue: 'q\r\nX: 1' },
  { action: 'rate_limit', task_name: 'x'.repeat(2000), rate_limit: '1/m' },
  { action: 'revoke', task_ids: ['\u001b[31m'] },
  { action: 'terminate', task_ids: ['a'], signal: '__proto__' },
  { action: 'pool_grow', n: 1, destination: ['w\n1@h'] },
])('with names that are none are refused: %j', async (payload) => {
  const reply = await dashboard.app.inject({ method: 'POST', url: '/api/v2/operations', payload });
  expect([reply.statusCode, reply.json<{ status: number }>().status]).toEqual([400, 400]);
});
