// The snippets of the guide "Result stores", each as it stands there, on servers of the tests.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { Celery } from '../../../server/app/celery.ts';
import { EmbeddedDb } from '../../../server/embedded-db.ts';
import { DJANGO_TABLES } from '../../support/django-tables.ts';
import { hasMemcached, memcachedServer } from '../../support/memcached-server.ts';
import { freshDatabase, hasPostgres } from '../../support/sql-servers.ts';
import { record } from './context.ts';

const guide = readFileSync(fileURLToPath(new URL('../../../docs/guides/result-stores.md', import.meta.url)), 'utf8');
const snippets = [...guide.matchAll(/^## (.+?)$[\s\S]*?```ts\n([\s\S]*?)```/gm)].map(
  (found) => [found[1]!, found[2]!] as const,
);

const folder = mkdtempSync(join(tmpdir(), 'umbel-guide-'));
const closing: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const close of closing.reverse()) await close();
  rmSync(folder, { recursive: true, force: true });
});

/** Where the snippet's addresses are here; null: not on this machine. */
const HERE: Readonly<Record<string, () => Promise<readonly (readonly [string, string])[] | null>>> = {
  SQL: async () =>
    hasPostgres ? [['postgresql://umbel@localhost:5432/shop', await freshDatabase('postgresql')]] : null,
  Django: async () => {
    const db = new EmbeddedDb(join(folder, 'django.db'), { journal: 'DELETE' });
    for (const sql of DJANGO_TABLES) db.exec(sql);
    db.close();
    return [['postgresql://umbel@localhost:5432/django', `sqlite:///${join(folder, 'django.db')}`]];
  },
  Memcached: async () => {
    if (!hasMemcached) return null;
    const [one, two] = await Promise.all([memcachedServer(), memcachedServer()]);
    closing.push(
      () => one.stop(),
      () => two.stop(),
    );
    return [
      ['localhost:11211', one.address],
      ['localhost:11212', two.address],
    ];
  },
  Files: async () => {
    mkdirSync(join(folder, 'results'));
    return [['/var/results', join(folder, 'results')]];
  },
  Messages: async () => [['redis://localhost:6379/0', `memory://${folder}`]],
};

test('every section with a snippet is tried', () => {
  expect(snippets.map(([title]) => title)).toEqual(Object.keys(HERE));
});

for (const [title, code] of snippets) {
  test(`the snippet of "${title}" keeps a result`, async ({ skip }) => {
    const places = await HERE[title]!();
    if (!places) return skip();
    const here = places.reduce((text, [there, place]) => text.replace(there, place), code);
    expect(here).not.toBe(code);
    const app = new Function('Celery', `${here.replace(/redis:\/\/[^']*/, 'memory://')}; return app;`)(
      Celery,
    ) as Celery;
    closing.push(() => app.close());
    const backend = await app.backend();
    await backend.listening?.();
    await backend.store(record('guide', 'SUCCESS', [title]), { replyTo: app.oid, correlationId: null });
    await backend.wait('guide', new AbortController().signal);
    expect((await backend.get('guide'))?.result).toEqual([title]);
  });
}
