// Tasks that wait, and tasks that must not take too long: ETA, expiry, rate limits, time limits, revokes.
import { readFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { gate, makeApp, makeWorker, makeWorld } from './worker-world.ts';

it('a task with a countdown waits for its ETA, shown as scheduled, with room made for another', async () => {
  const w = await makeWorld(
    (app) => app.task({ name: 'vec.add', params: ['x', 'y'] }, (x: number, y: number) => x + y),
    {
      worker: { concurrency: 2 },
    },
  );
  const result = await w.app.sendTask('vec.add', [1, 1], {}, { countdown: 60 });
  const received = await w.event('task-received', result.id);
  expect(received.eta).toMatch(/^\d{4}-\d\d-\d\dT.*\+00:00$/);
  await until(() => w.worker.prefetch.count === 9, 'the prefetch count to rise');
  const scheduled = (await w.worker.panel.dispatch('scheduled', {})) as { eta: string; priority: number }[];
  expect(scheduled).toMatchObject([{ eta: received.eta, priority: 6, request: { id: result.id, time_start: null } }]);
  w.clock.push(60_000);
  expect(await result.get({ timeout: 90 })).toBe(2);
  const started = await w.event('task-started', result.id);
  expect((started.timestamp as number) * 1000).toBeGreaterThanOrEqual(Date.parse(String(received.eta)));
  expect(w.worker.prefetch.count).toBe(8);
});

it('a task that expires before it can start is revoked', async () => {
  const w = await makeWorld((app) => app.task({ name: 'vec.add' }, () => 1));
  const result = await w.app.sendTask('vec.add', [], {}, { countdown: 60, expires: 30 });
  await w.event('task-received', result.id);
  w.clock.push(60_000);
  expect(await w.event('task-revoked', result.id)).toMatchObject({ terminated: false, signum: null, expired: true });
  expect(w.typesOf(result.id)).toEqual(['received', 'revoked']);
  expect(await result.state()).toBe('REVOKED');
});

it('a task that expires while it waits for a place does not run', async () => {
  const door = gate();
  const ran: string[] = [];
  const w = await makeWorld(
    (app) => {
      app.task({ name: 'vec.block' }, () => door.opened);
      app.task({ name: 'vec.late' }, () => void ran.push('late'));
    },
    { worker: { concurrency: 1 } },
  );
  const block = await w.app.sendTask('vec.block');
  await w.event('task-started', block.id);
  const late = await w.app.sendTask('vec.late', [], {}, { expires: 30 });
  await w.event('task-received', late.id);
  w.clock.push(31_000);
  door.open();
  await w.event('task-revoked', late.id);
  expect(ran).toEqual([]);
});

it('lets one rate-limited task pass in each interval', async () => {
  const w = await makeWorld((app) => app.task({ name: 'vec.limited', rate_limit: '1/m' }, () => 1));
  const ids = [];
  for (let i = 0; i < 3; i++) ids.push((await w.app.sendTask('vec.limited')).id);
  const [first, second, third] = ids as [string, string, string];
  await w.event('task-succeeded', first);
  await w.event('task-received', third);
  expect([w.typesOf(second), w.typesOf(third)]).toEqual([['received'], ['received']]);
  w.clock.push(60_000);
  await w.event('task-succeeded', second);
  expect(w.typesOf(third)).toEqual(['received']);
  w.clock.push(60_000);
  await w.event('task-succeeded', third);
  expect(w.worker.state.requests.size).toBe(0);
});

it('lets two rate-limited tasks pass at once after an idle time since its start, as Celery does', async () => {
  const w = await makeWorld((app) => app.task({ name: 'vec.limited', rate_limit: '1/h' }, () => 1));
  w.clock.push(3_600_000);
  const ids = [];
  for (let i = 0; i < 3; i++) ids.push((await w.app.sendTask('vec.limited')).id);
  const [first, second, third] = ids as [string, string, string];
  await w.event('task-succeeded', first);
  await w.event('task-succeeded', second);
  await w.event('task-received', third);
  expect(w.typesOf(third)).toEqual(['received']);
  // A new limit begins anew, idle time included.
  await w.worker.panel.dispatch('rate_limit', { task_name: 'vec.limited', rate_limit: '1/m' });
  await w.event('task-succeeded', third);
});

it('obeys a new rate limit for tasks that wait already', async () => {
  const w = await makeWorld((app) => app.task({ name: 'vec.limited', rate_limit: '1/h' }, () => 1));
  const first = await w.app.sendTask('vec.limited');
  await w.event('task-succeeded', first.id);
  const second = await w.app.sendTask('vec.limited');
  await w.event('task-received', second.id);
  const third = await w.app.sendTask('vec.limited');
  await w.event('task-received', third.id);
  expect(await w.worker.panel.dispatch('reserved', {})).toHaveLength(2);
  await w.worker.panel.dispatch('rate_limit', { task_name: 'vec.limited', rate_limit: 0 });
  await w.event('task-succeeded', third.id);
});

it('tells a body of its soft time limit by its signal', async () => {
  const w = await makeWorld((app) =>
    app.task({ name: 'vec.soft', soft_time_limit: 0.05, time_limit: 10, bind: true }, function () {
      return new Promise((_, reject) => {
        this.signal.addEventListener('abort', () => reject(this.signal.reason));
      });
    }),
  );
  const result = await w.app.sendTask('vec.soft');
  expect((await w.event('task-failed', result.id)).exception).toMatch(/^SoftTimeLimitExceeded\(/);
  await w.line(/^WARNING Soft time limit \(0.05s\) exceeded for vec.soft\[/);
});

it('fails a task at its hard time limit, frees its place, and drops what its body still says', async () => {
  const door = gate();
  const w = await makeWorld(
    (app) => {
      app.task({ name: 'vec.hard', time_limit: 0.05 }, () => door.opened);
      app.task({ name: 'vec.next' }, () => 'next');
    },
    { worker: { concurrency: 1 } },
  );
  const result = await w.app.sendTask('vec.hard');
  const next = await w.app.sendTask('vec.next');
  expect(await w.event('task-failed', result.id)).toMatchObject({
    exception: 'TimeLimitExceeded(0.05)',
    traceback: null,
  });
  await w.line(/^ERROR Hard time limit \(0.05s\) exceeded for vec.hard\[/);
  expect(await next.get({ timeout: 90 })).toBe('next');
  door.open();
  await expect(result.get({ timeout: 90 })).rejects.toMatchObject({ name: 'TimeLimitExceeded' });
  expect(w.typesOf(result.id)).toEqual(['received', 'started', 'failed']);
});

it('store, event and callbacks agree about a body that blocked past its hard limit and returned', async () => {
  const called: unknown[] = [];
  const w = await makeWorld((app) => {
    app.task({ name: 'vec.blocks', time_limit: 0.01 }, () => {
      const begun = performance.now();
      while (performance.now() - begun < 20);
    });
    app.task('vec.callback', () => called.push('callback'));
    app.task('vec.errback', () => called.push('errback'));
  });
  const links = {
    link: w.app.signature('vec.callback', [], {}, { immutable: true }),
    link_error: w.app.signature('vec.errback'),
  };
  const result = await w.app.sendTask('vec.blocks', [], {}, links);
  await w.event('task-failed', result.id);
  expect(w.typesOf(result.id)).toEqual(['received', 'started', 'failed']);
  expect(await result.state()).toBe('FAILURE');
  await until(() => called.length > 0, 'the errback');
  expect(called).toEqual(['errback']);
});

it('takes a time limit from the message before the task’s and the setting', async () => {
  const w = await makeWorld((app) => app.task({ name: 'vec.hard', time_limit: 60 }, () => new Promise(() => {})), {
    settings: { task_time_limit: 120 },
  });
  const result = await w.app.sendTask('vec.hard', [], {}, { time_limit: 0.05 });
  expect((await w.event('task-failed', result.id)).exception).toBe('TimeLimitExceeded(0.05)');
});

it('tells of a revoke at once when the task still waits, and never runs it', async () => {
  const ran: string[] = [];
  const w = await makeWorld((app) => app.task({ name: 'vec.add' }, () => void ran.push('ran')));
  const result = await w.app.sendTask('vec.add', [], {}, { countdown: 3600 });
  await w.event('task-received', result.id);
  expect(await w.app.control.revoke(result.id, { reply: true, timeout: 90, limit: 1 })).toEqual([
    { 'w1@vec': { ok: `tasks {'${result.id}'} flagged as revoked` } },
  ]);
  expect(await w.event('task-revoked', result.id)).toMatchObject({ terminated: false, signum: null, expired: false });
  expect(w.typesOf(result.id)).toEqual(['received', 'revoked']);
  expect(await result.state()).toBe('REVOKED');
  expect(ran).toEqual([]);
});

it('discards a task that was revoked before it came', async () => {
  const w = await makeWorld((app) => app.task({ name: 'vec.add' }, () => 1));
  await w.worker.panel.dispatch('revoke', { task_id: 'gone-1' });
  const result = await w.app.sendTask('vec.add', [], {}, { task_id: 'gone-1' });
  await w.event('task-revoked', 'gone-1');
  await w.line(/^INFO Discarding revoked task: vec.add\[gone-1\]/);
  expect(w.typesOf('gone-1')).toEqual(['revoked']);
  expect(await result.state()).toBe('REVOKED');
});

it.each([
  ['SIGTERM', 15],
  ['KILL', 9],
])(
  'terminates a running task: REVOKED with the signal %s, and says what the pool cannot do',
  async (signal, signum) => {
    const heard = gate();
    const w = await makeWorld((app) =>
      app.task({ name: 'vec.sleep', bind: true }, function () {
        this.signal.addEventListener('abort', () => heard.open());
        return new Promise(() => {});
      }),
    );
    const result = await w.app.sendTask('vec.sleep');
    await w.event('task-started', result.id);
    const reply = await w.worker.panel.dispatch('revoke', { task_id: [result.id], terminate: true, signal });
    expect((reply as { ok: string }).ok).toMatch(new RegExp(`^terminate: ${result.id} \\(the async pool cannot kill`));
    await heard.opened;
    expect(await w.event('task-revoked', result.id)).toMatchObject({ terminated: true, signum, expired: false });
    expect(w.typesOf(result.id)).toEqual(['received', 'started', 'revoked']);
    await until(async () => (await result.state()) === 'REVOKED', 'the stored state');
    expect(w.worker.pool.active).toBe(0);
  },
);

it('revokes by stamped headers', async () => {
  const w = await makeWorld((app) => app.task({ name: 'vec.add' }, () => 1));
  await w.worker.panel.dispatch('revoke_by_stamped_headers', { headers: { batch: ['b1'] } });
  const stamped = { stamps: { batch: ['b1'] }, stamped_headers: ['batch'] };
  const revoked = await w.app.sendTask('vec.add', [], {}, stamped);
  const other = await w.app.sendTask('vec.add', [], {}, { stamps: { batch: ['b2'] }, stamped_headers: ['batch'] });
  await w.event('task-revoked', revoked.id);
  await w.event('task-succeeded', other.id);
});

it('remembers what was revoked in the state file, also when it is killed', async () => {
  const statedb = join(tmpdir(), `umbel-${process.pid}-${Date.now()}-%n.state`);
  const path = statedb.replace('%n', 'w1');
  const app = await makeApp();
  app.task({ name: 'vec.add' }, () => 1);
  const first = await makeWorker(app, { statedb });
  await first.panel.dispatch('revoke', { task_id: 'kept-1' });
  await first.panel.dispatch('revoke_by_stamped_headers', { headers: { batch: ['b7'] } });
  await until(() => /kept-1.*b7/.test(readFileSync(path, 'utf8')), 'the state file');
  await first.stop('cold');
  const lines: string[] = [];
  await makeWorker(app, { statedb, lines });
  await app.sendTask('vec.add', [], {}, { task_id: 'kept-1' });
  await app.sendTask('vec.add', [], {}, { task_id: 'kept-2', stamps: { batch: 'b7' }, stamped_headers: ['batch'] });
  const isDiscarded = (id: string) => lines.some((line) => line.includes(`Discarding revoked task: vec.add[${id}]`));
  await until(() => isDiscarded('kept-1') && isDiscarded('kept-2'), 'both to be discarded');
});

it.each([
  ['async', availableParallelism()],
  ['solo', 1],
])('a concurrency of 0 is as many tasks as the machine has cores in the pool %s: %i', async (pool, cores) => {
  const byOption = await makeWorker(await makeApp(), { pool, concurrency: 0 });
  const bySetting = await makeWorker(await makeApp({ worker_concurrency: 0 }), { pool });
  expect([byOption.pool.limit, bySetting.pool.limit]).toEqual([cores, cores]);
});
