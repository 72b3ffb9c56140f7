// Tasks of Python sent again with their true call: from events, results and messages; and refused where it is not known.
// Of one cluster with the other files here: ../python-cluster.test.ts.
import { writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { QueueDetail } from '../../../shared/wire/queues.ts';
import type { TaskDetail } from '../../../shared/wire/tasks.ts';
import type { WorkerDetail } from '../../../shared/wire/workers.ts';
import { until } from '../../support/until.ts';
import { BUSY, type PythonCluster } from './cluster.ts';

export function sendsAgain(c: PythonCluster): void {
  const { get, operate, inState, plan, givenTwice } = c;

  describe('a task is sent again with its true call', () => {
    it.each([
      ['plain values', `'h\u00e9llo', 2, 2.0, -0.0, 1e16, 0.1, None, True, 12345678901234567890, float('inf')`, '{}'],
      [
        'quotes, backslashes and line ends',
        `"it's", 'C:\\\\\\\\temp\\\\\\\\', 'a "b"', 'one\\\\ntwo', '\\\\\\\\'`,
        '{}',
      ],
      [
        'nested lists, dicts and tuples, which JSON made lists',
        `[1, [2.0, 3]], {'a': {'b': 1}, 'c': []}, (1, (2, 3)), ()`,
        '{}',
      ],
      ['names', `1`, `{'k': 'v', 'path': 'C:\\\\\\\\', 'n': {'x': [1.0]}}`],
    ])('from its event: %s', async (_what, args, kwargs) => {
      const id = await c.shop.py<string>(`result = send('shop.echo', ${args}, kwargs=${kwargs})`);
      await inState(id, 'SUCCESS');
      expect(await plan(id)).toMatchObject({ allowed: true, source: 'event', queue: 'celery' });
      const [first, again] = await givenTwice(id);
      expect(again).toBe(first);
    });

    it('from its result record, however long, deep or typed it is, and to the queue it came from', async () => {
      const args = `'a ' * 3000, {'a': {'b': {'c': {'d': 2.0}}}}, decimal.Decimal('1.50'), datetime.date(2026, 1, 2), 'etc...'`;
      const id = await c.shop.py<string>(`result = send('shop.echo', ${args}, queue='extended')`);
      await inState(id, 'SUCCESS');
      const planned = await plan(id);
      expect(planned).toMatchObject({ allowed: true, source: 'result', queue: 'extended', queue_reason: null });
      expect(planned.call).toContain("{'a': {'b': {'c': {'d': 2.0}}}}, '1.50', '2026-01-02T00:00:00', 'etc...')");
      const [first, again] = await givenTwice(id);
      expect(again).toBe(first);
    });

    it('by its true name when it has a shadow one, else not at all', async () => {
      const sent = (queue: string) =>
        c.shop.py<string>(`result = send('shop.echo', 1, queue='${queue}', shadow='renamed')`);
      const [kept, renamed] = [await sent('extended'), await sent('celery')];
      const [first, again] = await givenTwice(kept);
      expect([(await inState(kept, 'SUCCESS')).name, again]).toEqual(['renamed', first]);
      await inState(renamed, 'SUCCESS');
      expect((await plan(renamed)).reason).toMatch(/No worker has a task named renamed/);
    });

    it('from the message its worker took with it, saying that the broker will give it out too', async () => {
      const worker = await c.shop.worker('lost@py', ['-c', '1', '-E', '-Q', 'lost']);
      const id = await c.shop.py<string>(
        `result = send('shop.late', 300.0, queue='lost', priority=6, headers={'tenant': 'x'})`,
      );
      await inState(id, 'STARTED');
      await expect
        .poll(async () => (await plan(id)).reason)
        .toMatch(/^It has not finished\. It does not wait: lost@py has run it for \d+ m?s\.$/);
      const { pid } = await get<WorkerDetail>('workers/lost@py');
      await worker.kill();
      // What is heard of it last, said for it, so that nobody waits until its silence is long enough.
      await c.shop.py(`
with app.connection() as connection, app.events.Dispatcher(connection, hostname='lost@py', enabled=True) as dispatcher:
    dispatcher.pid = ${pid}
    dispatcher.send('worker-offline', freq=2, sw_ident='py-celery', sw_ver='5.2.6', sw_sys='Linux')`);
      const lost = await until(
        async () => {
          const task = await get<TaskDetail>(`tasks/${id}`);
          return task.orphaned && task;
        },
        'its worker to count as gone',
        BUSY,
      );
      expect(lost.actions.retry.allowed).toBe(true);
      const planned = await plan(id);
      expect(planned).toMatchObject({ source: 'unacked', queue: 'lost', call: 'shop.late(300.0)' });
      expect(planned.notes.join()).toMatch(/visibility timeout.*twice/);
      expect((await operate({ action: 'retry', task_ids: [id] })).outcome).toBe('failed');
      const record = await operate({ action: 'retry', task_ids: [id], accept_double: true });
      const queue = await until(
        async () => {
          const found = await get<QueueDetail>('queues/lost');
          return found.peek?.length === 1 && found.messages === 1 && found.unacked === 1 && found;
        },
        'the new message',
        BUSY,
      );
      expect(queue.peek![0]).toMatchObject({ uuid: record.new_ids![id], args: '(300.0,)', priority: 6 });
      expect(queue).toMatchObject({ unacked: 1, by_priority: { 6: 1 }, workers: [] });
      expect(
        await c.shop.py(`
import json
with app.connection() as connection:
    sent = [json.loads(raw)['headers'] for raw in connection.default_channel.client.lrange('lost\\x06\\x166', 0, -1)]
result = [[one['tenant'], one['parent_id'], one['retries']] for one in sent]`),
      ).toEqual([['x', id, 0]]);
    });

    it.each([
      ['a long text', `'x' * 3000`, /were truncated by their sender/],
      ['something deep', `{'a': {'b': {'c': {'d': 1}}}}`, /were truncated by their sender/],
      ['many values', `list(range(1000))`, /were truncated by their sender/],
      ['a text that may have been cut', `'loading...'`, /ends in '\.\.\.'/],
      ['a text cut at a space', `'a ' + 'b' * 3000`, /cut|ends in/],
      ['a datetime', `datetime.datetime(2026, 1, 2)`, /hold a datetime/],
      ['a date within', `[{'day': datetime.date(2026, 1, 2)}]`, /hold a date/],
      ['a Decimal', `decimal.Decimal('1.5')`, /hold a Decimal/],
      ['a UUID', `uuid.UUID(int=1)`, /hold a UUID/],
      ['keys that are no text', `{1: 'a'}`, /keys are no text/],
    ])('is refused for %s, told by the event alone, and says what would help', async (_what, args, reason) => {
      const id = await c.shop.py<string>(`result = send('shop.echo', ${args})`);
      await inState(id, 'SUCCESS');
      const planned = await plan(id);
      expect(planned).toMatchObject({ allowed: false, source: null });
      expect(planned.reason).toMatch(reason);
      expect(planned.reason).toContain('result_extended=True');
      const record = await operate({ action: 'retry', task_ids: [id] });
      expect(record).toMatchObject({ outcome: 'failed', answers: [{ worker: id, ok: false, text: planned.reason }] });
    });

    it.each([
      [
        'an object',
        `python_proj.Basket()`,
        /hold an object, of which only its repr is known: <python_proj\.Basket object at 0x/,
      ],
      ['bytes', `b'abc'`, /hold bytes/],
      ['a set', `{1, 2}`, /hold a set/],
      ['a tuple', `(1, 2)`, /hold a tuple/],
    ])('is refused for %s of a worker that takes pickles', async (_what, args, reason) => {
      const id = await c.shop.py<string>(`result = send('shop.echo', ${args}, queue='pickle', serializer='pickle')`);
      await inState(id, 'SUCCESS');
      expect((await plan(id)).reason).toMatch(reason);
    });

    it('is asked nothing that could stop it: a worker that takes pickles goes on while it holds what is no JSON', async () => {
      const gate = `${c.shop.redis.folder}/gate`;
      const hold = `send('shop.hold', b'${gate}', queue='pickle', serializer='pickle')`;
      const later = `send('shop.echo', {1}, queue='pickle', serializer='pickle', countdown=3600)`;
      const [running, reserved, scheduled] = await c.shop.py<string[]>(`result = [${hold}, ${hold}, ${later}]`);
      await inState(running!, 'STARTED');
      await Promise.all([reserved!, scheduled!].map((id) => inState(id, 'RECEIVED')));
      const detail = () => get<WorkerDetail>('workers/pickle@py');
      const { inspected } = await detail();
      await until(async () => (await detail()).inspected! > inspected! + 2, 'rounds of questions', BUSY);
      const runs = async () => (await detail()).active_tasks.map((task) => task.id).join() === running;
      await until(runs, 'what it runs to be listed', BUSY);
      expect((await detail()).unlisted_reason).toMatch(/accepts more than JSON/);
      expect((await get<WorkerDetail>('workers/web@py')).unlisted_reason).toBeNull();
      await writeFile(gate, '');
      await inState(running!, 'SUCCESS');
      await inState(reserved!, 'SUCCESS');
      const after = await c.shop.py<string>(`result = send('shop.echo', 1, queue='pickle', serializer='pickle')`);
      await inState(after, 'SUCCESS');
      await operate({ action: 'revoke', task_ids: [scheduled!] });
    });

    it('is refused while it may still be done, and shown as its sender printed it', async () => {
      const id = await c.shop.py<string>(
        `result = send('shop.echo', python_proj.Basket(), queue='nobody', serializer='pickle')`,
      );
      const { peek } = await until(() => get<QueueDetail>('queues/nobody'), 'the queue to be known', BUSY);
      expect(peek).toMatchObject([{ uuid: id, name: 'shop.echo', args: expect.stringMatching(/^\(<python_proj/) }]);
      expect((await plan(id)).allowed).toBe(false);
    });
  });

  it('sends again what came by an exchange of its own to a queue, not to its routing key', async () => {
    const id = await c.shop.py<string>(`
import kombu, time
bound = kombu.Queue('bound', kombu.Exchange('ex', type='direct'), routing_key='some.key')
app.control.add_consumer('bound', exchange='ex', exchange_type='direct', routing_key='some.key',
                         destination=['extended@py'], reply=True)
with app.connection() as connection:
    bound(connection.default_channel).declare()
    with kombu.Producer(connection) as producer:
        sent = app.send_task('shop.echo', (1, 2.0), queue=bound, producer=producer)
result = sent.id`);
    await inState(id, 'SUCCESS');
    const planned = await plan(id);
    expect(planned).toMatchObject({ allowed: true, source: 'result', call: 'shop.echo(1, 2.0)' });
    expect(['bound', 'extended', 'celery']).toContain(planned.queue);
  });
}
