// What the guides for those who come from BullMQ and from celery-node show runs, line by line.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { chord } from '../../../server/canvas/compose.ts';
import { makeApp, startWorker } from '../../support/world.ts';

const guide = (from: string) =>
  readFileSync(new URL(`../../../docs/guides/coming-from-${from}.md`, import.meta.url), 'utf8');
/** Without spaces and line ends: how long lines are is the formatter's. */
const packed = (text: string) => text.replace(/,(?=\s*[)}\]])/g, '').replace(/\s+/g, '');

it('the guide for those who come from BullMQ is what runs here', async () => {
  const app = makeApp();
  // shown
  const resize = app.task(
    { name: 'images.resize', queue: 'images', max_retries: 5 },
    (file: string, width: number) => `${file}@${width}`,
  );
  const publish = app.task('images.publish', (files: string[]) => files.join(' '));

  const job = await resize.delay('a.png', 640);
  const later = await resize.with({ countdown: 0.1, priority: 3 }).delay('b.png', 640);
  const flow = await chord([resize.s('c.png', 320), resize.s('c.png', 640)], publish.s()).applyAsync();
  // end
  await startWorker(app, { queues: ['celery', 'images'], concurrency: 5 });
  expect(await job.get({ timeout: 90 })).toBe('a.png@640');
  expect(await later.get({ timeout: 90 })).toBe('b.png@640');
  expect(await flow.get({ timeout: 90 })).toBe('c.png@320 c.png@640');
  const source = readFileSync(new URL(import.meta.url), 'utf8');
  const shown = /\/\/ shown\n([\s\S]*?)\/\/ end/.exec(source)![1]!;
  expect(packed(guide('bullmq'))).toContain(packed(shown));
});

it('the guide for those who come from celery-node is what runs here', async () => {
  const app = makeApp();
  // shown there
  const add = app.task({ name: 'tasks.add', params: ['a', 'b'] }, (a: number, b: number) => a + b);
  // end there
  const worker = await startWorker(app, { concurrency: 10 });
  // shown next
  const first = await add.delay(1, 2);
  const named = await app.sendTask('tasks.add', [1], { b: 2 });
  const sums = [await first.get({ timeout: 60 }), await named.get({ timeout: 60 })];
  // end next
  expect(sums).toEqual([3, 3]);
  await worker.stop();
  const source = readFileSync(new URL(import.meta.url), 'utf8');
  for (const part of ['there', 'next']) {
    const shown = new RegExp(`// shown ${part}\n([\\s\\S]*?)// end ${part}`).exec(source)![1]!;
    expect(packed(guide('celery-node'))).toContain(packed(shown));
  }
});
