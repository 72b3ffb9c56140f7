// The stores of schedules: the promises of each, and what is only the file's.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ImproperlyConfigured } from '../../../server/errors.ts';
import { FileScheduleStore } from '../../../server/schedules/file-store.ts';
import { openScheduleStore } from '../../../server/schedules/registry.ts';
import { scheduleContract } from '../../contract/schedules.ts';
import { describeNeedsRedis, type RedisServer, redisServer } from '../../support/redis-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'umbel-schedules-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;
const path = () => join(folder, `schedule-${count++}`);

scheduleContract('memory', () => 'memory://', { durable: false });
scheduleContract('file', () => `file://${path()}`, { durable: true });

describeNeedsRedis('Redis', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await redisServer();
  });
  scheduleContract('redis', () => `${redis.freshUrl()}?schedule=s${count++}`, {
    durable: true,
    edited: true,
    expire: async (url) => {
      const client = new Redis(url.replace(/\?.*/, ''));
      for (const key of await client.keys('umbel-beat:*:lease')) await client.del(key);
      client.disconnect();
    },
  });

  it('that is away is said in words, without its password', async () => {
    const store = await openScheduleStore('redis://:hush@127.0.0.1:1/0');
    const error = await store.load().catch((reason: Error) => reason);
    expect(String(error)).toContain('cannot be reached');
    expect(String(error)).not.toContain('hush');
    await store.close();
  });
});

describe('a schedule by its URL', () => {
  it('is a file for a path, with or without file://', async () => {
    const at = path();
    for (const url of [at, `file://${at}`, `file://localhost${at}`, `FILE://${at}`])
      expect((await openScheduleStore(url)).description, url).toBe(`${at}.json`);
    expect((await openScheduleStore('celerybeat-schedule')).description).toBe(
      join(process.cwd(), 'celerybeat-schedule.json'),
    );
    expect((await openScheduleStore('memory://')).description).toBe('memory');
  });

  it('is refused when nobody keeps one there, without its secrets', async () => {
    const error = await openScheduleStore('etcd://:hush@r1/0').catch((reason: Error) => reason);
    expect(String(error)).toContain('memory://, file://, redis://');
    expect(String(error)).not.toContain('hush');
  });
});

describe('the file', () => {
  it('of a version that kept only the runs is read', async () => {
    const at = path();
    writeFileSync(
      `${at}.json`,
      '{\n "version": 1,\n "owner": { "pid": 1, "host": "h" },\n "entries": {\n  "a": { "last_run_at": "2026-03-04T10:30:07.250Z", "total_run_count": 4 }\n }\n}\n',
    );
    const runs = { lastRunAt: Date.parse('2026-03-04T10:30:07.250Z'), totalRunCount: 4 };
    expect(await new FileScheduleStore(at).load()).toEqual(new Map([['a', { definition: null, runs }]]));
  });

  it('is for its user only, since it holds arguments, and has the runs where older versions look for them', async () => {
    const at = join(path(), 'deeper', 'schedule');
    const lease = await new FileScheduleStore(at).claim();
    await lease.replace(new Map([['a', { definition: null, runs: { lastRunAt: 0, totalRunCount: 2 } }]]));
    const mode = (file: string) => (statSync(file).mode & 0o777).toString(8);
    expect([mode(`${at}.json`), mode(dirname(at)), mode(dirname(dirname(at)))]).toEqual(['600', '700', '700']);
    expect(JSON.parse(readFileSync(`${at}.json`, 'utf8'))).toMatchObject({
      version: 1,
      entries: { a: { last_run_at: '1970-01-01T00:00:00.000Z', total_run_count: 2 } },
    });
    await lease.release();
  });

  it('is claimed although its lock is damaged: that holds nothing worth keeping', async () => {
    const path = join(folder, 'damaged-lock');
    writeFileSync(`${path}.lock`, 'no lock at all'.repeat(1000));
    const store = new FileScheduleStore(path);
    await expect(store.holder()).rejects.toThrow('not a database');
    await store.claim();
    expect(await store.holder()).toMatchObject({ pid: process.pid });
    await store.close();
  });

  it('that is a folder is refused in words', async () => {
    const path = join(folder, 'a-folder');
    mkdirSync(`${path}.json`);
    await expect(new FileScheduleStore(path).claim()).rejects.toThrow(ImproperlyConfigured);
  });

  it('that cannot be read is left where it is for a reader, who is told', async () => {
    const at = path();
    writeFileSync(`${at}.json`, '{"version":1,"entries":{"a":{"task":"t"}}}');
    const store = new FileScheduleStore(at);
    await expect(store.load()).rejects.toThrow("entry 'a' is damaged");
    expect(readFileSync(`${at}.json`, 'utf8')).toContain('"task"');
  });
});
