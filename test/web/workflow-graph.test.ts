// What is drawn of a workflow: what is folded, in which order it stands, where the boxes are, and the text that is exported.
import { describe, expect, test } from 'vitest';
import type { Workflow, WorkflowNode } from '../../shared/wire/workflows.ts';
import { buildWorkflow, type WorkflowTask } from '../../shared/workflow/build.ts';
import { concludeWorkflow } from '../../shared/workflow/conclude.ts';
import { fold } from '../../web/src/workflows/fold.ts';
import { draw } from '../../web/src/workflows/layout.ts';
import { linesOf, subtreeOf } from '../../web/src/workflows/lines.ts';
import { mermaidOf } from '../../web/src/workflows/mermaid.ts';
import { withLive } from '../../web/src/workflows/with-live.ts';
import { T0, taskOf } from '../shared/workflow/rows.ts';

const NONE: ReadonlySet<string> = new Set();

function workflowOf(tasks: readonly WorkflowTask[]): Workflow {
  const { nodes, groups, edges } = buildWorkflow(tasks);
  const summary = concludeWorkflow({ nodes, groups, edges }, T0 + 100);
  return { root: nodes[0]!.id, at: T0 + 100, nodes, groups, edges, summary, cut: false, beyond: null, notes: [] };
}

const BODY = { chord: { task: 'shop.sum', id: 'sum' } };
const chord = (states: readonly string[]): WorkflowTask[] => [
  taskOf('open', { at: [0, 0, 1], outline: { chain: [] } }),
  ...states.map((state, i) =>
    taskOf(`m${i}`, {
      name: 'shop.render',
      group: 'g',
      index: i,
      parent: 'open',
      root: 'open',
      state,
      outline: BODY,
      at: state === 'STARTED' ? [2, 3] : state === 'PENDING' ? [2] : [2, 3, 4 + i],
    }),
  ),
];
const drawn = (workflow: Workflow) => {
  const folded = fold(workflow);
  return draw(folded, new Set(workflow.summary.critical.map(({ id }) => id)), NONE, NONE);
};

describe('the graph', () => {
  test('stands from left to right, and no two boxes lie on each other', () => {
    const states = ['SUCCESS', 'FAILURE', 'STARTED', ...Array<string>(20).fill('SUCCESS')];
    const workflow = workflowOf([
      ...chord(states),
      ...[0, 1, 2].map((i) => taskOf(`c${i}`, { parent: 'm0', root: 'open', at: [5, 6, 7] })),
    ]);
    const { boxes, ways, left, width, height } = drawn(workflow);
    expect(left).toBe(0);
    const at = new Map(boxes.map((box) => [box.item.id, box]));
    for (const { from, to } of ways) expect(at.get(from)!.x + at.get(from)!.width).toBeLessThan(at.get(to)!.x);
    for (const a of boxes)
      for (const b of boxes)
        if (a !== b) {
          const apart = a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;
          expect(apart, `${a.item.id} and ${b.item.id}`).toBe(true);
        }
    for (const { x, y, width: w, height: h } of boxes)
      expect([x >= 0, y >= 0, x + w <= width, y + h <= height]).toEqual([true, true, true, true]);
    // Members are lines of one box, what needs a person first, and its successes one line.
    const group = at.get('group g')!;
    expect(group.lines.map(({ node, nodes }) => node?.id ?? nodes.length)).toEqual(['m1', 'm2', 21]);
    expect(ways.map(({ from, to }) => `${from} ${to}`)).toContain('group g sum');
  });

  test('of 5,000 tasks is a few boxes, however they hang together', () => {
    const many = Array.from({ length: 4999 }, (_, i) =>
      taskOf(`m${i}`, { name: 'shop.render', parent: 'open', root: 'open', at: [1, 2, 3] }),
    );
    const shapes: Record<string, WorkflowTask[]> = {
      group: chord(Array<string>(5000).fill('SUCCESS')),
      called: [taskOf('open'), ...many],
      chain: Array.from({ length: 5000 }, (_, i) =>
        taskOf(`c${i}`, { parent: i > 0 ? `c${i - 1}` : null, root: 'c0', at: [i, i, i + 1] }),
      ),
      tree: Array.from({ length: 5000 }, (_, i) =>
        taskOf(`t${i}`, { parent: i > 0 ? `t${(i - 1) >> 1}` : null, root: 't0', at: [i, i, i + 1] }),
      ),
    };
    for (const [name, tasks] of Object.entries(shapes)) {
      const workflow = workflowOf(tasks);
      const { boxes, left } = drawn(workflow);
      expect(boxes.length, name).toBeLessThanOrEqual(160);
      expect(boxes.reduce((sum, { item }) => sum + item.nodes.length, 0) + left, name).toBe(workflow.nodes.length);
      const { lines } = linesOf(fold(workflow), NONE);
      expect(lines.length, name).toBeLessThan(520);
    }
  });

  test('that is too large keeps what failed and the way to it', () => {
    const tree = Array.from({ length: 2000 }, (_, i) =>
      taskOf(`t${i}`, {
        parent: i > 0 ? `t${(i - 1) >> 1}` : null,
        root: 't0',
        state: i === 1777 ? 'FAILURE' : 'SUCCESS',
        at: [i, i, i + 1],
      }),
    );
    const ids = new Set(drawn(workflowOf(tree)).boxes.map(({ item }) => item.id));
    for (let i = 1777; i > 0; i = (i - 1) >> 1) expect(ids.has(`t${i}`), `t${i}`).toBe(true);
  });
});

test('steps stand below what they follow, and folds open', () => {
  const workflow = workflowOf(chord(['SUCCESS', 'SUCCESS', 'STARTED']));
  const folded = fold(workflow);
  const keys = (open: ReadonlySet<string>) => linesOf(folded, open).lines.map(({ key, depth }) => `${depth} ${key}`);
  expect(keys(NONE)).toEqual(['0 open', '1 group g', '2 m2', '2 group g SUCCESS', '1 sum']);
  expect(keys(new Set(['group g SUCCESS']))).toEqual([
    '0 open',
    '1 group g',
    '2 m2',
    '2 group g SUCCESS',
    '3 m0',
    '3 m1',
    '1 sum',
  ]);
});

test('from a part of a header there is that part, the body and what follows it, and no other part', () => {
  const ids = (nodes: readonly WorkflowNode[]) => nodes.map(({ id }) => id).sort();
  const workflow = workflowOf(chord(['SUCCESS', 'FAILURE']));
  expect(ids(subtreeOf(workflow, 'm1'))).toEqual(['m1', 'sum']);
  expect(ids(subtreeOf(workflow, 'open'))).toEqual(['m0', 'm1', 'open', 'sum']);
});

test('a state that was heard of changes what is concluded', () => {
  const workflow = workflowOf(chord(['SUCCESS', 'STARTED']));
  const row = { ...taskOf('m1', { state: 'FAILURE', at: [2, 3, 9] }).row };
  const next = withLive(workflow, new Map([['m1', row]]), T0 + 100);
  expect(next.summary.groups).toMatchObject([{ done: 1, failed: 1, cannot_end: ['m1'] }]);
  expect(next.nodes.find(({ id }) => id === 'm0')).toBe(workflow.nodes.find(({ id }) => id === 'm0'));
  expect(withLive(workflow, new Map(), T0 + 100)).toBe(workflow);
});

test('Mermaid reads nothing of a name as its own', () => {
  const text = mermaidOf(
    workflowOf([
      taskOf('a', { name: 'x"]; click n0 call alert()\n--> <b>' }),
      taskOf('b', { parent: 'a', state: 'FAILURE' }),
    ]),
  );
  expect(text.split('\n')).toHaveLength(7);
  expect(text.split('\n')[1]).toBe('  n0["x#34;#93;#59; click n0 call alert()<br/>--#62; #60;b#62;<br/>SUCCESS"]');
  expect(text).toContain('n0 -.-> n1');
  expect(text).toContain('class n1 failed');
});
