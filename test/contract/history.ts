// What every history must keep. Each implementation's test runs this list with a URL of its own.
// Not here: what it answers about many tasks (history-questions.ts).
import { afterEach, describe, expect, test } from 'vitest';
import type { Heard, HistoryStore, OperationRow } from '../../server/dashboard/history/contract.ts';
import { type HistoryContext, openHistory } from '../../server/dashboard/history/registry.ts';
import { toRecord, toRow } from '../../server/dashboard/history/rows.ts';
import { ImproperlyConfigured } from '../../server/errors.ts';
import { type Batch, ClusterState } from '../../shared/events/cluster-state.ts';
import { EVERYTHING, event, fill, historyQuestions, NOW } from './history-questions.ts';

/** @param makeUrl a history that is empty, and is found again when the same URL is opened */
export function historyContract(name: string, makeUrl: () => string): void {
  describe(`history ${name}`, () => {
    const opened: HistoryStore[] = [];
    let url = '';
    const open = async (context: HistoryContext = {}): Promise<HistoryStore> => {
      const history = await openHistory(url, context);
      opened.push(history);
      return history;
    };
    const fresh = (context: HistoryContext = {}): Promise<HistoryStore> => {
      url = makeUrl();
      return open(context);
    };
    /** As after a restart. */
    const again = async (context: HistoryContext = {}): Promise<HistoryStore> => {
      await closeAll();
      return open(context);
    };
    const closeAll = async (): Promise<void> => {
      for (const history of opened.splice(0)) await history.close();
    };
    afterEach(closeAll);

    test('finds every task again after a restart, the unfinished ones too', async () => {
      const state = new ClusterState();
      fill(state);
      const before = [...state.tasks.values()].map(toRow);
      const first = await fresh();
      first.write(state.cut(), NOW);
      const second = await again();
      const page = await second.tasks(EVERYTHING);
      expect(page.items).toHaveLength(800);
      const byId = new Map(page.items.map((t) => [t.uuid, t]));
      for (const row of before) expect(byId.get(row.uuid)).toEqual(row);
      const unfinished = (await second.unfinished(1000)).map(toRecord);
      expect(new Set(unfinished.map((t) => t.state))).toEqual(new Set(['RECEIVED', 'STARTED', 'PROGRESS']));
      expect(unfinished).toHaveLength(240);
    });

    test('merges later events into what it has, and never forgets what it knew', async () => {
      const h = await fresh();
      const state = new ClusterState();
      state.apply(event('task-received', 'a', NOW, { name: 'n', args: '(1,)', queue: 'q' }));
      h.write(state.cut(), NOW);
      state.apply(event('task-started', 'a', NOW + 1));
      h.write(state.cut(), NOW);
      await h.written();
      // Another process, or a task long pushed out of memory: only its end is seen.
      const later = new ClusterState();
      later.apply(event('task-succeeded', 'a', NOW + 2, { result: '1', runtime: 1 }));
      h.write(later.cut(), NOW);
      later.apply(event('task-started', 'a', NOW + 1));
      h.write(later.cut(), NOW);
      await h.written();
      expect(await h.task('a')).toMatchObject({
        name: 'n',
        args: '(1,)',
        queue: 'q',
        state: 'SUCCESS',
        received: NOW,
        started: NOW + 1,
        result: '1',
      });
    });

    test('does not weaken a finished task by an early event seen late', async () => {
      const h = await fresh();
      const state = new ClusterState();
      state.apply(event('task-succeeded', 'a', NOW, { result: '1' }));
      h.write(state.cut(), NOW);
      const later = new ClusterState();
      later.apply(event('task-started', 'a', NOW - 1));
      h.write(later.cut(), NOW);
      await h.written();
      expect(await h.task('a')).toMatchObject({ state: 'SUCCESS', result: '1' });
    });

    test('adds to the buckets it finds after a restart', async () => {
      const at = Math.floor(NOW / 3600) * 3600 + 30;
      for (let round = 0; round < 2; round++) {
        const h = round === 0 ? await fresh() : await again();
        const state = new ClusterState();
        state.apply(event('task-received', `r${round}`, at, { name: 'n' }));
        state.apply(event('task-succeeded', `r${round}`, at + 1, { runtime: 1, result: '1' }));
        h.write(state.cut(), NOW);
      }
      const h = await again();
      expect((await h.sums(60, at - 60, at + 60)).finished).toBe(2);
    });

    test('keeps every try of a retried task', async () => {
      const h = await fresh();
      const state = new ClusterState();
      for (let n = 0; n < 3; n++) {
        state.apply(event('task-received', 'a', NOW + n * 10, { name: 'n', retries: n }));
        state.apply(event('task-started', 'a', NOW + n * 10 + 1));
        if (n < 2) state.apply(event('task-retried', 'a', NOW + n * 10 + 2, { exception: `E(${n})`, traceback: 'T' }));
        h.write(state.cut(), NOW);
      }
      state.apply(event('task-succeeded', 'a', NOW + 25, { result: '1', runtime: 4 }));
      h.write(state.cut(), NOW);
      await h.written();
      expect((await h.tries('a')).map((t) => [t.number, t.state, t.exception])).toEqual([
        [0, 'RETRY', 'E(0)'],
        [1, 'RETRY', 'E(1)'],
        [2, 'SUCCESS', null],
      ]);
    });

    test('forgets by age and by number', async () => {
      const h = await fresh();
      const state = new ClusterState();
      fill(state);
      h.write(state.cut(), NOW);
      await h.written();
      await h.expire({ maxAge: 3000, maxTasks: null }, NOW);
      const byAge = await h.tasks(EVERYTHING);
      expect(byAge.total).toBeLessThan(800);
      expect(Math.min(...byAge.items.map((t) => t.first_seen))).toBeGreaterThanOrEqual(NOW - 3000);
      await h.expire({ maxAge: null, maxTasks: 100 }, NOW);
      expect((await h.tasks(EVERYTHING)).total).toBe(100);
    });

    test('says when what it was given is on disk, also while ever more comes', async () => {
      const h = await fresh();
      const state = new ClusterState({ maxTasks: 2000 });
      let given = 0;
      const give = (count: number) => {
        for (let n = 0; n < count; n++) state.apply(event('task-received', `t${given++}`, NOW));
        h.write(state.cut(), NOW);
      };
      give(1);
      let isWritten = false;
      const writing = h.written().then(() => {
        isWritten = true;
      });
      for (const end = Date.now() + 60_000; !isWritten && Date.now() < end; ) {
        if (h.pending < 5000) give(1000);
        await new Promise(setImmediate);
      }
      expect(isWritten).toBe(true);
      expect(await h.task('t0')).toMatchObject({ state: 'RECEIVED' });
      await writing;
    });

    test('keeps how far workers were heard, and forgets those that have gone', async () => {
      const h = await fresh();
      expect(await h.heard()).toBeNull();
      const state = new ClusterState();
      for (const hostname of ['w1@h', 'w2@h']) state.apply(event('worker-heartbeat', '', NOW, { hostname, freq: 2 }));
      const worker = (hostname: string, change = {}) => ({
        hostname,
        pid: 7,
        begun: 3 as number | null,
        eventsDisabled: false,
        left: false,
        ...change,
      });
      const heard: Heard = {
        at: NOW,
        rate: 1.5,
        knewAll: true,
        workers: [worker('w1@h'), worker('w2@h', { begun: null, eventsDisabled: true })],
      };
      h.write(state.cut(), NOW, heard);
      await h.written();
      const second = await again();
      expect(new Set((await second.workers()).map((w) => w.hostname))).toEqual(new Set(['w1@h', 'w2@h']));
      const known = (await second.heard())!;
      expect({ ...known, workers: known.workers.sort((a, b) => (a.hostname < b.hostname ? -1 : 1)) }).toEqual(heard);
      // Nothing was heard anew: only that one has gone.
      second.write({ tasks: [], finishes: [], workers: [], workersGone: ['w2@h'] } as unknown as Batch, NOW);
      await second.written();
      expect((await second.workers()).map((w) => w.hostname)).toEqual(['w1@h']);
      expect((await second.heard())!.workers.map((w) => w.hostname)).toEqual(['w1@h']);
    });

    test('keeps gauges, the last value of a moment, by name and by what names begin with', async () => {
      const h = await fresh();
      h.saveGauges({ 'depth:a': 1, 'depth:b': 2, up: 1 }, NOW);
      h.saveGauges({ 'depth:a': 5 }, NOW);
      h.saveGauges({ 'depth:a': 3 }, NOW + 60);
      await h.written();
      const second = await again();
      expect(await second.gauge('depth:a', NOW, NOW + 60)).toEqual([{ bucket: NOW, value: 5 }]);
      expect(await second.gauge('depth:a', NOW, NOW + 61)).toHaveLength(2);
      const found = await second.gauges('depth:', NOW);
      expect(found.map(({ name, bucket, value }) => `${name} ${bucket - NOW} ${value}`).sort()).toEqual([
        'depth:a 0 5',
        'depth:a 60 3',
        'depth:b 0 2',
      ]);
    });

    test('records an operation before it is tried, then what came of it, and finds it by who, what and outcome', async () => {
      const h = await fresh();
      const row = (change: Partial<OperationRow>): OperationRow => ({
        at: NOW,
        who: 'ada',
        action: 'revoke',
        subject: 'task id-1',
        address: '127.0.0.1',
        token: null,
        task_name: 'shop.charge',
        request: JSON.stringify({ action: 'revoke', ids: ['id-1'] }),
        outcome: 'no-answer',
        summary: '',
        answers: '[]',
        new_ids: null,
        ...change,
      });
      const ids: number[] = [];
      for (let n = 0; n < 5; n++) ids.push(await h.beginOperation(row({ at: NOW + n, who: n % 2 ? 'bob' : 'ada' })));
      expect([...ids].sort((a, b) => a - b)).toEqual(ids);
      const [first, second] = [ids[0]!, ids[1]!];
      await h.finishOperation(first, {
        outcome: 'ok',
        summary: '1 of 1 workers answered',
        answers: '[{"worker":"w1@h","ok":true,"text":"revoked","seq":18446744073709551617}]',
        new_ids: JSON.stringify({ 'id-1': 'id-9' }),
      });
      await h.saveEffect(second, JSON.stringify({ state: 'seen' }));
      const restarted = await again();
      const all = await restarted.operations(null, 10);
      expect(all.map(({ id }) => id)).toEqual([...ids].reverse());
      expect(all.at(-1)).toMatchObject({
        who: 'ada',
        request: { action: 'revoke', ids: ['id-1'] },
        outcome: 'ok',
        answers: [{ worker: 'w1@h', ok: true, text: 'revoked', seq: 2n ** 64n + 1n }],
        address: '127.0.0.1',
        token: null,
        task_name: 'shop.charge',
        new_ids: { 'id-1': 'id-9' },
        effect: null,
      });
      expect(all.at(-2)).toMatchObject({ outcome: 'no-answer', effect: { state: 'seen' } });
      const found = async (wanted: object, before: number | null = null, limit = 10) =>
        (await restarted.operations(before, limit, wanted)).map(({ id }) => ids.indexOf(id));
      expect(await found({}, ids[3]!, 2)).toEqual([2, 1]);
      expect(await found({ who: 'bob' })).toEqual([3, 1]);
      expect(await found({ outcome: 'ok' })).toEqual([0]);
      expect(await found({ on: 'ID-1', who: 'ada' })).toEqual([4, 2, 0]);
      expect(await found({ on: '%' })).toEqual([]);
      expect(await found({ actions: ['purge'] })).toEqual([]);
      expect(await found({ actions: ['purge', 'revoke'], who: 'bob' })).toEqual([3, 1]);
    });

    test('text of every kind comes back as it was', async () => {
      const h = await fresh();
      const state = new ClusterState();
      const odd = 'nul \0, lone \ud800, quote \' " and \uf8ff, 😀, line\nend';
      state.apply(event('task-received', `id ${odd}`, NOW, { name: odd, args: odd, kwargs: '{}', queue: odd }));
      h.write(state.cut(), NOW);
      await h.written();
      const second = await again();
      expect(await second.task(`id ${odd}`)).toMatchObject({ name: odd, args: odd, queue: odd });
      expect(await second.taskNames()).toEqual([odd]);
      expect((await second.rows([`id ${odd}`])).map((row) => row.uuid)).toEqual([`id ${odd}`]);
    });

    test('what was handed over is pending until it is on disk, and `written` waits for it', async () => {
      const h = await fresh();
      expect([h.pending, h.failure, h.health.ok]).toEqual([0, null, true]);
      const state = new ClusterState();
      fill(state);
      h.write(state.cut(), NOW);
      expect(h.pending).toBeGreaterThan(0);
      await h.written();
      expect(h.pending).toBe(0);
      expect((await h.counts()).tasks).toBe(800);
    });

    test('is the history of one cluster: another is refused, unless it adopts it', async () => {
      await fresh({ cluster: ['redis://a/0'] });
      await expect(again({ cluster: ['redis://b/0'] })).rejects.toThrow(ImproperlyConfigured);
      await again({ cluster: ['redis://a/0', 'redis://a2/0'] });
      await again({ cluster: ['redis://b/0'], adopt: true });
      await expect(again({ cluster: ['redis://a/0'] })).rejects.toThrow('another cluster');
    });

    test('is written by one dashboard at a time', async () => {
      await fresh();
      await expect(open()).rejects.toThrow(/Another dashboard/);
    });

    historyQuestions(makeUrl);
  });
}
