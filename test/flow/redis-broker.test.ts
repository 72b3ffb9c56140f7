// GET /api/v2/broker against real brokers: what Redis and a broker's file say of themselves, what is unknown, and no secret in it.
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { createDashboard, type DashboardOptions } from '../../server/dashboard/dashboard.ts';
import { silentLogger } from '../../server/log.ts';
import type { BrokerReply } from '../../shared/wire/broker.ts';
import { describeNeedsRedis, type RedisServer, redisServer } from '../support/redis-server.ts';
import { until } from '../support/until.ts';

const folder = mkdtempSync(join(tmpdir(), 'umbel-broker-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function asked(options: DashboardOptions): Promise<() => Promise<{ text: string; reply: BrokerReply }>> {
  const dashboard = createDashboard(
    { port: 0, db: join(folder, `${randomUUID()}.db`), queue_interval: 0.2, enable_events: false, ...options },
    { log: silentLogger, pages: null },
  );
  onTestFinished(() => dashboard.close());
  await dashboard.start();
  return async () => {
    const { body, statusCode } = await dashboard.app.inject('/api/v2/broker');
    expect(statusCode).toBe(200);
    return { text: body, reply: JSON.parse(body) as BrokerReply };
  };
}

describeNeedsRedis('a dashboard on Redis', () => {
  let redis: RedisServer;
  let keys: Redis;
  beforeAll(async () => {
    redis = await redisServer({ args: ['--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-lru', '--save', ''] });
    keys = new Redis(redis.url());
  });
  afterAll(async () => {
    keys.disconnect();
    await redis.close();
  });

  it('tells version, memory, clients and settings, and what of them loses work; again when it was set right', async () => {
    const ask = await asked({ broker: redis.url() });
    const { reply } = await ask();
    expect(reply).toMatchObject({
      ...{
        failure: null,
        product: 'Redis',
        version: expect.stringMatching(/^\d+\.\d+/),
        memory: { most: 104_857_600 },
      },
      facts: { 'maxmemory-policy': 'allkeys-lru', appendonly: 'no', role: 'master', visibility_timeout: 3600 },
    });
    expect(reply.memory.used).toBeGreaterThan(100_000);
    expect(reply.clients.connected).toBeGreaterThan(1);
    // Together they are all of it, by its own words.
    const parts = reply.memory_parts.reduce((sum, { bytes }) => sum + bytes, 0);
    expect(parts / reply.memory.used!).toBeCloseTo(1, 1);
    expect(reply.traffic).toEqual({ of: 'commands', per_second: expect.any(Number) });
    await keys.call('CLIENT', 'SETNAME', 'stocktaking');
    const { named_clients: named } = (await ask()).reply;
    expect(named!.groups.find(({ name }) => name === 'stocktaking')).toMatchObject({ count: 1, blocked: 0 });
    expect(named!.groups.reduce((sum, { count }) => sum + count, 0)).toBe(named!.of);
    expect(reply.findings.map(({ id }) => id)).toEqual(['eviction', 'persistence']);
    // What it says to write is what helps.
    for (const line of reply.findings.flatMap(({ remedy }) => remedy)) {
      const [name, ...words] = line.split(' ');
      if (words[0] === 'SET') await keys.call(name!, ...words);
    }
    expect((await ask()).reply.findings).toEqual([]);
  });

  it('an account that may not ask for settings leaves them unknown, and its password is not shown', async () => {
    await keys.call(
      'ACL',
      'SETUSER',
      'shop',
      'on',
      '>s3cret-word',
      '~*',
      '&*',
      '+@all',
      '-config',
      '-@dangerous',
      '+keys',
      '+info',
      '+client',
    );
    const ask = await asked({ broker: redis.url().replace('redis://', 'redis://shop:s3cret-word@') });
    const { reply, text } = await ask();
    expect(reply).toMatchObject({ failure: null, product: 'Redis', facts: { appendonly: null, save: null } });
    expect(reply.named_clients?.of).toBeGreaterThan(0);
    expect(text).not.toContain('s3cret-word');
  });
});

it('a broker in a file tells its file, size and journal', async () => {
  const file = join(folder, 'broker.db');
  const ask = await asked({ broker: `sqlite:///${file}` });
  const { reply } = await ask();
  expect(reply).toMatchObject({
    ...{ failure: null, product: 'SQLite', memory: { used: null, most: null } },
    facts: { file, journal_mode: 'wal' },
    ...{ findings: [], memory_parts: [], named_clients: null, traffic: null },
  });
  expect(reply.file_bytes).toBe(Number(reply.facts.file_bytes) + Number(reply.facts.journal_bytes));
  expect(Number(reply.facts.file_bytes) + Number(reply.facts.journal_bytes)).toBeGreaterThan(1000);
});

it('a broker that is away is an answer with why, and nothing else is known', async () => {
  const ask = await asked({ broker: 'redis://:s3cret-word@127.0.0.1:1/0' });
  const { reply, text } = await until(async () => {
    const answer = await ask();
    return answer.reply.failure !== null && answer;
  }, 'the failure to be told');
  expect(reply).toMatchObject({ product: null, messages: { ready: null, unacked: null }, findings: [], facts: {} });
  expect(text).not.toContain('s3cret-word');
});
