// What Celery 5.6 left in databases, folders, memcached and Redis, by one program with various settings, recorded: each store of ours
// reads all of it, and its tables are Celery's. Redis with its standard settings: redis.test.ts.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Celery } from '../../../server/app/celery.ts';
import type { SettingsInput } from '../../../server/app/config.ts';
import { readPickle } from '../../../server/dashboard/cluster/pickled.ts';
import { EmbeddedDb } from '../../../server/embedded-db.ts';
import { silentLogger } from '../../../server/log.ts';
import golden from '../../golden/results-other.json' with { type: 'json' };
import { hasMemcached, memcachedServer } from '../../support/memcached-server.ts';
import { itNeedsRedis, redisServer } from '../../support/redis-server.ts';

type Bytes = string | { readonly $b64: string };
interface Case {
  readonly name: string;
  readonly settings?: SettingsInput;
  readonly task_ids: Readonly<Record<string, string>>;
  readonly schema?: readonly string[];
  readonly rows?: Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>;
  readonly files?: Readonly<Record<string, Bytes>>;
  readonly raw_get?: Readonly<Record<string, string>>;
  /** With a prefix it was read another way. */
  readonly keys?: Readonly<Record<string, Bytes | { readonly value: Bytes }>>;
}
const CASES = golden.cases as unknown as readonly Case[];
const of = (kind: string) => CASES.filter(({ name }) => name.startsWith(kind));

const failure = (exc_type: string, exc_message: unknown[], exc_module: string) => ({
  exc_type,
  exc_message,
  exc_module,
});
/** By the names in `task_ids`: what the program did. */
const DONE: Readonly<Record<string, object>> = {
  SUCCESS: { status: 'SUCCESS', result: 5 },
  FAILURE: { status: 'FAILURE', result: failure('ValueError', ['boom'], 'builtins') },
  FAILURE_custom: { status: 'FAILURE', result: failure('Custom', [42, 'custom failure'], 'vapp') },
  RETRY: { status: 'RETRY', result: failure('ValueError', ['again'], 'builtins') },
  echo: { status: 'SUCCESS', result: { args: ['a', 1], kwargs: { k: 'v' } } },
  REVOKED: { status: 'REVOKED', result: failure('TaskRevokedError', ['revoked'], 'celery.exceptions') },
  STARTED: { status: 'STARTED', result: { pid: 1, hostname: 'w@h' } },
};

function bytesOf(stored: Bytes | { readonly value: Bytes }): Buffer {
  const value = typeof stored === 'object' && 'value' in stored ? stored.value : stored;
  return typeof value === 'string' ? Buffer.from(value) : Buffer.from(value.$b64, 'base64');
}

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'umbel-recorded-'));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

async function storeOf({ settings = {}, name }: Case, backend: string) {
  const accepts = settings.result_serializer;
  const accept = accepts && accepts !== 'pickle' ? { accept_content: [accepts] } : {};
  // Celery took the settings of tables as a dict; results in pickle are the database's own.
  const { result_serializer, ...rest } = settings;
  const given = name.startsWith('database') || result_serializer === 'pickle' ? rest : { ...rest, result_serializer };
  const app = new Celery('vec', { broker: 'memory://', backend, ...given, ...accept }, { env: {}, log: silentLogger });
  onTestFinished(() => app.close());
  return app.backend();
}

async function readsAll(recorded: Case, url: string): Promise<void> {
  const store = await storeOf(recorded, url);
  for (const [what, done] of Object.entries(DONE)) {
    const id = recorded.task_ids[what];
    expect(id, what).toBeTypeOf('string');
    expect(await store.get(id!), what).toMatchObject({ ...done, task_id: id });
  }
  const parts = await store.restoreGroup?.(recorded.task_ids.GROUP!);
  if (parts !== undefined) expect(parts, 'its group').not.toBeNull();
}

function columnsOf(db: EmbeddedDb, table: string): unknown[] {
  return db.all(`SELECT name, type, "notnull", pk FROM pragma_table_info(?) ORDER BY cid`, table) as unknown[];
}

describe('what Celery left', () => {
  it.each(of('database').map((one) => [one.name, one] as const))(
    'in a %s is read, and the tables are its',
    async (_, one) => {
      const at = folder();
      const theirs = new EmbeddedDb(join(at, 'theirs.db'), { journal: 'DELETE' });
      for (const sql of one.schema!.filter((text) => !text.includes('sqlite_sequence'))) theirs.exec(sql);
      const tables = Object.keys(one.rows!).filter((table) => table !== 'sqlite_sequence');
      for (const table of tables) {
        for (const row of one.rows![table]!) {
          const values = Object.values(row).map((value) =>
            typeof value === 'object' && value !== null ? Buffer.from((value as { b64: string }).b64, 'base64') : value,
          );
          theirs.run(
            `INSERT INTO ${table} (${Object.keys(row).join(', ')}) VALUES (${values.map(() => '?').join(', ')})`,
            ...(values as (string | null)[]),
          );
        }
      }
      const theirColumns = tables.map((table) => columnsOf(theirs, table));
      theirs.close();
      await readsAll(one, `db+sqlite:///${join(at, 'theirs.db')}`);

      const ours = await storeOf(one, `db+sqlite:///${join(at, 'ours.db')}`);
      await ours.get('nothing');
      const made = new EmbeddedDb(join(at, 'ours.db'), { journal: 'DELETE' });
      expect(tables.map((table) => columnsOf(made, table))).toEqual(theirColumns);
      made.close();
    },
  );

  it.each(of('filesystem').map((one) => [one.name, one] as const))('in a %s is read', async (_, one) => {
    const at = join(folder(), 'results');
    mkdirSync(at);
    for (const [name, value] of Object.entries(one.files!)) writeFileSync(join(at, name), bytesOf(value));
    await readsAll(one, `file://${at}`);
  });

  (hasMemcached ? it : it.skip)('in memcached is read, with the flags of its client', async () => {
    const [one] = of('memcached');
    const server = await memcachedServer();
    onTestFinished(() => server.stop());
    const [host, port] = server.address.split(':');
    const stored = Object.values(one!.raw_get!).map((reply) => {
      const [, key, flags, , body] = /^VALUE (\S+) (\d+) (\d+)\r\n(.*)\r\nEND/s.exec(reply)!;
      return `set ${key} ${flags} 0 ${Buffer.byteLength(body!)}\r\n${body}\r\n`;
    });
    const socket = connect(Number(port), host);
    let said = '';
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject).on('data', (data) => {
        said += data.toString();
        if (said.split('\n').length > stored.length) resolve();
      });
      socket.write(stored.join(''));
    });
    socket.destroy();
    await readsAll(one!, `cache+memcached://${server.address}/`);
  });

  itNeedsRedis('in Redis is read with every setting, and a pickle is refused, and shown as data', async () => {
    const redis = await redisServer();
    onTestFinished(() => redis.close());
    const keys = new Redis(redis.url());
    onTestFinished(() => keys.disconnect());
    for (const one of of('redis')) {
      for (const [key, value] of Object.entries(one.keys!)) await keys.set(key, bytesOf(value));
      if (one.name !== 'redis pickle serializer') await readsAll(one, redis.url());
      else {
        const key = `celery-task-meta-${one.task_ids.echo}`;
        expect(readPickle(bytesOf(one.keys![key]!))).toMatchObject(DONE.echo!);
        const store = await storeOf(one, redis.url());
        await expect(store.get(one.task_ids.echo!)).rejects.toThrow();
      }
      await keys.flushall();
    }
  });
});
