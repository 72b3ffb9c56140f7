// The pages as a browser gets them: files, what stands in for a path of the SPA, headers, compression. The pages are small ones of
// our own, laid out as the build lays them out; the built ones are looked at in test/e2e.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib';
import compress from '@fastify/compress';
import helmet from '@fastify/helmet';
import fastifyStatic from '@fastify/static';
import fastify from 'fastify';
import { expect, it, onTestFinished } from 'vitest';
import { createDashboard, type Dashboard, type DashboardOptions } from '../../server/dashboard/dashboard.ts';
import { silentLogger } from '../../server/log.ts';

const SCRIPT = `console.log(${JSON.stringify('umbel '.repeat(500))});`;

function world(options: DashboardOptions = {}, built = true): { dashboard: Dashboard; pages: string } {
  const folder = mkdtempSync(join(tmpdir(), 'umbel-pages-'));
  const pages = join(folder, 'web');
  mkdirSync(join(pages, 'assets'), { recursive: true });
  writeFileSync(join(pages, 'index.html'), '<!doctype html><head><base href="/"></head><body>first</body>');
  writeFileSync(join(pages, 'icon.svg'), '<svg/>');
  writeFileSync(join(pages, 'assets/app-1234.js'), SCRIPT);
  writeFileSync(join(pages, 'assets/app-1234.js.br'), brotliCompressSync(SCRIPT));
  writeFileSync(join(pages, 'assets/app-1234.js.gz'), gzipSync(SCRIPT));
  writeFileSync(join(folder, 'secret.txt'), 'secret');
  const dashboard = createDashboard(
    { broker: 'memory://pages', db: join(folder, 'history.db'), port: 0, ...options },
    { log: silentLogger, pages: built ? pages : null },
  );
  onTestFinished(async () => {
    await dashboard.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return { dashboard, pages };
}

it('a path of the SPA is answered with index.html, whose base is the prefix', async () => {
  const { dashboard } = world({ url_prefix: '/ops/umbel' });
  for (const path of ['', 'tasks', 'tasks/some.task.id', 'workers/w1%40host.example', 'queues/a.b', 'index.html']) {
    const reply = await dashboard.app.inject(`/ops/umbel/${path}`);
    expect([path, reply.statusCode, reply.headers['content-type']]).toEqual([path, 200, 'text/html; charset=utf-8']);
    expect(reply.body).toContain('<base href="/ops/umbel/">');
    expect(reply.headers['cache-control']).toBe('no-cache');
  }
  // A proxy may have taken the prefix away: the same pages, whose addresses have it.
  for (const path of ['/', '/tasks']) {
    const stripped = await dashboard.app.inject(path);
    expect([path, stripped.statusCode, stripped.body]).toEqual([
      path,
      200,
      expect.stringContaining('<base href="/ops/umbel/">'),
    ]);
  }
  expect((await dashboard.app.inject({ method: 'HEAD', url: '/ops/umbel/tasks' })).statusCode).toBe(200);
  // What takes long is asked for before the scripts are read.
  const link = async (path: string) => (await dashboard.app.inject(`/ops/umbel/${path}`)).headers.link;
  expect([await link('workflows'), await link('workflows/a%22b')]).toEqual([undefined, undefined]);
  expect(await link('workflows/a-1')).toBe(
    '</ops/umbel/api/v2/tasks/a-1/workflow>; rel=preload; as=fetch; crossorigin=anonymous',
  );
});

const PAGES = { hidden: null, natural_time: true, auto_refresh: true, trace_url: null, timezone: null };
const TRACE_URL = 'https://t.example.com/?a=<b>"&quot;&id={trace_id}';
it.each([
  [{}, null],
  [
    { tasks_columns: 'name,uuid,state,kwargs,routing_key', natural_time: false },
    { ...PAGES, hidden: ['worker', 'retries', 'received', 'runtime'], natural_time: false },
  ],
  [{ tasks_columns: 'all' }, { ...PAGES, hidden: [] }],
  [{ auto_refresh: false }, { ...PAGES, auto_refresh: false }],
  [{ trace_url: TRACE_URL }, { ...PAGES, trace_url: TRACE_URL }],
  [{ settings: { timezone: 'Europe/Berlin' } }, { ...PAGES, timezone: 'Europe/Berlin' }],
])('what %j says of the pages stands in index.html', async (options, wanted) => {
  const { dashboard } = world(options);
  const { body } = await dashboard.app.inject('/');
  const meta = /<meta name="umbel-pages" content="([^"]*)">/.exec(body)?.[1];
  expect(meta === undefined ? null : JSON.parse(meta.replaceAll('&quot;', '"').replaceAll('&amp;', '&'))).toEqual(
    wanted,
  );
});

it('files are sent as compressed as the browser takes them; those with a hash are kept for ever', async () => {
  const { dashboard } = world();
  const fetchIt = (encoding: string) =>
    dashboard.app.inject({ url: '/assets/app-1234.js', headers: { 'accept-encoding': encoding } });
  const br = await fetchIt('gzip, deflate, br');
  expect(br.headers).toMatchObject({
    'content-encoding': 'br',
    'content-type': expect.stringMatching(/javascript; charset=utf-8/i),
    'cache-control': 'public, max-age=31536000, immutable',
    vary: 'accept-encoding',
    'x-content-type-options': 'nosniff',
  });
  expect(brotliDecompressSync(br.rawPayload).toString()).toBe(SCRIPT);
  expect(gunzipSync((await fetchIt('gzip')).rawPayload).toString()).toBe(SCRIPT);
  const plain = await fetchIt('identity');
  expect([plain.headers['content-encoding'], plain.body]).toEqual([undefined, SCRIPT]);
  const again = await dashboard.app.inject({
    url: '/icon.svg',
    headers: { 'if-none-match': (await dashboard.app.inject('/icon.svg')).headers.etag as string },
  });
  expect([again.statusCode, again.headers['cache-control']]).toEqual([304, 'no-cache']);
});

it('a file that is not there is a problem, and no path leads out of the folder', async () => {
  const { dashboard } = world();
  for (const path of [
    '/assets/gone.js',
    '/favicon.ico',
    '/../secret.txt',
    '/assets/../../secret.txt',
    '/%2e%2e/secret.txt',
    '/assets/%2e%2e%2f%2e%2e%2fsecret.txt',
    '/..%5csecret.txt',
    '/assets/%00.js',
  ]) {
    const reply = await dashboard.app.inject(path);
    expect([path, reply.statusCode >= 400 && reply.statusCode < 500]).toEqual([path, true]);
    expect(reply.headers['content-type']).toContain('application/problem+json');
    expect(reply.body).not.toContain(tmpdir());
  }
});

it('pages built anew are shown without a restart, and while they are put in place the last ones are', async () => {
  const { dashboard, pages } = world();
  expect((await dashboard.app.inject('/')).body).toContain('first');
  rmSync(pages, { recursive: true });
  expect((await dashboard.app.inject('/')).body).toContain('first');
  mkdirSync(join(pages, 'assets'), { recursive: true });
  writeFileSync(join(pages, 'index.html'), '<!doctype html><head></head><body>second</body>');
  writeFileSync(join(pages, 'assets/app-5678.js'), 'second();');
  const reply = await dashboard.app.inject('/');
  expect(reply.body).toContain('second');
  expect(reply.body).toContain('<base href="/">');
  expect((await dashboard.app.inject('/assets/app-5678.js')).body).toBe('second();');
});

it('pages that were never built are said to be so, and the API answers all the same', async () => {
  const { dashboard } = world({ url_prefix: '/ops' }, false);
  const reply = await dashboard.app.inject('/ops/tasks');
  expect(reply.statusCode).toBe(503);
  expect(reply.body).toContain('npm run build');
  expect(reply.body).toContain('href="/ops/api/v2/docs"');
  expect((await dashboard.app.inject('/ops/api/v2/tasks')).statusCode).toBe(200);
});

it('every reply, refusals too, forbids what is inline, foreign or framed', async () => {
  const { dashboard } = world({ basic_auth: 'ann:secret' });
  const authorization = `Basic ${Buffer.from('ann:secret').toString('base64')}`;
  for (const [url, status, headers] of [
    ['/', 200, { authorization }],
    ['/assets/app-1234.js', 200, { authorization }],
    ['/api/v2/docs', 200, { authorization }],
    ['/api/v2/nothing', 404, { authorization }],
    ['/', 401, {}],
  ] as const) {
    const reply = await dashboard.app.inject({ url, headers });
    expect([url, reply.statusCode]).toEqual([url, status]);
    const policy = String(reply.headers['content-security-policy']);
    expect(policy).toMatch(/^default-src 'none';/);
    for (const rule of ["script-src 'self'", "style-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"])
      expect(policy.split(';')).toContain(rule);
    expect(policy).not.toContain('unsafe');
    expect(reply.headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'same-origin',
      'cross-origin-opener-policy': 'same-origin',
      'permissions-policy': 'camera=(), geolocation=(), microphone=()',
    });
    expect(reply.headers).not.toHaveProperty('strict-transport-security');
  }
});

it('long replies of the API are compressed, short ones are not', async () => {
  const { dashboard } = world();
  const headers = { 'accept-encoding': 'br' };
  const long = await dashboard.app.inject({ url: '/api/v2/docs/json', headers });
  expect(long.headers['content-encoding']).toBe('br');
  expect(JSON.parse(brotliDecompressSync(long.rawPayload).toString())).toMatchObject({ openapi: '3.1.0' });
  const short = await dashboard.app.inject({ url: '/api/v2/queues', headers });
  expect(short.headers['content-encoding']).toBeUndefined();
});

it('the dashboard lives inside a server that uses the same plugins', async () => {
  const { dashboard, pages } = world();
  const host = fastify();
  onTestFinished(() => host.close());
  await host.register(helmet);
  await host.register(compress);
  await host.register(fastifyStatic, { root: join(pages, 'assets'), prefix: '/own/' });
  await host.register(dashboard.plugin, { prefix: '/umbel' });
  expect((await host.inject('/own/app-1234.js')).body).toBe(SCRIPT);
  const reply = await host.inject('/umbel/assets/app-1234.js');
  expect([reply.statusCode, reply.body]).toEqual([200, SCRIPT]);
  expect(reply.headers['content-security-policy']).toMatch(/^default-src 'none'/);
  expect((await host.inject('/umbel/tasks')).body).toContain('<base href="/umbel/">');
  expect((await host.inject('/umbel/api/v2/docs')).body).toContain('/tasks/{uuid}');
});
