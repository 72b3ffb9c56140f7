// Signatures as they travel, and as Python shows them, compared with real Celery.
import { describe, expect, it } from 'vitest';
import type { SignatureLike } from '../../../server/canvas/call-options.ts';
import { chain, chord, chunks, group, revive, signature, starmap, xmap } from '../../../server/canvas/compose.ts';
import { Signature } from '../../../server/canvas/signature.ts';
import golden from '../../golden/signatures.json' with { type: 'json' };
import { makeApp } from '../../support/world.ts';

const CASES = golden.cases as unknown as { name: string; dict: SignatureLike; repr: string }[];
const caseOf = (name: string) => CASES.find((c) => c.name === name)!;

function built(): Record<string, Signature> {
  const app = makeApp();
  const add = app.task({ name: 'vec.add' }, (x: number, y: number) => x + y);
  const xsum = app.task({ name: 'vec.xsum' }, (xs: number[]) => xs.length);
  const header = () => group(add.s(1, 1), add.s(2, 2));
  return {
    simple: add.s(1, 2),
    immutable: add.si(1, 2),
    options: add.s(1).set({ queue: 'q', countdown: 5, priority: 3 }),
    link: add.s(1).link(add.s(2)),
    link_error: add.s(1).onError(xsum.s()),
    kwargs: add.signature([1], { y: 2 }),
    partial_clone: add.s(2).clone([1], { k: 1 }, { priority: 1 }),
    chain: add.s(1, 2).pipe(add.s(3)),
    chain3: chain(add.s(1, 2), add.s(3), add.s(4)),
    group: header(),
    chord: chord([add.s(1, 1), add.s(2, 2)], xsum.s()),
    group_or_task: header().pipe(xsum.s()),
    task_or_group: add.s(1, 1).pipe(group(add.s(2), add.s(3))),
    task_group_task: chain(add.s(1, 1), group(add.s(2), add.s(3)), xsum.s()),
    group_or_group: header().pipe(group(xsum.s(), xsum.s())),
    chord_or_task: chord([add.s(1, 1), add.s(2, 2)], xsum.s()).pipe(add.s(5)),
    chain_or_chain: add
      .s(1, 1)
      .pipe(add.s(2))
      .pipe(add.s(3).pipe(add.s(4))),
    chunks: chunks(
      add.s(),
      [
        [1, 1],
        [2, 2],
        [3, 3],
      ],
      2,
    ),
    map: xmap(xsum.s(), [[1], [2]]),
    starmap: starmap(add.s(), [[1, 2]]),
    nested_group: group(group(add.s(1, 1)), add.s(2, 2)),
    single_group_chain: group(add.s(1, 1)).pipe(xsum.s()),
    from_name: signature('x.y', { args: [1], options: { task_id: 'i' } }),
  };
}

describe('signatures are written as Celery writes them', () => {
  it('every recorded case is built here', () => {
    expect(Object.keys(built()).sort()).toEqual(CASES.map((c) => c.name).sort());
  });
  it.each(CASES.map((c) => c.name))('%s', (name) => {
    const text = JSON.stringify(built()[name]);
    expect(JSON.parse(text)).toEqual(caseOf(name).dict);
    expect(Object.keys(JSON.parse(text))).toEqual(Object.keys(caseOf(name).dict));
  });
});

describe('signatures come back from the wire unchanged', () => {
  it.each(CASES.map((c) => c.name))('%s', (name) => {
    expect(JSON.parse(JSON.stringify(revive(caseOf(name).dict, null)))).toEqual(caseOf(name).dict);
  });
});

describe('shown as text', () => {
  // The rest shows Python's tuples, which JSON has not kept.
  const same = CASES.filter(
    (c) =>
      ![
        'chunks',
        'starmap',
        'group_or_group',
        'chord_or_task',
        'chord',
        'group_or_task',
        'task_group_task',
        'single_group_chain',
        'nested_group',
        'task_or_group',
      ].includes(c.name),
  );
  it.each(same.map((c) => c.name))('%s reads as in Python', (name) => {
    expect(String(built()[name])).toBe(caseOf(name).repr);
  });
});

describe('a signature', () => {
  it('puts given arguments before its own, unless it is immutable', () => {
    const { simple, immutable } = built();
    expect(simple!.clone([0]).args).toEqual([0, 1, 2]);
    expect(immutable!.clone([0]).args).toEqual([1, 2]);
  });
  it('a clone shares nothing with it', () => {
    const { chain3 } = built();
    const copy = chain3!.clone();
    copy.freeze();
    expect(JSON.stringify(chain3)).not.toContain('task_id');
  });
  it('keeps the id it was frozen with', () => {
    const { simple } = built();
    const first = simple!.freeze();
    expect(simple!.freeze({ id: 'other' }).id).toBe(first.id);
  });
  it('without an app cannot be sent, and says how to have one', async () => {
    await expect(signature('x.y').delay()).rejects.toThrow("app.signature('x.y')");
  });
  it('the same callback is linked once', () => {
    const { simple, link } = built();
    simple!.link(link!).link(link!);
    expect(simple!.options.link).toHaveLength(1);
  });
});

it('types: a task gives signatures of its result', () => {
  const app = makeApp();
  const add = app.task({ name: 'add' }, (a: number, b: number) => a + b);
  expect(add.s(1, 2)).toBeInstanceOf(Signature);
});
