// Chords run by a worker on each store: counted where Celery counts them, unlocked by celery.chord_unlock where it does not.
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Celery } from '../../server/app/celery.ts';
import { chain, chord, group } from '../../server/canvas/compose.ts';
import { EmbeddedDb } from '../../server/embedded-db.ts';
import { silentLogger } from '../../server/log.ts';
import { Worker } from '../../server/worker/worker.ts';
import { DJANGO_TABLES } from '../support/django-tables.ts';
import { hasMemcached, type MemcachedServer, memcachedServer } from '../support/memcached-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'umbel-chords-'));
let memcached: MemcachedServer | null = null;
beforeAll(async () => {
  if (hasMemcached) memcached = await memcachedServer();
});
afterAll(async () => {
  await memcached?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const STORES: readonly { name: string; present: boolean; make: () => string }[] = [
  { name: 'db+sqlite', present: true, make: () => `db+sqlite:///${join(folder, 'chords.db')}` },
  {
    name: 'filesystem',
    present: true,
    make: () => {
      mkdirSync(join(folder, 'files'));
      return `file://${join(folder, 'files')}`;
    },
  },
  { name: 'cache+memcached', present: hasMemcached, make: () => `cache+memcached://${memcached!.address}/` },
  {
    name: 'django-db',
    present: true,
    make: () => {
      const db = new EmbeddedDb(join(folder, 'django.db'), { journal: 'DELETE' });
      for (const sql of DJANGO_TABLES) db.exec(sql);
      db.close();
      return `django-db+sqlite:///${join(folder, 'django.db')}`;
    },
  },
];

for (const { name, present, make } of STORES) {
  // At once: what unlocks a chord waits a second before it looks.
  const suite = present ? describe.concurrent : describe.skip;
  suite(`chords on ${name}`, () => {
    let app: Celery;
    let worker: Worker;
    beforeAll(async () => {
      const all = { broker: `memory://${randomUUID()}`, backend: make(), result_chord_retry_interval: 0.01 };
      app = new Celery('test', all, { env: {}, log: silentLogger });
      app.task('part', async (i: number) => {
        if (i < 0) throw new RangeError(`no ${i}`);
        return i;
      });
      app.task('add', (x: number, y: number) => x + y);
      app.task('body', (results: unknown) => ({ results }));
      worker = new Worker(app, { log: silentLogger, withoutGossip: true, withoutMingle: true });
      await worker.start();
    });
    afterAll(async () => {
      await worker.stop('cold');
      await worker.done;
      await app.close();
    });
    const part = (i: number) => app.signature('part', [i]);
    const body = () => app.signature('body');
    /** No waiting before the first look. */
    const send = (header: unknown[]) => chord(group(header as never), body()).applyAsync([], {}, { countdown: 0 });

    it('the body gets the results in the order of the header', async () => {
      const result = await send([1, 2, 3, 4, 5].map(part));
      expect(await result.get({ timeout: 60 })).toEqual({ results: [1, 2, 3, 4, 5] });
    });

    it('a part that is a chain which ends in a group gives its results in that shape', async () => {
      const inner = chain(part(1), group([app.signature('add', [10]), app.signature('add', [20])]));
      const result = await send([part(7), inner]);
      expect(await result.get({ timeout: 60 })).toEqual({ results: [7, [11, 21]] });
    });

    it('a part that fails fails the body', async () => {
      const result = await send([part(1), part(-1), part(2)]);
      await expect(result.get({ timeout: 60 })).rejects.toThrow(/Dependency .* raised RangeError\('no -1'\)/);
    });

    it('a chord in a chord', async () => {
      const inner = chord(group([part(1), part(2)]), body());
      const result = await send([inner, part(3)]);
      expect(await result.get({ timeout: 60 })).toEqual({ results: [{ results: [1, 2] }, 3] });
    });
  });
}
