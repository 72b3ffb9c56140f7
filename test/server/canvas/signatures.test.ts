// Signatures as they travel, and as Python shows them, compared with real Celery.
import { describe, expect, expectTypeOf, it } from 'vitest';
import { Celery } from '../../../server/app/celery.ts';
import type { SignatureLike } from '../../../server/canvas/call-options.ts';
import { chain, chord, chunks, group, revive, signature, starmap, xmap } from '../../../server/canvas/compose.ts';
import { kwargs } from '../../../server/canvas/keywords.ts';
import type { Signature } from '../../../server/canvas/signature.ts';
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
  it('and what is none is refused, wherever it came from', () => {
    const wire = { args: [], kwargs: {}, options: {}, subtask_type: null, immutable: false };
    const chunked = (n: unknown) => ({
      ...wire,
      task: 'celery.chunks',
      kwargs: { task: { ...wire, task: 'a' }, it: [[1]], n },
    });
    for (const n of [0, -1, 0.5, '1', undefined]) expect(() => revive(chunked(n), null)).toThrow('above zero');
    expect(() => signature('x', { args: { countdown: 5 } as never })).toThrow('args as a list');
    expect(() => signature({ ...wire, task: 'x', args: { toString: 1 } as never })).toThrow('args as a list');
    expect(() => signature('x', { kwargs: [1] as never })).toThrow('kwargs as an object');
  });
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
  it('that would be too large a message is refused before it is made: each part of a header carries the whole body', async () => {
    const app = makeApp();
    const add = app.task({ name: 'vec.add' }, (x: number) => x);
    const nested = (levels: number, around: (inner: Signature) => Signature) =>
      Array.from({ length: levels }).reduce<Signature>(around, add.s(1));
    const within = (levels: number) => nested(levels, (inner) => chord([add.s(1)], inner));
    const refused = async (one: Signature, why: string) => {
      await expect(one.applyAsync()).rejects.toThrow(why);
      await expect(chain(add.s(1), one).applyAsync()).rejects.toThrow(why);
    };
    await refused(within(20), 'more than 200000 signatures');
    await refused(chain(Array.from({ length: 12 }, () => [group(add.s(1)), add.s(2)]).flat()), '200000 signatures');
    await refused(
      nested(102, (inner) => chord([inner], add.s(1))),
      'More than 100 chords within one another',
    );
    expect(within(3).freeze().id).toBeDefined();
    // Its end is looked for once at each level.
    expect(nested(60, (inner) => chain(group(chain(group(inner))))).chordSize).toBe(1);
  });
  it('without an app cannot be sent, and says how to have one', async () => {
    await expect(signature('x.y').delay()).rejects.toThrow("app.signature('x.y')");
  });
  it('the same callback is linked once', () => {
    const { simple, link } = built();
    simple!.link(link!).link(link!);
    expect(simple!.options.link).toHaveLength(1);
  });
  it('callbacks with arguments that JSON.stringify cannot write or tell apart are linked as any', () => {
    const { simple, link } = built();
    const called = (...args: unknown[]) => link!.clone(args);
    simple!
      .linkError(called(2n ** 64n))
      .linkError(called(2n ** 64n))
      .linkError(called(2n ** 64n + 1n));
    expect(simple!.options.link_error).toHaveLength(2);
    simple!.link(called(Number.NaN)).link(called(null));
    expect(simple!.options.link).toHaveLength(2);
  });
});

describe('types', () => {
  const app = new Celery('types', { broker: 'memory://types' }, { env: {} });
  const add = app.task('add', (a: number, b: number) => a + b);
  const text = app.task('text', async (n: number, unit = 'kg') => `${n} ${unit}`);
  const sum = app.task('sum', (all: number[]) => all.length);
  type Value<S extends { applyAsync(): Promise<{ get(): Promise<unknown> }> }> = Awaited<
    ReturnType<Awaited<ReturnType<S['applyAsync']>>['get']>
  >;

  it("a signature takes the last of its arguments, and is of its task's result", () => {
    expectTypeOf(add.s(1, 2)).toEqualTypeOf<Signature<number>>();
    expectTypeOf(add.s(2)).toEqualTypeOf<Signature<number>>();
    expectTypeOf<Value<Signature<number>>>().toEqualTypeOf<number>();
    void (() => [text.s('g'), text.s(1), text.s(kwargs({ unit: 'g' })), add.si(1, kwargs({ b: 2 }))]);
    // @ts-expect-error a text is no number
    void (() => add.s('1'));
    // @ts-expect-error an immutable one gets nothing before its own
    void (() => add.si(1));
    // @ts-expect-error one too many
    void (() => add.s(1, 2, 3));
  });

  it('a chain is of its last step, a group of all its tasks, a chord of its body', () => {
    const steps = chain(add.s(1, 2), text.s('g'));
    expectTypeOf(steps).toEqualTypeOf<Signature<string>>();
    expectTypeOf(add.s(1, 2).pipe(add.s(3), text.s())).toEqualTypeOf<Signature<string>>();
    const sides = group(add.s(1, 2), group(text.s(1), add.s(1, 1)));
    expectTypeOf<Value<typeof sides>>().toEqualTypeOf<[number, string, number]>();
    const many = group([1, 2, 3].map((n) => add.s(n, n)));
    expectTypeOf<Value<typeof many>>().toEqualTypeOf<number[]>();
    const both = chord([add.s(1, 1)], text.s());
    expectTypeOf<Value<typeof both>>().toEqualTypeOf<string>();
    expectTypeOf(chord(add.s(1, 1), sum.s()).body).toEqualTypeOf<Signature<number>>();
  });
});

describe('keyword arguments', () => {
  const app = makeAppOnce();
  const add = app.task({ name: 'vec.add', params: ['x', 'y'] }, (x: number, y: number) => x + y);

  it('stand behind the others in s and si, as Celery writes them', () => {
    expect(JSON.parse(JSON.stringify(add.s(1, kwargs({ y: 2 }))))).toEqual(caseOf('kwargs').dict);
    expect(add.si(kwargs({ x: 1, y: 2 })).toJSON()).toMatchObject({
      args: [],
      kwargs: { x: 1, y: 2 },
      immutable: true,
    });
    expect(
      add
        .with({ queue: 'q' })
        .s(1, kwargs({ y: 2 }))
        .toJSON(),
    ).toMatchObject({
      args: [1],
      kwargs: { y: 2 },
      options: { queue: 'q' },
    });
  });
  it('come once, and are an object', () => {
    expect(() => add.s(kwargs({ x: 1 }) as never, 2)).toThrow('behind all other arguments');
    expect(() => kwargs([1] as never)).toThrow('as an object');
  });
});

function makeAppOnce(): Celery {
  return new Celery('test', { broker: 'memory://keywords' }, { env: {} });
}
