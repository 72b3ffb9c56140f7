// Beat, broker and worker together: what is due arrives and runs.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Celery } from '../../../server/app/celery.ts';
import { Beat } from '../../../server/beat/beat.ts';
import { silentLogger } from '../../../server/log.ts';
import { Worker } from '../../../server/worker/worker.ts';
import { until } from '../../support/until.ts';

it('a task sent by beat runs in a worker, with its arguments, again and again', { timeout: 60_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'umbel-beat-'));
  const app = new Celery(
    'clock',
    {
      broker: 'memory://beat-flow',
      backend: 'disabled',
      beat_schedule: {
        known: { task: 'clock.add', schedule: 0.03, args: [2, 3] },
        unknown: { task: 'clock.elsewhere', schedule: 0.03, options: { queue: 'other' } },
      },
    },
    { log: silentLogger },
  );
  const sums: number[] = [];
  app.task('clock.add', (x: number, y: number) => {
    sums.push(x + y);
  });
  const worker = new Worker(app, { concurrency: 2 });
  const beat = new Beat(app, { schedule: join(folder, 'schedule'), embedded: true });
  try {
    await worker.start();
    await beat.start();
    await until(() => sums.length >= 3, 'three runs');
    await until(
      () => (beat.scheduler.entries.get('unknown')?.totalRunCount ?? 0) >= 3,
      'three sendings of a task not known here',
    );
    expect(sums.slice(0, 3)).toEqual([5, 5, 5]);
    await beat.stop();
    const { sent } = beat;
    await until(() => sums.length === beat.scheduler.entries.get('known')?.totalRunCount, 'what was sent to have run');
    expect(beat.sent).toBe(sent);
  } finally {
    await beat.stop();
    await worker.stop('cold');
    await app.close();
    await rm(folder, { recursive: true, force: true });
  }
});
