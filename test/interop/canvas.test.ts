// Chains, groups, chords and maps whose parts run in both languages, built by either: the same results, read by both.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SignatureLike } from '../../server/canvas/call-options.ts';
import type { CanvasResult } from '../../server/canvas/host.ts';
import { chain, chord, chunks, group, starmap, xmap } from '../../server/index.ts';
import { describeNeedsPythonOnRedis } from '../support/needs.ts';
import { until } from '../support/until.ts';
import { type Both, startBoth } from './ways.ts';

type Side = 'ts' | 'py';

describeNeedsPythonOnRedis('workflows of both languages', () => {
  let both: Both;
  beforeAll(async () => {
    both = await startBoth({}, { python: ['-P', 'threads', '-c', '4'] });
    await both.cluster.py(`
from celery.canvas import chain, chord, chunks, group
def ts(name, *args, **options):
    return signature('ts.' + name, args, queue='ts', **options)
def py(name, *args, **options):
    return signature('py.' + name, args, queue='celery', **options)
`);
  });
  afterAll(() => both?.cluster[Symbol.asyncDispose]());

  const sign = (of: Side, name: string, ...args: unknown[]) =>
    both.app.signature(`${of}.${name}`, args, {}, { queue: of === 'ts' ? 'ts' : 'celery' });
  const ts = (name: string, ...args: unknown[]) => sign('ts', name, ...args);
  const py = (name: string, ...args: unknown[]) => sign('py', name, ...args);
  const get = { timeout: 120 };

  /** The same workflow, as each language writes it, and what comes of it. */
  const WORKFLOWS: readonly (readonly [string, string, () => { applyAsync(): Promise<CanvasResult> }, unknown])[] = [
    [
      'a chain from one to the other and back',
      "chain(py('add', 1, 2), ts('add', 10), py('add', 100), ts('add', 1000))",
      () => chain(py('add', 1, 2), ts('add', 10), py('add', 100), ts('add', 1000)),
      1113,
    ],
    [
      'a group of both',
      "group(py('add', 1, 1), ts('add', 2, 2), py('add', 3, 3))",
      () => group([py('add', 1, 1), ts('add', 2, 2), py('add', 3, 3)]),
      [2, 4, 6],
    ],
    [
      'a chord of both with a body of ours',
      "chord([py('add', 1, 1), ts('add', 2, 2)], ts('echo'))",
      () => chord([py('add', 1, 1), ts('add', 2, 2)], ts('echo')),
      { args: [[2, 4]], kwargs: {} },
    ],
    [
      "a chord of both with a body of Python's",
      "chord([ts('add', 1, 1), py('add', 2, 2)], py('echo'))",
      () => chord([ts('add', 1, 1), py('add', 2, 2)], py('echo')),
      { args: [[2, 4]], kwargs: {} },
    ],
    [
      'a group in the middle of a chain',
      "chain(ts('add', 1, 1), group(py('add', 10), ts('add', 20)), py('echo'))",
      () => chain(ts('add', 1, 1), group([py('add', 10), ts('add', 20)]), py('echo')),
      { args: [[12, 22]], kwargs: {} },
    ],
    [
      'a group at the end of a chain',
      "chain(py('add', 1, 1), ts('add', 1), group(py('add', 10), ts('add', 20)))",
      () => chain(py('add', 1, 1), ts('add', 1), group([py('add', 10), ts('add', 20)])),
      [13, 23],
    ],
    [
      'a chord whose header tasks are chains',
      "chord([chain(py('add', 1, 1), ts('add', 10)), chain(ts('add', 2, 2), py('add', 20))], ts('echo'))",
      () => chord([chain(py('add', 1, 1), ts('add', 10)), chain(ts('add', 2, 2), py('add', 20))], ts('echo')),
      { args: [[12, 24]], kwargs: {} },
    ],
    [
      'a chord whose body is a chain',
      "chord([py('add', 1, 1), ts('add', 2, 2)], chain(ts('echo'), py('types')))",
      () => chord([py('add', 1, 1), ts('add', 2, 2)], chain(ts('echo'), py('types'))),
      ['dict'],
    ],
    [
      'a chord after a chord',
      "chain(group(py('add', 1, 1), ts('add', 2, 2)), group(ts('echo'), py('echo')), py('types'))",
      () => chain(group([py('add', 1, 1), ts('add', 2, 2)]), group([ts('echo'), py('echo')]), py('types')),
      ['list'],
    ],
    [
      'a map run by ours',
      "signature('celery.map', kwargs={'task': ts('echo'), 'it': [1, 2]}, queue='ts')",
      () => xmap(ts('echo'), [1, 2]).set({ queue: 'ts' }),
      [
        { args: [1], kwargs: {} },
        { args: [2], kwargs: {} },
      ],
    ],
    [
      'a starmap run by Python',
      "signature('celery.starmap', kwargs={'task': py('add'), 'it': [(1, 2), (3, 4)]})",
      () =>
        starmap(py('add'), [
          [1, 2],
          [3, 4],
        ]).set({ queue: 'celery' }),
      [3, 7],
    ],
  ];

  describe.each(WORKFLOWS)('%s', (_, code, build, expected) => {
    it('built by Python', async () => {
      expect(await both.cluster.py(`result = ${code}.apply_async().get(timeout=60)`)).toEqual(expected);
    });
    it('built by us', async () => {
      expect(await (await build().applyAsync()).get(get)).toEqual(expected);
    });
  });

  it('chunks are groups, each run where they were sent', async () => {
    const pairs = [0, 1, 2, 3].map((n) => [n, n]);
    const ours = chunks(py('add'), pairs, 2).group().set({ queue: 'celery' });
    expect(await (await ours.applyAsync()).get(get)).toEqual([
      [0, 2],
      [4, 6],
    ]);
    const code = "chunks(ts('add'), [(n, n) for n in range(4)], 2).group().apply_async(queue='ts').get(timeout=60)";
    expect(await both.cluster.py(`result = ${code}`)).toEqual([
      [0, 2],
      [4, 6],
    ]);
  });

  it.each([
    ['ts', 'py'],
    ['py', 'ts'],
  ] as const)(
    'a task of %s replaced by a task, a chain and a group of %s keeps its id and its place',
    async (from, to) => {
      const replaced = (like: SignatureLike) => sign(from, 'replace', like);
      const one = await replaced(sign(to, 'add', 1, 2)).applyAsync();
      expect(await one.get(get)).toBe(3);
      const steps = chain(sign(to, 'add', 1, 2), sign(from, 'add', 10));
      const placed = chain(replaced(steps), sign(to, 'add', 100), sign(from, 'add', 1000));
      expect(await (await placed.applyAsync()).get(get)).toBe(1113);
      const parts = group([sign(to, 'add', 1, 1), sign(from, 'add', 2, 2)]);
      expect(await (await replaced(parts).applyAsync()).get(get)).toEqual([2, 4]);
      const inChord = chord([replaced(sign(to, 'add', 1, 2)), sign(to, 'add', 3, 4)], sign(from, 'echo'));
      expect(await (await inChord.applyAsync()).get(get)).toEqual({ args: [[3, 7]], kwargs: {} });
    },
  );

  it.each([
    ['ts', 'py'],
    ['py', 'ts'],
  ] as const)('a part of %s adds one of %s to its chord, whoever built it', async (from, to) => {
    const body = { args: [expect.arrayContaining(['grown', 2, 7])], kwargs: {} };
    const header = [sign(from, 'grow', sign(to, 'add', 1, 1)), sign(to, 'add', 3, 4)];
    expect(await (await chord(header, sign(to, 'echo')).applyAsync()).get(get)).toEqual(body);
    const theirs = `chord([${from}('grow', ${to}('add', 1, 1)), ${to}('add', 3, 4)], ${to}('echo')).apply_async()`;
    expect(await both.cluster.py(`result = ${theirs}.get(timeout=60)`)).toEqual(body);
  });

  it('a group in a group, saved by one, is restored by the other with its values', async () => {
    const ours = await group([
      py('add', 1, 1),
      chord([ts('add', 1, 2), py('add', 3, 4)], py('echo')),
      chain(ts('add', 5, 5), group([py('add', 1), ts('add', 2)])),
    ]).applyAsync();
    const values = [2, { args: [[3, 7]], kwargs: {} }, [11, 12]];
    expect(await ours.get(get)).toEqual(values);
    await ours.save();
    expect(await both.cluster.py(`result = app.GroupResult.restore('${ours.id}').join(timeout=60)`)).toEqual(values);
    const theirs = await both.cluster.py(`
saved = group(ts('add', 1, 1), chain(py('add', 5, 5), group(py('add', 1), ts('add', 2)))).apply_async()
saved.save()
result = saved.id`);
    const restored = await both.app.restoreGroup(String(theirs));
    expect(await restored!.get(get)).toEqual([2, [11, 12]]);
  });

  it('stamps cross: what we send is seen there, what Python sends with stamps is seen here', async () => {
    const stamped = chain(ts('stamps'), py('stamps')).stamp(
      { onSignature: (sig) => ({ of: sig.task }) },
      { customer: 'acme' },
    );
    const seen = (task: string) => [['customer', 'of'], { customer: 'acme', of: task }];
    const result = await stamped.applyAsync();
    expect(await result.get(get)).toEqual(seen('py.stamps'));
    expect(await (result.parent as { get(of: typeof get): Promise<unknown> }).get(get)).toEqual(seen('ts.stamps'));
    const parts = await chord([py('stamps'), ts('stamps')], ts('echo'))
      .stamp(null, { customer: 'acme' })
      .applyAsync();
    const each = [['customer'], { customer: 'acme' }];
    expect(await parts.get(get)).toEqual({ args: [[each, each]], kwargs: {} });
    const headers = "{'stamped_headers': ['customer'], 'stamps': {'customer': ['acme']}}";
    expect(await both.cluster.py(`result = ts('stamps').apply_async(headers=${headers}).get(timeout=60)`)).toEqual([
      ['customer'],
      { customer: ['acme'] },
    ]);
  });

  it('each client sees the tree of what came of a task, and its values', async () => {
    const last = await chain(py('add', 1, 2), ts('add', 10), group([py('add', 100), ts('add', 200)])).applyAsync();
    expect(await last.get(get)).toEqual([113, 213]);
    const first = (last as CanvasResult & { parent: { parent: { id: string } } }).parent.parent.id;
    const theirs = await both.cluster.py(`
with celery.result.allow_join_result():
    found = [(str(node.id), value) for node, value in app.AsyncResult('${first}').collect(timeout=60)]
result = [value for _, value in found]`);
    const ours: unknown[] = [];
    for await (const [, value] of both.app.AsyncResult(first).collect(get)) ours.push(value);
    expect(ours).toEqual([3, 13, [113, 213], 113, 213]);
    expect(theirs).toEqual(ours);
    const graph = await both.app.AsyncResult(first).graph();
    expect([graph.nodes.size, graph.edges.length]).toEqual([5, 4]);
    const edges = `result = sum(len(edges) for _, edges in app.AsyncResult('${first}').graph.items())`;
    expect(await both.cluster.py(edges)).toBe(4);
    const tuple = both.app.resultFromTuple(await both.cluster.py(`result = app.AsyncResult('${first}').as_tuple()`));
    expect(tuple.id).toBe(first);
  });

  it('a chord that breaks in one language fails its body in the other, and tells its errback', async () => {
    for (const [failing, body] of [
      ['ts', 'py'],
      ['py', 'ts'],
    ] as const) {
      const errback = sign(body, 'keep_id');
      const broken = chord(
        [sign(failing, 'fail', 'broken'), sign(body, 'add', 1, 1)],
        sign(body, 'echo').linkError(errback),
      );
      const result = await broken.applyAsync();
      await until(async () => (await both.kept()).some(([id]) => id === result.id), `the errback of ${body}`);
      const error = failing === 'ts' ? "TypeError('broken')" : "ValueError('broken')";
      await expect(both.app.AsyncResult(result.id).get(get)).rejects.toMatchObject({
        name: 'ChordError',
        message: expect.stringContaining(`raised ${error}`),
      });
      await expect(both.cluster.py(`app.AsyncResult('${result.id}').get(timeout=60)`)).rejects.toMatchObject({
        name: 'ChordError',
      });
    }
  });
});
