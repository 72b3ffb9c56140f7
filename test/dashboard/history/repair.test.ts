// After a history could not be written, or its file was lost or replaced: rows and roll-ups say the same again, each end counted once.
import { cpSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type RepairHost, Repairs } from '../../../server/dashboard/cluster/repair.ts';
import type { HistoryStore } from '../../../server/dashboard/history/contract.ts';
import { openHistory } from '../../../server/dashboard/history/sqlite/history.ts';
import type { Bounds } from '../../../server/dashboard/history/sqlite/write-behind.ts';
import { silentLogger } from '../../../server/log.ts';
import { ClusterState } from '../../../shared/events/cluster-state.ts';
import type { EventGap } from '../../../shared/wire/series.ts';
import { ManualTimer } from '../../support/clock.ts';
import { until } from '../../support/until.ts';

const NOW = 1_790_000_000;
let folder: string;
let history: HistoryStore;
let state: ClusterState;
let timer: ManualTimer;
let gaps: Pick<EventGap, 'tasks'>[];
let repaired: number;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'umbel-repair-'));
  timer = new ManualTimer(NOW * 1000);
  gaps = [];
  repaired = 0;
});
afterEach(async () => {
  await history.close();
  rmSync(folder, { recursive: true, force: true });
});

const file = () => join(folder, 'h.db');
const flush = () => history.write(state.cut(), NOW);

/** A cluster as far as a repair looks at it, on a history with these bounds. */
async function open(bounds?: Bounds, maxTasks?: number): Promise<void> {
  history = await openHistory(file(), { timer, ...(bounds && { bounds }) });
  state = new ClusterState(maxTasks === undefined ? {} : { maxTasks });
  const cluster = {
    history,
    state,
    now: NOW,
    stopped: false,
    flush,
    events: { add: (gap: EventGap) => gaps.push(gap) },
    missedEnds: { lookUp: async () => void repaired++ },
  };
  const repairs = new Repairs(cluster as unknown as RepairHost, silentLogger);
  history.onRecovered((what) => repairs.recovered(what));
}

function applyEvents(uuid: string, subjects: readonly string[], more: object = {}): void {
  for (const subject of subjects) {
    const at = NOW + n++ / 1000;
    const who = { uuid, hostname: 'w1@h', name: 'shop.add', queue: 'q' };
    state.apply({ type: `task-${subject}`, ...who, timestamp: at, local_received: at, clock: 1, ...more });
  }
}
let n = 0;
const DONE = ['received', 'started', 'succeeded'];
const tasks = (prefix: string, count: number, subjects: readonly string[] = DONE) => {
  for (let i = 0; i < count; i++) applyEvents(`${prefix}${i}`, subjects);
};

/** What rows say and what roll-ups say. */
async function both() {
  const total = async (states: string[]) =>
    (
      await history.tasks({
        tree: null,
        states,
        from: null,
        to: null,
        sort: 'first_seen',
        descending: true,
        cursor: null,
        limit: 1,
      })
    ).total;
  const [all] = await history.keyStats('task', NOW - 7200, NOW + 7200, null);
  const groups = await history.failures({ now: NOW + 60, span: 7200, limit: 9, task: null, exception: null });
  return {
    rows: [await total(['SUCCESS']), await total(['FAILURE'])],
    rolled: [(all?.finished ?? 0) - (all?.failed ?? 0), all?.failed ?? 0],
    retried: all?.retried ?? 0,
    failures: groups.reduce((sum, g) => sum + g.count, 0),
  };
}

/** Nothing can be written: where the file was is none that can be opened. */
async function fail(): Promise<void> {
  await both();
  for (const end of ['', '-wal', '-shm']) renameSync(file() + end, `${file()}.away${end}`);
  rmSync(`${file()}.lock`);
  renameSync(folder, `${folder}-away`);
  writeFileSync(folder, 'no folder');
  applyEvents('notices', ['received']);
  flush();
  await until(() => !history.health.ok, 'it to be noticed');
  await expect(both(), 'nor read').rejects.toThrow('h.db');
}
async function heal(file_: 'same' | 'empty'): Promise<void> {
  rmSync(folder);
  renameSync(`${folder}-away`, folder);
  if (file_ === 'same') for (const end of ['', '-wal', '-shm']) renameSync(`${file()}.away${end}`, file() + end);
  else await (await openHistory(file())).close();
  timer.advance(2000);
  await until(() => history.health.ok, 'it to be written again');
  await until(() => repaired > 0, 'it to be repaired');
  await history.written();
}

describe('what was given up', () => {
  it('and is known still is written with its ends, each counted once', async () => {
    await open({ tasks: 40, finishes: 1000, text: 1e6, gauges: 10 });
    tasks('before', 5);
    tasks('runs', 20, ['received', 'started']);
    flush();
    await history.written();
    await fail();
    // Ended while it could not be written; begun and ended; begun; failed after two retries.
    tasks('runs', 20, ['succeeded']);
    flush();
    tasks('during', 100);
    flush();
    tasks('begun', 50, ['received', 'started']);
    flush();
    for (let i = 0; i < 30; i++) {
      applyEvents(`bad${i}`, ['received', 'started', 'retried'], { exception: 'ValueError(1)' });
      applyEvents(`bad${i}`, ['received', 'started', 'retried'], { exception: 'ValueError(1)', retries: 1 });
      applyEvents(`bad${i}`, ['received', 'started', 'failed'], { exception: 'ValueError(1)', retries: 2 });
    }
    flush();
    expect(history.health.given_up).toBeGreaterThan(150);
    await heal('same');
    expect(await both()).toEqual({ rows: [125, 30], rolled: [125, 30], retried: 60, failures: 30 });
    expect(await history.task('begun7')).toMatchObject({ state: 'STARTED', name: 'shop.add' });
    expect(gaps).toEqual([]);
  });

  it('and is forgotten is told as a gap; rows and roll-ups are one truth all the same', async () => {
    await open({ tasks: 40, finishes: 1000, text: 1e6, gauges: 10 }, 60);
    await fail();
    for (let i = 0; i < 30; i++) {
      tasks(`batch${i}-`, 10);
      flush();
    }
    await heal('same');
    const { rows, rolled } = await both();
    expect(rolled).toEqual(rows);
    expect(rows[0]).toBeGreaterThanOrEqual(60);
    expect(gaps).toMatchObject([{ tasks: 300 - rows[0]!, cause: 'not-written' }]);
  });
});

describe('another file', () => {
  it('that is empty gets all that memory knows, counted once, whatever waited meanwhile', async () => {
    await open();
    tasks('before', 30);
    flush();
    await history.written();
    await fail();
    tasks('during', 20);
    flush();
    await heal('empty');
    expect(await both()).toMatchObject({ rows: [50, 0], rolled: [50, 0] });
  });

  it('a copy of before, put in its place, is brought up to now: what it has counted is not counted again', async () => {
    await open();
    tasks('old', 30);
    tasks('runs', 10, ['received', 'started']);
    flush();
    await history.close();
    cpSync(file(), `${file()}.copy`);
    history = await openHistory(file(), { timer });
    const cluster = { history, state, now: NOW, stopped: false, flush };
    const events = { add: () => {} };
    const missedEnds = { lookUp: async () => void repaired++ };
    const repairs = new Repairs({ ...cluster, events, missedEnds } as unknown as RepairHost, silentLogger);
    history.onRecovered((what) => repairs.recovered(what));
    tasks('runs', 10, ['succeeded']);
    flush();
    await history.written();
    renameSync(`${file()}.copy`, file());
    tasks('new', 7);
    flush();
    await until(() => repaired > 0, 'it to be repaired');
    await history.written();
    expect(await both()).toMatchObject({ rows: [47, 0], rolled: [47, 0] });
  });
});
