// What the server's options say of the pages, as index.html has it: the columns that the task list begins with, and times by the clock.
import { expect, it, vi } from 'vitest';
import { HIDEABLE, pageOptionsMeta, pageOptionsOf, tasksColumns } from '../../server/dashboard/options/page-options.ts';

const meta = pageOptionsMeta(
  pageOptionsOf({
    ...{ tasks_columns: tasksColumns(['name', 'state', 'retries', 'received'], 'tasks_columns') },
    ...{ natural_time: false, auto_refresh: false },
  }),
);
const content = /content="([^"]*)"/.exec(meta)![1]!.replaceAll('&quot;', '"');
vi.stubGlobal('document', {
  ...{ baseURI: 'http://localhost/', documentElement: { dataset: {} } },
  querySelector: (what: string) => (what === 'meta[name="umbel-pages"]' ? { getAttribute: () => content } : null),
});
const { drawn } = await import('./support/drawn.tsx');
const { COLUMNS, HIDEABLE: OURS } = await import('../../web/src/tasks/columns.tsx');
const { preferences } = await import('../../web/src/shell/preferences.ts');

it('says which columns are hidden from whoever has not chosen, by names that the pages have', () => {
  expect(OURS.map(({ id }) => id).sort()).toEqual([...HIDEABLE].sort());
  expect([...preferences().hidden].sort()).toEqual(['args', 'queue', 'runtime', 'worker']);
});

it('says whether times are told by the clock', async () => {
  const received = COLUMNS.find(({ id }) => id === 'received')!;
  const html = await drawn(received.cell({ first_seen: Date.now() / 1000 } as never, false));
  expect(html).toMatch(/>\d\d:\d\d:\d\d</);
});
