// Pages of the task list: where one ends, and names that are too many to be listed. Straight on writer and reader, without their threads.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { TaskListQuery } from '../../../server/dashboard/history/contract.ts';
import { flatten } from '../../../server/dashboard/history/sqlite/flat.ts';
import { HistoryReader } from '../../../server/dashboard/history/sqlite/read.ts';
import { HistoryWriter } from '../../../server/dashboard/history/sqlite/write.ts';
import { ClusterState } from '../../../shared/events/cluster-state.ts';

const NOW = 1_790_000_000;
const QUERY = { states: null, from: null, to: null, sort: 'first_seen', descending: true, cursor: null } as const;

/** A history of so many tasks, the first the newest. @param tickMs by how much its clock moves with each look at it */
function historyOf(count: number, eventOf: (n: number) => { args?: string; name?: string }, tickMs = 0): HistoryReader {
  const folder = mkdtempSync(join(tmpdir(), 'umbel-lists-'));
  const path = join(folder, 'h.db');
  const writer = new HistoryWriter(path);
  const state = new ClusterState();
  for (let n = 0; n < count; n++) {
    const at = NOW - n / 10;
    const of = { uuid: `t${n}`, hostname: 'w1@h', timestamp: at, local_received: at, clock: 1, name: 'n' };
    state.apply({ type: 'task-received', ...of, ...eventOf(n) });
  }
  writer.write(flatten(state.cut()), NOW);
  writer.close();
  let ms = 0;
  const reader = new HistoryReader(path, () => {
    ms += tickMs;
    return ms;
  });
  onTestFinished(() => {
    reader.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return reader;
}

it('a page that is full before the time is up has no more rows than asked for, and the next goes on behind them', () => {
  const slow = historyOf(5000, () => ({ args: '(1,)' }), 2000);
  const query = { ...QUERY, limit: 10, tree: { op: 'contains', field: 'args', text: '1' } as const };
  const names = (page: { items: readonly { uuid: string }[] }) => page.items.map((t) => t.uuid);
  const from = (first: number) => Array.from({ length: 10 }, (_, i) => `t${first + i}`);
  const first = slow.tasks(query);
  expect(names(first)).toEqual(from(0));
  expect(names(slow.tasks({ ...query, cursor: first.next }))).toEqual(from(10));
});

it('names are found by a pattern, and put in their order, also when there are too many to list', () => {
  const reader = historyOf(5101, (n) => ({ name: `n${n}` }));
  const matching = { ...QUERY, limit: 2, tree: { op: 'regex', field: 'name', source: '^n5[01]..$' } as const };
  const found = (more: Partial<TaskListQuery>) => reader.tasks({ ...matching, ...more });
  expect(found({}).items.map((t) => t.name)).toEqual(['n5000', 'n5001']);
  expect(found({}).total).toBe(101);
  expect(found({ sort: 'name' }).items.map((t) => t.name)).toEqual(['n5100', 'n5099']);
});
