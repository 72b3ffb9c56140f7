// The loop that sends what is due: when, what, its failures, its end. What it stores: persistence.test.ts.
import { describe, expect, it } from 'vitest';
import type { SettingsInput } from '../../../server/app/config.ts';
import { BeatLazyFunc, MemoryScheduleStore } from '../../../server/beat/beat.ts';
import { OperationalError } from '../../../server/errors.ts';
import { crontab } from '../../../server/schedules/crontab.ts';
import type { Schedule } from '../../../server/schedules/schedule.ts';
import { signals } from '../../../server/signals.ts';
import { S, settled, world } from './world.ts';

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
      kind: 'custom',
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
    expect(() => beat({ scheduler: 'elsewhere:Scheduler' })).toThrow('is not there');
    expect(() => beat({ scheduler: 'django_celery_beat.schedulers:DatabaseScheduler' })).toThrow(
      'django-db+postgresql:',
    );
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
