// What every result store that counts the parts of chords must keep: a part of backend.ts, which says who runs it.
import { expect, test } from 'vitest';
import type { BackendContext, CountingBackend } from '../../server/backends/contract.ts';
import type { BackendContractOptions } from './backend.ts';

/** A promise only where the flags give it: what a kind does not promise is no skipped test. */
export function promised(applies: boolean): (title: string, run: () => Promise<void> | void) => void {
  return applies ? test : () => {};
}

type Open = (change?: Partial<BackendContext>) => Promise<CountingBackend>;

/** @param fresh a store that nobody used yet @param open the same once more */
export function chordContract(fresh: Open, open: Open, options: BackendContractOptions): void {
  test('a chord is complete with its last part, with the results in header order', async () => {
    const backend = await fresh();
    await backend.startChord('g', 3);
    const part = (taskId: string, index: number | null, result: unknown, state = 'SUCCESS') =>
      backend.completeChordPart({ groupId: 'g', taskId, index, state, result });
    expect(await part('c', 2, 'third')).toBeNull();
    expect(await part('a', 0, 'first')).toBeNull();
    expect(await part('a', 0, 'first')).toBeNull();
    expect(await part('b', 1, { second: [1] })).toEqual({
      results: ['first', { second: [1] }, 'third'],
      failure: null,
      repeated: false,
    });
  });

  test('a complete chord is for the last part to send, also when told of again, until it is forgotten', async () => {
    const [backend, other] = [await fresh(), await open()];
    await backend.startChord('g', 2);
    const part = (by: CountingBackend, taskId: string, index: number) =>
      by.completeChordPart({ groupId: 'g', taskId, index, state: 'SUCCESS', result: taskId });
    await part(backend, 'a', 0);
    const ready = { results: ['a', 'b'], failure: null };
    expect(await part(backend, 'b', 1)).toEqual({ ...ready, repeated: false });
    expect(await part(other, 'a', 0)).toEqual({ claimedBy: 'b' });
    // Who heard of it died before the body was sent, and the message was delivered again.
    expect(await part(other, 'b', 1)).toEqual({ ...ready, repeated: true });
    await other.forgetChord('g');
    for (const backend_ of [backend, other]) {
      expect(await part(backend_, 'b', 1)).toBeNull();
      expect(await part(backend_, 'a', 0)).toBeNull();
    }
  });

  promised(options.expiry !== 'own')('a claim ends when its time is over', async () => {
    let now = 1_000_000;
    const backend = await fresh({ now: () => now });
    await backend.startChord('g', 2);
    const part = (taskId: string, index: number) =>
      backend.completeChordPart({ groupId: 'g', taskId, index, state: 'SUCCESS', result: taskId });
    await part('a', 0);
    await part('b', 1);
    now += 4999;
    expect(await part('a', 0)).toEqual({ claimedBy: 'b' });
    now += 1;
    expect(await part('a', 0)).toEqual({ results: ['a', 'b'], failure: null, repeated: true });
    expect(await part('b', 1)).toEqual({ claimedBy: 'a' });
  });

  test('a header task that ends twice, in different ways, is one part; its success counts', async () => {
    const backend = await fresh();
    await backend.startChord('g', 3);
    const part = (taskId: string, index: number, result: unknown, state = 'SUCCESS') =>
      backend.completeChordPart({ groupId: 'g', taskId, index, state, result });
    expect(await part('a', 0, 'lost', 'FAILURE')).toBeNull();
    expect(await part('a', 0, 'first')).toBeNull();
    expect(await part('a', 0, 'late', 'FAILURE')).toBeNull();
    expect(await part('b', 1, 'b')).toBeNull();
    expect(await part('c', 2, 'c')).toMatchObject({ results: ['first', 'b', 'c'] });
    // ... also when the chord is complete already.
    expect(await part('c', 2, 'late', 'FAILURE')).toMatchObject({ results: ['first', 'b', 'c'], failure: null });
  });

  test('parts told of at once count once each, one that comes twice with them', async () => {
    const backend = await fresh();
    await backend.startChord('g', 3);
    const part = (taskId: string, index: number, state = 'SUCCESS') =>
      backend.completeChordPart({ groupId: 'g', taskId, index, state, result: `${taskId} ${state}` });
    expect(await Promise.all([part('a', 0, 'FAILURE'), part('a', 0), part('b', 1)])).toEqual([null, null, null]);
    // Whose part has the claim is the store's order.
    const answers = await Promise.all([part('b', 1), part('c', 2), part('a', 0)]);
    const ready = answers.filter((answer) => answer !== null && 'results' in answer);
    expect(ready).toMatchObject([{ results: ['a SUCCESS', 'b SUCCESS', 'c SUCCESS'], failure: null }]);
  });

  test('a chord with failed parts names the first one', async () => {
    const backend = await fresh();
    await backend.startChord('g', 3);
    const part = (taskId: string, index: number, state: string) =>
      backend.completeChordPart({ groupId: 'g', taskId, index, state, result: taskId });
    await part('c', 2, 'FAILURE');
    await part('a', 0, 'REVOKED');
    const named = options.failureNamed === 'in header' ? 'a' : 'c';
    expect(await part('b', 1, 'SUCCESS')).toMatchObject({ failure: { taskId: named, result: named } });
  });

  test('parts that come before the chord was started count', async () => {
    const backend = await fresh();
    const part = (taskId: string, index: number) =>
      backend.completeChordPart({ groupId: 'g', taskId, index, state: 'SUCCESS', result: index });
    expect(await part('a', 0)).toBeNull();
    await backend.startChord('g', 2);
    expect(await part('b', 1)).toEqual({ results: [0, 1], failure: null, repeated: false });
  });

  test('a header that grows waits for what was added, and is not checked any more', async () => {
    const backend = await fresh({ now: () => 0 });
    await backend.startChord('g', 1, { parts: ['a'], body: {} });
    await backend.growChord('g', 2);
    const part = (taskId: string, index: number) =>
      backend.completeChordPart({ groupId: 'g', taskId, index, state: 'SUCCESS', result: taskId });
    expect(await part('a', 0)).toBeNull();
    expect(await part('b', 0)).toBeNull();
    expect(await part('c', 1)).toMatchObject({ results: ['a', 'b', 'c'], failure: null });
  });

  test('which parts are counted is told until the chord is forgotten', async () => {
    const backend = await fresh();
    expect(await backend.countedParts('g')).toBeNull();
    await backend.startChord('g', 2);
    expect(await backend.countedParts('g')).toEqual(new Set());
    await backend.completeChordPart({ groupId: 'g', taskId: 'a', index: 0, state: 'SUCCESS', result: 1 });
    expect(await backend.countedParts('g')).toEqual(new Set(['a']));
    await backend.forgetChord('g');
    expect(await backend.countedParts('g')).toBeNull();
  });

  promised(options.expiry !== 'own')('an open chord is due for a check by its age, for one who asks', async () => {
    let now = 1_000_000;
    const [backend, other] = [await fresh({ now: () => now }), await open({ now: () => now })];
    const plan = { parts: ['a', 'b'], body: { task: 'body', args: [] } };
    for (const id of ['g', 'done', 'grown']) await backend.startChord(id, 2, plan);
    await backend.startChord('unplanned', 2);
    await backend.forgetChord('done');
    await backend.growChord('grown', 1);
    now += 9999;
    expect(await backend.openChords(10)).toEqual([]);
    now += 1;
    expect(await other.openChords(10)).toEqual([{ groupId: 'g', plan }]);
    expect(await other.hasOpenChords()).toBe(true);
    expect(await backend.openChords(10)).toEqual([]);
    now += 90_000;
    expect(await backend.openChords(10)).toHaveLength(1);
    now += 49_999;
    expect(await backend.openChords(10)).toEqual([]);
    now += 1;
    expect(await backend.openChords(10)).toHaveLength(1);
  });

  test('whether any chord is open is known before one is due, and when the last was forgotten', async () => {
    const backend = await fresh();
    expect(await backend.hasOpenChords()).toBe(false);
    for (const id of ['g', 'h']) await backend.startChord(id, 2, { parts: ['a', 'b'], body: { task: 'body' } });
    await backend.forgetChord('g');
    expect(await backend.hasOpenChords()).toBe(true);
    await backend.forgetChord('h');
    expect(await backend.hasOpenChords()).toBe(false);
  });

  test('of parts that end at once in several users of the store, exactly one completes the chord', async () => {
    const backends = [await fresh(), await open(), await open()];
    await backends[0]!.startChord('g', 30);
    const ready = await Promise.all(
      Array.from({ length: 30 }, (_, i) =>
        backends[i % 3]!.completeChordPart({
          groupId: 'g',
          taskId: `t${i}`,
          index: i,
          state: 'SUCCESS',
          result: i,
        }),
      ),
    );
    expect(ready.filter((r) => r !== null)).toEqual([
      { results: Array.from({ length: 30 }, (_, i) => i), failure: null, repeated: false },
    ]);
  });
}
