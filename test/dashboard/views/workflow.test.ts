// A workflow of more tasks than one answer has: its state and counts are of all, and what it could not end without is there.
import { expect, it, onTestFinished } from 'vitest';
import { openHistory } from '../../../server/dashboard/history/registry.ts';
import { workflowOf } from '../../../server/dashboard/views/workflow.ts';
import { ClusterState } from '../../../shared/events/cluster-state.ts';
import { event, NOW } from '../../contract/history-questions.ts';

type Sources = Parameters<typeof workflowOf>[0];
type Sight = Parameters<typeof workflowOf>[1];
const LIMIT = 5;
const SEES_ALL = { isWhole: true, row: () => true, shown: (row: unknown) => row } as unknown as Sight;

/** A header of twelve and its body. @param open parts that have not ended */
async function chordOf(open: readonly number[]) {
  const state = new ClusterState();
  const canvas = { chord: { task: 'shop.sum', id: 'sum' } };
  const family = { root_id: 'p', parent_id: 'p' };
  state.apply(event('task-received', 'p', NOW, { name: 'shop.open', root_id: 'p' }));
  state.apply(event('task-succeeded', 'p', NOW + 1));
  for (let i = 0; i < 12; i++) {
    const more = { name: 'shop.part', ...family, group_id: 'g', group_index: i, canvas };
    state.apply(event('task-received', `m${i}`, NOW + 2 + i, more));
    if (!open.includes(i)) state.apply(event('task-succeeded', `m${i}`, NOW + 20 + i));
  }
  if (open.length === 0) {
    state.apply(event('task-received', 'sum', NOW + 40, { name: 'shop.sum', ...family, group_id: 'g' }));
    state.apply(event('task-succeeded', 'sum', NOW + 41));
  }
  const history = await openHistory(':memory:');
  onTestFinished(() => history.close());
  history.write(state.cut(), NOW);
  await history.written();
  // Nothing of it is in memory any more.
  const none = new Map<string, never>();
  const cluster = { history, tasks: none, queues: none, workers: none, now: NOW + 60, askBackend: async () => null };
  const sources = { cluster, baselines: { lastHour: async () => null }, taskRows: { shown: (row: unknown) => row } };
  return (await workflowOf(sources as unknown as Sources, SEES_ALL, 'p', LIMIT))!;
}

it('that is larger than one answer has ended when all of it has, and is counted whole', async () => {
  const { summary, nodes, groups, cut, beyond, notes } = await chordOf([]);
  expect(summary).toMatchObject({ state: 'succeeded', tasks: 14, steps: 0, states: { SUCCESS: 14 }, ended: NOW + 41 });
  expect([cut, beyond]).toEqual([true, { states: { SUCCESS: 8 }, last: NOW + 41, are: 'exact' }]);
  // What would be taken for a step to come is known to have run.
  expect(nodes.map(({ id, kind }) => [id, kind])).toContainEqual(['sum', 'task']);
  expect(groups).toMatchObject([{ size: 4, size_is: 'at_least', body: 'sum' }]);
  expect(notes.join()).toContain('more than 5 tasks');
});

it('that is larger than one answer runs as long as any of it does, which is among what is shown', async () => {
  const { summary, nodes } = await chordOf([10]);
  expect(summary).toMatchObject({ state: 'running', tasks: 13, steps: 1, states: { SUCCESS: 12, RECEIVED: 1 } });
  expect(nodes.find(({ id }) => id === 'm10')).toMatchObject({ state: 'RECEIVED' });
});
