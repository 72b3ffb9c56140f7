// A dashboard that hears what a test sends as a worker would: events, and no worker behind them.
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import {
  createDashboard,
  type Dashboard,
  type DashboardOptions,
  type DashboardParts,
} from '../../server/dashboard/dashboard.ts';
import { silentLogger } from '../../server/log.ts';
import { queue } from '../../server/transport/entity.ts';
import type { ClusterInfo } from '../../shared/wire/cluster.ts';
import { eventsOf } from './events-of.ts';

/** An event as a worker sends it; what is left out is filled in. */
export type SentEvent = Record<string, unknown> & { type: string };

/** A dashboard, and a way to send it events as workers do. */
export async function listening(options: DashboardOptions, parts: DashboardParts = {}) {
  const dashboard: Dashboard = createDashboard(
    { port: 0, queue_interval: 0.1, inspect_timeout: 100, enable_events: false, ...options },
    { log: silentLogger, pages: null, ...parts },
  );
  onTestFinished(() => dashboard.close());
  const { cluster, channel, publish } = await eventsOf(dashboard, { hostname: 'w1', pid: 7 });
  const emit = (events: readonly SentEvent[]) => publish(events);
  const beat = (processed: number, more: object = {}): SentEvent => ({
    type: 'worker-heartbeat',
    processed,
    active: 3,
    freq: 2,
    ...more,
  });
  /** As the worker's answer to `inspect stats` would say: it is the process of before. */
  const ranBefore = () => cluster.events.gaps.startedAt('w1', 0, cluster.now);
  /** A message into a queue nobody consumes. */
  const enqueue = async (name: string) => {
    await channel.declareQueue(queue(name));
    await channel.publish({
      ...{ exchange: '', routingKey: name, body: Buffer.from('[]'), headers: {}, properties: {} },
      ...{ contentType: 'application/json', contentEncoding: 'utf-8' },
    });
  };
  const info = async () => (await dashboard.app.inject('/api/v2/cluster')).json<ClusterInfo>();
  const metrics = async () => (await dashboard.app.inject('/metrics')).body;
  return { dashboard, cluster, emit, beat, ranBefore, enqueue, info, metrics };
}

/** A broker and a history file of a test's own. */
export function place(): { broker: string; db: string } {
  const folder = mkdtempSync(join(tmpdir(), 'umbel-restart-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return { broker: `memory://${randomUUID()}`, db: join(folder, 'h.db') };
}

/** A task's whole way. */
export const task = (uuid: string, more: object = {}): SentEvent[] =>
  ['received', 'started', 'succeeded'].map((subject) => ({ type: `task-${subject}`, uuid, name: 'shop.add', ...more }));
