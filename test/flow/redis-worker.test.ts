// A worker on a real Redis: its events and its answers to remote commands, against those recorded from real Celery.
import { afterAll, beforeAll } from 'vitest';
import { itAnswersRecordedCommands } from '../contract/worker-control.ts';
import { itSendsRecordedEvents } from '../contract/worker-events.ts';
import { describeNeedsRedis, type RedisServer, redisServer } from '../support/redis-server.ts';
import { worldsOn } from './worker-world.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await redisServer();
  worldsOn(() => server.freshUrl());
});
afterAll(() => server?.close());

describeNeedsRedis('events on Redis', itSendsRecordedEvents);
describeNeedsRedis('remote control on Redis', itAnswersRecordedCommands);
