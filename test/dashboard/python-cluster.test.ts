// The dashboard on a cluster of real Python workers, asked as a page would ask: who works, what is known of each task, and sending it
// again with its true call. As a person sees it: test/e2e/python-cluster.test.ts.
// Long because all of it is asked of one cluster, whose workers take seconds to start.
import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Dashboard, DashboardOptions } from '../../server/dashboard/dashboard.ts';
import type { ClusterInfo } from '../../shared/wire/cluster.ts';
import type { QueueDetail, QueuesReply } from '../../shared/wire/queues.ts';
import type { CallReply, ResultReply, RetryPlan } from '../../shared/wire/task-values.ts';
import type { TaskDetail, TaskPage } from '../../shared/wire/tasks.ts';
import type { WorkerDetail, WorkersReply } from '../../shared/wire/workers.ts';
import { describeNeedsPythonOnRedis } from '../support/needs.ts';
import { dashboardOn, getFrom, operateOn } from '../support/python-dashboard.ts';
import { openPythonShop, type PythonShop } from '../support/python-shop.ts';
import { until } from '../support/until.ts';

/** The machine may be busy with other tests. */
const LONG = 120_000;
const BUSY = { timeoutMs: LONG, everyMs: 50 };

describeNeedsPythonOnRedis('a dashboard on a Python cluster', { timeout: 2 * LONG }, () => {
  let shop: PythonShop;
  let dashboard: Dashboard;
  /** @unit seconds */
  let started: number;

  beforeAll(async () => {
    shop = await openPythonShop();
    await Promise.all([
      shop.worker('web@py', ['-c', '2', '-E', '-Q', 'celery,mail']),
      shop.worker('extended@py', ['-c', '1', '-E', '-Q', 'extended', '--autoscale', '3,1'], { E2E_EXTENDED: '1' }),
      shop.worker('still@py', ['-c', '1', '-E', '-Q', 'still', '--without-heartbeat', '--without-gossip']),
      shop.worker('pickle@py', ['-c', '1', '-E', '-Q', 'pickle'], { E2E_PICKLE: '1', C_FORCE_ROOT: '1' }),
    ]);
    await shop.py(`result = [send('shop.add', n, n, queue='idle', priority=n) for n in (9, 0, 3, 4, 7)]`);
    dashboard = open();
    started = Date.now() / 1000;
    await dashboard.start();
    await until(async () => (await workers()).filter((w) => w.pool !== null).length === 4, 'four workers', BUSY);
  }, 3 * LONG);
  afterAll(async () => {
    await dashboard?.close();
    await shop?.[Symbol.asyncDispose]();
  }, LONG);

  const open = (options: DashboardOptions = {}): Dashboard => dashboardOn(shop, options);
  const get = <T>(path: string, of = dashboard) => getFrom<T>(of, path);
  const operate = (payload: object, of = dashboard) => operateOn(of, payload);
  const workers = async (of = dashboard) => (await get<WorkersReply>('workers', of)).items;
  const inState = (id: string, ...states: string[]): Promise<TaskDetail> =>
    shop.until(
      async () => {
        const task = await get<TaskDetail>(`tasks/${id}`);
        return states.includes(task.state) && task;
      },
      `${id} to be ${states.join(' or ')}`,
    );
  const plan = (id: string) => get<RetryPlan>(`tasks/${id}/retry`);
  /** What the body was given the first time and when the dashboard sent it again, as Python prints it. */
  const givenTwice = async (id: string, state = 'SUCCESS'): Promise<[string, string]> => {
    await inState(id, state);
    const record = await operate({ action: 'retry', task_ids: [id] });
    expect(record.outcome, record.summary).toBe('ok');
    const again = record.new_ids![id]!;
    const detail = await inState(again, state);
    expect(detail.parent_id).toBe(id);
    return shop.py(`result = [app.AsyncResult(id).result for id in ('${id}', '${again}')]`);
  };

  describe('workers', () => {
    it('are there with their pools soon after it started, although they were before it', async () => {
      const late = open();
      try {
        await late.start();
        const known = await until(
          async () => {
            const rows = await workers(late);
            return rows.length === 4 && rows.every((w) => w.pool === 'prefork') && rows;
          },
          'the pools',
          BUSY,
        );
        expect(known.map((w) => [w.hostname, w.status, w.concurrency])).toEqual([
          ['extended@py', 'online', 1],
          ['pickle@py', 'online', 1],
          ['still@py', 'online', 1],
          ['web@py', 'online', 2],
        ]);
        for (const w of known)
          expect(w).toMatchObject({ sw_ident: 'py-celery', sw_ver: expect.stringMatching(/^5\./) });
      } finally {
        await late.close();
      }
    });

    it('tell their pool, queues, tasks, statistics and settings', async () => {
      const known = async (name: string) => {
        const found = await get<WorkerDetail>(`workers/${name}`);
        return found.active_queues.length > 0 && found.registered.length > 0 && found.stats && found.conf && found;
      };
      const worker = await until(() => known('web@py'), 'its answers', BUSY);
      expect(worker).toMatchObject({ pool: 'prefork', concurrency: 2, can_terminate: 'kill', task_events: true });
      expect(worker.active_queues.map((q) => [q.name, q.exchange])).toEqual([
        ['celery', 'celery'],
        ['mail', 'mail'],
      ]);
      expect(worker.registered.map((t) => t.name)).toContain('shop.charge');
      const pool = worker.stats!.pool as Record<string, unknown>;
      expect(pool.processes).toHaveLength(2);
      expect(pool['max-tasks-per-child']).toBe(10_000);
      expect(worker.stats!.rusage).toMatchObject({ maxrss: expect.any(Number) });
      expect(worker.conf).toMatchObject({ task_track_started: true });
      const extended = await until(() => known('extended@py'), 'its answers', BUSY);
      expect(extended.stats!.autoscaler).toMatchObject({ max: 3, min: 1 });
    });

    it.each([
      [{ action: 'rate_limit', task_name: 'no.such', rate_limit: '1/s' }, 'unknown task'],
      [{ action: 'time_limit', task_name: 'no.such', soft: 1, hard: 2 }, 'unknown task'],
      [{ action: 'autoscale', max: 4, min: 1 }, 'Autoscale not enabled'],
      [{ action: 'pool_restart' }, 'Pool restarts not enabled'],
    ])('refuse in their own words: %o', async (request, words) => {
      const record = await operate({ ...request, destination: ['web@py'] });
      expect(record).toMatchObject({ outcome: 'failed', answers: [{ worker: 'web@py', ok: false }] });
      expect(record.answers[0]!.text).toContain(words);
      expect(record.summary).toContain(words);
    });

    it('that send no task events are named, and send them once they were asked to', async () => {
      const passive = open({ enable_events: false });
      const quiet = await shop.worker('quiet@py', ['-c', '1', '-Q', 'quiet', '--without-gossip']);
      try {
        await passive.start();
        const told = async () => (await workers(passive)).find((w) => w.hostname === 'quiet@py')?.task_events;
        await until(async () => (await told()) !== undefined, 'it to be heard', BUSY);
        // The other dashboard asks each new worker for its events as well as for its pool: that must be over.
        await until(
          async () => ((await workers()).find((w) => w.hostname === 'quiet@py')?.pool ?? null) !== null,
          'it to have been asked by the other',
          BUSY,
        );
        // The other dashboard may ask it once more, on a busy machine just now: then it is told again to send none.
        let sent = 0;
        const unseen = await until(
          async () => {
            await operate({ action: 'disable_events', destination: ['quiet@py'] }, passive);
            await until(async () => (await told()) === false, 'it to be named', BUSY);
            const id = await shop.py<string>(`result = send('shop.add', 1, 2, queue='quiet')`);
            await shop.py(`app.AsyncResult('${id}').get(timeout=30)`);
            sent++;
            // A heartbeat after it: its events, had there been any, came before that.
            const row = () => workers(passive).then((all) => all.find((w) => w.hostname === 'quiet@py'));
            await until(async () => ((await row())?.processed ?? 0) >= sent, 'a heartbeat that counts it', BUSY);
            return (await told()) === false && id;
          },
          'a task of which no event was sent',
          BUSY,
        );
        const record = await operate({ action: 'enable_events', destination: ['quiet@py'] }, passive);
        expect(record).toMatchObject({ outcome: 'ok', answers: [{ worker: 'quiet@py', text: 'task events enabled' }] });
        await expect.poll(told).toBe(true);
        const seen = await shop.py<string>(`result = send('shop.add', 1, 2, queue='quiet')`);
        await until(
          async () => (await get<TaskDetail>(`tasks/${seen}`, passive)).state === 'SUCCESS',
          'the task',
          BUSY,
        );
        expect((await passive.app.inject({ url: `/api/v2/tasks/${unseen}` })).statusCode).toBe(404);
      } finally {
        await passive.close();
        await quiet.kill();
      }
    });
  });

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
      const id = await shop.py<string>(`result = send('shop.echo', ${args}, kwargs=${kwargs})`);
      await inState(id, 'SUCCESS');
      expect(await plan(id)).toMatchObject({ allowed: true, source: 'event', queue: 'celery' });
      const [first, again] = await givenTwice(id);
      expect(again).toBe(first);
    });

    it('from its result record, however long, deep or typed it is, and to the queue it came from', async () => {
      const args = `'a ' * 3000, {'a': {'b': {'c': {'d': 2.0}}}}, decimal.Decimal('1.50'), datetime.date(2026, 1, 2), 'etc...'`;
      const id = await shop.py<string>(`result = send('shop.echo', ${args}, queue='extended')`);
      await inState(id, 'SUCCESS');
      const told = await plan(id);
      expect(told).toMatchObject({ allowed: true, source: 'result', queue: 'extended', queue_reason: null });
      expect(told.call).toContain("{'a': {'b': {'c': {'d': 2.0}}}}, '1.50', '2026-01-02T00:00:00', 'etc...')");
      const [first, again] = await givenTwice(id);
      expect(again).toBe(first);
    });

    it('by its true name when it has a shadow one, else not at all', async () => {
      const sent = (queue: string) =>
        shop.py<string>(`result = send('shop.echo', 1, queue='${queue}', shadow='renamed')`);
      const [kept, told] = [await sent('extended'), await sent('celery')];
      const [first, again] = await givenTwice(kept);
      expect([(await inState(kept, 'SUCCESS')).name, again]).toEqual(['renamed', first]);
      await inState(told, 'SUCCESS');
      expect((await plan(told)).reason).toMatch(/No worker has a task named renamed/);
    });

    it('from the message its worker took with it, saying that the broker will give it out too', async () => {
      const worker = await shop.worker('lost@py', ['-c', '1', '-E', '-Q', 'lost']);
      const id = await shop.py<string>(
        `result = send('shop.late', 300.0, queue='lost', priority=6, headers={'tenant': 'x'})`,
      );
      await inState(id, 'STARTED');
      await expect
        .poll(async () => (await plan(id)).reason)
        .toMatch(/^It has not finished\. It does not wait: lost@py has run it for \d+ m?s\.$/);
      await worker.kill();
      // What is heard of it last, said for it, so that nobody waits until its silence is long enough.
      await shop.py(`
with app.connection() as connection, app.events.Dispatcher(connection, hostname='lost@py', enabled=True) as told:
    told.send('worker-offline', freq=2, sw_ident='py-celery', sw_ver='5.2.6', sw_sys='Linux')`);
      const lost = await until(
        async () => {
          const task = await get<TaskDetail>(`tasks/${id}`);
          return task.orphaned && task;
        },
        'its worker to count as gone',
        BUSY,
      );
      expect(lost.actions.retry.allowed).toBe(true);
      const told = await plan(id);
      expect(told).toMatchObject({ source: 'unacked', queue: 'lost', call: 'shop.late(300.0)' });
      expect(told.notes.join()).toMatch(/visibility timeout.*twice/);
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
        await shop.py(`
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
      const id = await shop.py<string>(`result = send('shop.echo', ${args})`);
      await inState(id, 'SUCCESS');
      const told = await plan(id);
      expect(told).toMatchObject({ allowed: false, source: null });
      expect(told.reason).toMatch(reason);
      expect(told.reason).toContain('result_extended=True');
      const record = await operate({ action: 'retry', task_ids: [id] });
      expect(record).toMatchObject({ outcome: 'failed', answers: [{ worker: id, ok: false, text: told.reason }] });
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
      const id = await shop.py<string>(`result = send('shop.echo', ${args}, queue='pickle', serializer='pickle')`);
      await inState(id, 'SUCCESS');
      expect((await plan(id)).reason).toMatch(reason);
    });

    it('is asked nothing that could stop it: a worker that takes pickles goes on while it holds what is no JSON', async () => {
      const gate = `${shop.redis.folder}/gate`;
      const hold = `send('shop.hold', b'${gate}', queue='pickle', serializer='pickle')`;
      const later = `send('shop.echo', {1}, queue='pickle', serializer='pickle', countdown=3600)`;
      const [running, reserved, scheduled] = await shop.py<string[]>(`result = [${hold}, ${hold}, ${later}]`);
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
      const after = await shop.py<string>(`result = send('shop.echo', 1, queue='pickle', serializer='pickle')`);
      await inState(after, 'SUCCESS');
      await operate({ action: 'revoke', task_ids: [scheduled!] });
    });

    it('is refused while it may still be done, and shown as its sender printed it', async () => {
      const id = await shop.py<string>(
        `result = send('shop.echo', python_proj.Basket(), queue='nobody', serializer='pickle')`,
      );
      const { peek } = await until(() => get<QueueDetail>('queues/nobody'), 'the queue to be known', BUSY);
      expect(peek).toMatchObject([{ uuid: id, name: 'shop.echo', args: expect.stringMatching(/^\(<python_proj/) }]);
      expect((await plan(id)).allowed).toBe(false);
    });
  });

  describe('what a task tells', () => {
    it('counts the tries of a retried one from the first, and forgets what was raised when it succeeds', async () => {
      const id = await shop.py<string>(`result = send('shop.unstable', 3)`);
      const task = await inState(id, 'SUCCESS');
      expect(task.tries.map((t) => [t.number, t.state])).toEqual([
        [0, 'RETRY'],
        [1, 'RETRY'],
        [2, 'RETRY'],
        [3, 'SUCCESS'],
      ]);
      expect(task.tries.map((t) => t.exception)).toEqual([
        ...Array(3).fill("ConnectionError('the bank does not answer')"),
        null,
      ]);
      expect(task).toMatchObject({ name: 'shop.unstable', retries: 3, result: '3' });
    });

    it('reads a result of 5 MB in part, all of it when asked, and says when there is none', async () => {
      const [large, ignored, waits] = await shop.py<string[]>(
        `result = [send('shop.large', 5_000_000), send('shop.ignored'), send('shop.add', 1, 1, countdown=600)]`,
      );
      await inState(large!, 'SUCCESS');
      const part = await get<ResultReply>(`tasks/${large}/result`);
      expect(part).toMatchObject({ found: true, cut: true, status: 'SUCCESS' });
      expect(part.size).toBeGreaterThan(5_000_000);
      expect(JSON.stringify(part).length).toBeLessThan(200_000);
      const whole = await get<ResultReply>(`tasks/${large}/result?whole=true`);
      expect(whole).toMatchObject({ cut: false, result: { size: 5_000_000 } });
      await shop.py(`app.AsyncResult('${large}').forget()`);
      expect(await get<ResultReply>(`tasks/${large}/result`)).toMatchObject({
        found: false,
        reason: expect.stringMatching(/expired.*ignored.*never stored/),
      });
      await inState(waits!, 'RECEIVED');
      expect((await get<ResultReply>(`tasks/${waits}/result`)).reason).toBe('It has not finished.');
      const call = await get<CallReply>(`tasks/${waits}/call`);
      expect(call).toMatchObject({ source: 'unacked', args: [1, 1] });
      await until(async () => (await get<TaskDetail>(`tasks/${ignored}`)).end_unknown, 'the end nobody tells of', BUSY);
    });

    it('says of a record it cannot read that it cannot, and not that the store is gone', async () => {
      const id = await shop.py<string>(`
import pickle
result = send('shop.add', 1, 2)
app.AsyncResult(result).get(timeout=30)
app.backend.client.set('celery-task-meta-' + result, pickle.dumps({'status': 'SUCCESS', 'result': 3}))`);
      await inState(id, 'SUCCESS');
      expect((await get<ResultReply>(`tasks/${id}/result`)).reason).toMatch(/^Its record cannot be read here: /);
      const { sources } = await get<ClusterInfo>('cluster');
      expect(sources.find((s) => s.name === 'results')).toMatchObject({ ok: true });
    });

    it('names the store of the workers when it was given none', async () => {
      const bare = open({ result_backend: null });
      try {
        await bare.start();
        await until(async () => (await workers(bare)).length >= 3, 'the workers', BUSY);
        const id = await shop.py<string>(`result = send('shop.add', 1, 2)`);
        await until(async () => (await get<TaskDetail>(`tasks/${id}`, bare)).state === 'SUCCESS', 'the task', BUSY);
        const reply = await until(
          async () => {
            const found = await get<ResultReply>(`tasks/${id}/result`, bare);
            return found.reason?.includes('workers use') && found;
          },
          'their settings',
          BUSY,
        );
        expect(reply.reason).toContain(shop.backend);
      } finally {
        await bare.close();
      }
    });
  });

  it('sends again what came by an exchange of its own to a queue, not to its routing key', async () => {
    const id = await shop.py<string>(`
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
    const told = await plan(id);
    expect(told).toMatchObject({ allowed: true, source: 'result', call: 'shop.echo(1, 2.0)' });
    expect(['bound', 'extended', 'celery']).toContain(told.queue);
  });

  it('tells a queue by its priority steps, its messages in order, and purges it', async () => {
    const queue = await until(
      async () => {
        const { items } = await get<QueuesReply>('queues');
        return items.find((q) => q.name === 'idle' && q.messages === 5);
      },
      'the queue',
      { timeoutMs: LONG, everyMs: 200 },
    );
    expect(queue).toMatchObject({ by_priority: { 0: 1, 3: 2, 6: 1, 9: 1 }, unacked: 0, oldest: null, workers: [] });
    const { peek } = await get<QueueDetail>('queues/idle');
    expect(peek!.map((m) => [m.name, m.args, m.priority])).toEqual([
      ['shop.add', '(0, 0)', 0],
      ['shop.add', '(3, 3)', 3],
      ['shop.add', '(4, 4)', 4],
      ['shop.add', '(7, 7)', 7],
      ['shop.add', '(9, 9)', 9],
    ]);
    const metrics = (await dashboard.app.inject({ url: '/metrics' })).body;
    expect(metrics).toContain('umbel_queue_length{queue="idle"} 5');
    expect(metrics).toContain('umbel_queue_length_by_priority{queue="idle",priority="3"} 2');
    expect(metrics).toContain('umbel_queue_unacked{queue="idle"} 0');
    const record = await operate({ action: 'purge', queue: 'idle', confirm: 'idle' });
    expect(record.summary).toBe('5 messages were removed from idle');
  });

  it('has a worker that sends no heartbeats online as long as it answers', async () => {
    const still = await until(
      async () => {
        const worker = await get<WorkerDetail>('workers/still@py');
        // The one heartbeat it was asked for has expired (10 s).
        return (worker.last_heard ?? 0) > started + 12 && worker.status === 'online' && worker;
      },
      'its answers to be all that is heard of it',
      BUSY,
    );
    expect(still).toMatchObject({ status: 'online', pool: 'prefork', concurrency: 1, active: 0 });
  });

  it('counts 2,000 tasks by state and name as their results do', async () => {
    const events = async (type: string, task: string): Promise<number> => {
      const metrics = (await dashboard.app.inject({ url: '/metrics' })).body;
      const line = new RegExp(`^flower_events_total\\{worker="[^"]*",type="${type}",task="${task}"\\} (\\d+)$`, 'gm');
      return [...metrics.matchAll(line)].reduce((sum, m) => sum + Number(m[1]), 0);
    };
    const failedBefore = await events('task-failed', 'shop.charge');
    const retriedBefore = await events('task-retried', 'shop.unstable');
    const sent = await shop.py<Record<string, string[]>>(`
late = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)
result = {
  'shop.add': [send('shop.add', n, n) for n in range(1400)],
  'shop.charge': [send('shop.charge', n) for n in range(300)],
  'shop.unstable': [send('shop.unstable', 1, 0) for n in range(200)],
  'revoked': [send('shop.add', n, n, expires=late) for n in range(100)],
}`);
    const stored: Record<string, Record<string, number>> = {};
    for (const [kind, ids] of Object.entries(sent))
      stored[kind] = await shop.py(`
import collections, json, time
ids = json.loads('${JSON.stringify(ids)}')
until = time.monotonic() + 100
while True:
    rows = app.backend.client.mget(['celery-task-meta-' + id for id in ids])
    states = collections.Counter(json.loads(row)['status'] if row else 'PENDING' for row in rows)
    if set(states) <= {'SUCCESS', 'FAILURE', 'REVOKED'} or time.monotonic() > until:
        break
    time.sleep(0.05)
result = dict(states)`);
    expect(stored).toEqual({
      'shop.add': { SUCCESS: 1400 },
      'shop.charge': { FAILURE: 300 },
      'shop.unstable': { SUCCESS: 200 },
      revoked: { REVOKED: 100 },
    });
    const all = Object.values(sent).flat();
    const { known, tally, counts } = await until(
      async () => {
        const known = new Map<string, string>();
        const tally: Record<string, number> = {};
        for (let cursor = ''; ; ) {
          const page = await get<TaskPage>(`tasks?limit=1000&cursor=${encodeURIComponent(cursor)}`);
          for (const task of page.items) {
            known.set(task.uuid, `${task.name} ${task.state}`);
            tally[task.state] = (tally[task.state] ?? 0) + 1;
          }
          if (page.next === null)
            return (
              all.every((id) => /SUCCESS|FAILURE|REVOKED/.test(known.get(id) ?? '')) &&
              JSON.stringify(Object.entries(page.counts).sort()) === JSON.stringify(Object.entries(tally).sort()) && {
                known,
                tally,
                counts: page.counts,
              }
            );
          cursor = page.next;
        }
      },
      'all to have ended, and the counts to be those of the rows',
      { timeoutMs: LONG, everyMs: 200 },
    );
    expect(counts).toEqual(tally);
    const words: Record<string, string> = {
      'shop.add': 'shop.add SUCCESS',
      'shop.charge': 'shop.charge FAILURE',
      'shop.unstable': 'shop.unstable SUCCESS',
      // Celery tells no name of what has expired before a worker took it on.
      revoked: 'null REVOKED',
    };
    for (const [kind, ids] of Object.entries(sent))
      expect([kind, new Set(ids.map((id) => known.get(id)))]).toEqual([kind, new Set([words[kind]])]);
    await expect.poll(() => events('task-failed', 'shop.charge')).toBe(failedBefore + 300);
    await expect.poll(() => events('task-retried', 'shop.unstable')).toBe(retriedBefore + 200);
  });
});
