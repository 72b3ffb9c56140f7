import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { RevokedSet } from '../../../server/worker/revoked.ts';
import { StateDb } from '../../../server/worker/state-db.ts';
import { ManualTimer } from '../../support/clock.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A wall clock that nobody sets. */
const clockOf = (now: () => number) => ({ now, monotonic: now });

function stateFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'umbel-state-'));
  folders.push(folder);
  return join(folder, 'worker.state');
}

describe('revoked ids', () => {
  it('are bounded: the oldest is forgotten first', () => {
    const revoked = new RevokedSet(
      clockOf(() => 1000),
      { CELERY_WORKER_REVOKES_MAX: '3' },
    );
    for (const id of ['a', 'b', 'c', 'd']) revoked.add(id);
    expect(revoked.ids()).toEqual(['b', 'c', 'd']);
  });

  it('cost the same at a hundred and at fifty thousand, with thousands more to come', () => {
    // Steps over what is held, and looks at the clock: a purge that passes over everything shows in either.
    const stepsOf = (held: number) => {
      let steps = 0;
      const revoked = new RevokedSet(
        clockOf(() => steps++),
        { CELERY_WORKER_REVOKES_MAX: String(held) },
      );
      for (let i = 0; i < held; i++) revoked.add(`before-${i}`);
      const proto = Object.getPrototypeOf(new Map().entries()) as { next: () => unknown };
      const { next } = proto;
      proto.next = function (this: unknown) {
        steps++;
        return next.call(this);
      };
      try {
        steps = 0;
        for (let i = 0; i < 3000; i++) revoked.add(`id-${i}`);
        return steps;
      } finally {
        proto.next = next;
        expect(revoked.size).toBe(held);
      }
    };
    const few = stepsOf(100);
    expect(few).toBeLessThan(20_000);
    expect(stepsOf(50_000)).toBe(few);
  });

  it('that are revoked again count from then on, and never make the set forget a younger one', () => {
    const revoked = new RevokedSet(
      clockOf(() => 1000),
      { CELERY_WORKER_REVOKES_MAX: '3' },
    );
    for (const id of ['a', 'b', 'c', 'a', 'd']) revoked.add(id);
    expect(revoked.ids()).toEqual(['c', 'a', 'd']);
    for (let i = 0; i < 10_000; i++) revoked.add('a');
    expect(revoked.ids()).toEqual(['c', 'd', 'a']);
    revoked.merge({ other: 1_700_000_000 });
    expect(revoked.ids()).toEqual(['d', 'a', 'other']);
  });

  it('of another worker are forgotten by their age, not by when they came', () => {
    let now = 1_700_000_000_000;
    const revoked = new RevokedSet(
      clockOf(() => now),
      { CELERY_WORKER_REVOKES_MAX: '2' },
    );
    revoked.add('mine');
    now += 1000;
    revoked.merge({ older: 1_699_999_999, newer: 1_700_000_001 });
    expect(revoked.ids()).toEqual(['mine', 'newer']);
  });

  it('expire after three hours when they are purged', () => {
    let now = 0;
    const revoked = new RevokedSet(
      clockOf(() => now),
      {},
    );
    revoked.add('old');
    now = 10_801_000;
    revoked.add('new');
    revoked.purge();
    expect(revoked.ids()).toEqual(['new']);
  });

  it.each([86_400_000, -86_400_000])('expire no sooner and no later when the clock is set by %d ms', (byMs) => {
    const timer = new ManualTimer();
    const revoked = new RevokedSet(timer, {});
    revoked.add('mine');
    revoked.merge({ restored: timer.now() / 1000 });
    timer.setWallClock(byMs);
    timer.advance(10_000_000);
    revoked.purge();
    expect(revoked.ids()).toEqual(['mine', 'restored']);
    timer.advance(1_000_000);
    revoked.purge();
    expect(revoked.ids()).toEqual([]);
  });

  it('come from other workers as id and unix time, or as a time of another machine, which is none here', () => {
    const now = 1_700_000_500_000;
    const revoked = new RevokedSet(
      clockOf(() => now),
      {},
    );
    revoked.merge({ x: 1_700_000_000.25, y: [1_700_000_001.25, 'y'], python: [8865.257, 'python'], z: 'nonsense' });
    const received = revoked.toRecord();
    expect(Object.keys(received)).toEqual(['x', 'y', 'python', 'z']);
    expect([received.x, received.y, received.python, received.z].map((when) => Math.round(when! * 100) / 100)).toEqual([
      1_700_000_000.25, 1_700_000_001.25, 1_700_000_500, 1_700_000_500,
    ]);
  });

  it('are told with times that Python reads as floats', () => {
    const revoked = new RevokedSet(
      clockOf(() => 1_700_000_000_000),
      {},
    );
    revoked.add('a');
    expect(JSON.stringify(revoked.toRecord())).toMatch(/^\{"a":1700000000\.0\d*\}$/);
  });

  it('survive a restart in the state file, with the clock', () => {
    const path = stateFile();
    const before = new RevokedSet(
      clockOf(() => 1000),
      {},
    );
    before.add('gone');
    new StateDb(path).save(before, 42);
    expect(new StateDb(path).load()).toEqual({ revoked: { gone: expect.closeTo(1, 2) }, stamps: {}, clock: 42 });
  });

  it.each(['', '{"umbel":1,"revoked":{"a":17', '{"umbel":1,"revoked":{},"stamps":{"a":null}}'])(
    'start empty with a damaged state file, which is put aside: %j',
    (text) => {
      const path = stateFile();
      writeFileSync(path, text);
      const aside: string[] = [];
      expect(new StateDb(path).load((place) => aside.push(place))).toBeNull();
      expect(aside.map((place) => readFileSync(place, 'utf8'))).toEqual([text]);
      expect(existsSync(path)).toBe(false);
    },
  );

  it('leave nothing half written where the state file cannot be written', () => {
    const path = stateFile();
    mkdirSync(path);
    const db = new StateDb(path);
    expect(() =>
      db.save(
        new RevokedSet(
          clockOf(() => 1000),
          {},
        ),
        1,
      ),
    ).toThrow();
    expect(readdirSync(dirname(path))).toEqual(['worker.state']);
  });

  it('start empty without a state file, and refuse a file that is none', () => {
    const path = stateFile();
    expect(new StateDb(path).load()).toBeNull();
    writeFileSync(path, 'zrevoked');
    expect(() => new StateDb(path).load()).toThrow(/not a state file/);
  });
});

describe('revoked stamps', () => {
  it('are bounded: those that were named longest ago are forgotten first', () => {
    const revoked = new RevokedSet(
      clockOf(() => 0),
      { CELERY_WORKER_REVOKES_MAX: '100' },
    );
    for (let i = 0; i < 1000; i++) revoked.addStamps({ [`name-${i % 7}`]: [`value-${i}`] });
    expect([...revoked.stamps.values()].reduce((count, values) => count + values.size, 0)).toBeLessThanOrEqual(100);
    expect(revoked.hasStamp(null, { 'name-5': 'value-999' })).toBe(true);
    for (let i = 0; i < 1000; i++) revoked.addStamps({ [`invented-${i}`]: ['x'] });
    expect(revoked.stamps.size).toBeLessThanOrEqual(100);
    expect(revoked.hasStamp(null, { 'invented-999': 'x' })).toBe(true);
  });

  it('match one equal value of one stamp', () => {
    const revoked = new RevokedSet(
      clockOf(() => 0),
      {},
    );
    revoked.addStamps({ batch: ['7', '8'] });
    expect(revoked.hasStamp(['batch'], { batch: ['8'] })).toBe(true);
    expect(revoked.hasStamp(null, { batch: '7' })).toBe(true);
    expect(revoked.hasStamp(['batch'], { batch: ['9'] })).toBe(false);
    expect(revoked.hasStamp(['other'], { batch: ['8'] })).toBe(false);
    expect(revoked.hasStamp(null, { batch: [{ toString: 1 }, null, 8] })).toBe(true);
    expect(revoked.hasStamp(null, { batch: { toString: 1 } })).toBe(false);
  });

  it('survive a restart in the state file, for as long as ids do', () => {
    const path = stateFile();
    const timer = new ManualTimer();
    const before = new RevokedSet(timer, {});
    before.addStamps({ batch: ['7'] });
    timer.advance(6_000_000);
    before.addStamps({ batch: ['8'] });
    new StateDb(path).save(before, 1);
    timer.advance(5_000_000);
    const after = new RevokedSet(timer, {});
    after.mergeStamps(new StateDb(path).load()!.stamps);
    expect(['7', '8'].map((batch) => after.hasStamp(null, { batch }))).toEqual([false, true]);
  });
});
