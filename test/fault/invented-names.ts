// How a dashboard bears what senders invent, at full size: `npx tsx --expose-gc test/fault/invented-names.ts [names] [texts]`. Not part
// of the suite: dashboard/invented.test.ts holds the same bounds at a size that takes seconds.
// Prints one JSON line for each step: memory after a collection, how long the pages' requests took, and what is said to be left out.
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDashboard } from '../../server/dashboard/dashboard.ts';
import { silentLogger } from '../../server/log.ts';
import { exchange } from '../../server/transport/entity.ts';
import { until } from '../support/until.ts';

const names = Number(process.argv[2] ?? 100_000);
const texts = Number(process.argv[3] ?? 1000);
const folder = mkdtempSync(join(tmpdir(), 'umbel-invented-'));
const options = { broker: `memory://${randomUUID()}`, db: join(folder, 'h.db'), port: 0, enable_events: false };
const dashboard = createDashboard(options, { log: silentLogger, pages: null });
const cluster = await dashboard.start();
await until(() => cluster.receiver.connected, 'events to be heard');
const channel = await cluster.link.asking.channel();
await channel.declareExchange(exchange('celeryev', 'topic'));
let heard = 0;
/** Of the last heartbeat of `marker`: what was sent before it was heard, or refused. */
let marked = 0;
cluster.onEvents((events) => {
  heard += events.length;
  for (const e of events) if (e.hostname === 'marker') marked = Number(e.processed);
});

let sent = 0;
async function send(events: readonly object[]): Promise<void> {
  const timestamp = Date.now() / 1000;
  const body = events.map((e) => ({ hostname: 'w1', pid: 7, timestamp, utcoffset: 0, clock: ++sent, ...e }));
  await channel.publish({
    exchange: 'celeryev',
    routingKey: 'task.multi',
    body: Buffer.from(JSON.stringify(body)),
    contentType: 'application/json',
    contentEncoding: 'utf-8',
    headers: {},
    properties: {},
  });
}

const PATHS = ['/api/v2/tasks?limit=100', '/api/v2/workers', '/api/v2/overview', '/api/v2/queues', '/metrics'];
async function report(step: string): Promise<void> {
  cluster.flush();
  await cluster.history.written();
  (globalThis as { gc?: () => void }).gc?.();
  const answers: Record<string, unknown> = {};
  for (const path of PATHS) {
    const begun = performance.now();
    const { statusCode, body } = await dashboard.app.inject(path);
    const dropped = /^umbel_metric_series_dropped_total (\d+)/m.exec(body)?.[1];
    const ms = Math.round(performance.now() - begun);
    answers[path] = { statusCode, ms, bytes: body.length, ...(dropped && { dropped: Number(dropped) }) };
  }
  const { rss, heapUsed } = process.memoryUsage();
  const mb = (bytes: number) => Math.round(bytes / 1e6);
  const { tasks, workers } = cluster.state;
  const list = JSON.parse((await dashboard.app.inject('/api/v2/tasks?limit=1')).body) as { counts: object };
  const states = Object.keys(list.counts).length;
  const left_out = { no_events: cluster.receiver.malformed, of_workers: cluster.state.workerEventsLeftOut };
  const sizes = {
    tasks: tasks.size,
    workers: workers.size,
    states,
    left_out,
    given_up: cluster.history.health.given_up,
  };
  process.stdout.write(
    `${JSON.stringify({ step, heard, rss_mb: mb(rss), heap_mb: mb(heapUsed), ...sizes, answers })}\n`,
  );
}

async function each(step: string, count: number, of: (i: number) => object[], atOnce = 500): Promise<void> {
  for (let i = 0; i < count; i += atOnce) {
    await send(Array.from({ length: Math.min(atOnce, count - i) }, (_, j) => of(i + j)).flat());
    const mark = sent;
    await send([{ type: 'worker-heartbeat', hostname: 'marker', processed: mark, freq: 2 }]);
    await until(() => marked === mark, `${step} to be heard`);
  }
  await report(step);
}

const done = (uuid: string, more: object) =>
  ['received', 'succeeded'].map((subject) => ({
    type: `task-${subject}`,
    uuid,
    name: 'shop.add',
    runtime: 0.1,
    ...more,
  }));
const failed = (uuid: string, i: number) => ({ type: 'task-failed', uuid, exception: `Invented${i}('x')` });
await report('before');
await each('task names', names, (i) => done(`n${i}`, { name: `invented.${i}` }));
await each('queues', names, (i) => done(`q${i}`, { queue: `queue-${i}` }));
await each('hosts', names, (i) => [
  { type: 'worker-heartbeat', hostname: `w@host-${i}`, freq: 2, processed: 1, active: 0 },
]);
// Each type makes a state, as long as there is a place for it.
await each('event types and states', names, (i) => [{ type: `task-invented${i}`, uuid: `t${i}` }]);
await each('exceptions', names, (i) => [...done(`e${i}`, {}).slice(0, 1), failed(`e${i}`, i)]);
// Pairs of worker and task: label sets of the metrics.
await each('labels', names, (i) => done(`l${i}`, { name: `label.${i % 1000}`, hostname: `w@host-${i % 997}` }));
await each('other types', names, (i) => [{ type: `invented-${i}` }]);
const long = 'x'.repeat(4 * 1024 * 1024);
await each('fields of 4 MB', texts, (i) => done(`long${i}`, { args: long, result: long }).slice(0, 1), 4);
await dashboard.close();
rmSync(folder, { recursive: true, force: true });
