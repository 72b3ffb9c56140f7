// Times that no Celery can read are refused where they are given, whatever way they come in.
import { describe, expect, it } from 'vitest';
import type { Celery } from '../../../server/app/celery.ts';
import { chain, chord, group } from '../../../server/canvas/compose.ts';
import { makeApp, startWorker } from '../../support/world.ts';

function appWithTask(): Celery {
  const app = makeApp();
  app.task('add', (a: number, b: number) => a + b);
  return app;
}

const SLIP = Date.parse('2026-11-28T00:00:00Z');

const wrong: [string, Record<string, unknown>, RegExp][] = [
  [
    'an instant for a countdown',
    { countdown: SLIP },
    /^countdown is seconds from now, and 1795824000000 s from now lies beyond the year 9999.*give `eta`/,
  ],
  [
    'a countdown without end',
    { countdown: Number.POSITIVE_INFINITY },
    /^countdown is seconds from now, and Infinity s/,
  ],
  ['a countdown before all time', { countdown: -1e12 }, /beyond the year 1,/],
  ['a countdown that is no number', { countdown: Number.NaN }, /^countdown must be a number of seconds, not NaN/],
  ['a countdown that is a text', { countdown: '60' }, /^countdown must be a number of seconds, not the text '60'/],
  ['an instant for expires', { expires: SLIP }, /^expires is seconds from now, .* give a Date/],
  ['expires without end', { expires: Number.POSITIVE_INFINITY }, /^expires is seconds from now/],
  ['expires that is no number', { expires: Number.NaN }, /^expires must be a number of seconds or an instant, not NaN/],
  ['an eta in another age', { eta: new Date(SLIP * 1000) }, /^eta must lie in the years 1 to 9999: \+058877-/],
  ['an eta that is no date', { eta: new Date(Number.NaN) }, /^eta is an invalid Date/],
  ['an eta that is no time', { eta: 'tomorrow' }, /^eta must be a Date or an ISO 8601 time, not 'tomorrow'/],
  ['an eta that is a number', { eta: SLIP }, /^eta must be a Date .* not the number \d+: write new Date\(\d+\)/],
  ['expires in another age', { expires: new Date(SLIP * 1000) }, /^expires must lie in the years 1 to 9999/],
];

describe.each(wrong)('%s is refused', (_, options, message) => {
  it.each<[string, (app: Celery) => Promise<unknown>]>([
    ['applyAsync', (app) => app.tasks.get('add')!.applyAsync([1, 2], {}, options)],
    ['sendTask', (app) => app.sendTask('elsewhere', [], {}, options)],
    ['a signature', (app) => app.signature('add', [1, 2], {}, options).applyAsync()],
    [
      'a later step of a chain',
      (app) => chain(app.signature('add', [1, 2]), app.signature('add', [1], {}, options)).applyAsync(),
    ],
    ['a task in a group', (app) => group(app.signature('add', [1, 2], {}, options)).applyAsync()],
    [
      'the body of a chord',
      (app) => chord([app.signature('add', [1, 2])], app.signature('add', [1], {}, options)).applyAsync(),
    ],
    [
      'a callback',
      (app) =>
        app
          .signature('add', [1, 2])
          .link(app.signature('add', [1], {}, options))
          .applyAsync(),
    ],
  ])('by %s', async (_way, send) => {
    const app = appWithTask();
    await expect(send(app)).rejects.toThrow(message);
    const channel = await app.writeConnection.defaultChannel();
    expect((await channel.queueStatus('celery'))?.messages ?? 0).toBe(0);
  });
});

it('a retry with such a countdown fails in the body, and nothing is lost', async () => {
  const app = makeApp();
  app.task('again', function () {
    this.retry({ countdown: SLIP });
  });
  await startWorker(app);
  const result = await app.sendTask('again');
  await expect(result.get({ timeout: 90 })).rejects.toThrow(/^countdown is seconds from now/);
});

it('the last second of the year 9999 is none of them', async () => {
  const app = appWithTask();
  await app.sendTask('add', [], {}, { eta: '9999-12-31T23:59:59' });
  await app.sendTask(
    'add',
    [],
    {},
    { eta: new Date('9999-12-31T23:59:59Z'), expires: new Date('9999-12-31T23:59:59Z') },
  );
});

describe('limits of one call', () => {
  it('a soft one above the hard one is refused, whoever gives which', async () => {
    const app = makeApp();
    const limited = app.task({ name: 'limited', time_limit: 10 }, () => 1);
    const message = 'soft_time_limit (20 s) must not be above time_limit (10 s)';
    await expect(limited.applyAsync([], {}, { soft_time_limit: 20 })).rejects.toThrow(message);
    await expect(app.sendTask('x', [], {}, { soft_time_limit: 20, time_limit: 10 })).rejects.toThrow(message);
    await limited.applyAsync([], {}, { soft_time_limit: 20, time_limit: 30 });
  });
});

describe('a retry', () => {
  it('takes every call option, and refuses what is none', async () => {
    const app = makeApp();
    app.task('moves', function () {
      this.retry({ countdown: 0, queue: 'slow', priority: 7, time_limit: 60, headers: { tries: 'two' } });
    });
    app.task('misspelt', function () {
      this.retry({ countdown: 0, ...{ quue: 'slow' } });
    });
    await startWorker(app);
    const moved = await app.sendTask('moves');
    await expect.poll(() => moved.state()).toBe('RETRY');
    const channel = await app.writeConnection.defaultChannel();
    await expect.poll(async () => (await channel.queueStatus('slow'))?.messages).toBe(1);
    const [message] = (await channel.peek('slow', 1))!;
    expect(message!.headers).toMatchObject({ id: moved.id, retries: 1, timelimit: [60, null], tries: 'two' });
    expect(message!.properties.priority).toBe(7);
    const misspelt = await app.sendTask('misspelt');
    await expect(misspelt.get({ timeout: 90 })).rejects.toThrow(
      "There is no call option 'quue'. Did you mean 'queue'?",
    );
  });
});
