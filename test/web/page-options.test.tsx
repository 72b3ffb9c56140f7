// What the server's options say of the pages, as index.html has it: the columns that the task list begins with, and times by the clock.
import { describe, expect, it, vi } from 'vitest';
import { HIDEABLE, pageOptionsMeta, pageOptionsOf, tasksColumns } from '../../server/dashboard/options/page-options.ts';

const meta = pageOptionsMeta(
  pageOptionsOf({
    ...{ tasks_columns: tasksColumns(['name', 'state', 'retries', 'received'], 'tasks_columns') },
    ...{
      natural_time: false,
      auto_refresh: false,
      trace_url: 'https://jaeger.example.com/trace/{trace_id}',
      settings: {},
    },
  }),
);
const content = /content="([^"]*)"/.exec(meta)![1]!.replaceAll('&quot;', '"');
vi.stubGlobal('document', {
  ...{ baseURI: 'http://localhost/', documentElement: { dataset: {} } },
  querySelector: (what: string) => (what === 'meta[name="umbel-pages"]' ? { getAttribute: () => content } : null),
});
const { drawn } = await import('./support/drawn.tsx');
const { COLUMNS, HIDEABLE: OURS } = await import('../../web/src/tasks/columns.tsx');
const { TaskRelations } = await import('../../web/src/tasks/task-relations.tsx');
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

describe('the trace of a task', () => {
  const page = (extra: Record<string, unknown> | null) =>
    drawn(
      <TaskRelations
        task={{ uuid: 't', children: [], timestamp: 1, root_id: null, parent_id: null, extra } as never}
      />,
    );
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

  it.each([
    ['as a worker tells the headers of the message', { headers: { traceparent } }],
    ['as a client tells it', { traceparent }],
  ])('%s is linked where it is looked at', async (_, extra) => {
    expect(await page(extra)).toContain('href="https://jaeger.example.com/trace/0af7651916cd43dd8448eb211c80319c"');
  });
  it.each([
    [null],
    [{ traceparent: `00-${'0'.repeat(32)}-b7ad6b7169203331-01` }],
    [{ traceparent: 'javascript:alert(1)' }],
    [{ headers: { traceparent: 5 } }],
  ])('that is none is left out: %j', async (extra) => {
    expect(await page(extra)).not.toMatch(/Trace|jaeger/);
  });
});
