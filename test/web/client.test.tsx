// The pages' client: paths, parameters and replies are those of the table of routes; names of any letters stay one segment.
import { expect, it, vi } from 'vitest';

vi.stubGlobal('document', { baseURI: 'http://dashboard/ops/', querySelector: () => null });
const { del, get, urlOf } = await import('../../web/src/api/client.ts');
const { misshapen } = await import('../../web/src/api/replies.ts');

it.each([
  ['1b2c', 'http://dashboard/ops/api/v2/tasks/1b2c/result?whole=true'],
  ['a/b c?', 'http://dashboard/ops/api/v2/tasks/a%2Fb%20c%3F/result?whole=true'],
  ['..', 'http://dashboard/ops/api/v2/tasks/~../result?whole=true'],
])('the task %s is one segment of a path', (uuid, url) => {
  expect(urlOf('/tasks/:uuid/result', { params: { uuid }, query: { whole: true } })).toBe(url);
});

it('deletes what a row of the table says can be deleted, by its id', async () => {
  const asked = vi.fn(async (..._: [url: string, init: RequestInit]) => new Response('{"id":3}'));
  vi.stubGlobal('fetch', asked);

  const reply = await del('/views/:id', { params: { id: 'a/b' } });

  expect(asked.mock.calls.map(([url, { method }]) => [method, url])).toEqual([
    ['DELETE', 'http://dashboard/ops/api/v2/views/a%2Fb'],
  ]);
  expect(reply).toEqual({ id: 3 });
  // @ts-expect-error tasks are not deleted
  expect(() => del('/tasks/:uuid', { params: { uuid: 'x' } })).not.toThrow();
});

it('a page of a proxy in place of a reply is named as such', async () => {
  vi.stubGlobal('fetch', async () => new Response('<html>Sign in</html>'));

  await expect(get('/workers', {})).rejects.toThrow(/not from the dashboard.*sign in again/);
});

it.each(['"<html>Sign in</html>"', 'null', '[]', '7', 'true', '', '{"items":['])(
  'a reply of %s is no data',
  async (body) => {
    vi.stubGlobal('fetch', async () => new Response(body));

    await expect(get('/overview', {})).rejects.toMatchObject({ title: 'This reply is not from the dashboard' });
  },
);

it.each([
  ['the JSON of a proxy', { status: 'login required' }, 'items is missing'],
  [
    'a list under another name',
    { tasks: [], next: null, counts: {}, counts_capped: false, total: 0 },
    'items is missing',
  ],
  ['null for a list', { items: null }, 'items is of the kind null and not array'],
  ['an object for a list', { items: {} }, 'items is of the kind object and not array'],
  ['no counts', { items: [], next: null, total: 0 }, 'counts is missing'],
  [
    'a text for a number',
    { items: [], next: null, counts: {}, counts_capped: false, total: '0' },
    'total is of the kind string',
  ],
])('%s is an error that says what is wrong, and no empty list', async (_what, body, wrong) => {
  vi.stubGlobal('fetch', async () => new Response(JSON.stringify(body)));

  await expect(get('/tasks', {})).rejects.toThrow(`GET /tasks: ${wrong}`);
});

it('a reply may have null where its schema has, integers of any size, and keys that this page does not know', () => {
  const reply = { items: [], next: null, counts: {}, counts_capped: false, total: 2n ** 64n, new: 1 };

  expect(misshapen('GET /tasks', reply)).toBeNull();
});

it('what is not in the table does not compile', () => {
  const never = (): unknown[] => [
    // @ts-expect-error no such route
    get('/task/:uuid', { params: { uuid: 'x' } }),
    // @ts-expect-error its name is missing
    get('/tasks/:uuid', {}),
    // @ts-expect-error the name is called uuid
    get('/tasks/:uuid', { params: { id: 'x' } }),
    // @ts-expect-error no such range
    get('/series', { query: { metric: 'throughput', range: '2h' } }),
    // @ts-expect-error it takes no query
    get('/workers', { query: { limit: 1 } }),
    // @ts-expect-error its reply has items
    get('/workers', {}).then((reply) => reply.rows),
  ];
  expect(never).toBeTypeOf('function');
});
