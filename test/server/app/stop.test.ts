// How a body is told to stop, and the ids of tasks.
import { describe, expect, it } from 'vitest';
import { Stop } from '../../../server/app/stop.ts';
import { SoftTimeLimitExceeded, TimeLimitExceeded } from '../../../server/errors.ts';
import { newTaskId } from '../../../server/protocol/task-id.ts';

describe('a stop', () => {
  it('is heard by a signal read before it', () => {
    const stop = new Stop();
    const { signal } = stop;
    expect(signal.aborted).toBe(false);
    const reason = new SoftTimeLimitExceeded(1);
    stop.notify(reason);
    expect(signal.aborted).toBe(true);
    expect(signal.reason).toBe(reason);
  });

  it('is seen by a signal first read after it', () => {
    const stop = new Stop();
    const reason = new SoftTimeLimitExceeded(1);
    stop.notify(reason);
    expect(stop.signal.aborted).toBe(true);
    expect(stop.signal.reason).toBe(reason);
  });

  it('shows the harder reason once that has come', () => {
    const stop = new Stop();
    const { signal } = stop;
    let heard = 0;
    signal.addEventListener('abort', () => heard++);
    stop.notify(new SoftTimeLimitExceeded(1));
    const hard = new TimeLimitExceeded(2);
    stop.notify(hard);
    expect(heard).toBe(1);
    expect(signal.reason).toBe(hard);
    expect(stop.reason).toBe(hard);
  });
});

describe('ids of tasks', () => {
  it('are UUIDs of version 4, all different', () => {
    const ids = Array.from({ length: 10_000 }, newTaskId);
    expect(new Set(ids).size).toBe(ids.length);
    const version4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
    expect(ids.filter((id) => !version4.test(id))).toEqual([]);
  });

  it('use every random digit', () => {
    const ids = Array.from({ length: 2000 }, newTaskId);
    const digits = [...'00000000-0000-0000-0000-000000000000'].map((_, at) => new Set(ids.map((id) => id[at])).size);
    expect(digits.map((n, at) => [at, n]).filter(([at, n]) => n !== expectedAt(at!))).toEqual([]);
  });
});

function expectedAt(at: number): number {
  if ([8, 13, 18, 23, 14].includes(at)) return 1;
  return at === 19 ? 4 : 16;
}
