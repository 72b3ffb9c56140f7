// Why there is no list, of workers and of queues alike: it failed, it is being read, or there is nothing.
// Product: web/src/ui/list/list-head.tsx.
import { expect, test } from 'vitest';
import { drawn, textOf } from './support/drawn.tsx';

const { ListHead, NoList } = await import('../../web/src/ui/list/list-head.tsx');
const { ApiError } = await import('../../web/src/api/client.ts');

const nothing = () => {};
const face = (query: object) =>
  drawn(
    <NoList
      what="queues"
      query={{ isError: false, isPending: false, error: null, refetch: nothing, ...query } as never}
    >
      <p>nothing yet</p>
    </NoList>,
  );

test('a list that could not be read says so, in the words of the server, and can be read again', async () => {
  const error = new ApiError({ status: 503, title: 'The history is being repaired' });
  const text = textOf(await face({ isError: true, error }));

  expect(text).toContain('The queues could not be read');
  expect(text).toContain('The history is being repaired');
  expect(text).not.toContain('nothing yet');
});

test('one that is being read says nothing of what there is, and one of nothing says that', async () => {
  expect(textOf(await face({ isPending: true }))).not.toContain('nothing yet');
  expect(textOf(await face({}))).toContain('nothing yet');
});

test('what is chosen is pressed, and the field says how many match', async () => {
  const html = await drawn(
    <ListHead
      what="queues"
      total={12}
      list={{ kept: [1, 2, 3], by: 'flat' }}
      facets={[
        { id: 'grows', label: 'growing', n: 3, icon: 'rising' },
        { id: 'empty', label: 'empty', n: 9 },
      ]}
      placeholder="Name"
      groupings={[
        ['stem', 'By stem'],
        ['flat', 'Flat'],
      ]}
      q=""
      show="grows"
      inputRef={{ current: null }}
      onChange={nothing}
    />,
  );

  const pressed = [...html.matchAll(/aria-pressed="true"[^>]*>(.*?)<\/button>/g)].map(([, inner]) =>
    textOf(inner!).trim(),
  );
  expect(pressed).toEqual([expect.stringMatching(/^growing\s+3$/), 'Flat']);
  expect(html).toMatch(/aria-label="Queues to show"/);
  expect(html).toMatch(/aria-label="Filter queues"/);
  expect(textOf(html)).toContain('3 of 12');
});
