// What every schedule store must keep. Each store's test runs this list with a URL of its own.
import { hostname } from 'node:os';
import { afterEach, describe, expect, test } from 'vitest';
import {
  AnotherBeat,
  type EntryDefinition,
  EntryRefused,
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
  /** Others than beat write entries into it. Default false. */
  readonly edited?: boolean;
  /** As if its time were over: the server takes the lease back. Given where one does. */
  readonly expire?: (url: string) => Promise<void>;
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

/** A store that does not promise it is no skipped test, which would be a failure in CI. */
function notPromised(_promise: string, _proof: () => Promise<void>): void {}

export function scheduleContract(
  name: string,
  makeUrl: () => string | Promise<string>,
  options: ScheduleContractOptions,
): void {
  describe(`schedule store ${name}`, () => {
    const opened: ScheduleStore[] = [];
    let url = '';
    const open = async (): Promise<ScheduleStore> => {
      const store = await openScheduleStore(url);
      opened.push(store);
      return store;
    };
    const fresh = async (): Promise<ScheduleStore> => {
      url = await makeUrl();
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

    test('says what its beat can do: whether others write entries', async () => {
      expect((await fresh()).editor !== undefined).toBe(options.edited ?? false);
    });

    const edited = options.edited ? test : notPromised;
    edited(
      'what others write is found by beat, stays when the app configures something else, and is removed by them',
      async () => {
        const store = await fresh();
        const other = await another(store);
        const before = await store.editor!.version();
        await other.editor!.create(
          'by hand',
          entry({ args: [1, 'ž'], options: { queue: 'mail', priority: 3 } }).definition!,
        );
        expect(await store.editor!.version()).not.toBe(before);
        const lease = await store.claim();
        expect([...lease.entries.keys()]).toEqual(['by hand']);
        const found = lease.entries.get('by hand')!;
        expect(found.owner).toBe('store');
        expect(found.definition).toMatchObject({
          task: 'shop.check',
          args: [1, 'ž'],
          options: { queue: 'mail', priority: 3 },
        });
        expect(found.runs.totalRunCount).toBe(0);
        await lease.replace(new Map([['of the app', entry()]]));
        await lease.saveRuns(new Map([['by hand', { lastRunAt: AT, totalRunCount: 2 }]]));
        await lease.replace(new Map());
        expect((await other.load()).get('by hand')!.runs).toEqual({ lastRunAt: AT, totalRunCount: 2 });
        const seen = await store.editor!.version();
        await other.editor!.remove('by hand');
        expect(await store.editor!.version()).not.toBe(seen);
        expect(await store.load()).toEqual(new Map());
      },
    );

    edited('what is changed keeps its runs, and begins now when it is enabled again', async () => {
      const store = await fresh();
      const { editor } = store;
      const lease = await store.claim();
      const definition = entry({ timezone: null }).definition!;
      await editor!.create('a', definition);
      await lease.saveRuns(new Map([['a', { lastRunAt: AT, totalRunCount: 2 }]]));
      const every = (seconds: number, enabled = true): EntryDefinition => ({
        ...definition,
        enabled,
        schedule: { kind: 'interval', every: seconds, relative: false },
      });
      await editor!.change('a', every(90));
      expect((await store.load()).get('a')).toEqual({
        definition: every(90),
        runs: { lastRunAt: AT, totalRunCount: 2 },
        owner: 'store',
      });
      await editor!.change('a', every(90, false));
      expect((await store.load()).get('a')!.definition!.enabled).toBe(false);
      const from = Date.now();
      await editor!.change('a', every(90));
      const { runs } = (await store.load()).get('a')!;
      expect(runs.totalRunCount).toBe(2);
      expect(runs.lastRunAt).toBeGreaterThanOrEqual(from);
    });

    edited('of what an app configures nothing can be changed but whether it is enabled', async () => {
      const store = await fresh();
      const lease = await store.claim();
      await lease.replace(new Map([['a', entry({ args: [7] })]]));
      const { editor } = store;
      const reason = (work: Promise<void>) =>
        work.then(
          () => null,
          (error: EntryRefused) => [error.constructor, error.reason],
        );
      const { definition } = entry({ args: [7] });
      expect(await reason(editor!.change('a', { ...definition!, enabled: false }))).toBeNull();
      expect((await store.load()).get('a')).toEqual(entry({ args: [7], enabled: false }));
      expect(await reason(editor!.change('a', { ...definition!, args: [8] }))).toEqual([EntryRefused, 'configured']);
      expect(await reason(editor!.remove('a'))).toEqual([EntryRefused, 'configured']);
    });

    edited('what cannot be an entry is refused when it is written', async () => {
      const { editor } = await fresh();
      const definition = entry({ timezone: null }).definition!;
      const refused = (name: string, change: Partial<EntryDefinition>) =>
        expect(editor!.create(name, { ...definition, ...change })).rejects;
      await refused('a', { schedule: { kind: 'interval', every: 0, relative: false } }).toThrow('0 s');
      await refused('a', { schedule: { kind: 'interval', every: 1e15, relative: false } }).toThrow('9999');
      const crontab = {
        kind: 'crontab',
        minute: '77',
        hour: '*',
        day_of_week: '*',
        day_of_month: '*',
        month_of_year: '*',
      } as const;
      await refused('a', { schedule: crontab }).toThrow('77');
      await refused('a', { schedule: { kind: 'solar', event: 'noon', lat: 1, lon: 1 } }).toThrow('noon');
      await refused('a', { schedule: { kind: 'custom', text: 'mine' } }).toThrow('beat_schedule');
      await refused('a', { timezone: 'Mars/Olympus' }).toThrow('Mars/Olympus');
      await refused('', {}).toThrow('name');
      await refused('x'.repeat(201), {}).toThrow('name');
      await refused('a', { task: '' }).toThrow('task');
      await editor!.create('a', definition);
      await refused('a', {}).toThrow("There is an entry 'a'");
      await expect(editor!.change('b', definition)).rejects.toThrow("no entry 'b'");
      await expect(editor!.remove('b')).rejects.toThrow("no entry 'b'");
    });

    const leased = options.expire ? test : notPromised;
    leased('the lease of a beat that says nothing any more is taken over within seconds, and it is told', async () => {
      const store = await fresh();
      const lease = await store.claim();
      await lease.replace(new Map([['a', entry()]]));
      const lost = new Promise<Error>((resolve) => lease.onLost(resolve));
      const other = await another(store);
      await expect(other.claim()).rejects.toThrow(AnotherBeat);
      await options.expire!(url);
      const second = await other.claim();
      expect((await lost).message).toContain('another beat');
      await expect(lease.saveRuns(new Map([['a', { lastRunAt: AT, totalRunCount: 9 }]]))).rejects.toThrow('lost');
      expect((await other.load()).get('a')).toEqual(entry());
      await lease.release();
      expect(await other.holder()).toMatchObject({ pid: process.pid });
      await second.release();
    });
  });
}
