// The example of steps and remote commands of one's own, as a worker runs it and as the command line shows it.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Celery } from '../../server/app/celery.ts';
import { loadApp } from '../../server/app/load.ts';
import { main } from '../../server/cli/program.ts';
import { Worker } from '../../server/worker/worker.ts';
import { until } from '../support/until.ts';

const EXAMPLE = fileURLToPath(new URL('../../examples/bootsteps/app.ts', import.meta.url));

/** Its one answer ends the wait. */
const IT = { destination: ['w@steps'], timeout: 90 };
const TO_IT = ['-d', 'w@steps', '-t', '90'];

let folder: string;
let app: Celery;
let worker: Worker;
let close: () => Promise<void>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'umbel-steps-'));
  process.env['BROKER_URL'] = `sqlite:///${join(folder, 'steps.db')}`;
  process.env['READY_FILE'] = join(folder, 'ready');
  // As the command loads it, which closes its app at the end: here that is the worker's, too.
  app = await loadApp(EXAMPLE);
  close = app.close.bind(app);
  app.close = async () => {};
  worker = new Worker(app, { hostname: 'w@steps', loglevel: 'CRITICAL' });
  await worker.start();
});
afterAll(async () => {
  await worker.stop();
  await close();
  delete process.env['BROKER_URL'];
  delete process.env['READY_FILE'];
  rmSync(folder, { recursive: true, force: true });
});

/** What the command writes to standard output. */
async function umbel(...words: string[]): Promise<string> {
  const { write } = process.stdout;
  let said = '';
  process.stdout.write = ((text: string) => {
    said += text;
    return true;
  }) as typeof write;
  try {
    expect(await main(['-A', EXAMPLE, ...words])).toBe(0);
  } finally {
    process.stdout.write = write;
  }
  return said;
}

it('a step of the worker starts after what it requires, shows its figures, and stops with it', async () => {
  expect(existsSync(join(folder, 'ready'))).toBe(true);
  const [stats] = await app.control.broadcast('stats', { reply: true, ...IT });
  expect(stats).toMatchObject({ 'w@steps': { ready_file: join(folder, 'ready') } });
  const other = new Worker(app, { hostname: 'other@steps', loglevel: 'CRITICAL' });
  expect(other.blueprint.names).toEqual(['Pool', 'OpenChords', 'ReadyFile', 'Consumer']);
  await other.start();
  await other.stop();
  expect(existsSync(join(folder, 'ready'))).toBe(false);
});

it('a step of the consumer reads messages that are no tasks; a question and an order of one’s own reach it', async () => {
  const channel = await app.writeConnection.channel();
  for (const text of ['one', 'two', 'three'])
    await channel.publish({
      ...{ exchange: '', routingKey: 'notes', body: Buffer.from(text), headers: {}, properties: {} },
      ...{ contentType: 'text/plain', contentEncoding: 'utf-8' },
    });
  const notes = async () => JSON.parse(await umbel('inspect', 'notes', '--json', ...TO_IT)) as Record<string, string[]>;
  await until(async () => (await notes())['w@steps']?.length === 3, 'three notes');
  expect(await umbel('control', 'forget_notes', '2', ...TO_IT)).toMatch(/w@steps\s+OK\s+forgot 2/);
  expect(await notes()).toEqual({ 'w@steps': ['three'] });
  // Its arguments are described: what does not fit is an answer, as with Celery's commands.
  const [wrong] = await app.control.broadcast('forget_notes', { reply: true, arguments: { many: 1 }, ...IT });
  expect(wrong).toEqual({
    'w@steps': { error: 'TypeError("forget_notes() got an unexpected keyword argument \'many\'")' },
  });
  // Whoever sends them, its types are what the order counts on.
  const [counted] = await app.control.broadcast('forget_notes', { reply: true, arguments: { count: '0' }, ...IT });
  expect(counted).toEqual({ 'w@steps': { ok: 'forgot 0' } });
  const [odd] = await app.control.broadcast('forget_notes', { reply: true, arguments: { count: 'all' }, ...IT });
  expect(odd).toEqual({
    'w@steps': { error: `ValueError("forget_notes wants a number for count, not 'all'")` },
  });
  expect(await umbel('inspect', '--list')).toMatch(/notes +Notes that came in\./);
  expect(await umbel('control', '--list')).toMatch(/forget_notes \[count=1\] +Forget the oldest notes\./);
});

it('umbel graph prints the order of the steps, and the cluster', async () => {
  const dot = await umbel('graph', 'bootsteps');
  expect(dot).toMatch(/^digraph dependencies \{[\s\S]*\}\n$/);
  expect(dot).toContain('"Worker.ReadyFile" [label="3 ReadyFile"]');
  expect(dot).toContain('"Worker.ReadyFile" -> "Worker.Pool"');
  expect(dot).toContain('"Worker.Consumer" -> "Worker.ReadyFile"');
  expect(dot).toContain('"Consumer.NotesReader" -> "Consumer.Tasks"');
  const { consumer, ...rest } = JSON.parse(await umbel('graph', 'bootsteps', 'consumer', '--json'));
  expect(rest).toEqual({});
  expect(consumer.map(({ name }: { name: string }) => name)).toEqual([
    ...['Connection', 'Events', 'Mingle', 'Gossip', 'Tasks', 'DelayedDelivery', 'Heart', 'Control', 'NotesReader'],
  ]);
  // On a slow machine the worker may answer later than it is waited for.
  let cluster = '';
  await until(async () => {
    cluster = await umbel('graph', 'workers', 'tmax:2', 'generic');
    return cluster.includes('worker1');
  }, 'the worker to answer in time');
  expect(cluster).toContain('broker [label="Broker (sqlite://)"');
  expect(cluster).toContain('worker1 [label="w@steps"');
  expect(cluster).toContain('worker1_more [label="98 more"');
});
