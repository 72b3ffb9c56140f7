// Beat: how many next runs of crontabs are computed in a second, in a zone with summer time; what one tick costs with ten entries and with
// ten thousand, of which one is due; and how late runs are sent on the embedded broker. Peer: Celery's crontab, in the same zone, by the same
// patterns.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Celery } from '../../server/app/celery.ts';
import { Beat } from '../../server/beat/beat.ts';
import { Scheduler } from '../../server/beat/scheduler.ts';
import { silentLogger } from '../../server/log.ts';
import { crontab } from '../../server/schedules/crontab.ts';
import { signals } from '../../server/signals.ts';
import { median, percentile, report } from '../support/bench-report.ts';
import { celeryVersion } from './support/celery.ts';

const ZONE = 'Europe/Berlin';
const RUNS = 1_000_000;
const CELERYS_RUNS = 20_000;
const TICKS = 20_000;
const ROUNDS = 3;
const START = Date.parse('2026-03-28T22:30:00Z');
const PATTERNS = [
  { minute: '*/15' },
  { minute: '0', hour: '7-19/2', day_of_week: 'mon-fri' },
  { minute: '30', hour: '2' },
  { minute: '0', hour: '0', day_of_month: '1' },
] as const;

/** Seconds until each next run, one following the other. */
function nextRuns(): number {
  const begun = performance.now();
  for (const pattern of PATTERNS) {
    const schedule = crontab(pattern);
    let last = START;
    for (let i = 0; i < RUNS / PATTERNS.length; i++) {
      const left = schedule.remaining(last, { nowMs: last, zone: ZONE });
      if (!(left > 0))
        throw new Error(`no next run of ${JSON.stringify(pattern)} after ${new Date(last).toISOString()}`);
      // A hundred years are enough.
      last = i % 1000 === 999 ? START : last + left * 1000;
    }
  }
  return RUNS / ((performance.now() - begun) / 1000);
}

const CELERYS = `
import sys, time, datetime
from zoneinfo import ZoneInfo
from celery import Celery
from celery.schedules import crontab
app = Celery(set_as_current=False)
app.conf.timezone = '${ZONE}'
patterns = ${JSON.stringify(PATTERNS)}
count = ${CELERYS_RUNS} // len(patterns)
zone = ZoneInfo('${ZONE}')
start = datetime.datetime(2026, 3, 28, 23, 30, tzinfo=zone)
begun = time.perf_counter()
for pattern in patterns:
    now = start
    one = crontab(app=app, nowfun=lambda: now, **pattern)
    for i in range(count):
        left = one.remaining_estimate(now)
        now = start if i % 1000 == 999 else now + left
print(len(patterns) * count / (time.perf_counter() - begun))
`;

function celerysRuns(): number | null {
  const { status, stdout, stderr } = spawnSync('/usr/bin/python3', ['-c', CELERYS], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`Celery's crontab: ${stderr.slice(-500)}`);
  return Number(stdout);
}

/** @unit microseconds a tick */
function ticks(entries: number): number {
  const scheduler = new Scheduler({ zone: 'UTC' });
  // One is due each second, the others in hours.
  const far = Array.from({ length: entries - 1 }, (_, i) => [`far${i}`, { task: 't', schedule: 86_400 + i }] as const);
  scheduler.merge({ ...Object.fromEntries(far), near: { task: 't', schedule: 1 } }, new Map(), START);
  let sent = 0;
  const begun = performance.now();
  for (let i = 0; i < TICKS; i++) {
    for (const { entry } of scheduler.takeDue(scheduler.nextAt())) {
      entry.sending = true;
      scheduler.release(entry);
      sent++;
    }
  }
  const tookMs = performance.now() - begun;
  if (sent !== TICKS) throw new Error(`${sent} of ${TICKS} were due`);
  return (tookMs * 1000) / TICKS;
}

/** What is due each second, and for how long it is watched. */
const EACH_SECOND = 100;
const WATCHED_MS = 20_000;

/** Milliseconds from when each run was due until its message was in the file, as they came, of ten thousand entries in a file. */
async function lateness(): Promise<number[]> {
  const folder = mkdtempSync(join(tmpdir(), 'umbel-bench-beat-'));
  const entry = (i: number) => [`e${i}`, { task: `e${i}`, schedule: i < EACH_SECOND ? 1 : 86_400 + i }] as const;
  const settings = {
    broker: `sqlite:///${join(folder, 'broker.db')}`,
    beat_schedule: Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => entry(i))),
  };
  const app = new Celery('bench', settings, { env: {}, log: silentLogger });
  const beat = new Beat(app, { schedule: join(folder, 'schedule') });
  const late: number[] = [];
  const published = ({ sender }: { sender: unknown }) => {
    late.push(Date.now() - beat.scheduler.entries.get(String(sender))!.lastRunAt);
  };
  signals.after_task_publish.connect(published);
  await beat.start();
  await pause(WATCHED_MS);
  await beat.stop();
  signals.after_task_publish.disconnect(published);
  await app.close();
  rmSync(folder, { recursive: true, force: true });
  if (late.length < (EACH_SECOND * WATCHED_MS) / 1000 - 2 * EACH_SECOND)
    throw new Error(`only ${late.length} runs were sent`);
  return late;
}

const version = celeryVersion();
const rounds = Array.from({ length: ROUNDS }, () => ({
  ours: nextRuns(),
  celery: version === null ? null : celerysRuns(),
  few: ticks(10),
  many: ticks(10_000),
}));
report({
  case: 'beat: next runs of a crontab',
  value: median(rounds.map(({ ours }) => ours)),
  unit: 'runs/s',
  better: 'more',
  goal: 100_000,
  peers: version === null ? [] : [{ name: `Celery ${version}`, value: median(rounds.map(({ celery }) => celery!)) }],
});
report({
  case: 'beat: a tick with 10,000 entries, one due',
  value: median(rounds.map(({ many }) => many)),
  unit: 'microseconds',
  better: 'less',
  withTenEntries: median(rounds.map(({ few }) => few)),
});
const came = await lateness();
const sorted = (all: readonly number[]) => all.toSorted((a, b) => a - b);
const late = sorted(came);
report({
  case: 'beat: lateness of a run with 10,000 entries, embedded broker',
  value: percentile(late, 50),
  unit: 'milliseconds',
  better: 'less',
  goal: 10,
  p95: percentile(late, 95),
  last: late.at(-1),
  // The first second has code that never ran before.
  firstSecond: Math.max(...came.slice(0, EACH_SECOND)),
  p95Later: percentile(sorted(came.slice(EACH_SECOND)), 95),
  runs: late.length,
});
