// The combobox under the query field and the palette: what each key does, what assistive technology reads, what is offered and put in.
// Product: web/src/ui/combobox/, web/src/tasks/query-offers.ts, web/src/shell/palette-items.ts. By real keys: test/e2e/keyboard.test.ts.
import { expect, test, vi } from 'vitest';
import { complete } from '../../shared/query/complete.ts';
import { parseQuery } from '../../shared/query/parser.ts';
import { closeness, found, paletteItems, rank } from '../../web/src/shell/palette-items.ts';
import { facetsAt, inserted, offersOf } from '../../web/src/tasks/query-offers.ts';
import { type ComboboxState, comboboxStep } from '../../web/src/ui/combobox/combobox-keys.ts';
import type { Combobox } from '../../web/src/ui/combobox/use-combobox.ts';
import { drawn, liveOf, textOf } from './support/drawn.tsx';
import { queueRow, workerRow } from './support/factories.ts';

const { ComboboxList } = await import('../../web/src/ui/combobox/combobox-list.tsx');
const { TaskFilter } = await import('../../web/src/tasks/task-filter.tsx');
const { default: CommandPalette } = await import('../../web/src/shell/command-palette.tsx');

const nothing = () => {};
const three: ComboboxState = { open: true, active: -1, size: 3 };
const step = (key: string, state: Partial<ComboboxState> = {}, held = {}) =>
  comboboxStep({ key, ...held }, { ...three, ...state });

test('arrows walk the options in a ring, from the field first to the nearest end', () => {
  expect(step('ArrowDown')).toEqual({ does: 'move', active: 0 });
  expect(step('ArrowUp')).toEqual({ does: 'move', active: 2 });
  expect(step('ArrowDown', { active: 2 })).toEqual({ does: 'move', active: 0 });
  expect(step('ArrowUp', { active: 0 })).toEqual({ does: 'move', active: 2 });
  expect(step('PageDown', { active: 0, size: 30 })).toEqual({ does: 'move', active: 8 });
  expect(step('PageUp', { active: 3, size: 30 })).toEqual({ does: 'move', active: 0 });
});

test('an arrow opens a closed list, with Alt without choosing; with nothing to offer it is the text field’s own', () => {
  expect(step('ArrowDown', { open: false })).toEqual({ does: 'move', active: 0 });
  expect(step('ArrowUp', { open: false })).toEqual({ does: 'move', active: 2 });
  expect(step('ArrowDown', { open: false }, { altKey: true })).toEqual({ does: 'move', active: -1 });
  expect(step('ArrowUp', {}, { altKey: true })).toEqual({ does: 'close' });
  expect(step('ArrowDown', { size: 0 })).toBeNull();
});

test('Enter takes the active option, else submits the text', () => {
  expect(step('Enter', { active: 1 })).toEqual({ does: 'take', option: 1 });
  expect(step('Enter')).toEqual({ does: 'submit' });
  expect(step('Enter', { open: false, active: 1 })).toEqual({ does: 'submit' });
});

test('Tab leaves the field unless it takes', () => {
  expect(step('Tab', { active: 1 })).toBeNull();
  expect(step('Tab', { tabTakes: 'first' })).toEqual({ does: 'take', option: 0 });
  expect(step('Tab', { tabTakes: 'active' })).toBeNull();
  expect(step('Tab', { tabTakes: 'active', active: 2 })).toEqual({ does: 'take', option: 2 });
  expect(step('Tab', { tabTakes: 'first' }, { shiftKey: true })).toBeNull();
});

test('Escape closes first and leaves then; a list that is pinned is closed by what is around it', () => {
  expect(step('Escape')).toEqual({ does: 'close' });
  expect(step('Escape', { open: false })).toEqual({ does: 'leave' });
  expect(step('Escape', { size: 0 })).toEqual({ does: 'leave' });
  expect(step('Escape', { pinned: true })).toBeNull();
});

test('while a word is composed, and with Ctrl or Cmd, no key is taken', () => {
  for (const held of [{ isComposing: true }, { ctrlKey: true }, { metaKey: true }])
    for (const key of ['Enter', 'ArrowDown', 'Tab', 'Escape'])
      expect(step(key, { active: 0, tabTakes: 'first' }, held), key).toBeNull();
});

test('options stand in named groups, and the active one is marked', async () => {
  const combobox: Combobox = {
    listId: 'list',
    isOpen: true,
    isOffering: true,
    active: 1,
    field: {},
    optionId: (i) => `list-${i}`,
    activate: nothing,
    take: nothing,
    open: nothing,
    close: nothing,
  };
  const option = (key: string, group?: string) => ({ key, group, body: key });
  const html = await drawn(
    <ComboboxList
      combobox={combobox}
      label="Completion"
      options={[option('a', 'Fields'), option('b', 'Fields'), option('c', 'Text'), option('d')]}
    />,
  );

  expect(html).toMatch(/id="list" role="listbox" aria-label="Completion"/);
  expect([...html.matchAll(/role="group" aria-label="(\w+)"/g)].map(([, name]) => name)).toEqual(['Fields', 'Text']);
  expect([...html.matchAll(/id="(list-\d)"[^>]*aria-selected="(\w+)"/g)].map((m) => m.slice(1))).toEqual([
    ['list-0', 'false'],
    ['list-1', 'true'],
    ['list-2', 'false'],
    ['list-3', 'false'],
  ]);
});

test('the query field at rest is a closed combobox that shows its conditions; a wrong query says why', async () => {
  const field = (q: string) =>
    drawn(<TaskFilter q={q} matches="3 match" inputRef={{ current: null }} serverError={null} onChange={nothing} />);
  const html = await field('name:pay worker:w1');

  expect(html).toMatch(/<input[^>]*role="combobox"[^>]*aria-expanded="false"/);
  expect(html.match(/aria-label="Remove [^"]+"/g)).toEqual([
    'aria-label="Remove name:pay"',
    'aria-label="Remove worker:w1"',
  ]);
  expect(html).not.toContain('role="option"');
  const wrong = await field('runtime>soon');
  expect(wrong).toMatch(/aria-invalid="true"/);
  expect(wrong).toMatch(/role="alert">[^<]*soon/);
});

test('the palette opens on its first entry, and finds what the live picture has', async () => {
  const live = liveOf({
    workers: new Map([['celery@web-1', workerRow()]]),
    queues: [queueRow({ name: 'mail' })],
  });
  const html = await drawn(<CommandPalette onClose={nothing} />, [[['task-types'], []]], live);

  expect(html).toMatch(/<input[^>]*role="combobox"[^>]*aria-expanded="true"[^>]*aria-activedescendant="([^"]+)-0"/);
  expect(html.match(/aria-selected="true"/g)).toHaveLength(1);
  for (const words of ['Overview Page', 'celery@web-1 Worker', 'mail Queue']) expect(textOf(html)).toContain(words);
});

test('an id goes to its task, any other text ends in a search for it', () => {
  const go = vi.fn(
    (to: string, search = {}) =>
      () =>
        void [to, search],
  );
  const items = paletteItems({ workers: [], queues: [], types: [], actions: [] }, go);
  const id = '11111111-2222-3333-4444-555555555555';

  expect(found(items, id, go)[0]).toMatchObject({ kind: 'Id', label: `Task ${id}` });
  expect(go).toHaveBeenCalledWith(`/tasks/${id}`);
  expect(found(items, '11111111', go)[0]!.kind).toBe('Id');
  expect(go).toHaveBeenCalledWith('/tasks', { q: 'uuid:11111111*' });
  expect(found(items, ' pay ', go).map((item) => item.label)).toEqual(['Search tasks for \u201cpay\u201d']);
});

test('the palette finds by beginning, word, part and letters, best first', () => {
  expect(closeness('Workers', 'wor')).toBeGreaterThan(closeness('celery@worker', 'wor'));
  expect(closeness('Overview', 'zz')).toBe(0);
  const item = (label: string) => ({ label, kind: 'Page' as const, icon: 'tasks' as const, run: () => {} });
  expect(rank([item('shop.pay'), item('Pages'), item('Queues')], 'pa').map((i) => i.label)).toEqual([
    'Pages',
    'shop.pay',
  ]);
});

const at = (text: string, caret = text.length) => complete(text, caret);
const offers = (text: string, facets?: Parameters<typeof offersOf>[2]) => offersOf(at(text), parseQuery(text), facets);

test('values of the present result are offered behind the words of the language, with how many there are', () => {
  const values = [
    { value: 'shop.charge', count: 2 },
    { value: 'shop.two words', count: 1 },
    { value: 'other', count: 5 },
  ];
  const found = offers('name:sh', { field: 'name', values });

  expect(found.filter((o) => o.group === 'Values in this result').map((o) => [o.insert, o.count])).toEqual([
    ['shop.charge', 2],
    ['"shop.two words"', 1],
  ]);
  const states = offers('state:', { field: 'state', values: [{ value: 'FAILURE', count: 7 }] });
  expect(states.filter((o) => o.insert === 'FAILURE')).toMatchObject([{ group: 'Values', count: 7 }]);
});

test('values are counted in what the rest of the query keeps', () => {
  expect(facetsAt('state:FAILURE name:ch', at('state:FAILURE name:ch'))).toEqual({
    field: 'name',
    rest: 'state:FAILURE',
  });
  expect(facetsAt('(name:', at('(name:'))).toMatchObject({ rest: '' });
  expect(facetsAt('runtime:', at('runtime:'))).toBeNull();
  expect(facetsAt('na', at('na'))).toBeNull();
});

test('a slip is offered first, and takes the place of what was typed', () => {
  const text = 'stat:FAILURE ';
  const [first] = offers(text);
  expect(first).toMatchObject({ group: 'Did you mean' });
  expect(inserted(text, at(text), first!).text).toMatch(/^state:FAILURE/);
});

test('a field that is taken waits for its value, a value is followed by a space, and the rest stays', () => {
  const field = { group: 'Fields', insert: 'name:', head: 'name:' };
  expect(inserted('na', at('na'), field)).toEqual({ text: 'name:', caret: 5, waits: true });
  const value = { group: 'Values', insert: 'shop.pay', head: 'name:' };
  expect(inserted('name:sh', at('name:sh'), value)).toEqual({ text: 'name:shop.pay ', caret: 14, waits: false });
  expect(inserted('name:sh worker:w', at('name:sh worker:w', 7), value).text).toBe('name:shop.pay worker:w');
});
