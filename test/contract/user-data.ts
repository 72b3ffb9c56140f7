// What every store of people's own things must keep. Each store's test runs this list with a place of its own.
import { afterEach, describe, expect, test } from 'vitest';
import type { UserDataStore } from '../../server/dashboard/user-data/contract.ts';
import { userDataAt } from '../../server/dashboard/user-data/registry.ts';
import { ManualTimer } from '../support/clock.ts';

/** @param durable what was saved outlives who saved it */
export function userDataContract(name: string, makePlace: () => string, { durable }: { durable: boolean }): void {
  describe(`user data ${name}`, () => {
    const opened: UserDataStore[] = [];
    let place = '';
    const open = async (): Promise<UserDataStore> => {
      const store = await userDataAt(place)({ timer: new ManualTimer() });
      opened.push(store);
      return store;
    };
    const fresh = (): Promise<UserDataStore> => {
      place = makePlace();
      return open();
    };
    const close = async (): Promise<void> => {
      for (const store of opened.splice(0)) await store.close();
    };
    /** As after a restart, where there is one. */
    const again = async (store: UserDataStore): Promise<UserDataStore> => {
      if (!durable) return store;
      await close();
      return open();
    };
    afterEach(close);
    const view = (called: string, search = {}) => ({ name: called, search });

    test('one that was never written is empty', async () => {
      expect(await (await fresh()).views()).toEqual([]);
    });

    test('keeps views as they were saved, by name, with who made them and when', async () => {
      const store = await fresh();
      const search = { q: 'worker:w1 args:"žluť 😀"', state: 'FAILURE,RETRY', sort: '-runtime', hide: '' };
      const late = await store.saveView(view('late', search), 'ann', 100.5);
      const early = await store.saveView(view('early'), 'bob', 200);
      expect(late).toEqual({ id: late.id, name: 'late', search, owner: 'ann', created: 100.5, changed: 100.5 });
      expect(early.id).not.toBe(late.id);
      expect(await (await again(store)).views()).toEqual([early, late]);
    });

    test('of one name there is one: saved again it keeps its id, its owner and when it was made', async () => {
      const store = await fresh();
      const first = await store.saveView(view('mine', { q: 'a' }), 'ann', 100);
      const second = await store.saveView(view('mine', { q: 'b' }), 'bob', 200);
      expect(second).toEqual({ ...first, search: { q: 'b' }, changed: 200 });
      expect(await (await again(store)).views()).toEqual([second]);
    });

    test('keeps records by kind and id, whole, and forgets those that are deleted', async () => {
      const store = await fresh();
      await store.putRecord('token', { id: 'b', value: { made: 1.5, may: ['x'] } });
      await store.putRecord('token', { id: 'a', value: null });
      await store.putRecord('session', { id: 'a', value: { user: 'žluť' } });
      await store.putRecord('token', { id: 'b', value: { made: 2 } });
      const found = await again(store);
      expect(await found.records('token')).toEqual([
        { id: 'a', value: null },
        { id: 'b', value: { made: 2 } },
      ]);
      expect([await found.deleteRecord('token', 'a'), await found.deleteRecord('token', 'a')]).toEqual([true, false]);
      expect([await found.records('token'), await found.records('session')]).toEqual([
        [{ id: 'b', value: { made: 2 } }],
        [{ id: 'a', value: { user: 'žluť' } }],
      ]);
      expect(await found.records('key')).toEqual([]);
    });

    test('a view may have any name', async () => {
      const store = await fresh();
      const names = ['__proto__', 'constructor', 'a "quoted" one', "o'clock", '%', '😀', 'A', 'a'];
      for (const each of names) await store.saveView(view(each), 'ann', 1);
      const found = (await (await again(store)).views()).map((one) => one.name);
      expect([...found].sort()).toEqual([...names].sort());
    });

    test('what is deleted is gone, once; its id is never given again', async () => {
      let store = await fresh();
      const kept = await store.saveView(view('kept'), 'ann', 1);
      const gone = await store.saveView(view('gone'), 'ann', 1);
      expect([await store.deleteView(gone.id), await store.deleteView(gone.id)]).toEqual([true, false]);
      store = await again(store);
      const next = await store.saveView(view('gone'), 'ann', 2);
      expect([kept.id, gone.id]).not.toContain(next.id);
      expect(await store.views()).toEqual([next, kept]);
    });
  });
}
