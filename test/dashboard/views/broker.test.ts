// What a broker's figures say about the safety of messages: which rule finds what, and that what is not known finds nothing.
import { expect, it } from 'vitest';
import { type BrokerKnown, brokerFindings } from '../../../server/dashboard/views/broker.ts';

const GB = 1_000_000_000;
const NOTHING: BrokerKnown = {
  about: {
    ...{ product: 'Redis', version: null, uptime: null, memory: { used: null, most: null } },
    ...{ clients: { connected: null, most: null }, facts: {} },
  },
  ...{ messages: null, longestHeld: null, now: 1000 },
};
const redis = (facts: Record<string, string | number>, more: Partial<BrokerKnown['about']> = {}): BrokerKnown => ({
  ...NOTHING,
  about: { ...NOTHING.about, ...more, facts },
});
const ids = (known: BrokerKnown) => brokerFindings(known).map(({ harm, id }) => `${id} ${harm}`);

it('what is not known finds nothing, nor does a Redis set up for a queue', () => {
  expect(ids(NOTHING)).toEqual([]);
  const well = { 'maxmemory-policy': 'noeviction', appendonly: 'yes', save: '', visibility_timeout: 3600 };
  expect(ids(redis(well, { memory: { used: GB, most: 4 * GB }, clients: { connected: 5, most: 10_000 } }))).toEqual([]);
});

it('a policy that deletes queues is one only where there is a limit, and where it takes keys without a time to live', () => {
  const memory = { used: 3 * GB, most: 4 * GB };
  const facts = { 'maxmemory-policy': 'allkeys-lru', evicted_keys: 212 };
  expect(ids(redis(facts, { memory }))).toEqual(['eviction loses']);
  expect(brokerFindings(redis(facts, { memory }))[0]?.evidence).toMatch(
    /allkeys-lru\. 3.* of 4.* are used\. It has deleted 212 keys/,
  );
  expect(ids(redis(facts, { memory: { used: GB, most: 0 } }))).toEqual([]);
  expect(ids(redis({ 'maxmemory-policy': 'volatile-lru' }, { memory }))).toEqual([]);
  // Who hides its limit may have one.
  expect(ids(redis(facts))).toEqual(['eviction loses']);
});

it('without a log, what came since the last snapshot is lost, and without snapshots all', () => {
  const saved = { appendonly: 'no', save: '3600 1', rdb_last_save_time: 400, rdb_changes_since_last_save: 48_210 };
  expect(brokerFindings(redis(saved))[0]).toMatchObject({
    ...{ id: 'persistence', harm: 'loses', title: expect.stringMatching(/since its last snapshot/) },
    evidence: expect.stringMatching(/10 m.* old, and 48.* changes/),
  });
  expect(brokerFindings(redis({ appendonly: 'no', save: '' }))[0]?.title).toMatch(/every message/);
  expect(ids(redis({ rdb_last_bgsave_status: 'err' }))).toEqual(['last-save-failed refuses']);
});

it('a visibility timeout shorter than what workers hold doubles work, and the answer is twice as long', () => {
  const held = (seconds: number, why: 'eta' | 'runtime') =>
    brokerFindings({ ...redis({ visibility_timeout: 3600 }), longestHeld: { seconds, task: 'shop.remind', why } });
  expect(held(3600, 'eta')).toEqual([]);
  expect(held(21_600, 'eta')[0]).toMatchObject({
    ...{ id: 'visibility-timeout', harm: 'doubles', evidence: expect.stringMatching(/shop\.remind waits .*6 h.* ETA/) },
    remedy: ['broker_transport_options = {"visibility_timeout": 43200}'],
  });
  expect(held(4000, 'runtime')[0]?.evidence).toMatch(/shop\.remind has run for/);
});

it('limits are told of when they are near, alarms of RabbitMQ when they are on; the worst stands first', () => {
  const near = { memory: { used: 3.7 * GB, most: 4 * GB }, clients: { connected: 941, most: 1000 } };
  expect(brokerFindings(redis({}, near)).map(({ title }) => title)).toEqual([
    'The memory of Redis is nearly full',
    '59 connections are left',
  ]);
  const rabbit = redis({ mem_alarm: 'off', disk_free_alarm: 'on', disk_free: 1_000_000 }, { product: 'RabbitMQ' });
  expect(brokerFindings(rabbit)[0]).toMatchObject({
    id: 'alarms',
    evidence: expect.stringMatching(/disk_free_alarm is on/),
  });
  expect(ids(redis({ 'maxmemory-policy': 'allkeys-lru', visibility_timeout: 1 }, near))).toEqual([
    ...['eviction loses', 'memory refuses', 'clients refuses'],
  ]);
});
