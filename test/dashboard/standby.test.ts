// Dashboards of one history: the first has it, the others pass everything on to it, and one takes its place. That a second one is refused
// without the option: restart.test.ts.
import { once } from 'node:events';
import { chownSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { createDashboard, type DashboardOptions } from '../../server/dashboard/dashboard.ts';
import { resolveOptions } from '../../server/dashboard/options.ts';
import { isOurs, lineOf } from '../../server/dashboard/replicas/line.ts';
import { silentLogger } from '../../server/log.ts';
import type { ClustersReply } from '../../shared/wire/clusters.ts';
import type { SessionsReply } from '../../shared/wire/session.ts';
import { place } from '../support/listening.ts';
import { freePort } from '../support/server-process.ts';
import { startUmbel } from '../support/umbel.ts';
import { until } from '../support/until.ts';

function make(options: DashboardOptions) {
  const one = createDashboard(
    { standby: true, port: 0, enable_events: false, inspect_timeout: 100, ...options },
    { log: silentLogger, pages: null },
  );
  onTestFinished(() => one.close());
  return one;
}

interface Ask {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  /** An address of this machine. */
  readonly from?: string;
}

/** A request, and the answer as soon as it has begun. */
async function begin(url: string, { method = 'GET', headers = {}, body, from }: Ask = {}): Promise<IncomingMessage> {
  const asked = request(url, { method, headers, ...(from === undefined ? {} : { localAddress: from }) });
  asked.end(body);
  const [reply] = (await once(asked, 'response')) as [IncomingMessage];
  return reply;
}

async function ask(url: string, options: Ask = {}) {
  const reply = await begin(url, options);
  let text = '';
  for await (const chunk of reply.setEncoding('utf8')) text += chunk;
  const { headers } = reply;
  return { status: reply.statusCode, headers, text, replica: headers['umbel-replica'], after: headers['retry-after'] };
}

const bearing = (pair: string) => ({ authorization: `Basic ${Buffer.from(pair).toString('base64')}` });
const ANN = bearing('ann:secret');
const JSON_BODY = { 'content-type': 'application/json' };

async function signIn(address: string, from?: string): Promise<string> {
  const reply = await ask(`${address}/api/v2/session`, {
    ...{ method: 'POST', headers: { ...JSON_BODY, origin: address } },
    ...{ body: JSON.stringify({ user: 'ann', password: 'secret', next: '/' }) },
    ...(from === undefined ? {} : { from }),
  });
  expect(reply.status).toBe(200);
  return reply.headers['set-cookie']![0]!.split(';')[0]!;
}

it('stands by while another dashboard has the history, passes on what it is asked, and takes its place', async () => {
  const where = { ...place(), basic_auth: ['ann:secret'], url_prefix: '/ops' };
  const first = make(where);
  const owner = await first.listen();
  expect(first.isStandingBy).toBe(false);
  // Of another port: browsers send cookies to both.
  const second = make({ ...where, port: await freePort() });
  const address = await second.listen();
  expect(second.isStandingBy).toBe(true);
  await expect(make({ ...where, standby: false }).listen()).rejects.toThrow(/Another dashboard uses the history file/);

  // As from the owner itself, to programs and pages; with whatever prefix it came.
  await expect.poll(async () => (await ask(`${address}/readyz`)).replica).toBe('standby; owner=answers');
  for (const [path, headers] of [
    ['/api/v2/workers', ANN],
    ['/api/v2/workers', {}],
    ['/api/v2/nothing', ANN],
    ['/alive/w1', {}],
    ['/readyz', {}],
    ['/tasks', { accept: 'text/html' }],
  ] as const) {
    const [ours, theirs] = [await ask(`${address}${path}`, { headers }), await ask(`${owner}${path}`, { headers })];
    expect([path, ours.status, ours.headers.location], path).toEqual([path, theirs.status, theirs.headers.location]);
    expect(ours.headers).toMatchObject({ 'content-security-policy': theirs.headers['content-security-policy'] });
  }
  expect((await ask(`${address.replace('/ops', '')}/api/v2/workers`, { headers: ANN })).status).toBe(200);
  // A body in pieces, one without end, none; and HEAD.
  const posted = (body: string | undefined, more: Record<string, string> = {}) =>
    ask(`${address}/api/v2/views`, {
      method: 'POST',
      headers: { ...ANN, ...JSON_BODY, ...more },
      ...(body && { body }),
    });
  expect((await posted('{"name":', { 'transfer-encoding': 'chunked' })).text).toContain('"status":400');
  expect((await posted(JSON.stringify('x'.repeat(2 * 1024 * 1024)))).status).toBe(413);
  expect((await posted(undefined)).status).toBe(400);
  expect(await ask(`${address}/api/v2/workers`, { method: 'HEAD', headers: ANN })).toMatchObject({
    status: 200,
    text: '',
  });
  // Another site's page is another site's here, too.
  expect((await posted('{}', { origin: 'http://elsewhere.example' })).status).toBe(403);

  // Probes are of this process; metrics of the cluster are not told twice, unless one asks for the owner's.
  expect(await ask(`${address}/healthcheck`)).toMatchObject({ text: 'OK', replica: 'standby; owner=answers' });
  const metrics = await ask(`${address}/metrics`);
  expect(metrics.text.match(/^\w+ \S+$/gm)).toEqual(['umbel_standby 1', 'umbel_standby_owner_up 1']);
  expect((await ask(`${address}/metrics?owner`)).text).toContain('umbel_build_info');

  // Streams and live pages go on as they come.
  const stream = await begin(`${address}/api/v2/events`, { headers: ANN });
  expect(stream.headers['content-type']).toContain('text/event-stream');
  stream.resume();
  const live = new WebSocket(`${address.replace('http', 'ws')}/api/v2/live`, { headers: ANN });
  const [hello] = (await once(live, 'message')) as [Buffer];
  expect(JSON.parse(hello.toString())).toMatchObject({ type: 'hello' });
  const refused = new WebSocket(`${address.replace('http', 'ws')}/api/v2/live`);
  expect(await once(refused, 'unexpected-response').then(([, reply]) => reply.statusCode)).toBe(401);

  // Who signs in is known by the address it came from, and stays signed in with either, and with what comes after.
  const cookie = await signIn(address, '127.0.0.2');
  const sessions = async (at: string) => {
    const { status, text } = await ask(`${at}/api/v2/sessions`, { headers: { cookie } });
    return status === 200 ? (JSON.parse(text) as SessionsReply).items.map((one) => one.address) : status;
  };
  expect([await sessions(owner), await sessions(address)]).toEqual([['127.0.0.2'], ['127.0.0.2']]);

  const [closed] = await Promise.all([once(live, 'close'), once(stream, 'close'), first.close()]);
  expect(closed).toEqual([expect.any(Number), expect.anything()]);
  await expect.poll(() => sessions(address)).toEqual(['127.0.0.2']);
  expect([second.isStandingBy, (await ask(`${address}/readyz`)).replica]).toEqual([false, undefined]);

  // One that is stopped while it stands by leaves nothing behind.
  const third = make(where);
  const next = await third.listen();
  await expect.poll(async () => (await ask(`${next}/api/v2/workers`, { headers: ANN })).status).toBe(200);
  await third.close();
  expect((await ask(`${address}/api/v2/workers`, { headers: ANN })).status).toBe(200);
});

it('says 503 to what was asked when the other one was killed, closes its live pages, and takes its place', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'umbel-standby-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const [broker, db] = [`sqlite:///${folder}/broker.db`, join(folder, 'history.db')];
  const args = ['-b', broker, '--db', db, '--standby', '--port', '0', '--basic-auth', 'ann:secret'];
  await using owner = startUmbel(['dashboard', ...args], { cwd: folder });
  await owner.says(/http:\/\/localhost:\d+/);
  const address = await make({ broker, db, basic_auth: ['ann:secret'] }).listen();
  await expect.poll(async () => (await ask(`${address}/api/v2/workers`, { headers: ANN })).status).toBe(200);
  const cookie = await signIn(address);
  const live = new WebSocket(`${address.replace('http', 'ws')}/api/v2/live`, { headers: ANN });
  await once(live, 'message');
  const headers = { ...ANN, ...JSON_BODY, 'content-length': '100', expect: '100-continue' };
  const inFlight = request(`${address}/api/v2/views`, { method: 'POST', headers });
  inFlight.flushHeaders();
  // It has come as far as the owner, who says so.
  await once(inFlight, 'continue');
  inFlight.write('{"name":');
  const answered = once(inFlight, 'response') as Promise<[IncomingMessage]>;
  owner.child.kill('SIGKILL');
  const [[reply]] = await Promise.all([answered, once(live, 'close'), owner.ended]);
  expect([reply.statusCode, reply.headers['retry-after']]).toEqual([503, '2']);
  let said = '';
  for await (const chunk of reply) said += chunk;
  expect(JSON.parse(said)).toMatchObject({ title: 'Standing by', detail: expect.stringContaining('is not known') });
  await expect.poll(async () => (await ask(`${address}/api/v2/workers`, { headers: { cookie } })).status).toBe(200);
});

it('no stranger can say to be a dashboard that stands by', async () => {
  const where = place();
  const first = make(where);
  const owner = await first.listen();
  const line = lineOf(where.db);
  await until(() => statSync(line, { throwIfNoEntry: false }) !== undefined, 'the line');
  expect(statSync(line).mode & 0o777).toBe(0o600);
  // What is said on the line is nothing on the port, and headers say nothing of who asks.
  const socket = connect(Number(new URL(owner).port), '127.0.0.1');
  socket.end('{"address":null,"isSecure":true}\nGET /api/v2/workers HTTP/1.1\r\nHost: localhost\r\n\r\n');
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  expect(bytes.toString()).toMatch(/^HTTP\/1.1 400 /);
  const address = await make(where).listen();
  for (const headers of [{ host: 'evil.example' }, { origin: 'http://evil.example' }] as Record<string, string>[])
    for (const at of [owner, address])
      expect((await ask(`${at}/api/v2/operations`, { method: 'POST', headers })).status, at).toBe(403);
  // Without an introduction, or with none that can be read, nobody is let in.
  for (const text of ['GET /healthcheck HTTP/1.1\r\nHost: localhost\r\n\r\n', '{"address":1}\n', 'x'.repeat(1000)]) {
    const other = connect(line);
    other.write(text);
    other.resume();
    await once(other, 'close');
    expect(other.bytesRead, text).toBe(0);
  }
});

it('a line of another user, and what is none, is not believed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'umbel-line-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'h.db');
  writeFileSync(file, '');
  const line = lineOf(file);
  expect(isOurs(file, line)).toBe(false);
  writeFileSync(line, '');
  expect(isOurs(file, line)).toBe(false);
  rmSync(line);
  const server = createServer().listen(line);
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  expect(isOurs(file, line)).toBe(true);
  // Only root can give it away.
  if (process.getuid?.() === 0) {
    chownSync(line, 12345, 12345);
    expect(isOurs(file, line)).toBe(false);
  }
  expect(() => lineOf(`/${'x'.repeat(200)}/h.db`)).toThrow(/may have \d+ bytes/);
});

it('with several clusters, one dashboard has the histories of all of them', async () => {
  const { broker, db } = place();
  const clusters = ['orders', 'mail'].map((name) => ({ name, broker: `${broker}-${name}` }));
  const where = { clusters, db, basic_auth: ['ann:secret'] };
  const [first, second] = [make(where), make(where)];
  // Both at once: neither may have one of the two.
  const [owner, address] = await Promise.all([first.listen(), second.listen()]);
  expect([first.isStandingBy, second.isStandingBy].sort()).toEqual([false, true]);
  const [leaves, stays, at] = first.isStandingBy ? [second, first, owner] : [first, second, address];
  const cookie = await signIn(at);
  const status = async (path: string) => (await ask(`${at}${path}`, { headers: { cookie } })).status;
  const names = async () =>
    (JSON.parse((await ask(`${at}/api/v2/clusters`, { headers: { cookie } })).text) as ClustersReply).items.map(
      (one) => one.name,
    );
  await expect.poll(() => status('/c/mail/api/v2/cluster')).toBe(200);
  expect(await names()).toEqual(['orders', 'mail']);
  expect((await ask(`${at}/c/mail/metrics`)).text).toContain('umbel_standby 1');

  await leaves.close();
  await expect.poll(() => status('/c/mail/api/v2/cluster')).toBe(200);
  expect([stays.isStandingBy, await status('/c/orders/api/v2/cluster'), await names()]).toEqual([
    false,
    200,
    ['orders', 'mail'],
  ]);
  expect(() => resolveOptions({ clusters: [{ name: 'mail', broker, standby: true } as never] })).toThrow(
    /no option 'standby' of its own/,
  );
});
