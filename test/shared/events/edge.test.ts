// What a stranger sends as an event: it becomes well-formed events or a count, whatever it is.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeJson } from '../../../server/serialization/json.ts';
import { ClusterState } from '../../../shared/events/cluster-state.ts';
import { EventEdge } from '../../../shared/events/edge.ts';
import type { CeleryEvent } from '../../../shared/events/event.ts';
import { jsonText, parseJsonExact } from '../../../shared/json-text.ts';
import { maskText, maskValue } from '../../../shared/masking.ts';
import { cases } from '../../support/cases.ts';

const BIG = 1234567890123456789n;

describe('the edge of events', () => {
  it('takes one object or an array, and counts what is no event', () => {
    const edge = new EventEdge();
    expect(edge.read({ type: 'worker-online', hostname: 'w@h' })).toHaveLength(1);
    expect(edge.read([{ type: 'task-started', uuid: 'a' }, { type: 'task-started' }, 7, null, []])).toMatchObject([
      { uuid: 'a' },
    ]);
    expect(edge.malformed).toBe(4);
    expect(edge.read('x')).toEqual([]);
    for (const odd of [{ toString: 1 }, [], 5, '', 'x'.repeat(600)])
      expect(edge.read({ type: 'worker-heartbeat', hostname: odd }), JSON.stringify(odd)).toEqual([]);
    for (const type of ['', 'x'.repeat(200), 'noise', 'task-\n', { toString: 1 }])
      expect(edge.read({ type, uuid: 'a', hostname: 'w@h' })).toEqual([]);
  });

  it('leaves out a known field of another type, and says how many', () => {
    const edge = new EventEdge();
    const odd = { toString: 1 };
    const [event] = edge.read({
      ...{ type: 'worker-heartbeat', hostname: 'w@h', timestamp: odd, pid: odd, clock: odd, freq: -1, utcoffset: 'x' },
      ...{ active: -3, processed: 1e308, loadavg: [odd], sw_ident: odd, runtime: Number.NaN, retries: 1.5 },
    });
    expect(event).toEqual({ type: 'worker-heartbeat', hostname: 'w@h' });
    expect(edge.wrongFields).toBe(11);
    expect(edge.read({ type: 'worker-heartbeat', hostname: 'w@h', timestamp: 1e300, clock: 2 ** 53 })).toEqual([
      { type: 'worker-heartbeat', hostname: 'w@h' },
    ]);
    expect(edge.read({ type: 'task-failed', uuid: 'a', pid: 7n, exception: { a: BIG }, result: 5 })).toEqual([
      { type: 'task-failed', uuid: 'a', pid: 7, exception: `{"a":${BIG}}`, result: '5' },
    ]);
  });

  it('keeps fields that are not known, integers of any size among them, within bounds', () => {
    const edge = new EventEdge();
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`field${i}`, i]));
    const [event] = edge.read({ type: 'task-progress', uuid: 'a', order_id: BIG, big: [{ text: 'x'.repeat(50_000) }] });
    expect(event!.order_id).toBe(BIG);
    expect(String(event!.big).length).toBeLessThan(8300);
    const [wide] = edge.read({ type: 'task-progress', uuid: 'a', ...many, ['n'.repeat(101)]: 1 });
    expect(Object.keys(wide!)).toHaveLength(66);
    expect(edge.cutFields).toBe(138);
  });

  it('cuts long texts and marks where, without holding on to the whole', () => {
    const edge = new EventEdge();
    const long = `${'x'.repeat(4_000_000)}`;
    const [event] = edge.read({ type: 'task-failed', uuid: 'a', args: long, traceback: long, name: long });
    expect(String(event!.args)).toHaveLength(64 * 1024 + 3);
    expect(String(event!.args).endsWith('x...')).toBe(true);
    expect(String(event!.traceback)).toHaveLength(256 * 1024 + 3);
    expect(edge.cutFields).toBe(3);
  });

  it('takes a hundred kinds of event that are not of Celery at a time, and counts the rest', () => {
    const edge = new EventEdge();
    let taken = 0;
    for (let i = 0; i < 200_000; i++) taken += edge.read({ type: `task-kind${i}`, uuid: 'a' }).length;
    // A hundred at a time: each of the first stays until it was not among 100,000 events.
    expect(taken).toBe(200);
    expect([edge.leftOut, edge.malformed]).toEqual([199_800, 0]);
    expect(edge.read({ type: 'task-sent', uuid: 'a' })).toHaveLength(1);
  });

  it('forgets a kind that comes no more, and keeps one that does', () => {
    const edge = new EventEdge();
    const read = (type: string) => edge.read({ type, uuid: 'a' }).length;
    for (let i = 0; i < 100; i++) read(`task-kind${i}`);
    expect(read('task-mine')).toBe(0);
    for (let i = 0; i < 100_000; i++) read(i % 1000 === 0 ? 'task-kind0' : 'task-sent');
    expect([read('task-mine'), read('task-kind0'), edge.leftOut]).toEqual([1, 1, 1]);
    // It took the place of the one seen longest ago.
    for (let i = 200; i < 298; i++) read(`task-kind${i}`);
    expect([read('task-mine'), read('task-kind0'), read('task-kind1')]).toEqual([1, 1, 0]);
  });

  it('takes secrets out before anybody sees them', () => {
    const edge = new EventEdge({ mask: maskText, maskValue });
    const text = "{'password': 'hunter2', 'url': 'redis://:hunter2@h'}";
    const fields = { args: `(${text},)`, kwargs: text, result: text, exception: text, traceback: text };
    const events = edge.read({ type: 'task-failed', uuid: 'a', ...fields, note: text, meta: { token: 'hunter2' } });
    expect(jsonText(events)).not.toContain('hunter2');
    expect(edge.read({ type: 'task-progress', uuid: 'a', api_key: { a: 'hunter2' } })[0]!.api_key).toBe('********');
  });

  it('masks and cuts what we tell ourselves of a message or a result record, of any type, with our own time', () => {
    const edge = new EventEdge({ mask: maskText, maskValue });
    for (let i = 0; i < 100; i++) edge.read({ type: `task-kind${i}`, uuid: 'a' });
    const long = 'x'.repeat(4_000_000);
    const given = { uuid: 'a', name: long, exception: long, kwargs: "{'password': 'hunter2'}", parent_id: undefined };
    const event: CeleryEvent = { type: 'task-purged', ...given, timestamp: 1e300, local_received: 5, note: long };
    expect(edge.ours(event)).toBe(true);
    expect(event).toMatchObject({ kwargs: "{'password': '********'}", timestamp: 5, local_received: 5 });
    expect('parent_id' in event).toBe(false);
    expect(jsonText(event).length).toBeLessThan(80_000);
    for (const uuid of ['', 'u'.repeat(513), undefined]) expect(edge.ours({ type: 'task-moved', uuid })).toBe(false);
  });

  it('lets nothing through that the cluster cannot take', () => {
    const odd = fc.oneof(
      fc.anything({ withBigInt: true, withNullPrototype: true, maxDepth: 3 }),
      fc.constantFrom({ toString: 1 }, { toJSON: 1 }, BIG, Number.NaN, Number.POSITIVE_INFINITY, -0, [null], '\0'),
    );
    const names =
      'hostname timestamp utcoffset pid clock name args result exception retries runtime freq loadavg x state';
    const event = fc
      .tuple(
        fc.constantFrom('worker-heartbeat', 'worker-online', 'task-received', 'task-sent', 'task-failed', 'task-x'),
        fc.dictionary(fc.constantFrom(...names.split(' ')), odd),
      )
      .map(([type, fields]) => ({ uuid: 'a', ...fields, type }));
    fc.assert(
      fc.property(fc.array(event, { maxLength: 4 }), (events) => {
        const state = new ClusterState();
        for (const one of new EventEdge({ mask: maskText, maskValue }).read(events))
          state.apply({ ...one, local_received: 1 });
        const batch = state.cut();
        expect(typeof jsonText([batch.tasks, batch.workers])).toBe('string');
        for (const worker of batch.workers) for (const at of worker.heartbeats) expect(at).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: cases(500) },
    );
  });
});

describe('the JSON of replies', () => {
  it('keeps integers of any size, there and back', () => {
    const value = { id: BIG, deep: [{ n: -BIG }], plain: [1, 'x', null, true] };
    expect(jsonText(value)).toBe(`{"id":${BIG},"deep":[{"n":-${BIG}}],"plain":[1,"x",null,true]}`);
    expect(decodeJson(jsonText(value))).toEqual(value);
    const read = parseJsonExact(jsonText(value)) as typeof value;
    // Engines before V8 11.4 (Node 20) do not tell a reviver the source.
    expect(typeof read.id === 'bigint' ? read : value).toEqual(value);
    const beside = parseJsonExact(`[${0.1 + 0.2},-1.5e-7,[${BIG}]]`);
    expect(beside).toEqual([0.1 + 0.2, -1.5e-7, [typeof read.id === 'bigint' ? BIG : Number(BIG)]]);
  });

  it('is that of JSON.stringify for everything else', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(jsonText([value, 1n])).toBe(JSON.stringify([value, 1]));
        expect(jsonText(value)).toBe(JSON.stringify(value));
      }),
    );
    expect(jsonText({ a: 1n, b: 2, c: undefined }, (key, value) => (key === 'b' ? undefined : value))).toBe('{"a":1}');
  });
});
