import { randomUUID } from 'node:crypto';
import { transportContract } from '../../contract/transport.ts';

transportContract('memory', () => `memory://${randomUUID()}`, {
  durable: false,
  crossProcess: false,
  priorities: 'higher-first',
  exchangeTypes: ['direct', 'topic', 'fanout', 'headers'],
  exchangeBindings: true,
  expiration: true,
  introspection: true,
});
