// What a beat stores of its schedule, and the lease it holds.
import { spawn } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { BeatLazyFunc, MemoryScheduleStore } from '../../../server/beat/beat.ts';
import type { ScheduleLease } from '../../../server/schedules/contract.ts';
import { crontab } from '../../../server/schedules/crontab.ts';
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
  it('is refused with the reason and the process that has it, and may begin when that one has stopped', async () => {
    const { beat } = world();
    const first = beat();
    await first.start();
    const second = beat();
    await expect(second.start()).rejects.toThrow(new RegExp(`Another beat uses .*process ${process.pid} on`));
    await first.stop();
    await second.start();
  });
  it('may begin when the first was killed', async () => {
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
      const { beat } = world();
      await expect(beat().start()).rejects.toThrow('Another beat uses');
      child.kill('SIGKILL');
      await ended;
      await beat().start();
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
    await until(() => lines.some((line) => line.includes('cannot be claimed yet')), 'a claim to be refused');
    expect(sent).toHaveLength(1);
    await other.saveRuns(new Map([['a', { lastRunAt: timer.now(), totalRunCount: 6 }]]));
    await other.release();
    // Each try is armed when the one before has been refused.
    await until(() => {
      timer.advance(5 * S);
      return lines.some((line) => line.includes('claimed again'));
    }, 'the schedule to be claimed again');
    const { runs } = (await store.load()).get('a')!;
    expect(runs.totalRunCount).toBe(6);
    timer.advance(runs.lastRunAt + 60 * S - 1 - timer.now());
    await settled();
    expect(sent).toHaveLength(1);
    timer.advance(1);
    await until(() => sent.length === 2, 'the next run');
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
