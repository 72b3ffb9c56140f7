// What every schedule store must keep. Each store's test runs this list with a URL of its own.
import { hostname } from 'node:os';
import { afterEach, describe, expect, test } from 'vitest';
import {
  AnotherBeat,
  type EntryDefinition,
  type ScheduleStore,
  type StoredEntry,
} from '../../server/schedules/contract.ts';
import { crontab } from '../../server/schedules/crontab.ts';
import { openScheduleStore } from '../../server/schedules/registry.ts';
import { schedule } from '../../server/schedules/schedule.ts';
import { formOf } from '../../server/schedules/stored-entry.ts';

export interface ScheduleContractOptions {
  /** What is stored outlives who stored it, and others that open the same URL see it. */
  readonly durable: boolean;
}

const AT = Date.parse('2026-03-04T10:30:07.250Z');
const entry = (change: Partial<EntryDefinition> = {}, totalRunCount = 0): StoredEntry => ({
  definition: {
    task: 'shop.check',
    schedule: { kind: 'interval', every: 30, relative: false },
    args: [],
    kwargs: {},
    options: {},
    enabled: true,
    one_off: false,
    timezone: 'Europe/Prague',
    ...change,
  },
  runs: { lastRunAt: AT + totalRunCount, totalRunCount },
});

export function scheduleContract(name: string, makeUrl: () => string, options: ScheduleContractOptions): void {
  describe(`schedule store ${name}`, () => {
    const opened: ScheduleStore[] = [];
    let url = '';
    const open = async (): Promise<ScheduleStore> => {
      const store = await openScheduleStore(url);
      opened.push(store);
      return store;
    };
    const fresh = (): Promise<ScheduleStore> => {
      url = makeUrl();
      return open();
    };
    /** The same schedule as somebody else has it. */
    const another = async (store: ScheduleStore): Promise<ScheduleStore> => (options.durable ? await open() : store);
    afterEach(async () => {
      for (const store of opened.splice(0)) await store.close();
    });

    test('one that was never written is empty, for a reader and for a beat', async () => {
      const store = await fresh();
      expect(await store.load()).toEqual(new Map());
      expect((await store.claim()).entries).toEqual(new Map());
    });

    test('keeps whole entries: task, schedule, arguments, options, and whether they are enabled', async () => {
      const store = await fresh();
      const written = new Map<string, StoredEntry>([
        ['plain', entry()],
        [
          'every morning',
          entry({ schedule: formOf(crontab({ hour: [7, 19], minute: '*/30', day_of_week: 'mon-fri' })) }),
        ],
        ['relative', entry({ schedule: formOf(schedule({ hours: 1 }, { relative: true })), enabled: false }, 3)],
        ['once', entry({ schedule: { kind: 'clocked', at: AT }, one_off: true, timezone: null })],
        ['by the sun', entry({ schedule: { kind: 'solar', event: 'sunset', lat: 50.08, lon: 14.43 } })],
        ['of its own', entry({ schedule: { kind: 'custom', text: 'at full moon' } })],
        [
          'with arguments',
          entry({
            args: ['žluť 😀\n', 2n ** 63n, 1.5, null, [{ deep: [true] }]],
            kwargs: { at: { __type__: 'datetime', __value__: '2026-03-04T10:30:07' } },
            options: { queue: 'mail', expires: 3600, headers: { a: 1 } },
          }),
        ],
        ['that JSON has no words for', entry({ args: null, kwargs: null, options: null })],
        ['runs only', { definition: null, runs: { lastRunAt: AT, totalRunCount: 7 } }],
      ]);
      const lease = await store.claim();
      await lease.replace(written);
      expect(await (await another(store)).load()).toEqual(written);
      await lease.release();
      expect((await (await another(store)).claim()).entries).toEqual(written);
    });

    test('an entry may have any name', async () => {
      const store = await fresh();
      const names = ['__proto__', 'constructor', 'a "quoted"\nname', '', 'žluť 😀', 'a/b:c*'];
      const lease = await store.claim();
      await lease.replace(new Map(names.map((each) => [each, entry()])));
      expect([...(await (await another(store)).load()).keys()].sort()).toEqual([...names].sort());
    });

    test('what is replaced is gone; what only ran keeps its definition', async () => {
      const store = await fresh();
      const lease = await store.claim();
      await lease.replace(
        new Map([
          ['a', entry()],
          ['b', entry()],
          ['old', entry()],
        ]),
      );
      await lease.replace(
        new Map([
          ['a', entry({ args: [1] })],
          ['b', entry()],
        ]),
      );
      await lease.saveRuns(
        new Map([
          ['a', { lastRunAt: AT + 5, totalRunCount: 5 }],
          ['old', { lastRunAt: AT + 9, totalRunCount: 9 }],
        ]),
      );
      expect(await (await another(store)).load()).toEqual(
        new Map([
          ['a', entry({ args: [1] }, 5)],
          ['b', entry()],
        ]),
      );
    });

    test('writes take effect in the order in which they were asked for, whoever waits', async () => {
      const store = await fresh();
      const lease = await store.claim();
      const writes = [lease.replace(new Map([['a', entry()]]))];
      for (let n = 1; n <= 20; n++)
        writes.push(lease.saveRuns(new Map([['a', { lastRunAt: AT + n, totalRunCount: n }]])));
      await Promise.all(writes);
      expect(await (await another(store)).load()).toEqual(new Map([['a', entry({}, 20)]]));
    });

    test('one beat at a time: a second claim is refused, and granted when the first was released', async () => {
      const store = await fresh();
      const first = await store.claim();
      const other = await another(store);
      await expect(other.claim()).rejects.toThrow(AnotherBeat);
      await expect(other.claim()).rejects.toThrow(/Another beat/);
      await first.release();
      await first.release();
      const second = await other.claim();
      await expect(store.claim()).rejects.toThrow(/Another beat/);
      // Who was first does not end what the second has.
      await first.release();
      await expect(store.claim()).rejects.toThrow(/Another beat/);
      await second.replace(new Map([['a', entry()]]));
    });

    test('says which beat has the lease, and that none has; who asks keeps nobody from claiming it', async () => {
      const store = await fresh();
      const reader = await another(store);
      expect(await reader.holder()).toBeNull();
      const before = Date.now();
      const lease = await store.claim();
      const holder = await reader.holder();
      expect(holder).toMatchObject({ pid: process.pid, host: hostname() });
      expect(holder!.since).toBeGreaterThanOrEqual(before);
      await lease.release();
      expect(await reader.holder()).toBeNull();
      const next = await store.claim();
      await expect(reader.claim()).rejects.toThrow(`process ${process.pid} on ${hostname()}`);
      await next.release();
    });

    test('through a lease that has ended nothing is written', async () => {
      const store = await fresh();
      const lease = await store.claim();
      await lease.replace(new Map([['a', entry()]]));
      await lease.release();
      await expect(lease.replace(new Map())).rejects.toThrow('released');
      await expect(lease.saveRuns(new Map())).rejects.toThrow('released');
      expect(await store.load()).toEqual(new Map([['a', entry()]]));
    });

    test('closing a store releases what was claimed through it, and what was being written is', async () => {
      const store = await fresh();
      const lease = await store.claim();
      const writing = lease.replace(new Map([['a', entry()]]));
      await store.close();
      await writing;
      const other = await another(store);
      expect((await other.claim()).entries).toEqual(new Map([['a', entry()]]));
    });

    test('reads do not need the lease, and never see half of what is written', async () => {
      const store = await fresh();
      const reader = await another(store);
      const lease = await store.claim();
      const set = (n: number) => new Map(['a', 'b', 'c'].map((each) => [each, entry({ args: [n] }, n)]));
      await lease.replace(set(0));
      let writing = true;
      const writes = (async () => {
        for (let n = 1; n <= 15; n++) await lease.replace(set(n));
        writing = false;
      })();
      let reads = 0;
      while (writing) {
        const seen = [...(await reader.load()).values()].map(({ runs }) => runs.totalRunCount);
        expect(new Set(seen).size, `one set at a time, not ${seen.join(', ')}`).toBe(1);
        expect(seen).toHaveLength(3);
        reads++;
      }
      await writes;
      expect(reads).toBeGreaterThan(0);
    });
  });
}
