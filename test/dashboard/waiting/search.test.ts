// Where a task that waits is looked for, and which workers are asked for it: a dashboard on a broker in memory, and no worker behind it.
import { randomUUID } from 'node:crypto';
import { expect, it, onTestFinished } from 'vitest';
import { Celery } from '../../../server/app/celery.ts';
import type { WaitReply } from '../../../shared/wire/tasks.ts';
import { listening, type SentEvent } from '../../support/listening.ts';
import { until } from '../../support/until.ts';

async function world() {
  const broker = `memory://${randomUUID()}`;
  const made = await listening({ broker, db: ':memory:', queue_interval: 0.05 });
  const app = new Celery('shop', { broker });
  onTestFinished(() => app.close());
  const { dashboard, cluster, emit } = made;
  /** A task whose sender says that it went to one queue, in another or in none. */
  const sent = async (said: string, really: string | null, more: Partial<SentEvent> = {}) => {
    const uuid = randomUUID();
    if (really !== null) await app.sendTask('shop.add', [1], {}, { task_id: uuid, queue: really });
    await emit([{ type: 'task-sent', uuid, name: 'shop.add', queue: said, routing_key: said }]);
    if (more.type) await emit([{ uuid, name: 'shop.add', ...more } as SentEvent]);
    await until(() => cluster.state.tasks.get(uuid)?.state === (more.type ? 'RECEIVED' : 'PENDING'), 'its events');
    return uuid;
  };
  const wait = async (uuid: string) =>
    (await dashboard.app.inject(`/api/v2/tasks/${uuid}/wait`)).json<WaitReply>().wait;
  return { ...made, sent, wait };
}

it('a task is found in its own queue, also beside others, and in another one when it is not there', async () => {
  const { cluster, sent, wait } = await world();
  await sent('other', 'other');
  const here = await sent('own', 'own');
  const moved = await sent('own', 'other');
  await until(
    () => ['own', 'other'].every((name) => (cluster.view.queues.get(name)?.status?.messages ?? 0) > 0),
    'both queues to be known as filled',
  );
  expect(await wait(here)).toMatchObject({ queue: 'own', place: { n: 1 } });
  expect(await wait(moved)).toMatchObject({ queue: 'other', place: { n: 2 } });
});

it('who holds a task is asked for it alone; while nobody holds it, those who consume its queue', async () => {
  const { cluster, emit, beat, sent, wait } = await world();
  for (const hostname of ['w1', 'w2', 'w3']) await emit([beat(0, { hostname })]);
  await until(() => cluster.state.workers.size === 3, 'the workers');
  const answer = (queues: string[]) =>
    ({
      ...{ active: [], reserved: [], scheduled: [], revoked: [], registered: [], stats: null, at: 0, complete: 0 },
      active_queues: queues.map((name) => ({ name })),
    }) as never;
  for (const name of ['w1', 'w2']) cluster.inspector.workers.set(name, answer(['mail']));
  cluster.inspector.workers.set('w3', answer(['other']));
  const asked: string[][] = [];
  cluster.inspector.askOldest = async (hostnames) => void asked.push([...hostnames].sort());
  await wait(await sent('mail', 'mail'));
  await wait(await sent('mail', null, { type: 'task-received', hostname: 'w2' }));
  expect(asked).toEqual([['w1', 'w2'], ['w2']]);
});
