// The brokers that a file's tests run on, a fresh one each time: in memory, in a file, and Redis where it is installed.
// Importing this starts a Redis for the file, which ends with it.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll } from 'vitest';
import { hasRedis, type RedisServer, redisServer } from '../support/redis-server.ts';
import { sqliteUrl } from '../support/world.ts';

let redis: RedisServer;
beforeAll(async () => {
  if (hasRedis) redis = await redisServer();
});
afterAll(() => redis?.close());

export const brokers: readonly (readonly [name: string, url: () => string])[] = [
  ['memory', () => `memory://${randomUUID()}`],
  ['sqlite', sqliteUrl],
  ...(hasRedis ? [['redis', () => redis.freshUrl()] as const] : []),
];
