// A table's parts without a browser: columns and room, orders, groups, stems, filters. Product: web/src/ui/table, web/src/ui/list-filter.ts.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromSegment, toSegment } from '../../shared/path-segment.ts';
import { readFilter } from '../../web/src/ui/list-filter.ts';
import { type Column, layoutColumns, nextSort, readSort, sortRows } from '../../web/src/ui/table/columns.ts';
import { type Grouping, groupLines, holdOrder, stepTo } from '../../web/src/ui/table/lines.ts';
import { hostParts, queueParts, stemsOf } from '../../web/src/ui/table/stems.ts';

interface Row {
  name: string;
  n: number | null;
}
const row = (name: string, n: number | null = 0): Row => ({ name, n });
const COLUMNS: readonly Column<Row>[] = [
  { id: 'name', label: 'Name', width: 100, grow: 1, sort: (r) => r.name, cell: (r) => r.name },
  { id: 'n', label: 'N', width: 50, num: true, rank: 1, sort: (r) => r.n, cell: (r) => r.n },
  { id: 'note', label: 'Note', width: 80, rank: 3, cell: () => '' },
  { id: 'more', label: 'More', width: 60, rank: 2, cell: () => '' },
];

describe('columns', () => {
  it('stand side by side while there is room, and fold by rank: none is ever lost', () => {
    for (let room = 20; room <= 400; room += 10) {
      const { shown, folded } = layoutColumns(COLUMNS, room);
      expect([...shown, ...folded].map((c) => c.id).sort()).toEqual(['more', 'n', 'name', 'note']);
      expect(shown.map((c) => c.id)).toContain('name');
      const needed = shown.reduce((sum, c) => sum + c.width, 0);
      expect(needed <= room || shown.length === 1, `${room} px`).toBe(true);
    }
    expect(layoutColumns(COLUMNS, 220).folded.map((c) => c.id)).toEqual(['note']);
    expect(layoutColumns(COLUMNS, 120).folded.map((c) => c.id)).toEqual(['n', 'more', 'note']);
  });

  it('sort by a click in the direction one looks for, by another the other way', () => {
    expect(nextSort('', COLUMNS[0]!)).toBe('name');
    expect(nextSort('name', COLUMNS[0]!)).toBe('-name');
    expect(nextSort('name', COLUMNS[1]!)).toBe('-n');
    expect(nextSort('-n', COLUMNS[1]!)).toBe('n');
  });

  it('of a list that the server sorts name its order by the name the server has for it', () => {
    const received: Column<Row> = {
      id: 'received',
      label: '',
      width: 50,
      num: true,
      sort: 'first_seen',
      cell: () => '',
    };
    expect(nextSort('name', received)).toBe('-first_seen');
    expect(nextSort('-first_seen', received)).toBe('first_seen');
    expect(readSort([received], '-first_seen')).toEqual({ column: received, descending: true });
    expect(readSort([received], 'received')).toBeUndefined();
  });

  it('are wider where all of them have the room, and as narrow as they can before one folds', () => {
    const columns = COLUMNS.map((column) => (column.id === 'n' ? { ...column, wide: 90 } : column));
    expect(layoutColumns(columns, 330).template).toBe('minmax(100px, 1fr) 90px 80px 60px');
    expect(layoutColumns(columns, 329).template).toBe('minmax(100px, 1fr) 50px 80px 60px');
    expect(layoutColumns(columns, 329).folded).toEqual([]);
  });

  it('leave what has no value, or cannot be read, at the end in both directions', () => {
    const odd = { name: 'odd' } as Row;
    Object.defineProperty(odd, 'n', {
      get() {
        throw new Error('no such thing');
      },
    });
    const rows = [row('b', 2), odd, row('none', null), row('a', 10)];
    const names = (descending: boolean) =>
      sortRows(
        rows,
        (r) => r.n,
        descending,
        (r) => r.name,
      ).map((r) => r.name);
    expect(names(true)).toEqual(['a', 'b', 'none', 'odd']);
    expect(names(false)).toEqual(['b', 'a', 'none', 'odd']);
  });

  it('sort numbers within names as numbers', () => {
    const rows = [row('web-10'), row('web-9'), row('web-1')];
    expect(
      sortRows(
        rows,
        (r) => r.name,
        false,
        (r) => r.name,
      ).map((r) => r.name),
    ).toEqual(['web-1', 'web-9', 'web-10']);
  });
});

describe('stems', () => {
  const stems = (names: string[], parts: (name: string) => string[]) => Object.fromEntries(stemsOf(names, parts));

  it('gather queues by the beginning of their names; what stands alone has none', () => {
    const names = ['orders.eu-1', 'orders.eu-2', 'orders.us-1', 'mail.a', 'mail.b', 'mail.c', 'celery'];
    expect(stems(names, queueParts)).toEqual({
      'orders.eu-1': 'orders.',
      'orders.eu-2': 'orders.',
      'orders.us-1': 'orders.',
      'mail.a': 'mail.',
      'mail.b': 'mail.',
      'mail.c': 'mail.',
      celery: '',
    });
  });

  it('go one part on where all names share the first', () => {
    const names = ['q.images.1', 'q.images.2', 'q.images.3', 'q.mail.1', 'q.mail.2', 'q.mail.3'];
    expect(new Set(Object.values(stems(names, queueParts)))).toEqual(new Set(['q.images.', 'q.mail.']));
  });

  it('gather hosts by what a person named and not by what a machine made', () => {
    expect(hostParts('img-6c4f9-x2k8p')).toEqual(['img']);
    expect(hostParts('web-3')).toEqual(['web']);
    expect(hostParts('mail-eu-04')).toEqual(['mail-eu']);
    expect(hostParts('w1')).toEqual(['w']);
    expect(hostParts('ip-10-2-41-7')).toEqual(['ip']);
    expect(hostParts('solo')).toEqual(['solo']);
  });

  it('end for any names', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '.', '-', '1') })), (names) => {
        expect(stemsOf(names, queueParts).size).toBe(new Set(names).size);
        expect(stemsOf(names, hostParts).size).toBe(new Set(names).size);
      }),
    );
  });
});

describe('groups', () => {
  const grouping: Grouping<Row> = {
    keyOf: (r) => r.name,
    stemOf: (r) => r.name[0]!,
    sum: (stem, rows) =>
      row(
        stem,
        rows.reduce((n, r) => n + (r.n ?? 0), 0),
      ),
    note: (rows) => String(rows.length),
    needsYou: (r) => (r.n ?? 0) < 0,
    rest: () => ' more of it',
  };
  const rows = [...Array.from({ length: 30 }, (_, i) => row(`a${i}`, 1)), row('b0', -1), row('b1', 1), row('b2', 1)];
  const lines = (openness = new Map<string, 'all' | 'some' | 'closed'>()) =>
    groupLines(rows, grouping, openness, (sums) => sums).map((line) => line.key);

  it('open where something needs a person, and stay closed where nothing does', () => {
    expect(lines()).toEqual(['group a', 'group b', 'b0', 'b1', 'b2']);
  });

  it('show a few of many and count the rest; all when one asks', () => {
    const some = lines(new Map([['a', 'some']]));
    expect(some.slice(0, 10)).toEqual(['group a', 'a0', 'a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7', 'more a']);
    expect(lines(new Map([['a', 'all']])).filter((key) => key.startsWith('a'))).toHaveLength(30);
  });

  it('keep the places of rows while someone reads, and put what is new after them', () => {
    const held = holdOrder(['c', 'a', 'gone'], [row('a'), row('b'), row('c')], (r) => r.name);
    expect(held.map((r) => r.name)).toEqual(['c', 'a', 'b']);
  });
});

describe('the filter of a list', () => {
  const fields = {
    text: (r: Row) => r.name,
    fields: { n: (r: Row) => r.n, name: (r: Row) => r.name, tags: () => ['x', 'y'] },
  };
  const kept = (text: string) =>
    [row('orders.eu', 5), row('mail', 400), row('a:b', null)].filter(readFilter(text, fields)).map((r) => r.name);

  it.each([
    ['', ['orders.eu', 'mail', 'a:b']],
    ['ORD', ['orders.eu']],
    ['n>100', ['mail']],
    ['n>=5 n<1k', ['orders.eu', 'mail']],
    ['n>5m', ['mail']],
    ['n:unknown', ['a:b']],
    ['tags:y mail', ['mail']],
    ['a:b', ['a:b']],
    ['constructor:x', []],
    ['n>', []],
  ])('%s', (text, names) => {
    expect(kept(text)).toEqual(names);
  });

  it('takes any text and throws for none', () => {
    fc.assert(fc.property(fc.string(), (text) => void kept(text)));
  });
});

describe('a name as a segment of a path', () => {
  it.each(['.', '..', '~..', '~~.', '\ud800', 'a\udcffb', '~!\udfff~', '~!', '~!~d800'])(
    '%s is no step within the path',
    (name) => {
      const { pathname } = new URL(`http://host/queues/${encodeURIComponent(toSegment(name))}`);
      expect(fromSegment(decodeURIComponent(pathname.slice('/queues/'.length)))).toBe(name);
    },
  );

  it('comes back as it was, whatever it is', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('.', '~', '!', '/', '%', '?', '#', 'd800', ' ', '\ud83d', '\ude00') }),
        (name) => {
          fc.pre(name !== '');
          const { pathname } = new URL(`http://host/queues/${encodeURIComponent(toSegment(name))}`);
          expect(fromSegment(decodeURIComponent(pathname.slice('/queues/'.length)))).toBe(name);
        },
      ),
    );
  });
});

describe('the keys of a list', () => {
  it('step from row to row and stay within it', () => {
    expect(stepTo(['a', 'b'], null, 1)).toBe('a');
    expect(stepTo(['a', 'b'], 'a', 1)).toBe('b');
    expect(stepTo(['a', 'b'], 'b', 1)).toBe('b');
    expect(stepTo(['a', 'b'], 'gone', -1)).toBe('a');
    expect(stepTo([], 'a', 1)).toBeNull();
  });

  it('go on from where a row stood that has left the list', () => {
    expect(stepTo(['a', 'c', 'd'], 'b', 1, 1)).toBe('c');
    expect(stepTo(['a', 'c', 'd'], 'b', -1, 1)).toBe('a');
    expect(stepTo(['a', 'c'], 'd', 1, 2)).toBe('c');
  });
});
