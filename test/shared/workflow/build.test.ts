// What a workflow is made of, from tasks by hand, messages that Celery wrote, and ids that nobody should have sent.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { outlineOf } from '../../../server/protocol/outline.ts';
import { readTaskMessage } from '../../../server/protocol/task-message.ts';
import type { WorkflowEdge } from '../../../shared/wire/workflows.ts';
import { buildWorkflow, type WorkflowShape, type WorkflowTask } from '../../../shared/workflow/build.ts';
import { concludeWorkflow } from '../../../shared/workflow/conclude.ts';
import { readOutline } from '../../../shared/workflow/outline.ts';
import { cases } from '../../support/cases.ts';
import { T0, taskOf } from './rows.ts';

const edgesOf = ({ edges }: { edges: readonly WorkflowEdge[] }): string[] =>
  edges.map(({ from, to, kind }) => `${from} ${kind} ${to}`).sort();
const conclude = (shape: WorkflowShape, at = 100) => concludeWorkflow(shape, T0 + at);
const nodeOf = (shape: WorkflowShape, id: string) => shape.nodes.find((node) => node.id === id)!;
const pathOf = (shape: WorkflowShape, at?: number) => conclude(shape, at).critical.map(({ id }) => id);

describe('a chain', () => {
  const rest = {
    chain: [
      { task: 'shop.b', id: 'b' },
      { task: 'shop.c', id: 'c' },
    ],
  };

  test('has the steps that were not seen yet, after the one that tells of them', () => {
    const shape = buildWorkflow([taskOf('a', { outline: rest, state: 'STARTED', at: [0, 1] })]);
    expect(shape.nodes.map(({ id, kind, role }) => [id, kind, role])).toEqual([
      ['a', 'task', 'task'],
      ['b', 'step', 'next'],
      ['c', 'step', 'next'],
    ]);
    expect(edgesOf(shape)).toEqual(['a next b', 'b next c']);
    expect(pathOf(shape)).toEqual(['a', 'b', 'c']);
    expect(conclude(shape)).toMatchObject({ state: 'running', tasks: 1, steps: 2 });
  });

  test('has each task once, whoever tells of it', () => {
    const shape = buildWorkflow([
      taskOf('a', { outline: rest, at: [0, 1, 2] }),
      taskOf('b', { outline: { chain: [{ task: 'shop.c', id: 'c' }] }, parent: 'a', root: 'a', at: [3, 4, 9] }),
      taskOf('c', { parent: 'b', root: 'a', at: [10, 12, 15] }),
    ]);
    expect(edgesOf(shape)).toEqual(['a next b', 'b next c']);
    const summary = conclude(shape);
    expect(summary).toMatchObject({
      state: 'succeeded',
      began: T0,
      ended: T0 + 15,
      critical_waits: 1 + 2 + 3,
      critical_runs: 1 + 5 + 3,
    });
    expect(summary.critical).toEqual([
      { id: 'a', from: T0, started: T0 + 1, ended: T0 + 2 },
      { id: 'b', from: T0 + 2, started: T0 + 4, ended: T0 + 9 },
      { id: 'c', from: T0 + 9, started: T0 + 12, ended: T0 + 15 },
    ]);
  });

  test('whose step failed names it for all that will not run', () => {
    const shape = buildWorkflow([taskOf('a', { outline: rest, state: 'FAILURE' })]);
    expect(conclude(shape)).toMatchObject({ state: 'failed', blocked: { b: ['a'], c: ['a'] } });
  });
});

describe('a group', () => {
  const members = [0, 1, 2].map((i) =>
    taskOf(`m${i}`, { group: 'g', index: i, parent: 'p', root: 'p', at: [1, 2, 3 + i] }),
  );

  test('is one thing that is called, with its parts counted', () => {
    const shape = buildWorkflow([
      taskOf('p'),
      ...members.slice(0, 2),
      taskOf('m2', { group: 'g', index: 2, parent: 'p', state: 'FAILURE' }),
    ]);
    expect(edgesOf(shape)).toEqual(['p calls group g']);
    expect(
      shape.nodes
        .filter(({ group }) => group === 'group g')
        .map(({ id, role }) => [id, role])
        .sort(),
    ).toEqual([
      ['m0', 'member'],
      ['m1', 'member'],
      ['m2', 'member'],
    ]);
    expect(conclude(shape).groups).toEqual([
      { id: 'group g', size: 3, done: 2, failed: 1, states: { SUCCESS: 2, FAILURE: 1 }, cannot_end: [] },
    ]);
  });

  test('that a client sent is whole without a root in common', () => {
    const shape = buildWorkflow([0, 1].map((i) => taskOf(`m${i}`, { group: 'g', index: i })));
    expect(edgesOf(shape)).toEqual([]);
    expect(shape.groups).toMatchObject([{ id: 'group g', group_id: 'g', kind: 'group', size: 2, body: null }]);
  });

  test('is as large as the highest place in it says', () => {
    expect(buildWorkflow([taskOf('m9', { group: 'g', index: 9 })]).groups).toMatchObject([
      { size: 10, size_is: 'at_least' },
    ]);
  });
});

describe('a chord', () => {
  const outline = { chord: { task: 'shop.sum', id: 'sum' } };
  const header = (states: readonly string[]): WorkflowTask[] =>
    states.map((state, i) =>
      taskOf(`h${i}`, {
        group: 'g',
        index: i,
        outline,
        state,
        parent: 'p',
        root: 'p',
        at: state === 'STARTED' ? [1, 2 + i] : [1, 2, 4 + i],
      }),
    );

  test('waits for its whole header', () => {
    const shape = buildWorkflow([taskOf('p'), ...header(['SUCCESS', 'STARTED', 'STARTED'])]);
    expect(edgesOf(shape)).toEqual(['group g body sum', 'p calls group g']);
    expect(shape.groups).toMatchObject([{ kind: 'chord', body: 'sum', size: 3 }]);
    expect(nodeOf(shape, 'sum')).toMatchObject({ kind: 'step', role: 'body', name: 'shop.sum', group: null });
    // The longest of those that run holds it up.
    expect(pathOf(shape)).toEqual(['p', 'h1', 'sum']);
    expect(conclude(shape).groups[0]).toMatchObject({ done: 1, size: 3, cannot_end: [] });
  });

  test('with a failed or revoked part cannot end any more, and names it', () => {
    const shape = buildWorkflow([taskOf('p'), ...header(['SUCCESS', 'FAILURE', 'REVOKED'])]);
    expect(conclude(shape)).toMatchObject({
      state: 'failed',
      groups: [{ cannot_end: ['h1', 'h2'] }],
      blocked: { sum: expect.arrayContaining(['h1', 'h2']) },
    });
  });

  test('whose part was sent again and whose body ran has ended', () => {
    const shape = buildWorkflow([
      taskOf('p'),
      ...header(['SUCCESS', 'FAILURE']),
      taskOf('sum', { parent: 'h1', root: 'p', group: 'g', at: [9, 9, 10] }),
    ]);
    expect(conclude(shape).groups[0]!.cannot_end).toEqual([]);
    // It is the child of the part that ended last, has the group's id, and is its body: one node, one edge.
    expect(edgesOf(shape)).toEqual(['group g body sum', 'p calls group g']);
    expect(shape.nodes.filter(({ id }) => id === 'sum')).toMatchObject([{ role: 'body', group: null }]);
    expect(shape.groups).toMatchObject([{ size: 2, size_is: 'exact' }]);
  });

  test('knows its body by the group id without a place, where nothing else tells of it', () => {
    const shape = buildWorkflow([
      taskOf('h0', { group: 'g', index: 0 }),
      taskOf('h1', { group: 'g', index: 1 }),
      taskOf('sum', { group: 'g', parent: 'h1', at: [5, 6, 7] }),
    ]);
    expect(edgesOf(shape)).toEqual(['group g body sum']);
    expect(shape.groups).toMatchObject([{ kind: 'chord', body: 'sum', size: 2 }]);
  });

  test('with a chain as its body has no part more, though the end of that has the id of the group', () => {
    const body = {
      task: 'celery.chain',
      kind: 'chain' as const,
      steps: [
        { task: 'shop.sum', id: 'sum' },
        { task: 'shop.end', id: 'end', group: 'g' },
      ],
    };
    const parts = header(['SUCCESS', 'STARTED']).map((task) => ({ ...task, outline: { chord: body } }));
    const before = buildWorkflow([taskOf('p'), ...parts]);
    const edges = ['group g body sum', 'p calls group g', 'sum next end'];
    expect([edgesOf(before), before.groups[0]!.size]).toEqual([edges, 2]);
    const after = buildWorkflow([
      taskOf('p'),
      ...parts,
      taskOf('sum', { parent: 'h1', root: 'p', at: [7, 8, 9], outline: { chain: [body.steps[1]!] } }),
      taskOf('end', { parent: 'sum', root: 'p', group: 'g', at: [10, 11, 12] }),
    ]);
    expect([edgesOf(after), after.groups[0]!.size]).toEqual([edges, 2]);
  });

  test('of which the result store alone tells has its body by who sent it', () => {
    const shape = buildWorkflow([
      taskOf('h0', { group: 'g' }),
      taskOf('h1', { group: 'g' }),
      taskOf('sum', { group: 'g', parent: 'h1', at: [5, 6, 7] }),
    ]);
    expect([edgesOf(shape), shape.groups[0]!.size]).toEqual([['group g body sum'], 2]);
  });

  test('within a chain is drawn before it is sent, and once when it was', () => {
    const step = {
      task: 'celery.chord',
      kind: 'chord' as const,
      group: 'g',
      steps: [
        { task: 'shop.h0', id: 'h0', index: 0 },
        { task: 'shop.h1', id: 'h1', index: 1 },
      ],
      body: { task: 'shop.sum', id: 'sum' },
    };
    const first = taskOf('a', {
      outline: { chain: [step, { task: 'shop.end', id: 'end' }] },
      state: 'STARTED',
      at: [0, 1],
    });
    const before = buildWorkflow([first]);
    const edges = ['a next group g', 'group g body sum', 'sum next end'];
    expect(edgesOf(before)).toEqual(edges);
    expect(before.groups).toMatchObject([{ kind: 'chord', size: 2, size_is: 'exact', body: 'sum' }]);
    expect(pathOf(before)).toEqual(['a', 'h0', 'sum', 'end']);
    const after = buildWorkflow([
      first,
      ...header(['SUCCESS', 'SUCCESS']).map((task) => ({ ...task, row: { ...task.row, parent_id: 'a' } })),
    ]);
    expect(edgesOf(after)).toEqual(edges);
    expect(after.nodes.map(({ id, kind }) => `${id} ${kind}`).sort()).toEqual([
      'a task',
      'end step',
      'h0 task',
      'h1 task',
      'sum step',
    ]);
  });

  test('of chains counts the end of each, and a failed beginning blocks it', () => {
    const chainOf = (i: number) => ({
      chain: [{ task: 'shop.t', id: `t${i}`, group: 'g', index: i, body: { task: 'shop.sum', id: 'sum' } }],
      group: 'g',
    });
    const shape = buildWorkflow([
      taskOf('s0', { outline: chainOf(0) }),
      taskOf('s1', { outline: chainOf(1), state: 'FAILURE' }),
      taskOf('t0', {
        group: 'g',
        index: 0,
        parent: 's0',
        outline: { chord: { task: 'shop.sum', id: 'sum' } },
        at: [3, 4, 5],
      }),
    ]);
    expect(edgesOf(shape)).toEqual(['group g body sum', 's0 next t0', 's1 next t1']);
    expect(conclude(shape)).toMatchObject({
      groups: [{ size: 2, done: 1, failed: 0, cannot_end: ['t1'] }],
      blocked: { t1: ['s1'], sum: ['s1'] },
    });
  });
});

describe('links', () => {
  test('without an id are the child of their name once that is there', () => {
    const outline = { callbacks: [{ task: 'shop.log' }], errbacks: [{ task: 'shop.alarm' }] };
    const open = buildWorkflow([taskOf('a', { outline, state: 'STARTED', at: [0, 1] })]);
    expect(open.edges.map(({ kind }) => kind)).toEqual(['link', 'errback']);
    expect(open.nodes.slice(1).every(({ kind, has_id }) => kind === 'step' && !has_id)).toBe(true);
    const done = buildWorkflow([
      taskOf('a', { outline }),
      taskOf('x', { name: 'shop.log', parent: 'a', at: [3, 4, 5] }),
    ]);
    expect(edgesOf(done)).toEqual(['a link x']);
    expect(conclude(done).state).toBe('succeeded');
  });
});

test('a task that replaced itself is drawn once, where it began', () => {
  const shape = buildWorkflow([
    taskOf('a', { parent: 'x', at: [0, 1, 9] }),
    taskOf('x', { parent: 'a', root: 'a', at: [2, 3, 4] }),
  ]);
  expect(edgesOf(shape)).toEqual(['a calls x']);
  expect(nodeOf(shape, 'a').replaced).toBe(1);
});

test('earlier tries of a retried task come with it', () => {
  const tries = [{ state: 'RETRY', received: T0, started: T0 + 1, ended: T0 + 2 }];
  const shape = buildWorkflow([{ ...taskOf('a', { retries: 1, at: [0, 5, 6] }), tries }]);
  expect(shape.nodes).toMatchObject([{ retries: 1, tries }]);
});

test('orphans begin on their own, and are counted', () => {
  const shape = buildWorkflow([
    taskOf('a', { parent: 'gone', root: 'gone' }),
    taskOf('b', { parent: 'a', root: 'gone' }),
  ]);
  expect([shape.orphans, edgesOf(shape)]).toEqual([1, ['a calls b']]);
});

test('5,000 tasks are put together and judged at once', () => {
  const many = Array.from({ length: 4999 }, (_, i) =>
    taskOf(`m${i}`, {
      group: 'g',
      index: i,
      parent: 'p',
      root: 'p',
      outline: { chord: { task: 'shop.sum', id: 'sum' } },
    }),
  );
  const shape = buildWorkflow([taskOf('p', { at: [-1, 0, 1] }), ...many]);
  expect(shape.edges).toHaveLength(2);
  expect(conclude(shape).groups).toMatchObject([{ done: 4999, size: 4999 }]);
  const chain = buildWorkflow(
    Array.from({ length: 5000 }, (_, i) => taskOf(`c${i}`, { parent: i > 0 ? `c${i - 1}` : null, at: [i, i, i + 1] })),
  );
  expect(pathOf(chain)).toHaveLength(5000);
});

test('whatever ids say, nothing is lost, drawn twice or circular', () => {
  const id = fc.constantFrom('a', 'b', 'c', 'd', 'group g', 'g', '__proto__', 'constructor', 'step 1 after a');
  const step = fc.record({
    task: id,
    id,
    group: id,
    kind: fc.constantFrom(undefined, 'group', 'chord', 'chain'),
    steps: fc.array(fc.record({ task: id, id })),
    body: fc.record({ task: id, id }),
  });
  const given = fc.record({
    uuid: id,
    parent: fc.option(id),
    group: fc.option(id),
    index: fc.option(fc.nat(5)),
    canvas: fc.option(
      fc.record({
        chain: fc.array(step, { maxLength: 3 }),
        chord: fc.option(step),
        callbacks: fc.array(step, { maxLength: 2 }),
      }),
    ),
  });
  fc.assert(
    fc.property(fc.uniqueArray(given, { selector: ({ uuid }) => uuid, maxLength: 8 }), (all) => {
      const shape = buildWorkflow(
        all.map(({ uuid, parent, group, index, canvas }) => ({
          ...taskOf(uuid, { parent }),
          group,
          index,
          outline: readOutline(canvas),
        })),
      );
      const ids = [...shape.nodes, ...shape.groups].map((one) => one.id);
      expect(new Set(ids).size).toBe(ids.length);
      for (const { uuid } of all) expect(shape.nodes.filter((node) => node.id === uuid)).toHaveLength(1);
      for (const { from, to } of shape.edges) expect([ids.includes(from), ids.includes(to)]).toEqual([true, true]);
      expect(isCircular(shape)).toBe(false);
      conclude(shape);
    }),
    { numRuns: cases(300) },
  );
});

function isCircular({ nodes, groups, edges }: WorkflowShape): boolean {
  const ways = [
    ...edges.map(({ from, to }) => [from, to]),
    ...nodes.flatMap(({ id, group }) => (group === null ? [] : [[group, id]])),
  ];
  let left = new Set([...nodes, ...groups].map(({ id }) => id));
  for (;;) {
    const next = new Set([...left].filter((id) => ways.some(([from, to]) => to === id && left.has(from!))));
    if (next.size === 0) return false;
    if (next.size === left.size) return true;
    left = next;
  }
}

describe('messages that Celery wrote', () => {
  interface Recorded {
    name: string;
    messages: { envelope_text: string; body_json: unknown }[];
  }
  const golden = JSON.parse(readFileSync(new URL('../../golden/canvas-redis.json', import.meta.url), 'utf8')) as {
    cases: Recorded[];
  };
  const built = (name: string): WorkflowShape =>
    buildWorkflow(
      golden.cases
        .find((one) => one.name === name)!
        .messages.map(({ envelope_text, body_json }) => {
          const { headers, properties } = JSON.parse(envelope_text) as {
            headers: Record<string, unknown>;
            properties: Record<string, unknown>;
          };
          const envelope = { headers, properties, deliveryInfo: { exchange: '', routingKey: '' }, redelivered: false };
          const message = readTaskMessage(envelope as never, body_json);
          const outline = readOutline(JSON.parse(JSON.stringify(outlineOf(message))));
          return {
            ...taskOf(message.id, { state: 'PENDING', at: [0] }),
            group: message.group,
            index: message.group_index,
            outline,
          };
        }),
    );
  const ids = (shape: WorkflowShape) =>
    edgesOf(shape)
      .map((edge) => edge.replace(/00000000-0000-4000-8000-0000000000/g, '').replace(/group [0-9a-f-]{36}/g, 'group'))
      .sort();

  test.each([
    ['chain', ['31 next 32', '32 next 33']],
    ['chain_link', ['31 errback 35', '31 next 32', '32 errback 35', '32 link 34']],
    ['group', []],
    ['chord', ['group body 53']],
    ['task_group_task', ['50 next group', 'group body 53']],
    ['chain_of_chords', ['53 next group', 'group body 53', 'group body 57']],
    ['group_of_chains', ['61 next 62', '63 next 64']],
    ['chord_of_chains', ['61 next 62', '63 next 64', 'group body 65']],
    ['chord_with_group_header', ['group body 74']],
  ])('%s', (name, edges) => {
    expect(ids(built(name))).toEqual(edges);
  });

  test('their outlines stay within bounds, and say what they left out', () => {
    const step = (i: number) => ({
      task: `shop.step_${i}`,
      args: [],
      kwargs: {},
      options: { task_id: `id-${i}` },
      subtask_type: null,
      immutable: false,
    });
    const outline = outlineOf({
      group: null,
      embed: {
        chain: Array.from({ length: 1000 }, (_, i) => step(999 - i)),
        callbacks: null,
        errbacks: null,
        chord: null,
      },
    })!;
    expect(JSON.stringify(outline).length).toBeLessThan(8192);
    expect(outline.chain![0]).toEqual({ task: 'shop.step_0', id: 'id-0' });
    expect(outline.chain!.length + outline.more!).toBe(1000);
    expect(
      JSON.stringify(outlineOf({ group: 'g', embed: { chain: [], callbacks: null, errbacks: null, chord: null } })),
    ).toBe('null');
  });
});
