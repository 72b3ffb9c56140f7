// What a worker does with messages it cannot run: it says so, settles them as Celery does, and goes on.
import { brotliCompressSync, constants, deflateSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { signals } from '../../server/signals.ts';
import { until } from '../support/until.ts';
import { makeWorld, publishRaw, type World } from './worker-world.ts';

async function world(): Promise<World> {
  return makeWorld((app) => {
    app.task({ name: 'vec.add', params: ['x', 'y'], typing: false }, (x: number, y: number) => x + y);
  });
}

/** Still alive: runs a task that works. */
async function stillWorks({ app, channel }: World): Promise<void> {
  expect(await (await app.sendTask('vec.add', [2, 3])).get({ timeout: 90 })).toBe(5);
  await until(async () => {
    const status = (await channel.queueStatus('celery'))!;
    return status.messages === 0 && status.unacked === 0;
  }, 'every message to be settled');
}

const headers = (task: string, id: string, more = {}) => ({ lang: 'py', task, id, root_id: id, retries: 0, ...more });
const body = JSON.stringify([[1, 2], {}, { callbacks: null, errbacks: null, chain: null, chord: null }]);

it('a body that is no JSON is acknowledged and dropped, with a critical line', async () => {
  const w = await world();
  await publishRaw(w, { body: '{not json', headers: headers('vec.add', 'bad-1') });
  expect(await w.line(/^CRITICAL Dropped a message of .* whose body cannot be read/)).toContain('application/json');
  await stillWorks(w);
  expect(w.typesOf('bad-1')).toEqual([]);
});

it('a content type outside accept_content is acknowledged and dropped', async () => {
  const w = await world();
  await publishRaw(w, {
    body: 'x',
    headers: headers('vec.add', 'bad-2'),
    contentType: 'application/x-python-serialize',
    contentEncoding: 'binary',
  });
  await w.line(/^CRITICAL Dropped a message of .* whose body cannot be read .*ContentDisallowed/);
  await stillWorks(w);
});

it('a message that names no task is rejected', async () => {
  const w = await world();
  const rejected: unknown[] = [];
  const disconnect = signals.task_rejected.connect((payload) => rejected.push(payload.exc));
  await publishRaw(w, { body: JSON.stringify({ hello: 'world' }) });
  await w.line(/^WARNING Rejected a message of \S+ that names no task/);
  disconnect();
  expect(rejected).toEqual([null]);
  await stillWorks(w);
});

it('an unregistered task is rejected, stored as FAILURE NotRegistered, and told as task-failed', async () => {
  const w = await world();
  const result = await w.app.sendTask('vec.unknown', [1]);
  const event = await w.event('task-failed', result.id);
  expect(event.exception).toBe("NotRegistered('vec.unknown')");
  expect(Object.keys(event)).not.toContain('traceback');
  expect(w.typesOf(result.id)).toEqual(['failed']);
  await expect(result.get({ timeout: 90 })).rejects.toMatchObject({ name: 'NotRegistered' });
  await w.line(/^ERROR Rejected vec\.unknown\[.*no task of that name is registered/);
  await stillWorks(w);
});

it.each([
  ['an eta that is no time', { headers: headers('vec.add', 'inv-1', { eta: 'tomorrow' }), body }],
  ['a body that is no triple', { headers: headers('vec.add', 'inv-2'), body: '[1]' }],
  ['kwargs that are a list', { headers: headers('vec.add', 'inv-3'), body: '[[], [], {}]' }],
  ['an id that is missing', { headers: { task: 'vec.add' }, body }],
])('%s makes an invalid task: rejected, and logged as an error', async (_, message) => {
  const w = await world();
  await publishRaw(w, message);
  await w.line(/^ERROR Rejected an invalid task message/);
  await stillWorks(w);
});

it('wrong arguments fail the task with Python’s TypeError', async () => {
  const w = await world();
  const result = await w.app.sendTask('vec.add', [1, 2, 3]);
  const event = await w.event('task-failed', result.id);
  expect(event.exception).toBe("TypeError('add() takes 2 positional arguments but 3 were given')");
  await expect(result.get({ timeout: 90 })).rejects.toThrow(/takes 2 positional arguments/);
  await stillWorks(w);
});

it('a message of protocol 1 runs', async () => {
  const w = await world();
  await publishRaw(w, {
    body: JSON.stringify({
      task: 'vec.add',
      id: 'v1-1',
      args: [4, 5],
      kwargs: {},
      retries: 0,
      eta: null,
      expires: null,
      utc: true,
    }),
  });
  expect((await w.event('task-succeeded', 'v1-1')).result).toBe('9');
});

it('a compressed body runs', async () => {
  const w = await world();
  await publishRaw(w, {
    body: deflateSync(Buffer.from(body)),
    headers: headers('vec.add', 'zip-1', { compression: 'application/x-gzip' }),
    contentEncoding: 'utf-8',
  });
  expect((await w.event('task-succeeded', 'zip-1')).result).toBe('3');
});

it('a compressed body that becomes large runs, and a bomb is dropped once, with a critical line that says the limit', async () => {
  const w = await world();
  const long = JSON.stringify([[1, 2], {}, { note: 'x'.repeat(600_000) }]);
  await publishRaw(w, {
    body: deflateSync(Buffer.from(long)),
    headers: headers('vec.add', 'zip-2', { compression: 'application/x-gzip' }),
    contentEncoding: 'utf-8',
  });
  await publishRaw(w, {
    body: brotliCompressSync(Buffer.alloc(40 * 1024 * 1024, '['), {
      params: { [constants.BROTLI_PARAM_QUALITY]: 1 },
    }),
    headers: headers('vec.add', 'bomb-1', { compression: 'application/x-brotli' }),
    contentEncoding: 'utf-8',
  });
  expect((await w.event('task-succeeded', 'zip-2')).result).toBe('3');
  expect(await w.line(/^CRITICAL Dropped a message of .*becomes larger than/)).toContain('decompressed_size_limit');
  await stillWorks(w);
  expect(w.typesOf('bomb-1')).toEqual([]);
});
