// One question cannot hold up the others: it ends when its budget is spent, or when nobody waits for it any more.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { QueryTooCostly, type TaskListQuery } from '../../../server/dashboard/history/contract.ts';
import { flatten } from '../../../server/dashboard/history/sqlite/flat.ts';
import { HistoryReader } from '../../../server/dashboard/history/sqlite/read.ts';
import { HistoryWriter } from '../../../server/dashboard/history/sqlite/write.ts';
import { ClusterState } from '../../../shared/events/cluster-state.ts';
import { parseQuery } from '../../../shared/query/parser.ts';

const NOW = 1_790_000_000;
let folder: string;
let reader: HistoryReader;
let nowMs = 0;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'umbel-budget-'));
  const path = join(folder, 'h.db');
  const writer = new HistoryWriter(path);
  const state = new ClusterState();
  let seed = 1;
  for (let i = 0; i < 2000; i++) {
    let args = '';
    for (let k = 0; k < 200; k++) {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      args += seed % 3 === 0 ? 'a' : 'c';
    }
    const at = NOW - i;
    const uuid = `t${i}`;
    state.apply({ type: 'task-received', uuid, hostname: 'w@h', timestamp: at, local_received: at, name: 'n', args });
  }
  writer.write(flatten(state.cut()), NOW);
  writer.close();
  reader = new HistoryReader(path, () => nowMs);
});
beforeEach(() => {
  nowMs = 0;
});
afterAll(() => {
  reader.close();
  rmSync(folder, { recursive: true, force: true });
});

function asked(q: string): TaskListQuery {
  const parsed = parseQuery(q, { nowS: NOW });
  if (!parsed.ok) throw new Error(parsed.message);
  const { tree } = parsed;
  return { tree, states: null, from: null, to: null, sort: 'first_seen', descending: true, cursor: null, limit: 50 };
}
const COSTLY = 'args:/a.{60}b.{60}[abd].{60}q/';

/** Neither driver promises to hand on the very error that a function threw: what counts is that it ended, and why. */
function endOf(work: () => unknown): string | null {
  try {
    work();
    return null;
  } catch {
    return reader.budget.spent?.message ?? 'another error';
  }
}

it('a pattern of very many states ends with its steps, and says what to do', () => {
  reader.budget.begin();
  expect(endOf(() => reader.tasks(asked(COSTLY)))).toMatch(/too many steps.*narrow/);
  expect(reader.budget.left).toBeLessThan(0);
  expect(reader.budget.left).toBeGreaterThan(-1_000_000);
  // The next question has a budget of its own.
  reader.budget.begin();
  expect(reader.tasks(asked('args:ca')).items).toHaveLength(50);
  reader.budget.begin();
  expect(endOf(() => reader.facets({ field: 'name', tree: asked(COSTLY).tree, prefix: '', limit: 5 }))).toMatch(
    /too many steps/,
  );
});

it.each(['args:zzz', 'args:/zzz/', 'zzz', 'not args:a', 'args:/a+b/ or kwargs:x'])(
  'what is looked at row by row ends in time, and when nobody waits: %s',
  (q) => {
    reader.budget.begin();
    expect(endOf(() => reader.tasks(asked(q)))).toBeNull();
    reader.budget.begin();
    nowMs = 6000;
    expect(endOf(() => reader.tasks(asked(q)))).toMatch(/takes too long/);
    let looks = 0;
    reader.budget.begin(() => ++looks > 2);
    expect(endOf(() => reader.tasks(asked(q)))).toMatch(/Nobody waits/);
  },
);

it('what nobody waits for when its turn comes is not begun', () => {
  expect(() => reader.budget.begin(() => true)).toThrow(QueryTooCostly);
});
