// Python workers as the dashboard tells of them: pools, settings, refusals, task events, silence.
// Of one cluster with the other files here: ../python-cluster.test.ts.
import { describe, expect, it } from 'vitest';
import type { TaskDetail } from '../../../shared/wire/tasks.ts';
import type { WorkerDetail } from '../../../shared/wire/workers.ts';
import { until } from '../../support/until.ts';
import { BUSY, type PythonCluster } from './cluster.ts';

export function tellsOfWorkers(c: PythonCluster): void {
  const { open, get, operate, workers } = c;

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
      const quiet = await c.shop.worker('quiet@py', ['-c', '1', '-Q', 'quiet', '--without-gossip']);
      try {
        await passive.start();
        const taskEvents = async () => (await workers(passive)).find((w) => w.hostname === 'quiet@py')?.task_events;
        await until(async () => (await taskEvents()) !== undefined, 'it to be heard', BUSY);
        // The other dashboard asks each new worker for its events as well as for its pool: that must be over.
        await until(
          async () => ((await workers()).find((w) => w.hostname === 'quiet@py')?.pool ?? null) !== null,
          'it to have been asked by the other',
          BUSY,
        );
        // The other dashboard may ask it once more, on a busy machine just now: then it is told again to send none.
        let sent = 0;
        await until(
          async () => {
            await operate({ action: 'disable_events', destination: ['quiet@py'] }, passive);
            await until(async () => (await taskEvents()) === false, 'it to be named', BUSY);
            const id = await c.shop.py<string>(`result = send('shop.add', 1, 2, queue='quiet')`);
            await c.shop.py(`app.AsyncResult('${id}').get(timeout=30)`);
            sent++;
            // A heartbeat after it: its events, had there been any, came before that.
            const row = () => workers(passive).then((all) => all.find((w) => w.hostname === 'quiet@py'));
            await until(async () => ((await row())?.processed ?? 0) >= sent, 'a heartbeat that counts it', BUSY);
            // Nor was it just asked what it runs, and the other has asked for no events meanwhile: then another task is tried.
            const { statusCode } = await passive.app.inject({ url: `/api/v2/tasks/${id}` });
            return statusCode === 404 && (await taskEvents()) === false;
          },
          'a task of which no event was sent',
          BUSY,
        );
        const record = await operate({ action: 'enable_events', destination: ['quiet@py'] }, passive);
        // Unless the other dashboard asked it in between.
        const text = expect.stringMatching(/^task events (already )?enabled$/);
        expect(record).toMatchObject({ outcome: 'ok', answers: [{ worker: 'quiet@py', text }] });
        await expect.poll(taskEvents).toBe(true);
        const seen = await c.shop.py<string>(`result = send('shop.add', 1, 2, queue='quiet')`);
        await until(
          async () => (await get<TaskDetail>(`tasks/${seen}`, passive)).state === 'SUCCESS',
          'the task',
          BUSY,
        );
      } finally {
        await passive.close();
        await quiet.kill();
      }
    });
  });
}

/** After the others: the one heartbeat that it is asked for expires meanwhile. */
export function staysOnline(c: PythonCluster): void {
  it('has a worker that sends no heartbeats online as long as it answers', async () => {
    const still = await until(
      async () => {
        const worker = await c.get<WorkerDetail>('workers/still@py');
        // The one heartbeat it was asked for has expired (10 s).
        return (worker.last_heard ?? 0) > c.started + 12 && worker.status === 'online' && worker;
      },
      'its answers to be all that is heard of it',
      BUSY,
    );
    expect(still).toMatchObject({ status: 'online', pool: 'prefork', concurrency: 1, active: 0 });
  });
}
