// Every remote command as a client sees it, against the names, arguments and reply shapes recorded from real Celery.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { gate, makeApp, makeWorker, makeWorld, type World } from '../flow/worker-world.ts';
import { until } from '../support/until.ts';

interface Case {
  name: string;
  command: string;
  arguments: Record<string, unknown> | null;
  destination: string[] | null;
  pattern: string | null;
  matcher: 'glob' | 'pcre' | null;
  requests: { envelope_text: string; body_json: Record<string, unknown> }[];
  reply_messages: { key: string; envelope_text: string }[];
  returned_to_caller: Record<string, unknown>[] | null;
}

export const recordedCommands: readonly Case[] = JSON.parse(
  readFileSync(new URL('../golden/pidbox-redis.json', import.meta.url), 'utf8'),
).cases;

export const define = (app: World['app']) => {
  app.task({ name: 'vec.add', params: ['x', 'y'] }, (x: number, y: number) => x + y);
  app.task({ name: 'vec.sleep' }, () => 1);
  app.task({ name: 'vec.limited', rate_limit: '10/m' }, () => 1);
};

async function ask(w: World, c: Pick<Case, 'command' | 'arguments' | 'destination' | 'pattern' | 'matcher'>) {
  return w.app.control.broadcast(c.command, {
    arguments: c.arguments ?? {},
    destination: c.destination,
    pattern: c.pattern,
    matcher: c.matcher,
    reply: true,
    timeout: 90,
    limit: 1,
  });
}

/** Answered to the letter. */
export const EXACT: ReadonlySet<string> = new Set([
  'ping',
  'ping_destination',
  'ping_pattern_glob',
  'ping_pattern_pcre',
  'revoke',
  'revoke_many',
  'revoke_terminate_unknown',
  'revoke_scheduled',
  'terminate',
  'revoke_by_stamped_headers',
  'revoke_by_stamped_headers_list_terminate',
  'rate_limit',
  'rate_limit_bogus',
  'rate_limit_unknown_task',
  'rate_limit_off',
  'time_limit',
  'time_limit_unknown_task',
  'enable_events',
  'disable_events',
  'enable_events_again',
  'heartbeat',
  'add_consumer',
  'cancel_consumer',
  'active_queues',
  'active_queues_after_add',
  'pool_grow',
  'pool_shrink',
  'pool_restart',
  'autoscale_not_enabled',
  'no_such_command',
  'wrong_arguments',
  'election_single_node',
]);

/** The keys of a value, all the way down; lists by their first element. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.length > 0 ? [shape(value[0])] : [];
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.fromEntries(Object.keys(value).map((key) => [key, shape((value as Record<string, unknown>)[key])]));
}

const answer = (name: string) =>
  Object.values(recordedCommands.find((c) => c.name === name)!.returned_to_caller![0]!)[0];

export function itAnswersRecordedCommands(): void {
  it('answers as Celery does, to the letter, in the order recorded', async () => {
    const w = await makeWorld(define);
    for (const c of recordedCommands.filter((one) => EXACT.has(one.name))) {
      expect(await ask(w, c), c.name).toEqual(c.returned_to_caller);
    }
    expect(await w.worker.panel.dispatch('revoked', {})).toEqual([
      'rv-1',
      'rv-2',
      'rv-3',
      'rv-unknown',
      'sched-1',
      'nope',
    ]);
  });

  it('stays silent when somebody else is meant', async () => {
    const w = await makeWorld(define);
    const others = { arguments: {}, destination: ['nobody@vec'], reply: true, timeout: 0.2 };
    expect(await w.app.control.broadcast('ping', others)).toEqual([]);
  });

  it('enables and disables task events without -E', async () => {
    const w = await makeWorld(define, { worker: { taskEvents: false, hostname: 'w2@vec' } });
    const run = async () => {
      const result = await w.app.sendTask('vec.add', [1, 1]);
      await result.get({ timeout: 90 });
      await w.worker.events.flush();
      return result.id;
    };
    const before = await run();
    for (const name of ['enable_events_without_E', 'disable_events_without_E']) {
      const c = recordedCommands.find((one) => one.name === name)!;
      expect(await ask(w, c)).toEqual(c.returned_to_caller);
      if (name.startsWith('enable')) await w.event('task-succeeded', await run());
    }
    await run();
    expect(w.typesOf(before)).toEqual([]);
  });

  it('tells of active, reserved and scheduled tasks in Celery’s shape', async () => {
    const door = gate();
    const w = await makeWorld(
      (app) => {
        app.task({ name: 'vec.add', params: ['x', 'y'] }, (x: number, y: number) => x + y);
        app.task({ name: 'vec.sleep', params: ['n'] }, () => door.opened);
      },
      { worker: { concurrency: 1 } },
    );
    const running = await w.app.sendTask('vec.sleep', [6]);
    await w.event('task-started', running.id);
    await w.app.sendTask('vec.add', [1, 2], {}, { task_id: 'resv-1' });
    await w.app.sendTask('vec.add', [4, 4], {}, { task_id: 'sched-1', countdown: 600 });
    await w.event('task-received', 'sched-1');
    const inspect = w.app.control.inspect({ destination: ['w1@vec'], timeout: 90 });
    const [active, safe, reserved, scheduled, query] = [
      (await inspect.active())!['w1@vec']!,
      (await inspect.active({ safe: true }))!['w1@vec']!,
      (await inspect.reserved())!['w1@vec']!,
      (await inspect.scheduled())!['w1@vec']!,
      (await inspect.queryTask(['resv-1', 'sched-1', 'unknown-1']))!['w1@vec']!,
    ];
    expect(shape(active)).toEqual(shape(answer('active_default')));
    expect(active[0]).toMatchObject({ args: [6], acknowledged: true, type: 'vec.sleep', worker_pid: process.pid });
    expect(safe[0]).toMatchObject({ args: '(6,)', kwargs: '{}' });
    expect(reserved).toEqual(answer('reserved'));
    expect(shape(scheduled[0]!.request)).toEqual(shape((answer('scheduled') as { request: unknown }[])[0]!.request));
    expect(Object.keys(scheduled[0]!)).toEqual(['eta', 'priority', 'request']);
    expect(query).toEqual(answer('query_task'));
    door.open();
  });

  it('tells its figures in Celery’s shape', async () => {
    const w = await makeWorld(define, { settings: { broker_transport_options: { api_token: 'hunter2' } } });
    await (await w.app.sendTask('vec.add', [1, 2])).get({ timeout: 90 });
    const stats = (await w.worker.panel.dispatch('stats', {})) as Record<string, Record<string, unknown>>;
    const wanted = answer('stats_after') as Record<string, Record<string, unknown>>;
    // Ours alone: how late the event loop runs.
    const { loop_delay, ...shared } = stats;
    expect(Object.keys(shared).sort()).toEqual(Object.keys(wanted).sort());
    expect(loop_delay).toMatchObject({
      recent: expect.any(Number),
      longest: expect.any(Number),
      blocked: 0,
      last: null,
    });
    expect(Object.keys(stats.broker!)).toEqual(Object.keys(wanted.broker!));
    expect(Object.keys(stats.rusage!)).toEqual(Object.keys(wanted.rusage!));
    expect(Object.keys(stats.pool!)).toEqual(
      expect.arrayContaining(['implementation', 'max-concurrency', 'processes', 'timeouts']),
    );
    expect(stats).toMatchObject({
      total: { 'vec.add': 1 },
      pid: process.pid,
      clock: expect.any(String),
      prefetch_count: 400,
    });
  });

  it('writes no heap snapshot for whoever asks', async () => {
    const w = await makeWorld(define);
    expect(await w.worker.panel.dispatch('objgraph', {})).toEqual({
      error: expect.stringMatching(/objgraph .*it is off\. To allow it, start the worker with UMBEL_HEAP_SNAPSHOTS/),
    });
  });

  it('lists registered tasks with their limits, builtins when asked', async () => {
    const w = await makeWorld(define);
    expect(await w.worker.panel.dispatch('registered', {})).toEqual([
      'vec.add',
      'vec.limited [rate_limit=10/m]',
      'vec.sleep',
    ]);
    const all = (await w.worker.panel.dispatch('registered', {
      taskinfoitems: ['rate_limit', 'ignore_result', 'max_retries'],
      builtins: true,
    })) as string[];
    expect(all).toContain('celery.starmap [ignore_result=False max_retries=3]');
    expect(all).toContain('vec.limited [rate_limit=10/m ignore_result=False max_retries=3]');
  });

  it('shows its settings with secrets masked', async () => {
    const w = await makeWorld(define, {
      settings: { broker_password: 'hunter2', broker_transport_options: { api_token: 'hunter2', polling: 1 } },
    });
    for (const args of [{}, { with_defaults: true }]) {
      const conf = (await w.worker.panel.dispatch('conf', args)) as Record<string, unknown>;
      expect(conf.broker_password).toBe('********');
      expect(conf.broker_transport_options).toEqual({ api_token: '********', polling: 1 });
      expect(JSON.stringify(conf)).not.toContain('hunter2');
    }
    const report = (await w.worker.panel.dispatch('report', {})) as { ok: string };
    expect(report.ok).toMatch(/^\nsoftware -> umbel:/);
    expect(report.ok).not.toContain('hunter2');
  });

  it('answers hello with what it has revoked and its clock, and itself with nothing', async () => {
    const w = await makeWorld(define);
    await w.worker.panel.dispatch('revoke', { task_id: 'r-1' });
    const reply = await w.worker.panel.dispatch('hello', { from_node: 'other@vec', revoked: { 'r-2': 1e10 } });
    expect(reply).toMatchObject({
      clock: expect.any(Number),
      revoked: { 'r-1': expect.any(Number), 'r-2': expect.closeTo(1e10, 2) },
    });
    expect(await w.worker.panel.dispatch('hello', { from_node: 'w1@vec' })).toBeNull();
  });

  it('grows and shrinks its pool and the prefetch count with it', async () => {
    const w = await makeWorld(define, { worker: { concurrency: 2 } });
    await w.app.control.poolGrow(3, { reply: true, limit: 1 });
    expect([w.worker.pool.limit, w.worker.prefetch.count]).toEqual([5, 20]);
    await w.app.control.poolShrink(4, { reply: true, limit: 1 });
    expect([w.worker.pool.limit, w.worker.prefetch.count]).toEqual([1, 4]);
  });

  it('consumes a queue added by remote, and no longer one that was cancelled', async () => {
    const w = await makeWorld(define);
    await w.app.control.addConsumer('extra', { reply: true, limit: 1 });
    expect(await (await w.app.sendTask('vec.add', [1, 2], {}, { queue: 'extra' })).get({ timeout: 90 })).toBe(3);
    await w.app.control.cancelConsumer('extra', { reply: true, limit: 1 });
    await w.app.sendTask('vec.add', [1, 2], {}, { queue: 'extra' });
    await until(async () => (await w.depth('extra')) === 1, 'the message to stay');
  });

  it('refuses what a single-task pool cannot do, in words', async () => {
    const app = await makeApp();
    const worker = await makeWorker(app, { pool: 'solo' });
    const reply = (await worker.panel.dispatch('pool_grow', {})) as { error: string };
    expect(reply.error).toMatch(/^NotImplementedError\(/);
  });

  it('answers a command of the user’s own', async () => {
    const w = await makeWorld(define);
    w.worker.panel.register('double', (_handle, { n }) => ({ ok: Number(n) * 2 }));
    expect(
      await w.app.control.broadcast('double', { arguments: { n: 21 }, reply: true, limit: 1, timeout: 90 }),
    ).toEqual([{ 'w1@vec': { ok: 42 } }]);
  });
}
