// Why tasks wait, on a cluster of real Python workers over Redis: several causes at once, each told as a page would be told.
// Every cause from facts made for it: reason.test.ts beside this.
// Long because all of it is asked of one cluster, whose workers take seconds to start.
import { writeFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { Dashboard } from '../../../server/dashboard/dashboard.ts';
import { Celery } from '../../../server/index.ts';
import { Worker } from '../../../server/worker/worker.ts';
import type { OperationsPage } from '../../../shared/wire/operations.ts';
import type { QueueDetail } from '../../../shared/wire/queues.ts';
import type { RetryPlan } from '../../../shared/wire/task-values.ts';
import type { Progress, TaskDetail, WaitReply } from '../../../shared/wire/tasks.ts';
import type { WaitCause, WaitReason } from '../../../shared/wire/wait.ts';
import type { WorkerDetail, WorkersReply } from '../../../shared/wire/workers.ts';
import { describeNeedsPythonOnRedis } from '../../support/needs.ts';
import { dashboardOn, getFrom, operateOn, startListening } from '../../support/python-dashboard.ts';
import { openPythonShop, type PythonShop, type PythonWorker } from '../../support/python-shop.ts';

/** The machine may be busy with other tests. */
const LONG = 120_000;

describeNeedsPythonOnRedis('why tasks of a Python cluster wait', { timeout: 2 * LONG }, () => {
  let shop: PythonShop;
  let dashboard: Dashboard;
  let doomed: PythonWorker;

  beforeAll(async () => {
    shop = await openPythonShop();
    [, , doomed] = await Promise.all([
      shop.worker('one@py', ['-c', '1', '-E', '-Q', 'one', '--prefetch-multiplier', '2']),
      shop.worker('two@py', ['-c', '2', '-E', '-Q', 'two']),
      shop.worker('doomed@py', ['-c', '1', '-E', '-Q', 'doomed']),
    ]);
    await shop.py('app.conf.task_send_sent_event = True');
    dashboard = dashboardOn(shop);
    await startListening(dashboard);
    await shop.until(async () => {
      const { items } = await get<WorkersReply>('workers');
      return items.filter((w) => w.pool !== null && w.queues.length > 0).length === 3;
    }, 'three workers');
  }, 3 * LONG);
  afterAll(async () => {
    await dashboard?.close();
    await shop?.[Symbol.asyncDispose]();
  }, LONG);

  const get = <T>(path: string) => getFrom<T>(dashboard, path);
  const operate = (payload: object) => operateOn(dashboard, payload);
  const send = <T = string>(code: string) => shop.py<T>(`result = ${code}`);
  const detail = (id: string) => get<TaskDetail>(`tasks/${id}`);
  const wait = async (id: string) => (await get<WaitReply>(`tasks/${id}/wait`)).wait;
  const inState = (id: string, state: string) =>
    shop.until(async () => {
      const reply = await dashboard.app.inject({ url: `/api/v2/tasks/${id}` });
      return reply.statusCode === 200 && reply.json<TaskDetail>().state === state;
    }, `${id} to be ${state}`);
  const waitsFor = async (id: string, cause: WaitCause, sentence = /./): Promise<WaitReason> => {
    let last: WaitReason | null = null;
    const found = await shop
      .until(async () => {
        last = await wait(id);
        return last?.cause === cause && sentence.test(last.sentence) && last;
      }, `${id} to wait for ${cause}`)
      .catch((error: unknown) => {
        throw new Error(`it answered ${JSON.stringify(last, null, 1)}`, { cause: error });
      });
    return found;
  };

  it('without a consumer: in a queue that nobody consumes, also when it has an ETA, and until it expires', async () => {
    const [plain, later, brief] = await send<string[]>(
      "[send('shop.add', 1, 2, queue='nobody', **o) for o in ({}, {'countdown': 240}, {'expires': 1})]",
    );
    await Promise.all([plain, later, brief].map((id) => inState(id!, 'PENDING')));
    const reason = await waitsFor(plain!, 'no_consumer');
    expect(reason).toMatchObject({
      sentence: 'No worker consumes nobody: it will not start.',
      place: { n: 1, is: 'exact' },
      may_still_run: true,
      remedy: { href: '/queues/nobody' },
    });
    await waitsFor(
      later!,
      'eta',
      /^Waits for its ETA, in \d m.*\. No worker consumes nobody, so it will not start then either\.$/,
    );
    expect(await waitsFor(brief!, 'expired')).toMatchObject({ may_still_run: false });
    // The page's first answer says the same, and offers no second copy of what waits.
    expect(await detail(plain!)).toMatchObject({
      wait: { cause: 'no_consumer' },
      actions: {
        retry: { allowed: false, reason: 'It has not finished. No worker consumes nobody: it will not start.' },
      },
    });
    const refused = await operate({ action: 'retry', task_ids: [plain], accept_double: true });
    expect(refused).toMatchObject({
      outcome: 'failed',
      answers: [{ ok: false, text: expect.stringMatching(/^It has not finished/) }],
    });
    expect((await get<RetryPlan>(`tasks/${brief}/retry`)).would_double).toBeNull();
  });

  it('for a free slot, and behind others in the queue', async () => {
    const ids = await send<string[]>("[send('shop.sleep', 300, queue='one') for _ in range(5)]");
    const [first, second, third, fourth] = ids as [string, string, string, string];
    await inState(first, 'STARTED');
    await inState(third, 'RECEIVED');
    expect(await waitsFor(first, 'running')).toMatchObject({ worker: 'one@py' });
    const slots = await waitsFor(third, 'slots', /, and 1 task goes before it\. /);
    expect(slots).toMatchObject({
      // No task of it has ended yet, so that nobody knows how fast they do.
      sentence: expect.stringMatching(
        /^Waits for a free slot: one@py has taken it, the only slot of one@py is busy, and 1 task goes before it\. When it starts is unknown: .+\.$/,
      ),
      starts_in: null,
      place: { n: 2 },
      holders: [{ uuid: first, worker: 'one@py', name: 'shop.sleep' }],
    });
    await expect.poll(async () => (await wait(second))?.ahead).toMatchObject({ n: 0 });
    expect(await waitsFor(ids[4]!, 'behind', /^1 message goes/)).toMatchObject({
      sentence: expect.stringMatching(
        /^1 message goes before it in one; the only slot of one@py is busy\. When it starts is unknown: .+\.$/,
      ),
      ahead: { n: 1, is: 'exact' },
      queue: 'one',
    });
    expect((await waitsFor(fourth, 'slots', /it is next in one/)).sentence).toMatch(
      /^Waits for a free slot: it is next in one, and the only slot of one@py is busy\. When it starts is unknown: /,
    );
  });

  it('held by a rate limit, which Python names in no list: never lost, never sent twice', async () => {
    const limited = await operate({
      action: 'rate_limit',
      task_name: 'shop.echo',
      rate_limit: '1/h',
      destination: ['two@py'],
    });
    expect(limited.outcome).toBe('ok');
    const ids = await send<string[]>("[send('shop.echo', n, queue='two') for n in range(4)]");
    await inState(ids[0]!, 'SUCCESS');
    await inState(ids[3]!, 'RECEIVED');
    const reason = await waitsFor(ids[3]!, 'rate_limit', /behind 2:/);
    expect(reason).toMatchObject({
      sentence:
        'Held by the rate limit of 1/h, behind 2: two@py has taken it and waits. At that rate it starts in about 3 h.',
      place: { n: 3 },
      may_still_run: true,
    });
    expect(await detail(ids[3]!)).toMatchObject({
      end_unknown: false,
      orphaned: false,
      actions: { retry: { allowed: false } },
    });
    expect((await operate({ action: 'retry', task_ids: [ids[3]] })).outcome).toBe('failed');
    // The limit lifted, and what it held still waits in the worker: it is with it as long as its message is unacknowledged.
    await operate({ action: 'rate_limit', task_name: 'shop.echo', rate_limit: '0', destination: ['two@py'] });
    const after = await shop.until(async () => {
      const reason = await wait(ids[3]!);
      return (reason === null || reason.cause !== 'rate_limit') && { reason };
    }, 'another answer');
    expect(after.reason?.cause ?? 'ended').toMatch(/^(unknown|ended|running|next)$/);
    expect(after.reason?.cause).not.toBe('lost');
  });

  it('for its ETA, and for its ETA although it is revoked', async () => {
    const sent = Date.now() / 1000;
    const id = await send("send('shop.add', 1, 2, queue='two', countdown=240)");
    await inState(id, 'RECEIVED');
    const reason = await waitsFor(id, 'eta', /^Waits for its ETA, in \d m.*, at two@py\.$/);
    expect(reason.until).toBeGreaterThan(sent + 239);
    expect((await operate({ action: 'revoke', task_ids: [id] })).outcome).toBe('ok');
    // Until its worker has said that it knows, it might still run.
    const byWorker = /^Revoked .* by anonymous: two@py drops it at its ETA, in \d m.*\.$/;
    const revoked = await waitsFor(id, 'revoked', byWorker);
    expect(revoked.may_still_run).toBe(false);
    // Nothing is left to revoke, and what is sent again runs once.
    await expect
      .poll(async () => (await detail(id)).actions)
      .toMatchObject({
        revoke: { allowed: false },
        retry: { allowed: true, reason: null },
      });
  });

  it('for its next try', async () => {
    const id = await send("send('shop.unstable', 1, 200, queue='two')");
    await waitsFor(id, 'retry', /^Try 1 failed; it is tried again in \d m.*\.$/);
  });

  it('for nothing any more: what was taken from its queue behind everybody’s back is lost, and may be sent again', async () => {
    const id = await send("send('shop.add', 1, 2, queue='gone')");
    await inState(id, 'PENDING');
    const redis = new Redis(shop.redis.url(0));
    await redis.del('gone');
    redis.disconnect();
    const reason = await waitsFor(id, 'lost');
    expect(reason).toMatchObject({ may_still_run: false, would_double: null });
    expect((await detail(id)).actions.retry).toEqual({ allowed: true, reason: null });
  });

  /** As the audit log has it, once its effect is as given. */
  const effectOf = (id: number, state: string) =>
    shop.until(async () => {
      const { items } = await get<OperationsPage>('operations?limit=100');
      const record = items.find((one) => one.id === id);
      return record?.effect?.state === state && record;
    }, `operation ${id} to be ${state}`);

  it('what came of an operation is followed until it is seen: a pool of processes says so late', async () => {
    const record = await operate({ action: 'pool_grow', n: 1, destination: ['two@py'] });
    // Never "2 slots now" as if that were the end of it.
    const [first] = record.effect!.lines;
    expect(first).toMatchObject({ label: 'Slots', subject: 'two@py', before: 2, wanted: 3 });
    expect(first!.holds).toBe(first!.after === 3 ? true : null);
    const { effect } = await effectOf(record.id, 'seen');
    expect(effect).toMatchObject({
      sentence: 'Slots. two@py: 2 before, 3 now.',
      lines: [{ before: 2, wanted: 3, after: 3, holds: true }],
    });
  });

  it('a rate limit shows what the workers say now, how often the task starts, and what it holds', async () => {
    const asked = Date.now() / 1000;
    const record = await operate({
      action: 'rate_limit',
      task_name: 'shop.charge',
      rate_limit: '6 / m',
      destination: ['two@py'],
    });
    expect(record.subject).toBe('shop.charge at 6/m');
    expect(record.effect).toMatchObject({
      state: 'following',
      lines: [
        { label: 'Rate limit', subject: 'two@py', before: 'none', wanted: '6/m', after: '6/m', holds: true },
        // Too early for a rate: unknown, not 0.
        { label: 'Starts a minute', wanted: 6, after: null, holds: null },
      ],
    });
    const { registered } = await get<WorkerDetail>('workers/two%40py');
    const limited = registered.find((t) => t.name === 'shop.charge');
    expect(limited).toMatchObject({ rate_limit: '6/m' });
    expect(limited!.limited_since).toBeGreaterThanOrEqual(asked - 1);
  });

  it('purged tasks say so, and are not PENDING for ever', async () => {
    const ids = await send<string[]>("[send('shop.add', n, 2, queue='doubtful') for n in range(3)]");
    await inState(ids[2]!, 'PENDING');
    const record = await operate({ action: 'purge', queue: 'doubtful', confirm: 'doubtful' });
    expect(record).toMatchObject({
      summary: '3 messages were removed from doubtful',
      effect: {
        state: 'seen',
        tasks: { total: { n: 3, is: 'exact' }, states: { PURGED: 3 } },
        lines: [{ before: 3, after: 0 }],
      },
    });
    expect([...record.effect!.tasks!.ids].sort()).toEqual([...ids].sort());
    expect(await detail(ids[0]!)).toMatchObject({
      state: 'PURGED',
      wait: null,
      became: {
        what: 'purged',
        who: 'anonymous',
        operation: record.id,
        sentence: 'Removed from doubtful by anonymous before a worker took it.',
      },
      actions: { revoke: { allowed: false }, retry: { allowed: true, reason: null } },
    });
  });

  it('a consumer is added with the exchange and the key that were asked for', async () => {
    const record = await operate({
      action: 'add_consumer',
      queue: 'extra',
      exchange: 'shop.topic',
      exchange_type: 'topic',
      routing_key: 'order.*',
      destination: ['two@py'],
    });
    expect(record.outcome).toBe('ok');
    expect((await effectOf(record.id, 'seen')).effect!.lines).toMatchObject([
      { before: 'no', wanted: 'shop.topic by order.*', after: 'shop.topic by order.*' },
    ]);
    const { active_queues } = await get<WorkerDetail>('workers/two%40py');
    expect(active_queues.find((q) => q.name === 'extra')).toMatchObject({
      exchange: 'shop.topic',
      routing_key: 'order.*',
    });
    const cancelled = await operate({ action: 'cancel_consumer', queue: 'extra', destination: ['two@py'] });
    expect((await effectOf(cancelled.id, 'seen')).effect!.lines).toMatchObject([
      { before: 'yes', wanted: 'no', after: 'no' },
    ]);
  });

  it('a prefetch window is explained by parts that add up', async () => {
    const detail = await shop.until(async () => {
      const found = await get<WorkerDetail>('workers/one%40py');
      return found.prefetch !== null && found.prefetch!.taken === 2 && found;
    }, 'two taken');
    // One of three that were taken runs, and was acknowledged at its start: it is not in the window.
    expect(detail.prefetch).toMatchObject({
      window: 2,
      unlimited: false,
      taken: 2,
      running: 0,
      reserved: 2,
      eta: 0,
      rate_limited: 0,
    });
    expect(detail.prefetch!.sentence).toBe('2 of 2 taken, all waiting for a slot.');
    const two = await shop.until(async () => {
      const found = (await get<WorkerDetail>('workers/two%40py')).prefetch;
      return (found?.eta ?? 0) > 0 && found;
    }, 'what the other has taken');
    expect(two.running! + two.reserved! + two.eta! + two.rate_limited!).toBe(two.taken);
    expect(two.eta).toBeGreaterThan(0);
  });

  it('the state that a running task stores is followed while somebody watches it, and no longer', async () => {
    const id = await send("send('shop.sleep', 300, queue='two')");
    await inState(id, 'STARTED');
    // Its process tells that it starts before it stores that it did: what is stored next is to stay.
    await shop.until(() => shop.py<boolean>(`result = app.AsyncResult('${id}').state == 'STARTED'`), 'it to be stored');
    await shop.py(`app.backend.store_result('${id}', {'current': 3, 'total': 10, 'password': 'hush'}, 'PROGRESS')`);
    expect((await detail(id)).progress).toBeNull();
    const address = await dashboard.listen();
    const page = new WebSocket(`${address.replace('http', 'ws')}/api/v2/live`);
    const seen: Progress[] = [];
    page.on('message', (data: Buffer) => {
      const frame = JSON.parse(data.toString()) as { type: string; progress?: Progress[] };
      if (frame.type === 'snapshot') page.send(JSON.stringify({ type: 'watch', tasks: [id] }));
      seen.push(...(frame.progress ?? []));
    });
    await shop.until(() => seen.length > 0, 'its progress');
    expect(seen[0]).toMatchObject({ task_id: id, state: 'PROGRESS', current: 3, total: 10 });
    expect(JSON.stringify(seen)).not.toContain('hush');
    expect((await detail(id)).progress).toMatchObject({ current: 3 });
    await shop.py(`app.backend.store_result('${id}', {'current': 4, 'total': 10}, 'PROGRESS')`);
    await shop.until(() => seen.some((one) => one.current === 4), 'more of it');
    page.close();
  });

  it('a task that has ended is sent again with the priority and the headers it had, as far as they were seen', async () => {
    const gate = `${shop.redis.folder}/gate`;
    const app = new Celery('ts', { broker: shop.broker, result_backend: shop.backend });
    app.task({ name: 'ts.echo' }, (n: number) => n);
    const worker = new Worker(app, { queues: ['ts'], hostname: 'ts@py', concurrency: 1, taskEvents: true });
    try {
      await worker.start();
      const [ours, theirs] = await send<string[]>(
        `[send('ts.echo', 1, queue='ts', priority=3, headers={'tenant': 'x'}), send('shop.hold', '${gate}', queue='two', priority=3)]`,
      );
      await inState(ours!, 'SUCCESS');
      // Python says its priority while it runs, in what it answers of its active tasks.
      await inState(theirs!, 'STARTED');
      const isActive = async () =>
        (await get<WorkerDetail>('workers/two%40py')).active_tasks.some((task) => task.id === theirs);
      await shop.until(isActive, 'its worker to have named it');
      writeFileSync(gate, '');
      await inState(theirs!, 'SUCCESS');
      const plan = async (id: string) => {
        const { notes, reason } = await get<RetryPlan>(`tasks/${id}/retry`);
        return reason === null ? notes : reason;
      };
      const unknown =
        'time limits, ignore_result, shadow name and stamps it had is not known any more: it is sent with none.';
      await expect
        .poll(() => plan(ours!))
        .toEqual(['It keeps its priority 3 and its headers tenant.', `Which ${unknown}`]);
      // Its headers Python never says.
      await expect.poll(() => plan(theirs!)).toEqual(['It keeps its priority 3.', `Which headers, ${unknown}`]);
      const { new_ids } = await operate({ action: 'retry', task_ids: [ours, theirs], queue: 'again' });
      expect(Object.keys(new_ids!)).toHaveLength(2);
      const { peek } = await shop.until(async () => {
        const found = await get<QueueDetail>('queues/again');
        return found.peek?.length === 2 && found;
      }, 'both in the queue');
      expect(peek!.map((m) => m.priority)).toEqual([3, 3]);
      const redis = new Redis(shop.redis.url(0));
      const raw = await redis.lrange('again\x06\x163', 0, -1);
      redis.disconnect();
      const headers = raw.map((text) => (JSON.parse(text) as { headers: { id: string; tenant?: string } }).headers);
      expect(headers.find((h) => h.id === new_ids![ours!])!.tenant).toBe('x');
    } finally {
      await worker.stop();
      await app.close();
    }
  });

  it('for a worker that has died, until it is known to be gone: sent again only by who accepts that it may run twice', async () => {
    const id = await send("send('shop.late', 300, queue='doomed')");
    await inState(id, 'STARTED');
    await doomed.kill();
    const reason = await waitsFor(
      id,
      'silent',
      /^doomed@py, which ran it, has not been heard for .*: whether it still runs is unknown\.$/,
    );
    expect((await detail(id)).actions.retry).toMatchObject({
      allowed: true,
      reason: expect.stringContaining('run twice'),
    });
    const plan = await get<RetryPlan>(`tasks/${id}/retry`);
    expect(plan).toMatchObject({ allowed: true, would_double: reason.would_double });
    expect((await operate({ action: 'retry', task_ids: [id] })).summary).toContain('accept_double');
    expect((await operate({ action: 'retry', task_ids: [id], accept_double: true })).outcome).toBe('ok');
  });
});
