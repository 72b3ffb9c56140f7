// A worker that is killed in the middle of chords, on each result store: another one finishes them. The store of Redis: chords-under-fire.test.ts.
// At full size, with cut lines too: chords.ts with STORE.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'vitest';
import { chord, group } from '../../server/canvas/compose.ts';
import { EmbeddedDb } from '../../server/embedded-db.ts';
import { DJANGO_TABLES } from '../support/django-tables.ts';
import { hasMemcached, memcachedServer } from '../support/memcached-server.ts';
import { hasRedis } from '../support/redis-server.ts';
import { freshDatabase, hasMariadb, hasPostgres } from '../support/sql-servers.ts';
import { until } from '../support/until.ts';
import { PATIENT, World } from './world.ts';

interface Store {
  readonly name: string;
  readonly present: boolean;
  /** Only with UMBEL_LONG=1. */
  readonly long?: boolean;
  /** @param folder of the test */
  readonly make: (folder: string, test: TestContext) => Promise<string> | string;
}
/** Without it one of each kind: unlocked, counted in a database, counted in a cache. */
const LONG = Boolean(process.env.UMBEL_LONG);
const STORES: readonly Store[] = [
  { name: 'db+sqlite', present: true, long: true, make: (folder) => `db+sqlite:///${join(folder, 'results.db')}` },
  { name: 'db+postgresql', present: hasPostgres, make: async () => `db+${await freshDatabase('postgresql')}` },
  { name: 'db+mysql', present: hasMariadb, long: true, make: async () => `db+${await freshDatabase('mysql')}` },
  {
    name: 'django-db',
    present: true,
    make(folder) {
      const db = new EmbeddedDb(join(folder, 'django.db'), { journal: 'DELETE' });
      for (const sql of DJANGO_TABLES) db.exec(sql);
      db.close();
      return `django-db+sqlite:///${join(folder, 'django.db')}`;
    },
  },
  {
    name: 'cache+memcached',
    present: hasMemcached,
    async make(_folder, test) {
      const server = await memcachedServer();
      test.onTestFinished(() => server.stop());
      return `cache+memcached://${server.address}/`;
    },
  },
  {
    name: 'file',
    present: true,
    long: true,
    make(folder) {
      mkdirSync(join(folder, 'results'));
      return `file://${join(folder, 'results')}`;
    },
  },
];

const CHORDS = 2;

// Side by side: what hangs on one of them (its end, its expectations) is its own context's.
describe.concurrent('chords whose worker is killed', () => {
  for (const { name, present, long = false, make } of STORES) {
    if (long && !LONG) continue;
    const test = present && hasRedis ? it : it.skip;
    test(`have their bodies run by another one: ${name}`, async (own) => {
      const folder = mkdtempSync(join(tmpdir(), 'umbel-chords-'));
      own.onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
      const settings = {
        result_backend: await make(folder, own),
        result_chord_retry_interval: 0.1,
        task_acks_late: true,
        broker_transport_options: { visibility_timeout: 1, unacked_mutex_expire: 1 },
      };
      const world = await World.open({ settings });
      own.onTestFinished(() => world[Symbol.asyncDispose]());
      const killed = await world.umbel('killed@fault', ['-c', '4']);
      // The last two of each have begun and not ended when it dies; the others are counted.
      const part = (number: number) => world.app.signature('fault.work', [number, 0, number < 3 ? null : world.gate]);
      const bodies = await Promise.all(
        Array.from({ length: CHORDS }, (_, i) =>
          chord(group([0, 1, 2, 3, 4].map(part)), world.app.signature('fault.gather', [i])).applyAsync(),
        ),
      );
      const begun = () => world.runs().filter(({ number }) => number >= 3).length;
      await until(() => begun() >= 2 * CHORDS, 'the last parts to be in the middle', PATIENT);
      await killed.kill();
      world.openGate();
      await world.umbel('other@fault', ['-c', '4']);
      const ids = bodies.map(({ id }) => id);
      const results = async () => {
        const found = await world.results(ids);
        return ids.map((id) => found.get(id)?.result);
      };
      await own.expect.poll(results).toEqual([0, 1]);
      await world.allSettled();
    });
  }
});
