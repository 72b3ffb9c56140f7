import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { transportContract } from '../../contract/transport.ts';

const folder = mkdtempSync(join(tmpdir(), 'umbel-broker-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

transportContract('sqlite', () => `sqlite:///${join(folder, randomUUID())}.db`, {
  durable: true,
  crossProcess: true,
  priorities: 'higher-first',
  exchangeTypes: ['direct', 'topic', 'fanout'],
  expiration: true,
  introspection: true,
});
