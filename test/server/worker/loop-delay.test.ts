// How late the event loop ran, by a clock that the test moves.
import { describe, expect, it } from 'vitest';
import { createLogger } from '../../../server/log.ts';
import { createTimer } from '../../../server/timer.ts';
import { LoopDelay } from '../../../server/worker/loop-delay.ts';
import { ManualClock } from '../../support/clock.ts';

function world() {
  const clock = new ManualClock();
  const lines: string[] = [];
  const running = new Set<string>();
  let cpuMs = 0;
  const delay = new LoopDelay({
    timer: createTimer({ clock }),
    log: createLogger({ write: (line) => lines.push(line.slice(line.indexOf('] ') + 2)) }),
    running: () => running,
    cpuMs: () => cpuMs,
  });
  delay.start();
  /** Time passes and nobody is woken until it has. */
  const block = (ms: number, share = 1) => {
    cpuMs += ms * share;
    clock.stall(ms);
  };
  return { clock, delay, lines, running, block };
}

describe('an event loop', () => {
  it('that gives way has no delay, and nothing is said', () => {
    const { clock, delay, lines } = world();
    clock.advance(60_000);
    expect(delay.stats()).toEqual({ recent: 0, longest: 0, blocked: 0, last: null });
    expect(lines).toEqual([]);
  });
  it('that is blocked is measured, and said with the tasks that ran, those that have ended included', () => {
    const { clock, delay, lines, running, block } = world();
    running.add('tasks.other');
    clock.advance(500);
    delay.began('tasks.spin');
    running.clear();
    block(8500);
    expect(delay.stats()).toMatchObject({ recent: 8, longest: 8, blocked: 1 });
    expect(delay.stats().last).toMatchObject({ seconds: 8, cpu: 8.5, tasks: ['tasks.other', 'tasks.spin'] });
    expect(lines).toEqual([
      'The event loop was blocked for 8.0 s with 8.5 s of processor time: no other task, heartbeat or command could run; ' +
        'tasks that ran meanwhile: tasks.other, tasks.spin',
    ]);
    expect([delay.sinceHeartbeat(), delay.sinceHeartbeat()]).toEqual([8, 0]);
    clock.advance(61_000);
    expect(delay.stats()).toMatchObject({ recent: 0, longest: 8 });
  });
  it('of a process that got no processor time says so', () => {
    const { lines, block } = world();
    block(20_000, 0.01);
    expect(lines[0]).toMatch(/^The process stood still, or its event loop was blocked, for 19\.5 s with 0\.2 s/);
    expect(lines[0]).toMatch(/no task ran meanwhile$/);
  });
  it('that is blocked again and again is a line every ten seconds', () => {
    const { delay, lines, block } = world();
    for (let i = 0; i < 10; i++) block(2000);
    expect(delay.stats().blocked).toBe(10);
    expect(lines).toHaveLength(2);
    expect(lines[1]).toMatch(/and \d times since the last warning/);
  });
  it('that was blocked is no news of a clock that was set', () => {
    const { clock, delay, lines } = world();
    clock.setWallClock(3_600_000);
    clock.advance(5000);
    expect([delay.stats().blocked, lines]).toEqual([0, []]);
  });
});
