// Servers of results that die or are restarted while a worker and a client use them: nothing is lost that was stored, what could not be
// stored meanwhile is stored afterwards, and the log says that the server is away, that it is back, and nothing else. Redis: result-store.test.ts.
import { randomUUID } from 'node:crypto';
import { afterEach, expect, it } from 'vitest';
import { Celery } from '../../server/app/celery.ts';
import { type Logger, silentLogger } from '../../server/log.ts';
import { Worker } from '../../server/worker/worker.ts';
import { hasMemcached, memcachedServer } from '../support/memcached-server.ts';
import { hasMariadb, hasPostgres, OwnSqlServer } from '../support/sql-servers.ts';
import { until } from '../support/until.ts';

interface Server {
  readonly url: string;
  start(): Promise<void>;
  stop(): Promise<void>;
  kill(): Promise<void>;
  close(): Promise<void>;
}
const sql = async (kind: 'postgresql' | 'mysql'): Promise<Server & { url: string }> => OwnSqlServer.open(kind);
const STORES: readonly { name: string; present: boolean; keeps: boolean; open: () => Promise<Server> }[] = [
  { name: 'db+postgresql', present: hasPostgres, keeps: true, open: () => sql('postgresql') },
  { name: 'db+mysql', present: hasMariadb, keeps: true, open: () => sql('mysql') },
  {
    name: 'cache+memcached',
    present: hasMemcached,
    keeps: false,
    open: async () => {
      const server = await memcachedServer();
      const [start, stop] = [() => server.start(), () => server.stop()];
      return { url: `cache+memcached://${server.address}/`, start, stop, kill: stop, close: stop };
    },
  },
];

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

for (const { name, present, keeps, open } of STORES) {
  const test = present ? it : it.skip;
  test(`${name} that is killed, and then restarted, under a worker and a client`, async () => {
    const server = await open();
    closing.push(() => server.close());
    const url = name.startsWith('db') ? `db+${server.url}` : server.url;
    const conf = { broker: `memory://${randomUUID()}`, backend: url, result_backend_always_retry: true };
    const said: string[] = [];
    const say = (text: string) => void said.push(text);
    const log: Logger = { ...silentLogger, info: say, warning: say, error: say };
    const app = new Celery('test', conf, { env: {}, log });
    const client = new Celery('test', conf, { env: {}, log: silentLogger });
    closing.push(() => client.close());
    closing.push(() => app.close());
    const runs = new Map<number, number>();
    app.task('echo', (n: number) => {
      runs.set(n, (runs.get(n) ?? 0) + 1);
      return { n };
    });
    const worker = new Worker(app, { log, concurrency: 4, withoutGossip: true, withoutMingle: true });
    await worker.start();
    closing.push(() => worker.done);
    closing.push(() => worker.stop('cold'));

    const ids: string[] = [];
    let known = 0;
    const waiting: Promise<unknown>[] = [];
    const send = async (count: number) => {
      for (let i = 0; i < count; i++) {
        const result = await client.sendTask('echo', [ids.length]);
        const n = ids.push(result.id) - 1;
        waiting.push(
          result.get({ timeout: 150 }).then((value) => {
            known++;
            expect(value).toEqual({ n });
          }),
        );
      }
    };
    /** What it said of its store since then, oldest first. A query that was under way may still be answered after another was not. */
    const ofStore = (from: number) =>
      said.slice(from).filter((text) => /result store \S+ is (away .*results wait|back)/.test(text));

    for (const end of [() => server.kill(), () => server.stop()]) {
      const before = said.length;
      await send(30);
      // A store on a disk dies in the middle of it; what stood in memory alone is gone with it, as for Celery.
      await until(() => known >= (keeps ? ids.length - 20 : ids.length), 'some results');
      await Promise.all([end(), send(10)]);
      // One that ends in peace may have taken all of those.
      await send(3);
      await until(() => / is away /.test(ofStore(before).at(-1) ?? ''), 'the worker to say that its store is away');
      await server.start();
      await Promise.all(waiting);
      await until(
        () => /store \S+ is back\.$/.test(ofStore(before).at(-1)!),
        'the worker to say that its store is back',
      );
    }
    const others = said.filter(
      (text) => !/^(Connected|Task echo|The result store|The (process|event loop) (stood|was))|ready\.$/.test(text),
    );
    expect(others).toEqual([]);
    expect(said.join()).not.toContain('secret');
    expect([...runs.values()].every((count) => count === 1)).toBe(true);
    expect(runs.size).toBe(ids.length);
    if (!keeps) return;
    const reader = new Celery('test', conf, { env: {}, log: silentLogger });
    closing.push(() => reader.close());
    const metas = await (await reader.backend()).getMany(ids);
    expect(ids.map((id) => metas.get(id)?.result)).toEqual(ids.map((_, n) => ({ n })));
  });
}
