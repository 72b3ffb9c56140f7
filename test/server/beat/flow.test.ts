// Beat, broker and worker together: what is due arrives and runs.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Celery } from '../../../server/app/celery.ts';
import { Beat, BeatLazyFunc } from '../../../server/beat/beat.ts';
import { ImproperlyConfigured } from '../../../server/errors.ts';
import { silentLogger } from '../../../server/log.ts';
import { Worker } from '../../../server/worker/worker.ts';
import { until } from '../../support/until.ts';

it('a task sent by beat runs in a worker, with its arguments, again and again', async () => {
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

it.each<[string, object, string]>([
  [
    'too few arguments',
    { args: [2] },
    "its call of clock.add cannot be sent: add() missing 1 required positional argument: 'y'",
  ],
  [
    'a misspelt keyword',
    { args: [2], kwargs: { yy: 3 } },
    'its call of clock.add cannot be sent: add() got an unexpected keyword argument',
  ],
  ['an argument that cannot be written', { args: [2, new Set([3])] }, 'its call of clock.add cannot be sent: '],
  [
    'an unknown serializer',
    { args: [2, 3], options: { serializer: 'jason' } },
    'its call of clock.add cannot be sent: ',
  ],
  [
    'a countdown beyond the year 9999',
    { args: [2, 3], options: { countdown: 1e12 } },
    'in its options, countdown is seconds from now',
  ],
])('is refused at the start, by its name: an entry with %s', async (_, given, words) => {
  const folder = await mkdtemp(join(tmpdir(), 'umbel-beat-'));
  const beat_schedule = { sum: { task: 'clock.add', schedule: 10, ...given } };
  const app = new Celery(
    'clock',
    { broker: 'memory://beat-refuses', backend: 'disabled', beat_schedule },
    { log: silentLogger },
  );
  app.task({ name: 'clock.add', params: ['x', 'y'] }, (x: number, y: number) => x + y);
  try {
    const beat = new Beat(app, { schedule: join(folder, 'schedule') });
    await expect(beat.start()).rejects.toThrow(`beat_schedule entry 'sum': ${words}`);
    await expect(beat.start()).rejects.toThrow(ImproperlyConfigured);
  } finally {
    await app.close();
    await rm(folder, { recursive: true, force: true });
  }
});

it('what an entry works out anew each time is taken as it is', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'umbel-beat-'));
  const beat_schedule = { sum: { task: 'clock.add', schedule: 10, args: [2, new BeatLazyFunc(() => 3)] } };
  const app = new Celery(
    'clock',
    { broker: 'memory://beat-lazy', backend: 'disabled', beat_schedule },
    { log: silentLogger },
  );
  app.task({ name: 'clock.add', params: ['x', 'y'] }, (x: number, y: number) => x + y);
  const beat = new Beat(app, { schedule: join(folder, 'schedule') });
  try {
    await beat.start();
  } finally {
    await beat.stop();
    await app.close();
    await rm(folder, { recursive: true, force: true });
  }
});

it('the first run does not wait until it is connected', async () => {
  const beat_schedule = { later: { task: 'clock.add', schedule: 3600 } };
  const app = new Celery('clock', { broker: 'memory://beat-ready', beat_schedule }, { log: silentLogger });
  const beat = new Beat(app, { schedule: 'memory://' });
  try {
    await beat.start();
    await until(() => app.writeConnection.connected, 'a connection before anything is due');
    expect(beat.sent).toBe(0);
  } finally {
    await beat.stop();
    await app.close();
  }
});
