import { expect, test } from 'vitest';
import { HeardAhead } from '../../../server/backends/redis-ahead.ts';

function world() {
  const heard = new Set<string>();
  const ahead = new HeardAhead({
    add: (id) => heard.add(id),
    settled: () => Promise.resolve(),
    released: (id) => heard.delete(id),
  });
  const take = async () => {
    ahead.fill();
    await Promise.resolve();
    return ahead.take()!;
  };
  return { heard, ahead, take };
}

test('the first wait brings no ids, the second some, and nobody is given one twice', async () => {
  const { heard, ahead, take } = world();
  expect(await take()).toBeUndefined();
  const ids = [await take(), await take(), await take()];
  expect(new Set(ids).size).toBe(3);
  expect(ids.every((id) => ahead.has(id) && heard.has(id))).toBe(true);
  expect(heard.size).toBe(32);
});

test('what is given and not waited for is bounded: the oldest, and a large record, are not kept', async () => {
  const { heard, ahead, take } = world();
  await take();
  const ids: string[] = [];
  while (ids.length < 65) ids.push(await take());
  expect(ids.map((id) => ahead.has(id))).toEqual([false, ...Array(64).fill(true)]);
  expect(heard.has(ids[0]!)).toBe(false);
  ahead.keep(ids[1]!, Buffer.alloc(64 * 1024));
  expect(ahead.kept(ids[1]!)?.length).toBe(64 * 1024);
  ahead.keep(ids[2]!, Buffer.alloc(64 * 1024 + 1));
  expect(ahead.has(ids[2]!)).toBe(false);
  ahead.keep(ids[0]!, Buffer.from('late'));
  expect(ahead.kept(ids[0]!)).toBeNull();
});

test('after a lost connection none is heard', async () => {
  const { heard, ahead, take } = world();
  await take();
  const id = await take();
  ahead.clear();
  expect([ahead.has(id), ahead.take(), heard.size]).toEqual([false, undefined, 0]);
});
