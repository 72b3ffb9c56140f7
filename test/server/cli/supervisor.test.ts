// One child process kept alive.
import { describe, expect, it } from 'vitest';
import { Supervisor, type SupervisorOptions } from '../../../server/cli/supervisor.ts';
import { createTimer } from '../../../server/timer.ts';
import { ManualTimer } from '../../support/clock.ts';
import { until } from '../../support/until.ts';

function supervise(script: string, options: Partial<SupervisorOptions> = {}) {
  const crashes: { reason: string; againInMs: number }[] = [];
  let output = '';
  const supervisor = new Supervisor({
    command: process.execPath,
    args: ['-e', script],
    timer: createTimer(),
    backoffMs: 20,
    maxBackoffMs: 80,
    onOutput: (text) => {
      output += text;
    },
    onCrash: (reason, againInMs) => crashes.push({ reason, againInMs }),
    ...options,
  });
  return { supervisor, crashes, output: () => output };
}

const IDLE = 'setInterval(() => {}, 1000); console.log("up");';

describe('a supervised process', () => {
  it('that crashes is started again, later each time, with the reason told', async () => {
    const { supervisor, crashes } = supervise('throw new RangeError("no such queue")');
    supervisor.start();
    await until(() => crashes.length >= 4, 'four crashes');
    await supervisor.stop({ warmMs: 1000, coldMs: 1000 });
    expect(crashes[0]!.reason).toBe('ended with exit code 1: RangeError: no such queue');
    expect(crashes.slice(0, 4).map(({ againInMs }) => againInMs)).toEqual([20, 40, 80, 80]);
  });

  it('that is killed is started again, and the signal is named', async () => {
    const { supervisor, crashes, output } = supervise(IDLE);
    supervisor.start();
    await until(() => output().includes('up'), 'the child to be up');
    const first = supervisor.pid!;
    process.kill(first, 'SIGKILL');
    await until(() => supervisor.pid !== undefined && supervisor.pid !== first, 'a second child');
    expect(crashes[0]!.reason).toContain('SIGKILL');
    await supervisor.stop({ warmMs: 1000, coldMs: 1000 });
  });

  it('that ends by itself in order is not started again', async () => {
    let left = false;
    const { supervisor, crashes } = supervise('process.exit(0)', {
      onLeft: () => {
        left = true;
      },
    });
    supervisor.start();
    await until(() => left, 'the child to leave');
    expect(crashes).toEqual([]);
    expect(supervisor.mode).toBe('ended');
  });

  it('is stopped warm', async () => {
    const { supervisor, output } = supervise(
      `process.on('SIGTERM', () => { console.log('warm'); process.exit(0); }); ${IDLE}`,
    );
    supervisor.start();
    await until(() => output().includes('up'), 'the child to be up');
    await supervisor.stop({ warmMs: 60_000, coldMs: 60_000 });
    expect(output()).toContain('warm');
    expect(supervisor.pid).toBeUndefined();
  });

  it('that does not heed the warm word gets the cold one, then is killed', async () => {
    const timer = new ManualTimer();
    const { supervisor, output } = supervise(
      `process.on('SIGTERM', () => console.log('not yet')); process.on('SIGQUIT', () => console.log('never')); ${IDLE}`,
      { timer },
    );
    supervisor.start();
    await until(() => output().includes('up'), 'the child to be up');
    const stopped = supervisor.stop({ warmMs: 100, coldMs: 100 });
    await until(() => output().includes('not yet'), 'the warm word');
    timer.advance(100);
    await until(() => output().includes('never'), 'the cold word');
    timer.advance(100);
    await stopped;
    expect(supervisor.pid).toBeUndefined();
  });

  it('that waits for its next start is not started after a stop', async () => {
    const { supervisor, crashes } = supervise('process.exit(3)', { backoffMs: 60_000, maxBackoffMs: 60_000 });
    supervisor.start();
    await until(() => crashes.length === 1, 'a crash');
    await supervisor.stop({ warmMs: 100, coldMs: 100 });
    expect(supervisor.mode).toBe('ended');
  });

  it('hears when its parent is gone', async () => {
    const { supervisor, output } = supervise(`${IDLE} console.log(typeof process.send);`);
    supervisor.start();
    await until(() => output().includes('function'), 'a channel to the parent');
    await supervisor.stop({ warmMs: 1000, coldMs: 1000 });
  });
});
