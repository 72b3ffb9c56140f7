// The loop that sends what is due: what it stores, its lease, its failures, its end.
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createConfig, type SettingsInput } from '../../../server/app/config.ts';
import { Beat, type BeatHost, BeatLazyFunc, type BeatOptions, MemoryScheduleStore } from '../../../server/beat/beat.ts';
import { OperationalError } from '../../../server/errors.ts';
import { createLogger } from '../../../server/log.ts';
import type { ScheduleLease } from '../../../server/schedules/contract.ts';
import { crontab } from '../../../server/schedules/crontab.ts';
import type { Schedule } from '../../../server/schedules/schedule.ts';
import { Codec } from '../../../server/serialization/codec.ts';
import { signals } from '../../../server/signals.ts';
import { ManualTimer } from '../../support/clock.ts';
import { until } from '../../support/until.ts';

const S = 1000;
let folder: string;
let beats: Beat[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'umbel-beat-'));
  beats = [];
});
afterEach(async () => {
  for (const beat of beats) await beat.stop();
  await rm(folder, { recursive: true, force: true });
});

/** An app's side of beat that writes down what it is asked to send. */
function world(settings: SettingsInput = {}, timer = new ManualTimer()) {
  const sent: { name: string; args: unknown; kwargs: unknown; options: unknown; at: number }[] = [];
  const lines: string[] = [];
  let failure: Error | null = null;
  const log = createLogger({ level: 'DEBUG', write: (line) => lines.push(line) });
  const host: BeatHost = {
    conf: createConfig({ broker: 'memory://', ...settings } as SettingsInput),
    timer,
    log,
    tasks: new Map(),
    codec: new Codec(),
    async sendTask(name, args, kwargs, options) {
      if (failure !== null) throw failure;
      sent.push({ name, args, kwargs, options, at: timer.now() });
      return { id: String(sent.length) };
    },
  };
  const beat = (options: BeatOptions = {}) => {
    const made = new Beat(host, { schedule: join(folder, 'schedule'), ...options });
    beats.push(made);
    return made;
  };
  const failWith = (error: Error | null) => {
    failure = error;
  };
  return { host, timer, sent, lines, beat, failWith };
}
const settled = () => new Promise((resolve) => setImmediate(resolve));
const stored = async () =>
  JSON.parse(await readFile(join(folder, 'schedule.json'), 'utf8')) as {
    entries: Record<string, Record<string, unknown>>;
  };

describe('a beat', () => {
  it('sends each entry when it is due, with its arguments and options', async () => {
    const { sent, timer, beat } = world({
      beat_schedule: {
        add: { task: 'tasks.add', schedule: 10, args: [2, 3], kwargs: { k: 1 }, options: { queue: 'q' } },
        half: { task: 'tasks.half', schedule: 25 },
      },
    });
    const start = timer.now();
    await beat().start();
    for (let i = 0; i < 30; i++) {
      timer.advance(S);
      await settled();
    }
    expect(sent.map(({ name, at }) => [name, (at - start) / S])).toEqual([
      ['tasks.add', 10],
      ['tasks.add', 20],
      ['tasks.half', 25],
      ['tasks.add', 30],
    ]);
    expect(sent[0]).toMatchObject({ args: [2, 3], kwargs: { k: 1 }, options: { queue: 'q' } });
  });
  it('calls a task the app knows, and works lazy arguments out each time', async () => {
    const { host, timer, beat } = world({
      beat_schedule: {
        a: { task: 'known', schedule: 10, args: [new BeatLazyFunc((n: number) => n + timer.now(), 1)] },
      },
    });
    const calls: unknown[] = [];
    (host.tasks as Map<string, unknown>).set('known', {
      applyAsync: async (args: unknown) => {
        calls.push(args);
        return { id: 'x' };
      },
    });
    await beat().start();
    const start = timer.now();
    timer.advance(10 * S);
    await settled();
    timer.advance(10 * S);
    await settled();
    expect(calls).toEqual([[start + 10 * S + 1], [start + 20 * S + 1]]);
  });
  it('says in Celery words what it sends', async () => {
    const { timer, lines, beat } = world({ beat_schedule: { a: { task: 't', schedule: 1 } } });
    await beat().start();
    timer.advance(S);
    await settled();
    expect(lines.some((line) => line.includes('Scheduler: Sending due task a (t)'))).toBe(true);
  });
  it('tells when it begins, alone and embedded', async () => {
    const seen: string[] = [];
    const off = [
      signals.beat_init.connect(() => seen.push('alone')),
      signals.beat_embedded_init.connect(() => seen.push('embedded')),
    ];
    const { beat } = world();
    await beat({ store: new MemoryScheduleStore() }).start();
    await beat({ store: new MemoryScheduleStore(), embedded: true }).start();
    for (const disconnect of off) disconnect();
    expect(seen).toEqual(['alone', 'embedded']);
  });
  it('sends nothing after it was stopped, and leaves no timer behind', async () => {
    const { sent, timer, beat } = world({ beat_schedule: { a: { task: 't', schedule: 1 } } });
    const one = beat();
    await one.start();
    await one.stop();
    timer.advance(60 * S);
    expect(sent).toEqual([]);
    expect(timer.size).toBe(0);
  });
  it('takes a changed schedule when it is asked to', async () => {
    const { host, sent, timer, beat } = world({ beat_schedule: { a: { task: 't', schedule: 100 } } });
    const one = beat();
    await one.start();
    host.conf.update({ beat_schedule: { b: { task: 'u', schedule: 5 } } });
    one.reload();
    timer.advance(6 * S);
    await settled();
    expect(sent.map(({ name }) => name)).toEqual(['u']);
  });
  it.each([-60, 60, -3600, 3600])('goes on firing when the clock is set by %d s, and nothing twice', async (byS) => {
    const { sent, timer, beat } = world({
      timezone: 'UTC',
      beat_schedule: {
        often: { task: 'often', schedule: 10 },
        seldom: { task: 'seldom', schedule: 7200 },
        hourly: { task: 'hourly', schedule: crontab({ minute: '0' }) },
        daily: { task: 'daily', schedule: crontab({ minute: '10', hour: '3' }) },
        minutely: { task: 'minutely', schedule: crontab() },
      },
    });
    const of = (name: string) => sent.filter((one) => one.name === name);
    // 03:04:05: past 03:10, then the clock is set.
    const start = timer.now();
    await beat().start();
    const run = async (seconds: number, step = 10) => {
      for (let i = 0; i < seconds / step; i++) {
        timer.advance(step * S);
        await settled();
      }
    };
    await run(600);
    expect([of('often').length, of('daily').length]).toEqual([60, 1]);
    timer.setWallClock(byS * S);
    await settled();
    const skipped = of('hourly').length;
    expect(of('often')).toHaveLength(60);
    await run(600);
    expect(of('often')).toHaveLength(120);
    const minutes = of('minutely').map(({ at }) => Math.floor(at / 60_000));
    // Set back by less than its own spacing it waits until the clock shows a minute that it has not run in.
    if (byS !== -3600) expect(new Set(minutes).size).toBe(minutes.length);
    expect(minutes.length).toBeGreaterThanOrEqual(byS === -60 ? 18 : 20);
    await run(3600 * 4 - 1200, 300);
    expect(of('daily')).toHaveLength(1);
    expect(of('seldom').map(({ at }) => Math.round((at - byS * S - start) / S))).toEqual([7200, 14_400]);
    // From 04:00 to 07:00 by the wall clock; set forward, 04:00 is skipped and made up for; set back, it ends an hour earlier.
    expect([skipped, of('hourly').length]).toEqual(byS === 3600 ? [1, 5] : byS === -3600 ? [0, 3] : [0, 4]);
  });
  it('asks every entry again after its longest sleep, for a schedule may have changed its mind', async () => {
    let due = false;
    const moody: Schedule = {
      kind: 'interval',
      isDue: () => ({ isDue: due, next: 1000 }),
      remaining: () => 1000,
      toString: () => 'moody',
    };
    const { sent, timer, beat } = world({
      beat_max_loop_interval: 5,
      beat_schedule: { a: { task: 't', schedule: moody } },
    });
    await beat().start();
    due = true;
    timer.advance(4999);
    await settled();
    expect(sent).toHaveLength(0);
    timer.advance(1);
    await settled();
    expect(sent).toHaveLength(1);
  });
});

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
  it('may begin when the first was killed', { timeout: 60_000 }, async () => {
    const script = `
      import { FileScheduleStore } from ${JSON.stringify(fileURLToPath(new URL('../../../server/schedules/file-store.ts', import.meta.url)))};
      const store = new FileScheduleStore(${JSON.stringify(join(folder, 'schedule'))});
      await store.claim();
      process.stdout.write('locked');
      // Held on to: what nobody refers to is collected, and its lock with it.
      setInterval(() => store.path, 1000);`;
    await writeFile(join(folder, 'hold.mts'), script);
    const child = spawn(process.execPath, ['--import', 'tsx', join(folder, 'hold.mts')], {
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
    const told: ((reason: Error) => void)[] = [];
    let lease: ScheduleLease | null = null;
    store.claim = async () => {
      lease = await claim();
      return { ...lease, onLost: (fn) => void told.push(fn) };
    };
    const take = async () => {
      await lease!.release();
      for (const fn of told.splice(0)) fn(new Error('it was not renewed in time'));
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

describe('a failure', () => {
  it('of the broker is tried again with longer waits, and the run is not lost', async () => {
    const { sent, timer, lines, beat, failWith } = world({ beat_schedule: { a: { task: 't', schedule: 60 } } });
    await beat().start();
    failWith(new OperationalError('memory://'));
    timer.advance(60 * S);
    await settled();
    timer.advance(S);
    await settled();
    failWith(null);
    timer.advance(S);
    await settled();
    expect(sent).toHaveLength(0);
    timer.advance(S);
    await settled();
    expect(sent).toHaveLength(1);
    expect(lines.filter((line) => line.includes('Trying again in'))).toHaveLength(2);
  });
  it('of one entry stops no other, and is not tried again before its time', async () => {
    const { host, sent, timer, lines, beat } = world({
      beat_schedule: { bad: { task: 'bad', schedule: 10 }, good: { task: 'good', schedule: 10 } },
    });
    const tried: number[] = [];
    (host.tasks as Map<string, unknown>).set('bad', {
      applyAsync: async () => {
        tried.push(timer.now());
        throw new TypeError('add() missing 1 required positional argument');
      },
    });
    await beat().start();
    for (let i = 0; i < 20; i++) {
      timer.advance(S);
      await settled();
    }
    expect(sent).toHaveLength(2);
    expect(tried).toHaveLength(2);
    expect(lines.some((line) => line.includes("Couldn't apply scheduled task bad: TypeError"))).toBe(true);
  });
  it('to write is told, and beating goes on', async () => {
    const store = new MemoryScheduleStore();
    const claim = store.claim.bind(store);
    const full = () => Promise.reject(new Error('disk is full'));
    store.claim = async () => ({ ...(await claim()), replace: full, saveRuns: full });
    const { sent, timer, lines, beat } = world({ beat_schedule: { a: { task: 't', schedule: 1 } } });
    await beat({ store }).start();
    timer.advance(S);
    await settled();
    expect(sent).toHaveLength(1);
    expect(lines.some((line) => line.includes('disk is full'))).toBe(true);
  });
  it('of the configuration is told at the start, and gives the lock back', async () => {
    const { host, beat } = world({ beat_schedule: { a: { task: '', schedule: 1 } } });
    await expect(beat().start()).rejects.toThrow("beat_schedule entry 'a'");
    host.conf.update({ beat_schedule: {} });
    await beat().start();
    expect(() => beat({ scheduler: 'django_celery_beat.schedulers:DatabaseScheduler' })).toThrow('is not there');
    expect(() => beat({ maxInterval: 0 })).toThrow('more than 0 s');
  });
});

describe('celery.backend_cleanup', () => {
  const names = (settings: SettingsInput) => {
    const { beat } = world(settings);
    const one = beat({ store: new MemoryScheduleStore() });
    return one
      .start()
      .then(() => [...one.scheduler.entries.values()].map((entry) => [entry.name, String(entry.schedule)]));
  };
  it('runs each night at four where the result store deletes nothing by itself', async () => {
    expect(await names({ result_backend: 'sqlite:///r.db' })).toEqual([
      ['celery.backend_cleanup', '<crontab: 0 4 * * * (m/h/dM/MY/d)>'],
    ]);
  });
  it('is left out where results stay, where the store forgets, and where one has an own entry', async () => {
    expect(await names({ result_backend: 'sqlite:///r.db', result_expires: null } as SettingsInput)).toEqual([]);
    expect(await names({ result_backend: 'redis://' })).toEqual([]);
    expect(
      await names({
        result_backend: 'sqlite:///r.db',
        beat_schedule: { 'celery.backend_cleanup': { task: 'celery.backend_cleanup', schedule: 60 } },
      }),
    ).toEqual([['celery.backend_cleanup', 'every 60 s']]);
  });
});
