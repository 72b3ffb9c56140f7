// What follows a task, when what follows is of the other language: several links and errbacks, immutable ones and those with
// arguments of their own, chains and groups as links; both ways.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApplyOptions, SignatureLike } from '../../server/canvas/call-options.ts';
import { chain, group } from '../../server/index.ts';
import { describeNeedsPythonOnRedis } from '../support/needs.ts';
import { until } from '../support/until.ts';
import { type Both, startBoth, WAYS } from './ways.ts';

describeNeedsPythonOnRedis('links, both ways', () => {
  let both: Both;
  beforeAll(async () => {
    both = await startBoth({}, { python: ['-P', 'prefork', '-c', '2'] });
  });
  afterAll(() => both?.cluster[Symbol.asyncDispose]());
  let labels = 0;
  const label = () => `link-${++labels}`;
  /** As many rows of callbacks as are awaited, those that hold one of the words. */
  const kept = async (words: readonly unknown[], count: number) => {
    const found = async () => (await both.kept()).filter((row) => row.some((value) => words.includes(value)));
    await until(async () => (await found()).length >= count, `${count} callbacks of ${words}`);
    return (await found()).map((row) => JSON.stringify(row)).sort();
  };
  const rows = (...all: unknown[][]) => all.map((row) => JSON.stringify(row)).sort();
  const sign = (of: 'ts' | 'py', name: string, args: unknown[] = [], kwargs = {}) =>
    both.app.signature(`${of}.${name}`, args, kwargs, { queue: of === 'ts' ? 'ts' : 'celery' });

  describe.each(WAYS)('%s', (_, here) => {
    const there = here === 'ts' ? 'py' : 'ts';
    const send = (
      name: string,
      args: unknown[],
      options: { link?: SignatureLike[]; link_error?: SignatureLike[] } & ApplyOptions,
    ) => both.ways[here].send(name, args, options);

    it('every link is followed, in either language, with the result before its own arguments or without it', async () => {
      const what = label();
      const link = [
        sign(there, 'keep', [what, 'theirs']),
        sign(here, 'keep', [what, 'own']),
        sign(there, 'keep', [what, 'alone']).setImmutable(true),
      ];
      const id = await send('add', [20, 1], { link });
      expect(await kept([what], 3)).toEqual(rows([21, what, 'theirs'], [21, what, 'own'], [what, 'alone']));
      expect(await both.ways[here].get(id)).toBe(21);
    });

    it('a link may have keyword arguments and links of its own, in the other language again', async () => {
      const what = label();
      const back = sign(here, 'keep', [what]);
      await send('add', [20, 1], { link: [sign(there, 'add', [], { y: 100 }).link(back)] });
      expect(await kept([what], 1)).toEqual(rows([121, what]));
    });

    it('a link may be a chain or a group of both languages', async () => {
      const what = label();
      const steps = chain(sign(there, 'add', [100]), sign(here, 'add', [1000]), sign(there, 'keep', [what, 'chain']));
      const sides = group([sign(there, 'keep', [what, 'a']), sign(here, 'keep', [what, 'b'])]);
      await send('add', [20, 1], { link: [steps] });
      await send('add', [20, 1], { link: [sides] });
      expect(await kept([what], 3)).toEqual(rows([1121, what, 'chain'], [21, what, 'a'], [21, what, 'b']));
    });

    it('the result of a task that returns nothing is None to a link', async () => {
      const what = label();
      await send('nothing', [], { link: [sign(there, 'keep', [what])] });
      expect(await kept([what], 1)).toEqual(rows([null, what]));
    });

    const failed = (id: string, type: string, message: string) => rows([id], [`${here} failed`], [id, type, message]);
    const errbacks = () => [
      sign(there, 'keep'),
      sign(there, 'keep', [`${here} failed`]).setImmutable(true),
      sign(here, 'keep_error'),
    ];

    it('an errback of the other language is given the id, one of its own language the error', async () => {
      const id = await send('fail', ['broken'], { link_error: errbacks() });
      const type = here === 'ts' ? 'TypeError' : 'ValueError';
      expect(await kept([id, `${here} failed`], 3)).toEqual(failed(id, type, 'broken'));
      const received = await both.ways[here].ended(id);
      expect(received.result).toMatchObject({ exc_type: type, exc_message: ['broken'] });
    });

    it('errbacks follow a time limit and the end of all tries, too, but no retry', async () => {
      const errback = () => ({ link_error: [sign(there, 'keep'), sign(here, 'keep_error')] });
      const ids = await Promise.all([
        send('sleep', [30], { ...errback(), time_limit: 1 }),
        send('sleep', [30], { ...errback(), soft_time_limit: 0.5 }),
        send('exhaust', [], errback()),
        send('retry', [2], errback()),
      ]);
      expect(await both.ways[here].get(ids[3]!)).toBe(2);
      // Python 5.2 tells of its hard limit twice.
      const distinct = async () => (here === 'py' ? [...new Set(await kept(ids, 6))] : kept(ids, 6));
      await until(async () => (await distinct()).length >= 6, 'six different callbacks');
      const found = await distinct();
      expect(found).toHaveLength(6);
      const [hard, soft, tries, fine] = ids as [string, string, string, string];
      for (const id of [hard, soft, tries]) expect(found).toContain(JSON.stringify([id]));
      for (const [id, type] of [
        [hard, 'TimeLimitExceeded'],
        [soft, 'SoftTimeLimitExceeded'],
        [tries, 'MaxRetriesExceededError'],
      ]) {
        expect(found.find((row) => row.startsWith(`["${id}","${type}"`))).toBeDefined();
      }
      expect(found.filter((row) => row.includes(fine))).toEqual([]);
    });

    it('a chain of both languages that breaks fails all its later steps, and tells its errback once', async () => {
      const broken = chain(
        sign(here, 'add', [1, 1]),
        sign(there, 'fail'),
        sign(here, 'add', [1]),
        sign(there, 'add', [2]),
      );
      const result = await broken.applyAsync([], {}, { link_error: [sign(here, 'keep')] });
      const record = await both.ways[here].ended(result.id);
      expect(record).toMatchObject({ status: 'FAILURE' });
      const error = record.result as { exc_type: string };
      expect(error.exc_type).toMatch(/ValueError|TypeError/);
      const theirs = (await (result as { parent?: { parent?: { id: string } } }).parent?.parent?.id) as string;
      expect((await both.ways[here].ended(theirs)).result).toEqual(record.result);
      expect(await kept([theirs], 1)).toEqual(rows([theirs]));
    });
  });
});
