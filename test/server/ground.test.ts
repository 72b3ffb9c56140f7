// The ground floor: timer, log, signals, node names.
import { describe, expect, it } from 'vitest';
import { createLogger, LineStyle, type Logger } from '../../server/log.ts';
import { LOG_FORMAT, TASK_LOG_FORMAT } from '../../server/log-format.ts';
import { defaultNodename, hostFormat, nodeFormat, nodeSplit } from '../../server/nodename.ts';
import { Signal } from '../../server/signals.ts';
import { createTimer, within } from '../../server/timer.ts';
import { ManualClock, ManualTimer } from '../support/clock.ts';
import { until } from '../support/until.ts';

describe('a timer', () => {
  it('fires in the order of time, priority and insertion', () => {
    const timer = new ManualTimer();
    const fired: string[] = [];
    const add = (name: string, at: number, priority?: number) =>
      timer.at(timer.now() + at, () => fired.push(name), priority);
    add('late', 20);
    add('low', 10, 6);
    add('high', 10, 1);
    add('high too', 10, 1);
    const cancelled = add('never', 5);
    cancelled.cancel();
    expect(timer.size).toBe(4);
    timer.advance(15);
    expect(fired).toEqual(['high', 'high too', 'low']);
    timer.advance(5);
    expect(fired).toEqual(['high', 'high too', 'low', 'late']);
  });
  it('of the real clock fires when due, repeats, and leaves nothing behind', async () => {
    const timer = createTimer();
    let ticks = 0;
    const repeating = timer.every(2, () => ticks++);
    let fired = 0;
    timer.after(1, () => fired++);
    await until(() => ticks >= 3 && fired === 1, 'ticks');
    repeating.cancel();
    timer.after(100_000, () => {});
    timer.clear();
    expect(timer.size).toBe(0);
  });
  it('many cancelled entries do not stay in memory, the others still fire in order', () => {
    const timer = new ManualTimer();
    const fired: number[] = [];
    const handles = Array.from({ length: 1000 }, (_, i) =>
      timer.at(timer.now() + 1000 - i, () => fired.push(1000 - i)),
    );
    for (const [i, handle] of handles.entries()) if (i % 100 !== 0) handle.cancel();
    timer.advance(1000);
    expect(fired).toEqual([100, 200, 300, 400, 500, 600, 700, 800, 900, 1000]);
  });
  it('waits longer than setTimeout can', () => {
    const timer = createTimer({ unref: true });
    let fired = false;
    timer.after(2 ** 40, () => {
      fired = true;
    });
    expect([timer.size, fired]).toEqual([1, false]);
    timer.clear();
  });
});

describe.each([-3_600_000, -60_000, 60_000, 3_600_000])('a timer whose wall clock is set by %d ms', (byMs) => {
  const set = () => {
    const clock = new ManualClock();
    return { clock, timer: createTimer({ clock }), fired: [] as string[] };
  };
  it('keeps its intervals and delays', () => {
    const { clock, timer, fired } = set();
    timer.every(2000, () => fired.push('heartbeat'));
    timer.after(5000, () => fired.push('limit'));
    clock.advance(3000);
    clock.setWallClock(byMs);
    clock.advance(17_000);
    expect(fired.filter((one) => one === 'heartbeat')).toHaveLength(10);
    expect(fired.indexOf('limit')).toBe(2);
    timer.clear();
  });
  it('waits once more for what was asked before the process stood still', async () => {
    const timer = new ManualTimer();
    let answer: (word: string) => void = () => {};
    const ask = () => within(timer, 4000, new Promise<string>((resolve) => (answer = resolve)));
    const heard = ask();
    timer.standStill(120_000);
    timer.advance(1);
    answer('here');
    expect(await heard).toBe('here');
    const unheard = ask();
    timer.standStill(120_000);
    timer.advance(1);
    timer.advance(4000);
    expect(await unheard).toBeNull();
    expect(timer.size).toBe(0);
  });

  it('fires a deadline once, within a second of the wall clock showing it, and never before', () => {
    const { clock, timer, fired } = set();
    const dueMs = clock.now() + 120_000;
    timer.at(dueMs, () => fired.push(`at ${clock.now() - dueMs}`));
    clock.advance(90_500);
    clock.setWallClock(byMs);
    clock.advance(29_500 - 1);
    if (byMs < 0) expect(fired).toEqual([]);
    clock.advance(4_000_000);
    expect(fired).toHaveLength(1);
    const late = Number(fired[0]!.slice(3));
    expect(late).toBeGreaterThanOrEqual(0);
    // Set beyond the deadline, it fires at the next look.
    expect(late).toBeLessThanOrEqual(byMs > 0 ? byMs - 29_500 + 1000 : 1);
    timer.clear();
  });
  it('tells its listeners once, before what is due by the new time', () => {
    const { clock, timer, fired } = set();
    timer.onJump((by) => fired.push(`set by ${by}`));
    timer.at(clock.now() + 30_000, () => fired.push('due'));
    clock.advance(10_000);
    clock.setWallClock(byMs);
    clock.advance(1000);
    expect(fired).toEqual(byMs > 0 ? [`set by ${byMs}`, 'due'] : [`set by ${byMs}`]);
    clock.advance(5000);
    expect(fired.filter((one) => one !== 'due')).toHaveLength(1);
    timer.clear();
  });
  it('is not woken every second when nobody waits for the wall clock', () => {
    const { clock, timer } = set();
    timer.after(60_000, () => {});
    clock.advance(60_000);
    expect(clock.wakes).toBe(1);
    const listening = timer.onJump(() => {});
    listening.cancel();
    clock.advance(60_000);
    expect(clock.wakes).toBe(1);
  });
});

describe('the log', () => {
  it('writes one line per fact, fields beside it, nothing below its level', () => {
    const lines: string[] = [];
    const log = createLogger({ level: 'INFO', write: (line) => lines.push(line), name: 'w1' });
    log.debug('not seen');
    log.info('Task add[1] received', { queue: 'celery', text: 'two words' });
    log.child('pool').error('lost', { code: 9 });
    expect(lines).toEqual([
      expect.stringMatching(
        /^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}: INFO\/w1\] Task add\[1\] received queue=celery text="two words"$/,
      ),
      expect.stringMatching(/ERROR\/pool\] lost code=9$/),
    ]);
  });
});

describe('the log of foreign texts', () => {
  const linesOf = (write: (log: Logger) => void, style = new LineStyle()) => {
    const lines: string[] = [];
    write(createLogger({ write: (line) => lines.push(line), style }));
    return lines;
  };
  const forged = '\n[2026-01-02 03:04:05,678: INFO/MainProcess] Task pay[1] succeeded';
  it('is one line an entry, whatever a task id, a name or a host contains', () => {
    const nasty = `id${forged}\r\x1b[2K\x1b]0;title\x07\u202eevil\u2066\u2028\x9b31m\0`;
    const [line, ...more] = linesOf((log) => log.error(`Task add[${nasty}] raised`, { host: nasty, [nasty]: 1 }));
    expect(more).toEqual([]);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none of them may be there
    expect(line).not.toMatch(/[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/);
    expect(line).toContain('id\\n[2026-01-02');
    expect(line).toContain('\\x1b[2K');
    expect(line).toContain('\\u202eevil');
  });
  it('is one line where a task or a process speaks that has such a name or id, as text and as JSON', () => {
    const nasty = `id${forged}\r\x1b[2K\u202eevil\u2028\x9b31m\0`;
    const say = (log: Logger) => log.child(nasty).child('', { name: nasty, id: nasty }).info('said in its body');
    const settings = { worker_task_log_format: TASK_LOG_FORMAT, worker_log_color: null, worker_log_secrets: true };
    for (const worker_log_format of [LOG_FORMAT, 'json']) {
      const [line, ...more] = linesOf(say, LineStyle.of({ ...settings, worker_log_format }));
      expect(more).toEqual([]);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: none of them may be there
      expect(line).not.toMatch(/[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/);
      if (worker_log_format === 'json') expect(JSON.parse(line!)).toMatchObject({ task_id: nasty, task_name: nasty });
      else expect(line).toContain('id\\n[2026-01-02');
    }
  });
  it('keeps the lines of a traceback, each of them indented and escaped', () => {
    const traceback = `Traceback (most recent call last):\n  File "a.py"\n\tx\nValueError: bad\x1b[31m${forged}`;
    const [entry] = linesOf((log) => log.error('Task a[1] raised unexpected: ValueError', { traceback }));
    const lines = entry!.split('\n');
    expect(lines).toHaveLength(6);
    expect(lines.slice(1).every((line) => line.startsWith('  '))).toBe(true);
    expect(lines.at(-2)).toBe('  ValueError: bad\\x1b[31m');
    expect(lines[2]).toBe('    File "a.py"');
  });
  it('is written for an error whose stack cannot be read, too', () => {
    const error = Object.defineProperty(new Error('x'), 'stack', {
      get: () => {
        throw new Error('no stack');
      },
    });
    expect(linesOf((log) => log.error('failed', { error }))).toHaveLength(1);
  });
});

describe('a signal', () => {
  it('reaches every receiver, also past one that throws', () => {
    const signal = new Signal<{ n: number }>('test');
    const seen: number[] = [];
    const off = signal.connect(({ n }) => seen.push(n));
    signal.connect(() => {
      throw new Error('a receiver that fails on purpose');
    });
    signal.connect(({ n }) => seen.push(n * 10));
    signal.send({ n: 1 });
    off();
    signal.send({ n: 2 });
    expect(seen).toEqual([1, 10, 20]);
    expect(signal.size).toBe(2);
  });
});

describe('node names', () => {
  it('are taken apart and put together', () => {
    expect(nodeSplit('w1@host')).toEqual({ name: 'w1', host: 'host' });
    expect(nodeSplit('host')).toEqual({ name: null, host: 'host' });
    expect(defaultNodename('host.example.com')).toBe('celery@host.example.com');
  });
  it('expand %h %n %d %p %i %I %%', () => {
    const context = { hostname: 'w1@h.example.com', processIndex: 2 };
    expect(nodeFormat('%n-%h-%d-%p-%i%I-%%-%x', context)).toBe(
      'w1-h.example.com-example.com-w1@h.example.com-2-2-%-%x',
    );
  });
  it.each([
    ['w1', 'w1@box'],
    ['w1@%h', 'w1@box'],
    ['w1@other', 'w1@other'],
    ['', 'celery@box'],
    [null, 'celery@box'],
  ])('-n %j is %s', (option, name) => {
    expect(hostFormat(option, { hostname: 'box' })).toBe(name);
  });
});
