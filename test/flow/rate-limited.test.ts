// A flood of rate-limited tasks does not keep a worker's slots from the tasks of other queues, on every broker.
import { describe, expect, it } from 'vitest';
import { queue } from '../../server/transport/entity.ts';
import { RATE_LIMITED_MAX, RateLimited } from '../../server/worker/rate-limited.ts';
import { until } from '../support/until.ts';
import { brokers } from './brokers.ts';
import { gate, makeWorld } from './worker-world.ts';

const FLOOD = RATE_LIMITED_MAX + 300;

describe.each(brokers)('on %s', (_, url) => {
  it('other queues keep the slots busy, behind more limited tasks than a worker holds', async () => {
    const broker = url();
    const door = gate();
    let running = 0;
    const w = await makeWorld(
      (app) => {
        app.task({ name: 'limited', rate_limit: '1/h' }, () => 1);
        app.task('free', () => {
          running++;
          return door.opened;
        });
      },
      {
        settings: { broker, backend: broker, worker_prefetch_multiplier: 1 },
        worker: { concurrency: 4, queues: ['flood', 'free'], taskEvents: false },
      },
    );
    const { app, worker } = w;
    const send = (name: string, count: number) =>
      Promise.all(
        Array.from({ length: count }, () =>
          app.sendTask(name, [], {}, { queue: name === 'limited' ? 'flood' : 'free' }),
        ),
      );
    await send('limited', FLOOD);
    const { rateLimited } = worker.prefetch;
    await until(() => rateLimited.suspended.includes('flood'), 'the flood to reach the bound');
    await w.line(/Rate limits hold 1000 tasks: the queue flood is not read until half of them have run/);

    await send('free', 4);
    await until(() => running === 4, 'every slot to be busy');
    // Memory stays flat: the rest of the flood waits at the broker.
    expect(worker.state.requests.size).toBeLessThanOrEqual(RATE_LIMITED_MAX + 4 + 4);
    expect(worker.prefetch.count).toBe(4 + RATE_LIMITED_MAX);
    expect(await w.depth('flood')).toBeGreaterThanOrEqual(FLOOD - RATE_LIMITED_MAX - 8);
    // It says so, or whoever watches would take it for one that does not eat.
    expect(await worker.panel.dispatch('stats', {})).toMatchObject({ suspended_queues: ['flood'] });
    // It is still one of its queues, and what waits is among what it has.
    const queues = (await worker.panel.dispatch('active_queues', {})) as { name: string }[];
    expect(queues.map(({ name }) => name)).toContain('flood');
    const reserved = (await worker.panel.dispatch('reserved', {})) as { rate_limited?: boolean }[];
    expect(reserved.filter(({ rate_limited }) => rate_limited).length).toBeGreaterThanOrEqual(RATE_LIMITED_MAX);

    // The limit is lifted: what is held runs, and the queue is read again to its end.
    door.open();
    await worker.panel.dispatch('rate_limit', { task_name: 'limited', rate_limit: 0 });
    await until(() => worker.state.total.get('limited') === FLOOD, 'the whole flood to run');
    expect(rateLimited.suspended).toEqual([]);
    expect(await worker.panel.dispatch('stats', {})).not.toHaveProperty('suspended_queues');
    expect(worker.prefetch.count).toBe(4);
  });

  it('a queue that is cancelled while it is not read stays cancelled', async () => {
    const broker = url();
    const w = await makeWorld((app) => app.task({ name: 'limited', rate_limit: '1/h' }, () => 1), {
      settings: { broker, backend: broker },
      worker: { queues: ['flood', 'free'], taskEvents: false },
    });
    const { rateLimited } = w.worker.prefetch;
    for (let i = 0; i < RATE_LIMITED_MAX; i++) rateLimited.held('flood');
    expect(rateLimited.suspended).toEqual(['flood']);
    expect(await w.worker.panel.dispatch('cancel_consumer', { queue: 'flood' })).toEqual({
      ok: 'no longer consuming from flood',
    });
    for (let i = 0; i < RATE_LIMITED_MAX; i++) rateLimited.released('flood');
    await w.channel.declareQueue(queue('flood'));
    const sent = await w.app.sendTask('limited', [], {}, { queue: 'flood' });
    const other = await w.app.sendTask('limited', [], {}, { queue: 'free' });
    await other.get({ timeout: 90 });
    expect(await sent.state()).toBe('PENDING');
    expect(await w.depth('flood')).toBe(1);
  });
});

describe('what waits for a token', () => {
  it('widens the window up to the bound, and stops the queues it comes from there', () => {
    let changes = 0;
    const rateLimited = new RateLimited(() => changes++);
    const said: string[] = [];
    rateLimited.attach({
      suspend: (name, waiting) => said.push(`${name} stopped at ${waiting}`),
      resume: (name) => said.push(`${name} read again`),
    });
    for (let i = 0; i < RATE_LIMITED_MAX - 1; i++) rateLimited.held('a');
    expect([rateLimited.places, said]).toEqual([RATE_LIMITED_MAX - 1, []]);
    rateLimited.held('b');
    rateLimited.held('a');
    rateLimited.held('a');
    expect(rateLimited.places).toBe(RATE_LIMITED_MAX);
    expect(said).toEqual([`b stopped at ${RATE_LIMITED_MAX}`, `a stopped at ${RATE_LIMITED_MAX + 1}`]);
    for (let i = 0; i < RATE_LIMITED_MAX / 2 + 1; i++) rateLimited.released('a');
    expect(said.slice(2)).toEqual([]);
    rateLimited.released('a');
    expect(said.slice(2)).toEqual(['b read again', 'a read again']);
    rateLimited.detach();
    expect([rateLimited.places, rateLimited.suspended, changes > 0]).toEqual([0, [], true]);
  });
});
