// What a beat stores of its schedule, and the lease it holds.
import { spawn } from 'node:child_process';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { BeatLazyFunc, MemoryScheduleStore } from '../../../server/beat/beat.ts';
import { AnotherBeat, type ScheduleLease, type ScheduleStore } from '../../../server/schedules/contract.ts';
import { crontab } from '../../../server/schedules/crontab.ts';
import { FileScheduleStore } from '../../../server/schedules/file-store.ts';
import { type LeasePort, RenewedLease } from '../../../server/schedules/renewed-lease.ts';
import { createTimer } from '../../../server/timer.ts';
import { ManualClock } from '../../support/clock.ts';
import { READ_SOURCES } from '../../support/sources/read-sources.ts';
import { until } from '../../support/until.ts';
import { folder, S, settled, stored, world } from './world.ts';

describe('what it remembers', () => {
  it('outlives it: an interval goes on where it was', async () => {
    const { sent, timer, beat } = world({ beat_schedule: { a: { task: 't', schedule: 60 } } });
    const one = beat();
    await one.start();
    timer.advance(60 * S);
    await settled();
    timer.advance(20 * S);
    await one.stop();
    timer.advance(30 * S);
    await beat().start();
    expect(sent).toHaveLength(1);
    timer.advance(10 * S);
    await settled();
    expect(sent).toHaveLength(2);
  });
  it('is made up for once when several runs were missed', async () => {
    const { sent, timer, beat } = world({ beat_schedule: { a: { task: 't', schedule: 60 } } });
    const one = beat();
    await one.start();
    await one.stop();
    timer.advance(3600 * S);
    await beat().start();
    timer.advance(1);
    await settled();
    expect(sent).toHaveLength(1);
    timer.advance(59 * S);
    await settled();
    expect(sent).toHaveLength(1);
  });
  it('is written at the first start and within a second of each sending', async () => {
    const { timer, beat } = world({ beat_schedule: { a: { task: 't', schedule: 60 } } });
    await beat().start();
    expect((await stored()).entries['a']?.total_run_count).toBe(0);
    timer.advance(60 * S);
    await settled();
    timer.advance(S);
    await until(async () => (await stored()).entries['a']?.total_run_count === 1, 'the run to be written');
  });
  it('is written at once with beat_sync_every 1', async () => {
    const { timer, beat } = world({ beat_sync_every: 1, beat_schedule: { a: { task: 't', schedule: 60 } } });
    await beat().start();
    timer.advance(60 * S);
    await until(async () => (await stored()).entries['a']?.total_run_count === 1, 'the run to be written');
  });
  it('tells what was due meanwhile, or was sent and not written down', async () => {
    const entries = Object.fromEntries(Array.from({ length: 12 }, (_, n) => [`e${n}`, { task: 't', schedule: 60 }]));
    const { timer, beat, lines } = world({ beat_schedule: entries });
    const one = beat();
    await one.start();
    await one.stop();
    expect(lines.some((line) => line.includes('while no beat ran'))).toBe(false);
    timer.advance(3600 * S);
    await beat().start();
    expect(lines.filter((line) => line.includes('while no beat ran'))).toEqual([
      expect.stringContaining('sent once now: e0, e1, e2, e3, e4, e5, e6, e7, e8, e9, 2 more'),
    ]);
  });
  it('is written before each sending with beat_at_most_once, and what cannot be written is not sent', async () => {
    const { timer, beat, sent, lines } = world({
      beat_at_most_once: true,
      beat_schedule: { a: { task: 't', schedule: 60 } },
    });
    const store = new MemoryScheduleStore();
    const claim = store.claim.bind(store);
    let isFull = false;
    const written: number[] = [];
    store.claim = async () => {
      const lease = await claim();
      const saveRuns: ScheduleLease['saveRuns'] = async (runs) => {
        if (isFull) throw new Error('no space left on device');
        await lease.saveRuns(runs);
        written.push(sent.length);
      };
      const replace: ScheduleLease['replace'] = async (all) => {
        if (isFull) throw new Error('no space left on device');
        await lease.replace(all);
        written.push(sent.length);
      };
      return { ...lease, saveRuns, replace };
    };
    await beat({ store }).start();
    timer.advance(60 * S);
    await until(() => sent.length === 1, 'the first run');
    // At the start, and before the first was sent.
    expect(written).toEqual([0, 0]);
    expect((await store.load()).get('a')!.runs.totalRunCount).toBe(1);
    isFull = true;
    timer.advance(60 * S);
    await until(() => lines.some((line) => line.includes('written down before')), 'the refusal');
    expect(sent).toHaveLength(1);
    isFull = false;
    timer.advance(S);
    await until(() => sent.length === 2, 'the run that was held back');
  });
  it('holds the whole entry, so that who only reads it can show it', async () => {
    const { beat } = world({
      beat_schedule: {
        mail: {
          task: 'shop.mail',
          schedule: crontab({ hour: 7, day_of_week: 'mon-fri' }),
          args: [new BeatLazyFunc(() => 1), 2n ** 63n],
          kwargs: { since: new Date(0) },
          options: { queue: 'mail' },
          enabled: false,
        },
      },
    });
    const one = beat();
    await one.start();
    await one.stop();
    expect((await stored()).entries.mail).toMatchObject({
      task: 'shop.mail',
      schedule: { kind: 'crontab', minute: '*', hour: '7', day_of_week: 'mon-fri' },
      kwargs: { since: { __type__: 'datetime' } },
      options: { queue: 'mail' },
      enabled: false,
      total_run_count: 0,
    });
    expect(await readFile(join(folder, 'schedule.json'), 'utf8')).toContain(
      '[{"__type__":"BeatLazyFunc","__value__":null},9223372036854775808]',
    );
  });
  it('has what was changed while it runs', async () => {
    const { host, timer, beat } = world({ beat_schedule: { a: { task: 't', schedule: 100 } } });
    const one = beat();
    await one.start();
    host.conf.update({ beat_schedule: { b: { task: 'u', schedule: 5 } } });
    one.reload();
    timer.advance(S);
    await until(async () => (await stored()).entries.b?.task === 'u', 'the new entry to be written');
    expect(Object.keys((await stored()).entries)).toEqual(['b']);
  });
  it('leaves no half file: only the schedule, and its lock', async () => {
    const { beat } = world({ beat_schedule: { a: { task: 't', schedule: 60 } } });
    const one = beat();
    await one.start();
    await one.stop();
    expect((await readdir(folder)).sort()).toEqual(['schedule.json', 'schedule.lock']);
  });
  it('is put aside when it cannot be read, and nothing of it is lost', async () => {
    await writeFile(join(folder, 'schedule.json'), '{"version":1,"entries":{"a":{"last_run_at":"nev');
    const { lines, beat } = world({ beat_schedule: { a: { task: 't', schedule: 60 } } });
    await beat().start();
    const aside = (await readdir(folder)).find((name) => name.includes('unreadable'));
    expect(await readFile(join(folder, aside!), 'utf8')).toContain('nev');
    expect(lines.some((line) => line.includes('put aside'))).toBe(true);
  });
  it('never touches a shelve file of a Python beat under the same name', async () => {
    await writeFile(join(folder, 'schedule'), 'shelve');
    const { beat } = world();
    const one = beat();
    await one.start();
    await one.stop();
    expect(await readFile(join(folder, 'schedule'), 'utf8')).toBe('shelve');
  });
});

describe('a second beat on the same file', () => {
  it.each([
    ['a link to the file', 'real.json', 'link.json', 'link'],
    ['a link to its name without .json', 'real', 'link', 'link'],
    ['a link to its folder', 'data', 'here', 'here/real'],
  ])('is refused also by %s, whether that is there yet or not', async (_, target, link, asked) => {
    await mkdir(join(folder, 'data'));
    const real = join(folder, target === 'data' ? 'data/real' : 'real');
    await symlink(target, join(folder, link));
    for (const isThere of [false, true]) {
      const [one, two] = [new FileScheduleStore(real), new FileScheduleStore(join(folder, asked))];
      const lease = await one.claim();
      await expect(two.claim(), `there: ${isThere}`).rejects.toThrow(AnotherBeat);
      await lease.replace(new Map());
      await lease.release();
    }
  });
  /** Each try is armed when the one before has been refused. */
  const takenOver = (timer: { advance(ms: number): void }, lines: readonly string[]) =>
    until(() => {
      timer.advance(2 * S);
      return lines.some((line) => line.includes("is this beat's now"));
    }, 'the lease');
  it('stands by, says for which process, and takes over when that one has stopped, with what it ran', async () => {
    const { beat, lines, sent, timer } = world({ beat_schedule: { a: { task: 't', schedule: 10 } } });
    const first = beat();
    await first.start();
    const second = beat();
    await second.start();
    expect(lines.join('\n')).toMatch(new RegExp(`Another beat uses .*process ${process.pid} on .*Standing by`));
    timer.advance(10 * S);
    await until(() => sent.length === 1, 'run 1');
    timer.advance(9 * S);
    expect(lines.filter((line) => line.includes('Another beat uses'))).toHaveLength(1);
    await first.stop();
    await takenOver(timer, lines);
    await until(() => {
      timer.advance(S);
      return sent.length >= 2;
    }, 'run 2');
    // Those of both: what was taken is sent a turn later.
    await until(() => second.scheduler.entries.get('a')!.totalRunCount === sent.length, 'the runs of both');
  });
  it('that has a wrong entry is refused all the same', async () => {
    const { beat } = world();
    await beat().start();
    const { beat: wrong } = world({ beat_schedule: { a: { task: 't', schedule: 'daily' } } });
    await expect(wrong().start()).rejects.toThrow("entry 'a'");
  });
  it('ends while it stands by, and the first goes on', async () => {
    const { beat, sent, timer } = world({ beat_schedule: { a: { task: 't', schedule: 10 } } });
    await beat().start();
    const second = beat();
    await second.start();
    await second.stop();
    timer.advance(10 * S);
    await until(() => sent.length === 1, 'run 1');
  });
  it('takes over when the first was killed', async () => {
    const script = `
      import { FileScheduleStore } from ${JSON.stringify(fileURLToPath(new URL('../../../server/schedules/file-store.ts', import.meta.url)))};
      const store = new FileScheduleStore(${JSON.stringify(join(folder, 'schedule'))});
      await store.claim();
      process.stdout.write('locked');
      // Held on to: what nobody refers to is collected, and its lock with it.
      setInterval(() => store.path, 1000);`;
    await writeFile(join(folder, 'hold.mjs'), script);
    const child = spawn(process.execPath, [...READ_SOURCES, join(folder, 'hold.mjs')], {
      stdio: ['ignore', 'pipe', 'inherit'],
      cwd: fileURLToPath(new URL('../../..', import.meta.url)),
    });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    try {
      await new Promise<void>((resolve) => child.stdout.once('data', () => resolve()));
      const { beat, lines, timer } = world();
      await beat().start();
      expect(lines.join('\n')).toContain('Standing by');
      child.kill('SIGKILL');
      await ended;
      await takenOver(timer, lines);
    } finally {
      child.kill('SIGKILL');
    }
  });
});

describe('a beat that loses its lease', () => {
  /** A store that takes its lease back when a test says so. */
  function takenBack() {
    const store = new MemoryScheduleStore();
    const claim = store.claim.bind(store);
    const received: ((reason: Error) => void)[] = [];
    let lease: ScheduleLease | null = null;
    store.claim = async () => {
      lease = await claim();
      return { ...lease, onLost: (fn) => void received.push(fn) };
    };
    const take = async () => {
      await lease!.release();
      for (const fn of received.splice(0)) fn(new Error('it was not renewed in time'));
      return claim();
    };
    return { store, take };
  }

  it('sends nothing until it has it again, and then goes on from what the other beat ran', async () => {
    const { store, take } = takenBack();
    const { sent, timer, lines, beat } = world({ beat_schedule: { a: { task: 't', schedule: 60 } } });
    await beat({ store }).start();
    timer.advance(60 * S);
    await until(() => sent.length === 1, 'the first run');
    const other = await take();
    expect(lines.some((line) => line.includes('was lost: it was not renewed in time'))).toBe(true);
    timer.advance(300 * S);
    await until(() => lines.some((line) => line.includes('Standing by')), 'a claim to be refused');
    expect(sent).toHaveLength(1);
    await other.saveRuns(new Map([['a', { lastRunAt: timer.now(), totalRunCount: 6 }]]));
    await other.release();
    // Each try is armed when the one before has been refused.
    await until(() => {
      timer.advance(5 * S);
      return lines.some((line) => line.includes("is this beat's now"));
    }, 'the schedule to be claimed again');
    const { runs } = (await store.load()).get('a')!;
    expect(runs.totalRunCount).toBe(6);
    timer.advance(runs.lastRunAt + 60 * S - 1 - timer.now());
    await settled();
    expect(sent).toHaveLength(1);
    timer.advance(1);
    await until(() => sent.length === 2, 'the next run');
  });

  /** Renewed as by a server, until another has taken it. */
  function renewed(schedule: unknown) {
    const clock = new ManualClock();
    const timer = createTimer({ clock });
    const server = { isTaken: false, renewals: 0 };
    const port: LeasePort = {
      description: 'a server',
      renew: async () => {
        server.renewals++;
        return !server.isTaken;
      },
      release: async () => {},
      replace: async () => !server.isTaken,
      saveRuns: async () => !server.isTaken,
    };
    const store: ScheduleStore = {
      description: port.description,
      load: async () => new Map(),
      holder: async () => null,
      claim: async () => {
        if (server.isTaken) throw new AnotherBeat('Another beat has it.');
        const parts = { port, token: 't', askedAt: timer.monotonic(), timer, entries: new Map() };
        return new RenewedLease({ ...parts, onReleased: () => {} });
      },
      close: async () => {},
    };
    const w = world({ beat_schedule: { a: { task: 't', schedule } } }, timer);
    const pass = async (seconds: number) => {
      for (let i = 0; i < seconds * 2; i++) {
        clock.advance(S / 2);
        await settled();
      }
    };
    return { ...w, clock, server, pass, store };
  }

  it('while it stands still sends nothing when it goes on', async () => {
    const { sent, lines, beat, clock, server, pass, store } = renewed(1);
    await beat({ store }).start();
    await pass(9);
    expect([sent.length, server.renewals]).toEqual([9, 6]);
    server.isTaken = true;
    clock.stall(60 * S);
    await settled();
    expect(lines.some((line) => line.includes('was lost'))).toBe(true);
    await pass(10);
    expect(sent).toHaveLength(9);
  });

  it('while its machine sleeps asks before it sends, and goes on when it still has it', async () => {
    const { sent, beat, clock, server, pass, store } = renewed(crontab({ minute: 0 }));
    await beat({ store }).start();
    await pass(3);
    clock.setWallClock(3600 * S);
    await pass(4);
    expect(sent).toHaveLength(1);
    server.isTaken = true;
    clock.setWallClock(3600 * S);
    await pass(4);
    expect(sent).toHaveLength(1);
  });

  it('can be stopped meanwhile, and leaves no timer behind', async () => {
    const { store, take } = takenBack();
    const { timer, beat } = world({ beat_schedule: { a: { task: 't', schedule: 60 } } });
    const one = beat({ store });
    await one.start();
    await take();
    await one.stop();
    expect(timer.size).toBe(0);
  });
});
