// The page's filter and the server's SQL decide alike, for any row and any query.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { QueryBudget } from '../../../server/dashboard/history/sqlite/budget.ts';
import { defineQueryFunctions, toSql } from '../../../server/dashboard/history/sqlite/query-sql.ts';
import { encodeText } from '../../../server/dashboard/history/sqlite/text.ts';
import { EmbeddedDb, type SqlValue } from '../../../server/embedded-db.ts';
import { matchesQuery } from '../../../shared/query/match.ts';
import { allOf, anyOf, FIELDS, not, type QueryRow, type QueryTree } from '../../../shared/query/tree.ts';
import { cases } from '../../support/cases.ts';

/** As the file has it. */
const stored = (value: SqlValue): SqlValue => (typeof value === 'string' ? encodeText(value) : value);
const COLUMNS = FIELDS.map((field) => field.column);
let db: EmbeddedDb;

beforeAll(() => {
  db = new EmbeddedDb(':memory:');
  db.exec(`CREATE TABLE tasks (${COLUMNS.join(', ')})`);
  defineQueryFunctions(db, new QueryBudget(() => 0));
});
afterAll(() => db.close());

const text = fc.oneof(
  fc.constantFrom(
    '',
    'shop.Orders.charge_card',
    'add',
    '50%',
    'a_b',
    "{'k': 7, 'K': 'x'}",
    "{'k': 'v'}",
    'É é',
    'back\\slash',
    '*',
    '7',
    'a\0b',
    '\0',
    'a\ud800',
    '\uf8ff',
  ),
  fc.string({ unit: fc.constantFrom('\0', '\ud800', 'a', 'B', 'é', '%', '_', '\\', '.', ' ', "'", '7'), maxLength: 8 }),
);
const nullable = <T>(value: fc.Arbitrary<T>) => fc.option(value, { freq: 4 });
const instant = fc.constantFrom(0, 1, 1.5, 2, 1e9, 1e9 + 0.25);
const row: fc.Arbitrary<QueryRow> = fc.record({
  uuid: fc.constantFrom('4f3a', '4f3b', 'aa'),
  name: nullable(text),
  state: fc.constantFrom('SUCCESS', 'FAILURE', 'PROGRESS'),
  worker: nullable(text),
  queue: nullable(text),
  args: nullable(text),
  kwargs: nullable(text),
  result: nullable(text),
  exception: nullable(text),
  runtime: nullable(instant),
  retries: fc.nat(3),
  received: nullable(instant),
  started: nullable(instant),
  sent: nullable(instant),
  eta: nullable(fc.constantFrom('2001-09-09T01:46:40+00:00', '2001-09-09 01:46:40.25', '1970-01-01T00:00:02', 'soon')),
  root_id: nullable(fc.constantFrom('4f3a', 'aa')),
  parent_id: nullable(fc.constantFrom('4f3a', 'aa')),
}) as fc.Arbitrary<QueryRow>;

const some = text.filter((value) => value !== '');
const textField = fc.constantFrom('name', 'worker', 'queue', 'args', 'kwargs', 'result', 'exception');
const exactField = fc.constantFrom('state', 'uuid', 'root', 'parent');
const numberField = fc.constantFrom('runtime', 'retries', 'received', 'started', 'sent', 'eta');
const parts = fc.array(text, { minLength: 2, maxLength: 4 });
const leaf = fc.oneof(
  fc.record({ op: fc.constant('text'), text: some }),
  fc.record({ op: fc.constant('text-glob'), parts }),
  fc.record({ op: fc.constant('contains'), field: textField, text: some }),
  fc.record({
    op: fc.constant('is'),
    field: exactField,
    values: fc.array(fc.constantFrom('4f3a', '4F3B', 'aa', 'failure', 'x'), { minLength: 1 }),
  }),
  fc.record({ op: fc.constant('glob'), field: fc.oneof(textField, exactField), parts }),
  fc.record({ op: fc.constant('regex'), field: textField, source: fc.constantFrom('a', '^.B', '7$', '[é%]', '\\\\') }),
  fc.record({
    op: fc.constant('pair'),
    field: fc.constant('kwargs'),
    key: fc.constantFrom('k', 'K', 'q'),
    value: fc.constantFrom('7', 'x', 'V'),
  }),
  fc.record({ op: fc.constant('present'), field: fc.oneof(textField, exactField, numberField) }),
  fc.record({
    op: fc.constant('compare'),
    field: numberField,
    relation: fc.constantFrom('>', '>=', '<', '<='),
    value: instant,
    text: fc.constant(''),
  }),
  fc.record({
    op: fc.constant('range'),
    field: numberField,
    from: nullable(instant),
    to: nullable(instant),
    open: fc.boolean(),
    text: fc.constant(''),
  }),
) as fc.Arbitrary<QueryTree>;
const { tree } = fc.letrec<{ tree: QueryTree }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small' },
    leaf,
    fc.array(tie('tree'), { minLength: 2, maxLength: 3 }).map((items) => allOf(items) as QueryTree),
    fc.array(tie('tree'), { minLength: 2, maxLength: 3 }).map((items) => anyOf(items) as QueryTree),
    tie('tree').map(not),
  ),
}));

describe('the filter in the page and the query in the database', () => {
  it('find the same tasks', () => {
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 8 }), tree, (rows, query) => {
        db.exec('DELETE FROM tasks');
        for (const one of rows) {
          db.run(
            `INSERT INTO tasks VALUES (${COLUMNS.map(() => '?').join(',')})`,
            ...COLUMNS.map((c) => stored(one[c] as SqlValue)),
          );
        }
        const listed = (column: string) =>
          db
            .all<{ v: string | null }>(`SELECT DISTINCT ${column} AS v FROM tasks`)
            .flatMap(({ v }) => (v === null ? [] : [v]));
        const first = db.get<{ n: number }>('SELECT min(rowid) - 1 AS n FROM tasks')!.n;
        const expected = rows.flatMap((one, n) => (matchesQuery(query, one) ? [n] : []));
        for (const dictionary of [() => null, listed]) {
          const sql = toSql(query, dictionary);
          const text = `SELECT rowid - 1 AS n FROM tasks WHERE ${sql.text} ORDER BY rowid`;
          const found = db.all<{ n: number }>(text, ...sql.params);
          expect(found.map(({ n }) => Number(n) - Number(first))).toEqual(expected);
        }
      }),
      { numRuns: cases(800) },
    );
  });
});
