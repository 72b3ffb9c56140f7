// A query tree against one task row, as tree.ts defines it. The page filters its live rows with this; the server's SQL must agree.
// Not here: SQL (dashboard/history). Patterns: regex.ts.
// Holds: no clock is read; relative times were made absolute when the query was parsed.
import { compileRegex, type Steps, StepsSpent } from './regex.ts';
import {
  FIELDS,
  type FieldName,
  fold,
  type NumberField,
  PLAIN_TEXT_COLUMNS,
  pairNeedles,
  type QueryColumn,
  type QueryRow,
  type QueryTree,
  type Relation,
} from './tree.ts';

export type RowTest = (row: QueryRow) => boolean;

const COLUMNS = Object.fromEntries(FIELDS.map((field) => [field.name, field.column])) as Readonly<
  Record<FieldName, QueryColumn>
>;
const compiled = new WeakMap<object, RowTest>();

/** Null, the empty query, matches every row. */
export function matchesQuery(tree: QueryTree | null, row: QueryRow): boolean {
  if (tree === null) return true;
  let test = compiled.get(tree);
  if (test === undefined) {
    test = compileQuery(tree);
    compiled.set(tree, test);
  }
  return test(row);
}

/**
 * @param steps what the patterns of this query may take together; the test throws StepsSpent when they are spent. Without them a
 * pattern that needs too many for one text does not match it.
 */
export function compileQuery(tree: QueryTree, steps?: Steps): RowTest {
  switch (tree.op) {
    case 'and': {
      const tests = tree.items.map((item) => compileQuery(item, steps));
      return (row) => tests.every((test) => test(row));
    }
    case 'or': {
      const tests = tree.items.map((item) => compileQuery(item, steps));
      return (row) => tests.some((test) => test(row));
    }
    case 'not': {
      const test = compileQuery(tree.item, steps);
      return (row) => !test(row);
    }
    case 'text': {
      const needle = fold(tree.text);
      return (row) => PLAIN_TEXT_COLUMNS.some((column) => fold(row[column] ?? '').includes(needle));
    }
    case 'text-glob': {
      const test = globTest(['', ...tree.parts, '']);
      return (row) => PLAIN_TEXT_COLUMNS.some((column) => test(fold(row[column] ?? '')));
    }
    case 'contains': {
      const needle = fold(tree.text);
      return onText(tree.field, (value) => value.includes(needle));
    }
    case 'is': {
      const values = new Set(tree.values.map(fold));
      return onText(tree.field, (value) => values.has(value));
    }
    case 'glob':
      return onText(tree.field, globTest(tree.parts));
    case 'pair': {
      const needles = pairNeedles(tree.key, tree.value);
      return onText(tree.field, (value) => needles.some((needle) => value.includes(needle)));
    }
    case 'regex': {
      const column = COLUMNS[tree.field];
      const test = steps ? compileRegex(tree.source) : untilSpent(compileRegex(tree.source));
      return (row) => row[column as 'name'] !== null && test(row[column as 'name'] as string, steps);
    }
    case 'present': {
      const column = COLUMNS[tree.field];
      return tree.field === 'eta' ? (row) => etaSeconds(row.eta) !== null : (row) => row[column as 'name'] !== null;
    }
    case 'compare': {
      const test = RELATIONS[tree.relation](tree.value);
      return onNumber(tree.field, test);
    }
    case 'range': {
      const { from, to, open } = tree;
      return onNumber(
        tree.field,
        (value) => (from === null || value >= from) && (to === null || (open ? value < to : value <= to)),
      );
    }
  }
}

function untilSpent(test: (value: string) => boolean): (value: string) => boolean {
  return (value) => {
    try {
      return test(value);
    } catch (error) {
      if (error instanceof StepsSpent) return false;
      throw error;
    }
  };
}

/** Seconds of an eta as a row tells it. An ISO text without an offset is UTC. Null when there is none or it cannot be read. */
export function etaSeconds(eta: string | null): number | null {
  if (eta === null) return null;
  const match = ISO.exec(eta);
  if (match === null) return null;
  const [, day, time, fraction, zone] = match;
  const whole = Date.parse(
    `${day}T${time}${zone === undefined || /z/i.test(zone) ? 'Z' : zone.replace(/^(...)(..)$/, '$1:$2')}`,
  );
  return Number.isNaN(whole) ? null : whole / 1000 + Number(`0${fraction ?? ''}`);
}
const ISO = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2})?)(\.\d+)?(Z|[+-]\d{2}:?\d{2})?$/i;

const RELATIONS: Readonly<Record<Relation, (limit: number) => (value: number) => boolean>> = {
  '>': (limit) => (value) => value > limit,
  '>=': (limit) => (value) => value >= limit,
  '<': (limit) => (value) => value < limit,
  '<=': (limit) => (value) => value <= limit,
};

function onText(field: FieldName, test: (folded: string) => boolean): RowTest {
  const column = COLUMNS[field] as 'name';
  return (row) => {
    const value = row[column];
    return value !== null && test(fold(value));
  };
}

function onNumber(field: NumberField, test: (value: number) => boolean): RowTest {
  const column = COLUMNS[field] as 'runtime';
  if (field === 'eta') {
    return (row) => {
      const value = etaSeconds(row.eta);
      return value !== null && test(value);
    };
  }
  return (row) => {
    const value = row[column];
    return value !== null && test(value);
  };
}

/** Literal parts in order with anything between them; the first and the last touch the ends. Linear: each part is taken at its first place. */
function globTest(parts: readonly string[]): (folded: string) => boolean {
  const folded = parts.map(fold);
  const first = folded[0] as string;
  const last = folded.at(-1) as string;
  const middle = folded.slice(1, -1);
  return (value) => {
    if (value.length < first.length + last.length || !value.startsWith(first) || !value.endsWith(last)) return false;
    let at = first.length;
    const end = value.length - last.length;
    for (const part of middle) {
      const found = value.indexOf(part, at);
      if (found === -1 || found + part.length > end) return false;
      at = found + part.length;
    }
    return true;
  };
}
