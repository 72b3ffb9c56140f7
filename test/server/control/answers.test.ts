// What workers answer, as it is after the edge: whatever they say, those who read it find the shapes they rely on.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Answers, readAnswer } from '../../../server/control/answers.ts';
import { createMasking, NO_MASKING } from '../../../shared/masking.ts';
import { cases } from '../../support/cases.ts';

const QUESTIONS = [
  'stats',
  'conf',
  'active_queues',
  'active',
  'reserved',
  'scheduled',
  'revoked',
  'registered',
] as const;
const read = <Q extends keyof Answers>(question: Q, value: unknown) => readAnswer(question, value, NO_MASKING);

const PYTHON = {
  id: 'a1',
  name: 'shop.add',
  args: [1, 2],
  kwargs: {},
  type: 'shop.add',
  hostname: 'py@h',
  time_start: 1795834000.5,
  acknowledged: true,
  delivery_info: { exchange: '', routing_key: 'celery', priority: 0, redelivered: null },
  worker_pid: 4121,
};

describe('an answer', () => {
  it.each(QUESTIONS)('to %s is never an error and never of another shape, whatever it is', (question) => {
    const odd = fc.oneof(
      fc.jsonValue(),
      fc.array(
        fc.record({ id: fc.jsonValue(), name: fc.jsonValue(), delivery_info: fc.jsonValue(), request: fc.jsonValue() }),
      ),
      fc.record({
        total: fc.jsonValue(),
        pool: fc.jsonValue(),
        rusage: fc.jsonValue(),
        suspended_queues: fc.jsonValue(),
      }),
    );
    fc.assert(
      fc.property(odd, (value) => {
        const answer = read(question, value);
        if (question === 'stats' || question === 'conf') return answer === null || isTable(answer);
        return (answer as unknown[]).every((item) => {
          if (question === 'revoked' || question === 'registered') return typeof item === 'string' && item !== '';
          const { name, request = item } = item as { name?: unknown; request?: unknown };
          if (question === 'active_queues') return typeof name === 'string';
          const { id, delivery_info, time_start } = request as typeof PYTHON;
          const isNumber = time_start === null || Number.isFinite(time_start);
          return typeof id === 'string' && isTable(delivery_info) && isNumber;
        });
      }),
      { numRuns: cases(300) },
    );
  });

  it('of Python’s is kept as it is', () => {
    expect(read('active', [PYTHON])).toEqual([PYTHON]);
    const eta = { eta: '2026-11-28T05:00:00+00:00', priority: 6, request: PYTHON };
    expect(read('scheduled', [eta])).toEqual([eta]);
    expect(read('revoked', ['a', 'b'])).toEqual(['a', 'b']);
  });

  it('of ours says which tasks wait for a rate limit, and which queues are not read for one', () => {
    expect(read('reserved', [{ ...PYTHON, rate_limited: true }])).toEqual([{ ...PYTHON, rate_limited: true }]);
    expect(read('reserved', [{ ...PYTHON, rate_limited: 'yes' }])).toEqual([PYTHON]);
    expect(read('stats', { suspended_queues: ['flood', 5, null] })).toMatchObject({ suspended_queues: ['flood'] });
    expect(read('stats', { suspended_queues: 'flood' })).toMatchObject({ suspended_queues: [] });
  });

  it('leaves out what is no request, queue or name, and keeps the rest of the list', () => {
    expect(read('active', [null, 5, {}, { id: '' }, PYTHON, [PYTHON]])).toEqual([PYTHON]);
    expect(read('active_queues', [{ name: 'celery', exchange: 'celery' }, { name: 7 }, 'mail'])).toMatchObject([
      { name: 'celery', exchange: { name: 'celery' }, durable: false },
    ]);
    expect(read('registered', ['a', 5, null, ''])).toEqual(['a']);
  });

  it('keeps no number that is none: it is missing, not 0', () => {
    const stats = read('stats', { pid: 'x', uptime: Number.NaN, prefetch_count: '16', total: { add: 'many', mul: 3 } });
    expect(stats).not.toHaveProperty('pid');
    expect(stats).not.toHaveProperty('uptime');
    expect(stats?.total).toEqual({ mul: 3 });
  });

  it('keeps of a pool, of its bounds and of the last block what can be true', () => {
    const pool = {
      'max-concurrency': 4,
      processes: [7, 8],
      timeouts: [5, null],
      writes: { total: 2, strategy: 'fair' },
    };
    const autoscaler = { max: 8, min: 2, current: 4, qty: 4 };
    const loop_delay = { last: { at: 1_795_834_000, seconds: 6, tasks: ['shop.add'] } };
    const honest = { pool, autoscaler, loop_delay, uptime: 60 };
    expect(read('stats', honest)).toMatchObject(honest);
    expect(read('stats', { loop_delay: { last: null } })).toMatchObject({ loop_delay: { last: null } });

    const lies = {
      uptime: -5,
      prefetch_count: 1e300,
      pool: { ...pool, 'max-concurrency': -3, processes: [{}], timeouts: ['soon'], writes: { strategy: {} } },
      autoscaler: { max: {}, min: [1] },
      loop_delay: { last: { at: 1e300, seconds: 9 } },
    };
    const known = read('stats', lies)!;
    expect(known).not.toHaveProperty('uptime');
    expect(known).not.toHaveProperty('prefetch_count');
    expect(known).toMatchObject({ pool: { writes: {} }, autoscaler: {}, loop_delay: {} });
    expect(Object.keys(known.pool)).toEqual(['writes']);
    expect(JSON.stringify(known.loop_delay)).toBe('{}');
    expect(read('active', [{ ...PYTHON, time_start: 1e300 }])[0]).toMatchObject({ time_start: null });
  });

  it('is bounded: 10,000 items, and arguments and tables of a size', () => {
    expect(
      read(
        'revoked',
        Array.from({ length: 20_000 }, (_, i) => `id-${i}`),
      ),
    ).toHaveLength(10_000);
    const [big] = read('active', [{ ...PYTHON, args: ['x'.repeat(1_000_000)] }]);
    expect(JSON.stringify(big).length).toBeLessThan(100_000);
    expect(read('conf', { huge: 'x'.repeat(2_000_000) })).toBeNull();
  });

  it('loses its secrets before anybody sees it', () => {
    const masking = createMasking([]);
    const [active] = readAnswer('active', [{ ...PYTHON, kwargs: { password: 'hunter2' } }], masking);
    const conf = readAnswer('conf', { broker_password: 'hunter2' }, masking);
    expect(JSON.stringify([active, conf])).not.toContain('hunter2');
  });
});

function isTable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
