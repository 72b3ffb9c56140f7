// Two beats on one schedule with an entry of one second: the one that has the lease is killed, again and again; then the server that keeps
// the schedule stands still. Counts what was sent and what is written down, and prints JSON lines.
//   npm run build && UMBEL_BUILT=1 npx tsx --conditions=umbel-source test/fault/beats-killed.ts       12 kills, the schedule in Redis
//   KILLS=30 npx tsx ...
//   AT_MOST_ONCE=1                           with beat_at_most_once
//   STORE=postgresql | STORE=mysql           it is in django-celery-beat's tables there
//   STORE=/path                              it is in a file
// Promised: at most one repeat a kill, and with beat_at_most_once none; after each kill the other beat sends within seconds.
// By hand: what a beat does without its store is in server/beat's tests.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { openScheduleStore } from '../../server/schedules/registry.ts';
import { report } from '../support/bench-report.ts';
import { djangoStore } from '../support/django-store.ts';
import { redisServer } from '../support/redis-server.ts';
import { freshDatabase } from '../support/sql-servers.ts';
import { linkPackage, type Running, startUmbel } from '../support/umbel.ts';
import { until } from '../support/until.ts';

const KILLS = Number(process.env.KILLS ?? 12);
const atMostOnce = process.env.AT_MOST_ONCE === '1';
const broker = await redisServer();
const kept = process.env.STORE ? null : await redisServer();
const schedule = process.env.STORE ? await placeOf(process.env.STORE) : kept!.url();

async function placeOf(kind: string): Promise<string> {
  if (kind !== 'postgresql' && kind !== 'mysql') return kind;
  const url = await freshDatabase(kind);
  const python = await djangoStore([{ name: kind, engine: kind, url }], "'django_celery_beat'");
  await python.close();
  return `django-db+${url}`;
}

const folder = mkdtempSync(join(tmpdir(), 'umbel-beats-'));
linkPackage(folder);
writeFileSync(
  join(folder, 'beats.mjs'),
  `import { Celery } from 'umbel';
export const app = new Celery('beats', { broker: ${JSON.stringify(broker.url())}, beat_at_most_once: ${atMostOnce},
  beat_schedule: { tick: { task: 'beats.tick', schedule: 1 } } });
`,
);
const startBeat = (): Running =>
  startUmbel(['-A', './beats.mjs', 'beat', '-l', 'INFO', '--schedule', schedule], { cwd: folder });
const keys = new Redis(broker.url());
const store = await openScheduleStore(schedule);
const sent = () => keys.llen('celery');
const holder = async () => (await store.holder().catch(() => null))?.pid ?? null;
const grows = async (what: string) => {
  const before = await sent();
  await until(async () => (await sent()) > before, what);
};

const beats = [startBeat(), startBeat()];
await grows('the first run');
const begun = Date.now();
const gaps: number[] = [];
for (let kill = 0; kill < KILLS; kill++) {
  await pause(500 + Math.random() * 2500);
  const pid = await until(holder, 'a beat to have the lease');
  const at = beats.findIndex(({ child }) => child.pid === pid);
  if (at < 0) throw new Error(`process ${pid} has the lease, and is none of these beats`);
  beats[at]!.child.kill('SIGKILL');
  await beats[at]!.ended;
  const killed = Date.now();
  await grows('the other beat to send');
  gaps.push((Date.now() - killed) / 1000);
  beats[at] = startBeat();
}
const seconds = (Date.now() - begun) / 1000;
const end = async () => {
  for (const beat of beats) beat.child.kill('SIGTERM');
  await Promise.all(beats.map(({ ended }) => ended));
};
await end();
const written = (await store.load()).get('tick')!.runs.totalRunCount;
const all = await sent();
report({
  case: `beats killed${atMostOnce ? ' (beat_at_most_once)' : ''}`,
  value: all - written,
  unit: 'runs sent and not written down',
  better: 'less',
  goal: atMostOnce ? 0 : KILLS,
  kills: KILLS,
  seconds: Math.round(seconds),
  sent: all,
  written,
  worstTakeoverSeconds: Number(Math.max(...gaps).toFixed(1)),
});

// What is sent while the server stands still cannot be written down, so it is not counted above.
if (kept) {
  beats.splice(0, 2, startBeat(), startBeat());
  await grows('a beat that starts');
  kept.pause();
  await until(() => beats.some((beat) => beat.stderr().includes('was lost')), 'the lease to be given up');
  const lost = await sent();
  await pause(3000);
  const meanwhile = (await sent()) - lost;
  kept.resume();
  const resumed = Date.now();
  await grows('a beat that has its schedule again');
  await end();
  report({
    case: 'the server of the schedule stood still',
    value: meanwhile,
    unit: 'runs sent without the lease',
    better: 'less',
    goal: 0,
    secondsToGoOn: Number(((Date.now() - resumed) / 1000).toFixed(1)),
  });
  if (meanwhile > 0) process.exitCode = 1;
}
if (all - written > (atMostOnce ? 0 : KILLS)) process.exitCode = 1;
await store.close();
keys.disconnect();
await Promise.all([broker.close(), kept?.close()]);
rmSync(folder, { recursive: true, force: true });
