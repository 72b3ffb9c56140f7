// Beat on a store that others write into: what they add, change, pause and remove is run so within seconds, beside what the app configures.
import { afterEach, beforeAll, expect, it } from 'vitest';
import type { EntryDefinition, ScheduleStore } from '../../../server/schedules/contract.ts';
import { openScheduleStore } from '../../../server/schedules/registry.ts';
import { ManualTimer } from '../../support/clock.ts';
import { describeNeedsRedis, type RedisServer, redisServer } from '../../support/redis-server.ts';
import { until } from '../../support/until.ts';
import { S, world } from './world.ts';

describeNeedsRedis('a beat whose schedule is in Redis', () => {
  let redis: RedisServer;
  const stores: ScheduleStore[] = [];
  beforeAll(async () => {
    redis = await redisServer();
  });
  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close();
  });
  const open = async (url: string, timer = new ManualTimer()): Promise<ScheduleStore> => {
    const store = await openScheduleStore(url, { timer });
    stores.push(store);
    return store;
  };
  /** Seconds pass for the beat, which renews its lease in between, as it does. */
  const pass = async (
    w: ReturnType<typeof world<ManualTimer>>,
    store: ScheduleStore,
    seconds: number,
  ): Promise<void> => {
    for (let n = 0; n < seconds; n++) {
      w.timer.advance(S);
      for (let asked = 0; asked < 3; asked++) await store.holder();
    }
  };
  const every = (seconds: number, change: Partial<EntryDefinition> = {}): EntryDefinition => ({
    ...{ task: 'shop.check', args: [], kwargs: {}, options: {}, enabled: true, one_off: false, timezone: null },
    schedule: { kind: 'interval', every: seconds, relative: false },
    ...change,
  });

  it('runs what others add, change, pause, resume and remove, and keeps what they changed of its own entries', async () => {
    const url = redis.freshUrl();
    const w = world({ beat_schedule: { 'of the app': { task: 'shop.own', schedule: 100 } } });
    const people = await open(url, w.timer);
    await people.editor!.create(
      'before',
      every(10, { args: [{ __type__: 'datetime', __value__: '2026-01-02T03:04:05+00:00' }] }),
    );
    const beat = w.beat({ schedule: url });
    await beat.start();
    const names = () => [...beat.scheduler.entries.values()].filter((one) => one.isOn).map(({ name }) => name);
    expect(names().sort()).toEqual(['before', 'of the app']);
    await pass(w, people, 10);
    await until(() => w.sent.length === 1, 'the entry of the store was sent');
    expect(w.sent[0]).toMatchObject({ name: 'shop.check', args: [new Date('2026-01-02T03:04:05Z')] });

    const { editor } = people;
    const look = () => pass(w, people, 5);
    await editor!.create('during', every(30));
    await look();
    await until(() => names().includes('during'), 'the new entry is known');
    await editor!.change('during', every(40, { enabled: false }));
    await editor!.change('of the app', { ...(await people.load()).get('of the app')!.definition!, enabled: false });
    await look();
    await until(() => names().length === 1, 'both are paused');
    await editor!.remove('before');
    await look();
    await until(() => names().length === 0, 'the removed one is gone');

    // What was paused stays so over a restart of beat; resumed, it waits for its next time.
    await beat.stop();
    const next = w.beat({ schedule: url });
    await next.start();
    expect([...next.scheduler.entries.values()].map(({ name, enabled }) => [name, enabled]).sort()).toEqual([
      ['during', false],
      ['of the app', false],
    ]);
    const sent = w.sent.length;
    await pass(w, people, 100);
    expect(w.sent).toHaveLength(sent);
    await editor!.change('during', every(40));
    await look();
    await until(() => next.scheduler.entries.get('during')!.enabled, 'it is resumed');
    expect(w.sent).toHaveLength(sent);
    await pass(w, people, 40);
    await until(() => w.sent.length > sent, 'it runs at its next time');
    expect((await people.holder())!.lastTick).toBeLessThanOrEqual(w.timer.now());
  });

  it('leaves out what cannot be sent, says so once, and runs the others', async () => {
    const url = redis.freshUrl();
    const w = world();
    const people = await open(url, w.timer);
    await people.editor!.create('wrong', every(10, { options: { countdown: 'soon' } }));
    await people.editor!.create('later', every(10, { start_time: w.timer.now() + 60 * S }));
    await people.editor!.create('right', every(10));
    const beat = w.beat({ schedule: url });
    await beat.start();
    await people.editor!.create('another', every(10));
    await pass(w, people, 5);
    await until(() => beat.scheduler.entries.has('another'), 'it was read again');
    expect([...beat.scheduler.entries.keys()].sort()).toEqual(['another', 'later', 'right']);
    expect(w.lines.filter((line) => line.includes("entry 'wrong'"))).toHaveLength(1);
    await pass(w, people, 5);
    await until(() => w.sent.length >= 1, 'one is due');
    await pass(w, people, 60);
    await until(() => beat.scheduler.entries.get('later')!.totalRunCount >= 1, 'its time has begun');
  });

  it('stands by while another has it, and takes over within seconds when that one says nothing any more', async () => {
    const url = redis.freshUrl();
    const w = world({ beat_schedule: { a: { task: 'shop.own', schedule: 10 } } });
    const first = await open(url, w.timer);
    const lease = await first.claim();
    const beat = w.beat({ schedule: url });
    await beat.start();
    expect(w.lines.some((line) => line.includes('Standing by') && line.includes(`process ${process.pid}`))).toBe(true);
    await pass(w, first, 12);
    expect(w.sent).toEqual([]);
    await lease.release();
    // Looked at every two seconds.
    await pass(w, first, 3);
    await until(() => beat.scheduler.entries.size === 1, 'it has taken over');
    await pass(w, first, 10);
    await until(() => w.sent.length > 0, 'it sends');
  });
});
