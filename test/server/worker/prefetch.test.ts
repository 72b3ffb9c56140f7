import { describe, expect, it } from 'vitest';
import { Prefetch, type PrefetchOptions } from '../../../server/worker/prefetch.ts';

function prefetch(options: Partial<PrefetchOptions> = {}): {
  count: Prefetch;
  sent: number[];
  turn: () => Promise<void>;
} {
  const count = new Prefetch({ multiplier: 4, concurrency: 2, etaTaskLimit: null, disabled: false, ...options });
  const sent: number[] = [];
  count.attach((n) => sent.push(n));
  return { count, sent, turn: () => new Promise((resolve) => setImmediate(resolve)) };
}

describe('the prefetch count', () => {
  it('is multiplier times concurrency', () => {
    expect(prefetch().count.count).toBe(8);
  });

  it('rises for each task that waits for its ETA and falls back, once a turn', async () => {
    const { count, sent, turn } = prefetch();
    count.etaHeld();
    count.etaHeld();
    await turn();
    count.etaReleased();
    count.etaReleased();
    await turn();
    expect(sent).toEqual([10, 8]);
  });

  it('rises no further than worker_eta_task_limit, and falls back to where it began', async () => {
    const { count, sent, turn } = prefetch({ etaTaskLimit: 9 });
    for (let i = 0; i < 5; i++) count.etaHeld();
    await turn();
    for (let i = 0; i < 5; i++) count.etaReleased();
    await turn();
    expect(sent).toEqual([9, 8]);
  });

  it('stays unlimited when the multiplier is 0', async () => {
    const { count, sent, turn } = prefetch({ multiplier: 0 });
    count.etaHeld();
    await turn();
    expect([count.count, sent]).toEqual([0, []]);
  });

  it('becomes unlimited above what AMQP can say', () => {
    expect(prefetch({ multiplier: 1000, concurrency: 100 }).count.count).toBe(0);
  });

  it('follows the pool', async () => {
    const { count, sent, turn } = prefetch();
    count.resize(5);
    await turn();
    expect(sent).toEqual([20]);
  });

  it('starts low after a reconnect and grows back one settled message at a time', async () => {
    const { count, sent, turn } = prefetch();
    count.detach();
    count.reduce(1);
    expect(count.count).toBe(4);
    count.attach((n) => sent.push(n));
    for (let i = 0; i < 6; i++) {
      count.settled();
      await turn();
    }
    expect(sent).toEqual([5, 6, 7, 8]);
  });
});
