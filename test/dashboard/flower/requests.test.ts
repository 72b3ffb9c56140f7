// What Flower's paths take and refuse, who may, and where its old pages lead: without a cluster. Their answers: api.test.ts.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { DashboardOptions } from '../../../server/dashboard/options.ts';
import { FLOWER_ROUTES } from '../../../server/dashboard/routes/flower/flower.ts';
import { resultOutcome } from '../../../server/dashboard/views/result-reply.ts';
import { buildResultMeta } from '../../../server/protocol/result-meta.ts';
import { createMasking } from '../../../shared/masking.ts';
import { Decimal } from '../../../shared/python-values.ts';
import { makeDashboard } from '../../support/dashboard-shop.ts';
import { FLOWER_CASES } from '../../support/flower-replay.ts';

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
const pathOf = (path: string) => path.replace('*', 'name');
const basic = (login: string) => ({ authorization: `Basic ${Buffer.from(login).toString('base64')}` });
const opened = (options: DashboardOptions = {}) => makeDashboard({ inspect_timeout: 50, ...options });

it('has the endpoints of Flower, all of which are replayed', () => {
  expect(FLOWER_ROUTES.filter(({ path }) => path.startsWith('/api/'))).toHaveLength(20);
  for (const { path, method } of FLOWER_ROUTES)
    expect(
      FLOWER_CASES.some(({ ask }) => {
        const [verb, url] = ask.split(/[ ?]/) as [string, string];
        return method.includes(verb) && url.startsWith(path.replace('*', ''));
      }),
      path,
    ).toBe(true);
});

it('tells of a result as JSON where it is that, else as Python prints it, without secrets', () => {
  const meta = (status: string, result: unknown) =>
    resultOutcome(buildResultMeta({ task_id: 'x', status, result, traceback: 'T', nowMs: 0 }), createMasking());
  expect(meta('SUCCESS', { n: [1, 2.5, null, 10n ** 20n] })).toEqual({
    state: 'SUCCESS',
    fields: { result: { n: [1, 2.5, null, 10n ** 20n] } },
  });
  expect(meta('SUCCESS', { price: new Decimal('12.50'), password: 'x1y2' }).fields.result).toBe(
    "{'price': Decimal('12.50'), 'password': '********'}",
  );
  expect(meta('FAILURE', { exc_type: 'KeyError', exc_message: ['a'], exc_module: 'builtins' })).toEqual({
    state: 'FAILURE',
    fields: { result: "KeyError('a')", traceback: 'T' },
  });
  expect(
    meta('REVOKED', { exc_type: 'TaskRevokedError', exc_message: ['revoked'], exc_module: 'celery.exceptions' }),
  ).toEqual({ state: 'REVOKED', fields: { result: "TaskRevokedError('revoked')" } });
  for (const state of ['STARTED', 'PROGRESS']) expect(meta(state, { current: 1 })).toEqual({ state, fields: {} });
  expect(resultOutcome(null, createMasking())).toEqual({ state: 'PENDING', fields: {} });
});

describe('who may', () => {
  it('answers whom the login says, and tells of a wrong one by 401 alone', async () => {
    const { app } = opened({ basic_auth: 'mira:secret' });
    for (const { method, path } of FLOWER_ROUTES) {
      const url = pathOf(path);
      const reply = await app.inject({ method: method === 'POST' ? 'POST' : 'GET', url });
      expect([path, reply.statusCode, reply.body]).toEqual([path, 401, '']);
      expect(reply.headers).not.toHaveProperty('www-authenticate');
    }
    const wrong = await app.inject({ url: '/api/workers', headers: basic('mira:wrong') });
    expect([wrong.statusCode, wrong.body, wrong.headers['www-authenticate']]).toEqual([401, '', undefined]);
    const right = await app.inject({ url: '/api/workers', headers: basic('mira:secret') });
    expect([right.statusCode, right.body]).toEqual([200, '{}']);
  });

  it('changes nothing when it is read only, and says so as Flower does', async () => {
    const { app } = opened({ read_only: true });
    for (const { access, errors, method, path } of FLOWER_ROUTES) {
      const reply = await app.inject({ method: method === 'POST' ? 'POST' : 'GET', url: pathOf(path) });
      if (access === 'viewer') expect([path, reply.statusCode]).not.toEqual([path, 403]);
      else
        expect([path, reply.statusCode, reply.body]).toEqual([
          path,
          403,
          errors === 'status' ? '' : 'Read only mode is enabled',
        ]);
    }
  });

  it('takes nothing from pages of other sites, and from trusted ones what Flower took from all', async () => {
    const { app } = opened({ trusted_origins: ['https://ops.example.com'] });
    const ask = (method: 'GET' | 'POST' | 'OPTIONS', origin: string, url = '/api/task/revoke/x') =>
      app.inject({ method, url, headers: { origin, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' } });
    for (const method of ['POST', 'OPTIONS'] as const) {
      const reply = await ask(method, 'https://evil.example');
      expect([reply.statusCode, reply.headers['access-control-allow-origin']]).toEqual([403, undefined]);
    }
    expect((await ask('GET', 'https://evil.example', '/api/tasks')).statusCode).toBe(403);
    const preflight = await ask('OPTIONS', 'https://ops.example.com');
    expect([preflight.statusCode, preflight.body, preflight.headers]).toEqual([
      204,
      '',
      expect.objectContaining({
        'access-control-allow-origin': 'https://ops.example.com',
        'access-control-allow-methods': 'PUT, DELETE, OPTIONS, POST, GET, PATCH',
        'access-control-allow-headers': 'x-requested-with, access-control-allow-origin, authorization, content-type',
      }),
    ]);
    const read = await ask('GET', 'https://ops.example.com', '/api/tasks');
    expect([read.statusCode, read.headers['access-control-allow-origin']]).toEqual([200, 'https://ops.example.com']);
    expect((await app.inject({ method: 'OPTIONS', url: '/api/tasks' })).statusCode).toBe(204);
  });
});

it('answers a method that a path does not have with 405 and nothing else', async () => {
  const { app } = opened();
  for (const { method, path } of FLOWER_ROUTES)
    for (const wrong of METHODS.filter((one) => !method.includes(one))) {
      const reply = await app.inject({ method: wrong, url: pathOf(path) });
      expect([wrong, path, reply.statusCode, reply.body]).toEqual([wrong, path, 405, '']);
      expect(reply.headers.allow).toContain(method);
    }
});

it('says with 503 that the broker is away', async () => {
  const { app } = opened({ broker: 'redis://127.0.0.1:1/0' });
  const refreshed = await app.inject({ url: '/api/workers?refresh=1' });
  expect([refreshed.statusCode, refreshed.body]).toEqual([503, expect.stringMatching(/^Failed to update workers: ./)]);
  const revoked = await app.inject({ method: 'POST', url: '/api/task/revoke/x' });
  expect([revoked.statusCode, revoked.body]).toEqual([503, 'Broker or result backend unavailable']);
  const sent = await app.inject({ method: 'POST', url: '/api/task/send-task/shop.add' });
  expect([sent.statusCode, sent.body]).toEqual([503, '']);
  expect((await app.inject({ url: '/api/tasks' })).statusCode).toBe(200);
});

it('says with 503 that a stored result cannot be read', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'umbel-flower-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'celery-task-meta-odd'), Buffer.from('ff7b', 'hex'));
  const { app } = opened({ result_backend: `file://${folder}` });
  const reply = await app.inject({ url: '/api/task/result/odd' });
  expect([reply.statusCode, reply.body]).toEqual([503, 'The stored result cannot be read']);
});

it.each(['', '/ops/celery'])("leads Flower's old pages to ours below %j, and nowhere else", async (url_prefix) => {
  const { app } = opened({ url_prefix });
  const where = async (path: string) => {
    const { headers, statusCode } = await app.inject({ url: `${url_prefix}${path}` });
    return [statusCode, headers.location];
  };
  for (const [old, place] of [
    ['/dashboard', '/workers'],
    ['/monitor', '/'],
    ['/worker/celery@web', '/workers/celery%40web'],
    ['/worker/a%2Fb', '/workers/a%2Fb'],
    ['/task/3f2c', '/tasks/3f2c'],
    ['/task//evil.example', '/tasks/%2Fevil.example'],
    ['/task/..%2F..', '/tasks/..%2F..'],
  ])
    expect([old, ...(await where(old!))]).toEqual([old, 302, url_prefix + place]);
  // Pages of these names are ours too: here without any that were built.
  for (const page of ['/workers', '/tasks', '/workers?json=0', '/tasks/3f2c']) expect((await where(page))[0]).toBe(503);
  expect((await app.inject({ url: `${url_prefix}/workers?json=1` })).json()).toEqual({ data: [] });
  expect((await app.inject({ url: `${url_prefix}/api/workers` })).json()).toEqual({});
});

it('answers whatever a request holds, and never with 500', async () => {
  const { app } = opened({ result_backend: 'memory://flower-fuzz' });
  const names = ['args', 'kwargs', 'n', 'min', 'max', 'queue', 'signal', 'terminate', 'timeout', 'workername', 'soft'];
  names.push('ratelimit', 'limit', 'offset', 'sort_by', 'search', 'received_start', 'state', 'draw', 'start', 'length');
  names.push('order[0][column]', 'columns[0][data]', 'search[value]', 'eta', 'expires', 'countdown', 'task_id', 'link');
  const word = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.constantFrom('0', '-1', '1e999', '9999999999999999999', 'true', 'All', '-received', '2026-02-30 10:00', 'NaN'),
    fc.constantFrom('0001-01-01 00:00', '9999-99-99 00:00', '(', 'name:/(a+)+$/', "'; DROP TABLE tasks", '\0', '~..'),
  );
  const values = fc.dictionary(fc.constantFrom(...names), word, { maxKeys: 5 });
  const json = fc.dictionary(fc.constantFrom(...names, 'priority', 'headers'), fc.jsonValue(), { maxKeys: 5 });
  const asked = fc.record({
    route: fc.constantFrom(...FLOWER_ROUTES),
    name: word,
    query: values,
    body: fc.oneof(
      values.map((v) => [new URLSearchParams(v).toString(), 'application/x-www-form-urlencoded'] as const),
      json.map((v) => [JSON.stringify(v), 'application/json'] as const),
      fc.constantFrom(['{"args":[', 'text/plain'] as const, ['--x\r\n', 'multipart/form-data; boundary=x'] as const),
      fc.constant(['['.repeat(5000), 'application/json'] as const),
    ),
  });
  await fc.assert(
    fc.asyncProperty(asked, async ({ route: { method, path }, name, query, body: [payload, type] }) => {
      // As a step within the path it would be another's.
      const at = /^\.\.?$/.test(name) ? 'name' : encodeURIComponent(name.replace(/\p{Surrogate}/gu, '?'));
      // A result that does not come is waited for as long as one asks for.
      const { timeout, ...others } = query;
      const bounded: Record<string, string> =
        timeout === undefined ? {} : { timeout: Number(timeout) > 0.1 ? '0.1' : timeout };
      const url = `${path.replace('*', () => at)}?${new URLSearchParams({ ...others, ...bounded })}`;
      const sends = method === 'POST' ? { payload, headers: { 'content-type': type } } : {};
      const { statusCode, body } = await app.inject({ method: method === 'POST' ? 'POST' : 'GET', url, ...sends });
      expect([200, 400, 403, 404, 503], `${path} ${url} ${payload}: ${statusCode} ${body}`).toContain(statusCode);
    }),
    { numRuns: process.env['UMBEL_LONG'] ? 400 : 100 },
  );
});
