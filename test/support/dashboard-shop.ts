// A small shop for tests of the dashboard: an app, a worker and a dashboard in this process, over a broker in memory; a reader of its
// live feed and a publisher of events.
// Holds: what a test made here ends with the test.

import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { Celery } from '../../server/app/celery.ts';
import { createDashboard, type Dashboard, type DashboardOptions } from '../../server/dashboard/dashboard.ts';
import { silentLogger } from '../../server/log.ts';
import type { Timer } from '../../server/timer.ts';
import type { Patch, ServerFrame, Snapshot } from '../../shared/wire/live.ts';
import type { OperationRecord } from '../../shared/wire/operations.ts';
import type { TaskDetail } from '../../shared/wire/tasks.ts';
import type { WorkersReply } from '../../shared/wire/workers.ts';
import { eventsOf } from './events-of.ts';
import { startListening } from './python-dashboard.ts';
import { until } from './until.ts';
import { startWorker } from './world.ts';

export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'umbel-dash-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** @param timer of its own in most tests, one that a test moves in those about time */
export function makeDashboard(options: DashboardOptions = {}, timer?: Timer): Dashboard {
  const dashboard = createDashboard(
    {
      broker: `memory://${randomUUID()}`,
      db: join(folder(), 'history.db'),
      port: 0,
      queue_interval: 0.2,
      inspect_interval: 0.5,
      inspect_timeout: 5000,
      ...options,
    },
    { log: silentLogger, pages: null, ...(timer ? { timer } : {}) },
  );
  onTestFinished(() => dashboard.close());
  return dashboard;
}

export async function get<T>(dashboard: Dashboard, path: string): Promise<T> {
  const reply = await dashboard.app.inject({ url: `/api/v2/${path}` });
  if (reply.statusCode !== 200) throw new Error(`${path}: ${reply.statusCode} ${reply.body}`);
  return reply.json<T>();
}
export async function operate(dashboard: Dashboard, payload: object): Promise<OperationRecord> {
  const reply = await dashboard.app.inject({ method: 'POST', url: '/api/v2/operations', payload });
  if (reply.statusCode !== 200) throw new Error(`${reply.statusCode} ${reply.body}`);
  return reply.json<OperationRecord>();
}

/** A shop with a worker, and a dashboard that looks at it. */
export async function shop(options: DashboardOptions = {}, timer?: Timer) {
  const broker = `memory://${randomUUID()}`;
  const app = new Celery(
    'shop',
    { broker, backend: broker, task_send_sent_event: true },
    { env: {}, log: silentLogger },
  );
  onTestFinished(() => app.close());
  const add = app.task({ name: 'shop.add' }, (a: number, b: number) => a + b);
  const fail = app.task({ name: 'shop.fail' }, () => {
    throw new RangeError('no such order');
  });
  const gate = { open: () => {}, opened: Promise.resolve() };
  gate.opened = new Promise<void>((resolve) => {
    gate.open = resolve;
  });
  const wait = app.task({ name: 'shop.wait' }, () => gate.opened);
  onTestFinished(() => gate.open());
  const dashboard = makeDashboard({ broker, result_backend: broker, ...options }, timer);
  await startListening(dashboard);
  const worker = await startWorker(app, { hostname: 'w1@shop', taskEvents: true, concurrency: 2 });
  await until(
    async () =>
      (await get<WorkersReply>(dashboard, 'workers')).items.find(
        (w) => w.hostname === 'w1@shop' && w.concurrency !== null,
      ),
    'the worker',
  );
  return { broker, app, add, fail, wait, gate, dashboard, worker };
}

export const stored = (dashboard: Dashboard, id: string, state: string) =>
  until(async () => {
    const task = await get<TaskDetail>(dashboard, `tasks/${id}`);
    return task.state === state && task;
  }, `task ${id} to be ${state}`);

/** One page: everything it is told, in order. */
export async function reader(address: string, first?: object, options: object = {}) {
  const frames: ServerFrame[] = [];
  const socket = new WebSocket(`${address.replace('http', 'ws')}/api/v2/live`, options);
  socket.on('message', (data: Buffer) => frames.push(JSON.parse(data.toString()) as ServerFrame));
  let end: { code: number; reason: string } | null = null;
  socket.on('close', (code: number, reason: Buffer) => {
    end = { code, reason: reason.toString() };
  });
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  if (first) socket.send(JSON.stringify(first));
  onTestFinished(() => socket.terminate());
  const of = <T extends ServerFrame>(type: T['type']) => frames.filter((f): f is T => f.type === type);
  const closed = () => end;
  return { socket, frames, closed, patches: () => of<Patch>('patch'), snapshots: () => of<Snapshot>('snapshot') };
}

export async function publisher(dashboard: Dashboard) {
  return (await eventsOf(dashboard, { hostname: 'w@h', pid: 1 })).publish;
}
