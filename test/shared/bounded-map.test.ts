import { expect, it } from 'vitest';
import { BoundedMap } from '../../shared/bounded-map.ts';

it('keeps the entries that were set last, as many as it may', () => {
  const map = new BoundedMap<string, number>(2);
  map.set('a', 1).set('b', 2);
  expect([...map]).toEqual([
    ['a', 1],
    ['b', 2],
  ]);
  // Set again it is young again; to look at it is not enough.
  map.set('a', 3);
  map.get('b');
  map.set('c', 4);
  expect([...map]).toEqual([
    ['a', 3],
    ['c', 4],
  ]);
});
