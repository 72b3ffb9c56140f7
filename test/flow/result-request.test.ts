// A result store is told with every record who asked for the result, as the task's message has it: stores that send results to
// their caller (rpc) answer to nobody else. That a store may leave it unread: test/contract/backend.ts.
import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import type { TaskContext } from '../../server/app/context.ts';
import type { BackendContext, ResultRequest } from '../../server/backends/contract.ts';
import { MEMORY } from '../../server/backends/flags.ts';
import { createMemoryBackend } from '../../server/backends/memory.ts';
import { registerBackend } from '../../server/backends/registry.ts';
import { until } from '../support/until.ts';
import { makeApp, startWorker } from '../support/world.ts';

interface Stored extends Partial<ResultRequest> {
  readonly id: string;
  readonly state: string;
}

const stored: Stored[] = [];
registerBackend('watched', MEMORY, async () => (context: BackendContext) => {
  const memory = createMemoryBackend({ ...context, url: context.url.replace('watched', 'memory') });
  const { store } = memory;
  memory.store = (meta, request) => {
    stored.push({ id: meta.task_id, state: meta.status, ...request });
    return store.call(memory, meta, request);
  };
  return memory;
});

it.each([
  ['a store', false],
  ['a store that is asked again when it was away', true],
])('%s is told who asked, with every state of a task that the worker stores', async (_, patient) => {
  const settings = { backend: `watched://${randomUUID()}`, result_backend_always_retry: patient };
  const app = makeApp({ settings: { ...settings, task_track_started: true } });
  app.task({ name: 'works' }, async function (this: TaskContext) {
    await this.updateState({ state: 'PROGRESS', meta: { current: 1 } });
  });
  app.task({ name: 'fails' }, () => {
    throw new RangeError('no');
  });
  app.task({ name: 'again', max_retries: 1, default_retry_delay: 0 }, async function (this: TaskContext) {
    if (this.request.retries === 0) await this.retry({ countdown: 0 });
  });
  await startWorker(app);
  const ids = await Promise.all(
    ['works', 'fails', 'again', 'unknown to the worker'].map(async (name) => {
      const { id } = await app.sendTask(name, [], {}, { reply_to: `caller of ${name}` });
      return id;
    }),
  );
  const revoked = randomUUID();
  await app.control.revoke(revoked, { reply: true, limit: 1 });
  await app.sendTask('works', [], {}, { task_id: revoked, reply_to: 'caller of revoked' });
  const plain = await app.sendTask('works');
  const all = [...ids, revoked, plain.id];
  const of = (id: string) => stored.filter((record) => record.id === id);
  const ends = ['SUCCESS', 'FAILURE', 'REVOKED'];
  await until(() => all.every((id) => of(id).some(({ state }) => ends.includes(state))), 'every task to end');

  expect(of(ids[0]!).map(({ state }) => state)).toEqual(['STARTED', 'PROGRESS', 'SUCCESS']);
  expect(of(ids[1]!).map(({ state }) => state)).toEqual(['STARTED', 'FAILURE']);
  expect(of(ids[2]!).map(({ state }) => state)).toEqual(['STARTED', 'RETRY', 'STARTED', 'SUCCESS']);
  expect(of(ids[3]!).map(({ state }) => state)).toEqual(['FAILURE']);
  expect(of(revoked).map(({ state }) => state)).toEqual(['REVOKED']);
  const callers = ['works', 'fails', 'again', 'unknown to the worker', 'revoked'].map((name) => `caller of ${name}`);
  for (const [n, id] of all.entries()) {
    const asked = { replyTo: callers[n] ?? app.oid, correlationId: id };
    expect(of(id), `records of ${callers[n]}`).toEqual(of(id).map(({ state }) => ({ id, state, ...asked })));
  }
});
