// The events of a worker against those recorded from real Celery, scenario by scenario: which types, how often, which fields.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { Celery } from '../../server/app/celery.ts';
import { chain, chord, chunks, group, starmap } from '../../server/canvas/compose.ts';
import { Ignore, Reject } from '../../server/errors.ts';
import { type Event, makeWorld, publishRaw, type World } from '../flow/worker-world.ts';
import { until } from '../support/until.ts';

interface Case {
  name: string;
  events: { body_json: Event | Event[] }[];
}

const cases: Case[] = JSON.parse(readFileSync(new URL('../golden/events-redis.json', import.meta.url), 'utf8')).cases;

/** The recorded events of a scenario, task-sent with its caller's and the worker's. */
function recorded(name: string): Event[] {
  const events: Event[] = [];
  for (const { body_json: body } of cases.find((c) => c.name === name)!.events) {
    events.push(...([body].flat() as Event[]));
  }
  return events;
}

function define(app: Celery): void {
  const tries = new Map<string, number>();
  app.task({ name: 'vec.add', params: ['x', 'y'], typing: false }, (x: number, y: number) => x + y);
  app.task({ name: 'vec.xsum', params: ['numbers'] }, (numbers: number[]) => numbers.reduce((a, b) => a + b, 0));
  app.task('vec.echo', (...args: unknown[]) => args);
  app.task({ name: 'vec.fail', params: ['text?'] }, (text?: string) => {
    throw new Error(text ?? 'x');
  });
  app.task({ name: 'vec.throws', throws: [RangeError] }, () => {
    throw new RangeError('expected');
  });
  app.task({ name: 'vec.retry_once', bind: true }, function () {
    const n = (tries.get(this.request.id) ?? 0) + 1;
    tries.set(this.request.id, n);
    if (n === 1) this.retry({ countdown: 0.01 });
    return 'done';
  });
  app.task({ name: 'vec.retry', bind: true, max_retries: 2 }, function () {
    this.retry({ countdown: 0.01, exc: new Error('again') });
  });
  app.task(
    {
      name: 'vec.autoretry',
      autoretry_for: [Error],
      max_retries: 1,
      retry_kwargs: { max_retries: 1, countdown: 0.01 },
    },
    () => {
      throw new Error('division by zero');
    },
  );
  app.task({ name: 'vec.retry_long', bind: true, max_retries: 2 }, function () {
    this.retry({ countdown: 600, exc: new Error('again') });
  });
  app.task('vec.ignore', () => {
    throw new Ignore();
  });
  app.task({ name: 'vec.reject', acks_late: true }, () => {
    throw new Reject('no', false);
  });
  app.task({ name: 'vec.noresult', ignore_result: true }, () => 1);
  app.task({ name: 'vec.sleep', params: ['n'] }, () => new Promise(() => {}));
  app.task({ name: 'vec.soft', soft_time_limit: 0.05, bind: true }, function () {
    return new Promise((_, reject) => this.signal.addEventListener('abort', () => reject(this.signal.reason)));
  });
  app.task({ name: 'vec.hard', time_limit: 0.05 }, () => new Promise(() => {}));
  app.task('vec.errback', (_request: unknown, _error: unknown, _traceback: unknown) => {});
  app.task({ name: 'vec.errback_old', params: ['id'] }, (id: string) => id);
  app.task({ name: 'vec.replace', bind: true }, function (x: number) {
    return this.replace(app.signature('vec.add', [x, 100]));
  });
  app.task({ name: 'vec.request', bind: true }, async function () {
    return (await this.sendTask('vec.add', [1, 1])).id;
  });
  app.task({ name: 'vec.limited', rate_limit: '20/s' }, () => 1);
}

const terminate = async (w: World, signal: string) => {
  const { id } = await w.app.sendTask('vec.sleep', [30]);
  await w.event('task-started', id);
  await w.worker.panel.dispatch('revoke', { task_id: id, terminate: true, signal });
};

const add = (w: World, ...args: number[]) => w.app.signature('vec.add', args);
const fail = (w: World, text: string) => w.app.signature('vec.fail', [text]);
const broken = (w: World, errback: string) =>
  w.app.sendTask('vec.fail', ['x'], {}, { link_error: w.app.signature(errback) });

/** How each recorded scenario is brought about here. */
const scenarios: Record<string, (w: World) => Promise<unknown>> = {
  success: (w) => w.app.sendTask('vec.add', [2, 3]),
  success_unicode: (w) => w.app.sendTask('vec.echo', ['ž日😀'], { k: [1, null] }),
  failure: (w) => w.app.sendTask('vec.fail', ['boom']),
  failure_throws: (w) => w.app.sendTask('vec.throws'),
  failure_bad_arguments: (w) => w.app.sendTask('vec.add', [1, 2, 3]),
  unknown_task: (w) => w.app.sendTask('vec.unknown', [1]),
  retry_long: (w) => w.app.sendTask('vec.retry_long'),
  retry_once_then_success: (w) => w.app.sendTask('vec.retry_once'),
  retry_exhausted: (w) => w.app.sendTask('vec.retry'),
  autoretry_exhausted: (w) => w.app.sendTask('vec.autoretry'),
  ignore_exc: (w) => w.app.sendTask('vec.ignore'),
  reject_exc: (w) => w.app.sendTask('vec.reject'),
  ignore_result: (w) => w.app.sendTask('vec.noresult'),
  eta: (w) => w.app.sendTask('vec.add', [1, 1], {}, { countdown: 0.05 }),
  async expired(w) {
    const { id } = await w.app.sendTask('vec.add', [1, 1], {}, { countdown: 700, expires: 600 });
    await w.event('task-received', id);
    w.clock.push(700_000);
  },
  async revoked_before_start(w) {
    const { id } = await w.app.sendTask('vec.add', [1, 1], {}, { countdown: 5 });
    await w.event('task-received', id);
    await w.worker.panel.dispatch('revoke', { task_id: id });
  },
  revoked_terminate: (w) => terminate(w, 'SIGTERM'),
  revoked_kill: (w) => terminate(w, 'SIGKILL'),
  async revoked_by_stamped_header(w) {
    const stamped = { stamps: { s: ['1'] }, stamped_headers: ['s'], countdown: 5 };
    const { id } = await w.app.sendTask('vec.add', [1, 1], {}, stamped);
    await w.event('task-received', id);
    await w.worker.panel.dispatch('revoke_by_stamped_headers', { headers: { s: ['1'] } });
  },
  async rate_limited(w) {
    for (let i = 0; i < 3; i++) await w.app.sendTask('vec.limited');
  },
  soft_time_limit: (w) => w.app.sendTask('vec.soft'),
  hard_time_limit: (w) => w.app.sendTask('vec.hard'),
  started_sample: (w) => w.app.sendTask('vec.sleep', [2]),
  link: (w) => w.app.sendTask('vec.add', [1, 2], {}, { link: w.app.signature('vec.add', [10]) }),
  link_error_new_style: (w) => broken(w, 'vec.errback'),
  link_error_old_style: (w) => broken(w, 'vec.errback_old'),
  replace: (w) => w.app.sendTask('vec.replace', [5]),
  request_context: (w) => w.app.sendTask('vec.request'),
  chain: (w) => chain(add(w, 1, 2), add(w, 3), add(w, 4)).applyAsync(),
  chain_failure: (w) => chain(add(w, 1, 2), fail(w, 'in chain').setImmutable(true), add(w, 4)).applyAsync(),
  group: (w) => group([add(w, 1, 1), add(w, 2, 2)]).applyAsync(),
  chord: (w) => chord([add(w, 1, 1), add(w, 2, 2)], w.app.signature('vec.xsum')).applyAsync(),
  chord_header_failure: (w) => chord([add(w, 1, 1), fail(w, 'in header')], w.app.signature('vec.xsum')).applyAsync(),
  starmap: (w) =>
    starmap(w.app.signature('vec.add'), [
      [1, 2],
      [3, 4],
    ]).applyAsync(),
  chunks_group: (w) =>
    chunks(
      w.app.signature('vec.add'),
      [
        [0, 0],
        [1, 1],
        [2, 2],
        [3, 3],
      ],
      2,
    ).applyAsync(),
  malformed_message: (w) => publishRaw(w, { body: '{"no": "task"}' }),
  undecodable_body: (w) => publishRaw(w, { body: '{{{', headers: { task: 'vec.add', id: 'x' } }),
};

const counts = (events: readonly Event[]) => {
  const all: Record<string, number> = {};
  for (const { type } of events) all[type] = (all[type] ?? 0) + 1;
  return all;
};
/** What ours say beside Celery's fields, of a task that is a part of something (docs/compatibility.md). */
const OURS: ReadonlySet<string> = new Set(['group_id', 'group_index', 'canvas']);
const isTask = (e: Event) => e.type.startsWith('task-');

export function itSendsRecordedEvents(): void {
  it.each(Object.keys(scenarios))('%s: the same events, with the same fields', async (name) => {
    const w = await makeWorld(define, { settings: { task_send_sent_event: true } });
    const wanted = recorded(name).filter(isTask);
    await scenarios[name]!(w);
    await until(() => w.events.filter(isTask).length >= wanted.length, `${wanted.length} events`);
    if (wanted.length === 0) await w.line(/^(CRITICAL|WARNING) /);
    await w.worker.events.flush();
    const got = w.events.filter(isTask);
    expect(counts(got)).toEqual(counts(wanted));
    for (const event of got) {
      const like = wanted.find((e) => e.type === event.type)!;
      const fields = Object.keys(event).filter((field) => !OURS.has(field));
      expect(fields.sort(), event.type).toEqual(Object.keys(like).sort());
    }
    // Of one task, in the order it happens.
    for (const id of new Set(got.map((e) => e.uuid))) {
      const types = got.filter((e) => e.uuid === id && e.type !== 'task-sent').map((e) => e.type);
      if (types.includes('task-started'))
        expect(types.indexOf('task-received')).toBeLessThan(types.indexOf('task-started'));
    }
    const clocks = got.filter((e) => e.hostname === 'w1@vec').map((e) => Number(e.clock));
    expect(clocks).toEqual([...clocks].sort((a, b) => a - b));
  });

  it('of a chain, a chord and links say what runs around a task, and of a task alone nothing more', async () => {
    const w = await makeWorld(define, { settings: { task_send_sent_event: true } });
    const { id } = await w.app.sendTask('vec.add', [2, 3], {}, { link: w.app.signature('vec.add', [4]) });
    for (const type of ['task-sent', 'task-received'] as const)
      expect((await w.event(type, id)).canvas).toEqual({ callbacks: [{ task: 'vec.add' }] });
    const alone = await w.app.sendTask('vec.add', [2, 3]);
    const received = await w.event('task-received', alone.id);
    expect(Object.keys(received).filter((field) => OURS.has(field))).toEqual([]);
  });

  it('values: what a success, a failure and a revoke say', async () => {
    const w = await makeWorld(define);
    const { id } = await w.app.sendTask('vec.add', [2, 3]);
    expect(await w.event('task-received', id)).toMatchObject({
      name: 'vec.add',
      args: '(2, 3)',
      kwargs: '{}',
      retries: 0,
      root_id: id,
      parent_id: null,
      eta: null,
      expires: null,
    });
    expect(await w.event('task-succeeded', id)).toMatchObject({ result: '5', runtime: expect.any(Number) });
    const failed = await w.app.sendTask('vec.fail', ['boom']);
    expect(await w.event('task-failed', failed.id)).toMatchObject({
      exception: "Error('boom')",
      traceback: expect.stringMatching(/^Traceback \(most recent call last\):/),
    });
    const revoked = recorded('revoked_kill').find((e) => e.type === 'task-revoked')!;
    await terminate(w, 'KILL');
    const { terminated, signum, expired } = revoked;
    expect(await w.event('task-revoked')).toMatchObject({ terminated, signum, expired });
  });

  it('the heart says it is online, beats, and says when it goes, with Celery’s fields', async () => {
    const w = await makeWorld(() => {}, { worker: { heartbeatInterval: 0.05 } });
    await until(() => w.events.filter((e) => e.type === 'worker-heartbeat').length >= 2, 'two beats');
    await w.worker.stop();
    await w.event('worker-offline');
    const wanted = [...recorded('worker_startup'), ...recorded('worker_shutdown')];
    for (const like of wanted) {
      const event = w.events.find((e) => e.type === like.type)!;
      // One field is ours alone.
      expect(event.loop_delay).toEqual(expect.any(Number));
      const shared = Object.keys(event).filter((field) => field !== 'loop_delay');
      expect(shared, like.type).toEqual(Object.keys(like));
      expect(event).toMatchObject({ freq: 0.05, sw_ident: 'umbel', sw_sys: 'Linux', active: 0, processed: 0 });
    }
    expect(w.events[0]!.type).toBe('worker-online');
    expect(w.events.at(-1)!.type).toBe('worker-offline');
  });

  it('without -E only worker events are sent', async () => {
    const w = await makeWorld(define, { worker: { taskEvents: false } });
    await (await w.app.sendTask('vec.add', [1, 1])).get({ timeout: 90 });
    await w.worker.stop();
    await w.event('worker-offline');
    expect(w.events.filter(isTask)).toEqual([]);
  });
}
