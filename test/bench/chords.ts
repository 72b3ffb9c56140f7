// A chord whose header has 10,000 parts, on every result store that has chords: from its sending until its body's result is read. This
// package, with a worker as it starts by itself; and Python Celery (where it is installed) with two processes. The broker is one Redis.
// The sum that the body gives is checked. STORES=file,redis: only these; PARTS, ROUNDS: others than 10,000 and one; PEER=no: without
// Celery, which else is given up after PATIENCE seconds (600) on a store: its figure is null then.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { median, report } from '../support/bench-report.ts';
import { djangoStore } from '../support/django-store.ts';
import { memcachedServer } from '../support/memcached-server.ts';
import { redisServer } from '../support/redis-server.ts';
import { OwnSqlServer } from '../support/sql-servers.ts';
import { celeryChord } from './chords/celery.ts';
import { celeryVersion } from './support/celery.ts';
import { cpuUsOf, type Given, measured, served } from './support/measure.ts';

export interface ChordTrip {
  /** @unit seconds */
  readonly seconds: number;
  /** Of its worker and its client. @unit seconds */
  readonly cpu: number;
}

const PARTS = Number(process.env.PARTS ?? 10_000);
const ROUNDS = Number(process.env.ROUNDS ?? 1);
const PATIENCE = Number(process.env.PATIENCE ?? 600);
const wanted = process.env.STORES?.split(',');
const ours = fileURLToPath(new URL('./chords/ours.ts', import.meta.url));
const version = process.env.PEER === 'no' ? null : celeryVersion();

const folder = mkdtempSync(join(tmpdir(), 'umbel-bench-chords-'));
const redis = await redisServer();
const closing: (() => Promise<unknown>)[] = [() => redis.close()];
const opened = <T extends { close(): Promise<unknown> }>(server: T): T => {
  closing.push(() => server.close());
  return server;
};
let files = 0;
const file = () => join(folder, String(++files));
const sqlServer = async (kind: 'postgresql' | 'mysql') => opened(await OwnSqlServer.open(kind)).url;
/** With Django's tables. */
const django = async (engine: string, url: string) => {
  await (await djangoStore([{ name: 'bench', engine, url }])).close();
  return `django-db+${url}`;
};

/** `ours`: Celery has no such store. */
const STORES: readonly { name: string; ours?: true; url: () => Promise<string> | string }[] = [
  { name: 'redis', url: () => redis.freshUrl() },
  { name: 'sqlite', ours: true, url: () => `sqlite:///${file()}` },
  { name: 'memcached', url: async () => `cache+memcached://${opened(await memcachedServer()).address}/` },
  {
    name: 'file',
    url() {
      const path = file();
      mkdirSync(path);
      return `file://${path}`;
    },
  },
  { name: 'db+sqlite', url: () => `db+sqlite:///${file()}` },
  { name: 'db+postgresql', url: async () => `db+${await sqlServer('postgresql')}` },
  { name: 'db+mysql', url: async () => `db+${await sqlServer('mysql')}` },
  { name: 'django-db on sqlite', url: () => django('sqlite3', `sqlite:///${file()}`) },
  { name: 'django-db on postgresql', url: async () => django('postgresql', await sqlServer('postgresql')) },
  { name: 'django-db on mysql', url: async () => django('mysql', await sqlServer('mysql')) },
];

try {
  for (const { name, ours: only = false, url } of STORES) {
    if (wanted && !wanted.includes(name)) continue;
    const trips: { ours: ChordTrip[]; celery: ChordTrip[] } = { ours: [], celery: [] };
    const given = async (): Promise<Given> => ({ url: redis.freshUrl(), store: await url(), count: PARTS });
    for (let round = 0; round < ROUNDS; round++) {
      trips.ours.push(await chordOfOurs(await given()));
      if (version !== null && !only) trips.celery.push(await celeryChord(await given(), PATIENCE));
    }
    report({
      case: `chord of ${PARTS} on ${name}`,
      ...figuresOf(trips.ours),
      unit: 's',
      better: 'less',
      peers: trips.celery.length === 0 ? [] : [{ name: `Celery ${version}, -c 2`, ...figuresOf(trips.celery) }],
    });
  }
} finally {
  for (const close of closing.reverse()) await close();
  rmSync(folder, { recursive: true, force: true });
}

async function chordOfOurs(given: Given): Promise<ChordTrip> {
  const worker = await served(ours, 'serve', given);
  const before = cpuUsOf(worker.pid);
  try {
    const { seconds, cpu } = await measured<ChordTrip>(ours, 'chord', given);
    return { seconds, cpu: cpu + (cpuUsOf(worker.pid) - before) / 1e6 };
  } finally {
    worker.stop();
  }
}

function figuresOf(trips: readonly ChordTrip[]) {
  return { value: median(trips.map(({ seconds }) => seconds)), cpu: median(trips.map(({ cpu }) => cpu)) };
}
