// RabbitMQ's management API as a dashboard asks it: a real one, and doors that behave badly.
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ManagementApi } from '../../../server/dashboard/cluster/management-api.ts';
import { createTimer } from '../../../server/timer.ts';
import { ManualTimer } from '../../support/clock.ts';
import { describeNeedsRabbit, sharedRabbit } from '../../support/rabbitmq-server.ts';
import { until } from '../../support/until.ts';

const timer = createTimer({ unref: true });

/** A queue with three messages, made through the same API: no client is needed. */
async function fill(port: number, vhost: string, name: string): Promise<void> {
  const ask = async (method: string, path: string, body: object) => {
    const headers = { authorization: `Basic ${Buffer.from('guest:guest').toString('base64')}` };
    const url = `http://127.0.0.1:${port}/api/${path}`;
    const reply = await fetch(url, { method, headers, body: JSON.stringify(body) });
    if (!reply.ok) throw new Error(`${method} ${path}: ${reply.status} ${await reply.text()}`);
  };
  await ask('PUT', `queues/${vhost}/${name}`, { durable: true });
  const message = { properties: {}, routing_key: name, payload: 'x', payload_encoding: 'string' };
  for (let n = 0; n < 3; n++) await ask('POST', `exchanges/${vhost}/amq.default/publish`, message);
}

describeNeedsRabbit('the management API of a real RabbitMQ', () => {
  it('tells of the queues of one virtual host, and never of another', async () => {
    const rabbit = await sharedRabbit();
    const [vhost, other] = [await rabbit.freshVhost(), await rabbit.freshVhost()];
    const port = await rabbit.managementPort();
    expect(await rabbit.managementPort()).toBe(port);
    await fill(port, vhost, 'mail');
    await fill(port, other, 'secret');
    const api = new ManagementApi({ url: `http://guest:guest@127.0.0.1:${port}/`, broker: rabbit.url(vhost), timer });
    const queues = await until(async () => {
      const found = await api.queues();
      const mail = found?.get('mail');
      return mail?.memory && mail.unacked !== null && found;
    }, 'its statistics, which it gathers one after another');
    expect([...queues.keys()]).toEqual(['mail']);
    expect(queues.get('mail')).toMatchObject({ unacked: 0, memory: expect.any(Number) });
    const idle = await until(async () => (await api.queues())?.get('mail')?.idleSince, 'it to count as idle');
    expect(Math.abs(idle - Date.now() / 1000)).toBeLessThan(3600);
    expect(api).toMatchObject({ failure: null, lastOk: expect.any(Number), url: `http://guest:**@127.0.0.1:${port}/` });
  });

  it('says who is refused, and which virtual host there is not', async () => {
    const rabbit = await sharedRabbit();
    const at = `127.0.0.1:${await rabbit.managementPort()}/api/`;
    const refused = new ManagementApi({ url: `http://guest:wr0ng@${at}`, broker: rabbit.url(), timer });
    expect(await refused.queues()).toBeNull();
    expect(refused.failure).toMatch(/^It refuses the user or the password of broker_api \(401\)/);
    const missing = new ManagementApi({ url: `http://${at}`, broker: rabbit.url('no/where'), timer });
    expect(await missing.queues()).toBeNull();
    expect(missing.failure).toBe('It knows no virtual host "no/where" (404)');
    expect(missing.lastOk).toBeNull();
  });
});

describe('a management API that behaves badly', () => {
  async function door(answer: RequestListener): Promise<string> {
    const server = createServer(answer);
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    onTestFinished(() => {
      server.close();
      server.closeAllConnections();
    });
    return `http://guest:s3cret@127.0.0.1:${(server.address() as AddressInfo).port}/rabbit/api/`;
  }

  it.each([
    [
      'answers something else',
      (_: unknown, reply: { end: (text: string) => void }) => reply.end('<html>'),
      /is not RabbitMQ/,
    ],
    [
      'answers no list',
      (_: unknown, reply: { end: (text: string) => void }) => reply.end('{"items": 5}'),
      /is not RabbitMQ/,
    ],
    [
      'fails',
      (_: unknown, reply: { writeHead: (code: number) => { end(): void } }) => reply.writeHead(503).end(),
      /503/,
    ],
    [
      'sends elsewhere',
      (_: unknown, reply: { writeHead: (code: number, headers: object) => { end(): void } }) =>
        reply.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
      /redirect/,
    ],
    [
      'never ends',
      (_: unknown, reply: { write: (text: string) => void; on: (event: string, fn: () => void) => void }) => {
        const more = () => reply.write(' '.repeat(1024 * 1024));
        reply.on('drain', more);
        more();
      },
      /longer than 8 MB/,
    ],
  ] as const)('that %s is said to', async (_, answer, words) => {
    const api = new ManagementApi({
      url: await door(answer as unknown as RequestListener),
      broker: 'amqp://h//',
      timer,
    });
    expect(await api.queues()).toBeNull();
    expect(api.failure).toMatch(words);
    expect(api.failure).not.toMatch(/s3cret/);
  });

  it('that is silent is given up, and one that is away is said to be', async () => {
    const clock = new ManualTimer();
    let asked = 0;
    const url = await door(() => asked++);
    const silent = new ManagementApi({ url, broker: 'amqp://h', timer: clock });
    const asking = silent.queues();
    await until(() => asked === 1, 'the question');
    clock.advance(5000);
    expect(await asking).toBeNull();
    expect(silent.failure).toBe('It has not answered within 5 s');
    const away = new ManagementApi({ url: 'http://127.0.0.1:1', broker: 'amqp://h', timer });
    expect(await away.queues()).toBeNull();
    expect(away.failure).toMatch(/ECONNREFUSED|bad port/);
  });

  it('that has more queues than it is asked for is asked for some thousands, and how many it has beyond is known', async () => {
    const pages: number[] = [];
    let total = 1201;
    const url = await door((request, reply) => {
      const query = new URLSearchParams(request.url!.split('?')[1]);
      const [page, size] = [Number(query.get('page')), Number(query.get('page_size'))];
      pages.push(page);
      const count = Math.max(0, Math.min(size, total - (page - 1) * size));
      const items = Array.from({ length: count }, (_, i) => ({ name: `q${(page - 1) * size + i}`, memory: 5 }));
      reply.end(JSON.stringify({ filtered_count: total, items }));
    });
    const api = new ManagementApi({ url, broker: 'amqp://h//', timer });
    expect((await api.queues())?.size).toBe(1201);
    expect([pages, api.leftOut]).toEqual([[1, 2, 3], 0]);
    total = 10_007;
    expect((await api.queues())?.size).toBe(10_000);
    expect(api.leftOut).toBe(7);
  });

  it('asks for the virtual host of the broker, with its user where it has none of its own', async () => {
    const seen: string[] = [];
    const url = await door((request, reply) => {
      seen.push(`${request.url?.split('?')[0]} ${request.headers.authorization}`);
      reply.end(
        JSON.stringify({
          items: [
            {
              name: 'q',
              idle_since: '2026-11-29T03:04:05.123+00:00',
              message_stats: { publish_details: { rate: 1.5 } },
            },
          ],
        }),
      );
    });
    const bare = url.replace('guest:s3cret@', '');
    for (const [at, broker] of [
      [url, 'amqp://h/%2F'],
      [bare, 'amqp://u:p%40ss@h/a%2Fb'],
      [bare, 'amqp://h'],
    ] as const) {
      const found = await new ManagementApi({ url: at, broker, timer }).queues();
      expect(found?.get('q')).toEqual({
        unacked: null,
        memory: null,
        idleSince: Date.UTC(2026, 10, 29, 3, 4, 5) / 1000,
        inPerMin: 90,
        outPerMin: null,
      });
    }
    const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
    expect(seen).toEqual([
      `/rabbit/api/queues/%2F ${basic('guest:s3cret')}`,
      `/rabbit/api/queues/a%2Fb ${basic('u:p@ss')}`,
      `/rabbit/api/queues/%2F ${basic('guest:guest')}`,
    ]);
  });
});
