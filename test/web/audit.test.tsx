// The audit without a browser: what a row says, what an open one adds, and the faces of a list without rows.
// Product: web/src/audit/.
import { expect, test } from 'vitest';
import { OPERATION_CATEGORIES } from '../../shared/wire/operation-categories.ts';
import { drawn, textOf } from './support/drawn.tsx';
import { operationRecord } from './support/factories.ts';

const { AuditTable, NoOperations } = await import('../../web/src/audit/audit-table.tsx');
const { AuditCategories, AuditFilter, isFiltered } = await import('../../web/src/audit/audit-filter.tsx');
const { merged } = await import('../../web/src/audit/use-operations.ts');

const nothing = () => {};
const table = (records: ReturnType<typeof operationRecord>[], open?: string, cursor: string | null = null) =>
  drawn(<AuditTable records={records} open={open} cursor={cursor} onCursor={nothing} onToggle={nothing} />);

test.each([
  ['ok', 'done'],
  ['partial', 'in part'],
  ['failed', 'failed'],
  ['no-answer', 'no answer'],
] as const)('an operation whose outcome is %s reads "%s"', async (outcome, word) => {
  const html = await table([operationRecord({ outcome })]);

  expect(/<(td|span) class="c-outcome"[^>]*>(.*?)<\/\1>/.exec(html)![2]).toContain(word);
});

test('only the open row shows what each worker answered', async () => {
  const answers = [{ worker: 'celery@web-1', ok: true, text: 'terminated' }];
  const records = [operationRecord({ id: 7, answers }), operationRecord({ id: 6, answers })];

  expect(textOf(await table(records))).not.toContain('celery@web-1');
  const html = await table(records, '6');
  expect(textOf(html).match(/celery@web-1/g)).toHaveLength(1);
  expect(html.indexOf('celery@web-1')).toBeGreaterThan(html.indexOf('data-record="6"'));
});

test('the cursor is on one row, and the open one is the selected one', async () => {
  const html = await table([operationRecord({ id: 7 }), operationRecord({ id: 6 })], '7', '6');

  expect(html.match(/<tr[^>]*aria-selected="true"[^>]*>/g)).toEqual([expect.stringContaining('data-key="7"')]);
  expect(html.match(/<tr[^>]*class="at opens"[^>]*>/g)).toEqual([expect.stringContaining('data-key="6"')]);
});

test('each day has a head, and only where it begins', async () => {
  const at = (day: number, hour: number) => new Date(2026, 2, day, hour).getTime() / 1000;
  const records = [at(4, 9), at(4, 1), at(2, 9)].map((time, i) => operationRecord({ id: 9 - i, at: time }));
  const html = await table(records);

  expect([...html.matchAll(/<b class="audit-day">(.*?),/g)].map(([, day]) => day)).toEqual(['Mar 4', 'Mar 2']);
  expect(html.indexOf('Mar 2')).toBeGreaterThan(html.indexOf('data-record="8"'));
});

test('an empty audit says whether the filter or the past is empty', async () => {
  expect(textOf(await drawn(<NoOperations filtered />))).toContain('No operation matches');
  expect(textOf(await drawn(<NoOperations filtered={false} />))).toContain('No operations yet');
});

test('the categories are chips, one of them chosen; the actions offered are those of it', async () => {
  const chips = await drawn(<AuditCategories filter={{ category: 'queues' }} onChange={nothing} />);
  expect(textOf(chips).match(/[\w-]+/g)).toEqual(['All', ...OPERATION_CATEGORIES]);
  expect(chips.match(/aria-pressed="true"[^<]*/g)).toEqual([expect.stringContaining('queues')]);
  const offered = async (filter: Parameters<typeof AuditFilter>[0]['filter']) =>
    textOf(await drawn(<AuditFilter filter={filter} inputRef={{ current: null }} onChange={nothing} />));
  expect(await offered({})).toMatch(/revoke.*purge.*login/);
  expect(await offered({ category: 'queues' })).not.toMatch(/revoke|login/);
});

test('the filter offers to clear only what is set, and names who is looked at', async () => {
  const filter = (of: Parameters<typeof AuditFilter>[0]['filter']) =>
    drawn(<AuditFilter filter={of} inputRef={{ current: null }} onChange={nothing} />);

  expect(textOf(await filter({}))).not.toContain('Clear the filter');
  const text = textOf(await filter({ who: 'ana' }));
  expect(text).toContain('Clear the filter');
  expect(text).toContain('by ana');
  expect(isFiltered({ on: '' })).toBe(false);
});

test('a record that the live feed knows better takes its place; one that a link names stands on top, once', () => {
  const old = operationRecord({ id: 5, summary: 'sent' });
  const fresh = operationRecord({ id: 5, summary: 'seen to be gone' });
  const linked = operationRecord({ id: 2 });

  expect(merged([old], [fresh], linked).map((record) => [record.id, record.summary])).toEqual([
    [2, linked.summary],
    [5, 'seen to be gone'],
  ]);
  expect(merged([old], [], old)).toHaveLength(1);
});
