// Addresses that mean what programs ask, written so that no route has them: none is answered by a page, which has status 200.
import { randomUUID } from 'node:crypto';
import { get } from 'node:http';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createDashboard } from '../../server/dashboard/dashboard.ts';
import { createLogger, silentLogger } from '../../server/log.ts';

const dashboard = createDashboard(
  { broker: `memory://${randomUUID()}`, db: ':memory:', port: 0 },
  { log: silentLogger, pages: null },
);
let port: string;
const lines: string[] = [];
beforeAll(async () => {
  port = new URL(await dashboard.listen()).port;
});
const below = createDashboard(
  { broker: `memory://${randomUUID()}`, db: ':memory:', url_prefix: '/mon/umbel', port: 0 },
  { log: createLogger({ level: 'WARNING', write: (line) => lines.push(line) }), pages: null },
);
afterAll(async () => {
  await dashboard.close();
  await below.close();
});

/** As it is written: a URL would put it right. */
function asked(path: string, at = port): Promise<{ status: number | undefined; type: string | undefined }> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port: at, path, agent: false }, (reply) => {
      reply.resume().on('end', () => resolve({ status: reply.statusCode, type: reply.headers['content-type'] }));
    }).on('error', reject);
  });
}

it.each([
  ...['//api/v2/tasks', '///api', '/API/v2/tasks', '/Api', '/%2561pi/v2/tasks', '/api%2Fv2%2Ftasks', '/x/%2e%2e/api'],
  ...['/\\api/v2', '//metrics', '/METRICS', '//readyz', '//healthcheck', '/Alive/w1', '//alive/w1', '/api;x=1/v2'],
])('%s is a problem', async (path) => {
  expect(await asked(path)).toEqual({ status: 404, type: expect.stringContaining('problem+json') });
});

it.each(['/apiary', '/tasks/api', '/workers/metrics', '/tasks?q=//api'])('%s is a page', async (path) => {
  // None is built here.
  expect((await asked(path)).status).toBe(503);
});

it.each([
  ...['/mon/umbel/api/v2/nothing', '//mon/umbel/api/v2/tasks', '/mon/umbel//api/v2/tasks', '/mon%2Fumbel/api/v2/tasks'],
  ...['/mon/umbel/mon/umbel/api/v2/tasks', '/Mon/Umbel/metrics', '/mon/umbel/mon%2Fumbel/readyz'],
])('below a prefix %s is a problem', async (url) => {
  const { statusCode, headers } = await below.app.inject({ url });
  expect([statusCode, headers['content-type']]).toEqual([404, expect.stringContaining('problem+json')]);
});

it('what is no path is a problem too, as is the connection too many in the log; who says nothing is looked for', async () => {
  const at = new URL(await below.listen()).port;
  expect(await asked('*', at)).toEqual({ status: 404, type: expect.stringContaining('problem+json') });
  for (let i = 0; i < 3; i++) below.app.server.emit('drop');
  expect(lines.filter((line) => line.includes('closed unanswered'))).toHaveLength(1);
  expect(below.app.server).toMatchObject({ headersTimeout: 10_000, connectionsCheckingInterval: 2000 });
});
