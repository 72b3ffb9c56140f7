import { afterAll, beforeAll } from 'vitest';
import { transportContract } from '../../contract/transport.ts';
import { describeNeedsRedis, type RedisServer, redisServer } from '../../support/redis-server.ts';

describeNeedsRedis('a real redis-server', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await redisServer();
  });
  afterAll(() => server.close());

  transportContract('redis', () => server.freshUrl(), {
    durable: true,
    crossProcess: true,
    priorities: 'lower-first',
    exchangeTypes: ['direct', 'topic', 'fanout'],
    expiration: false,
    introspection: false,
    implicitQueues: true,
    fanoutByKey: true,
  });
});
