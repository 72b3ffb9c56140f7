// A dashboard in this process on a shop of Python workers (python-shop.ts), and asking it as a page would.
import { randomUUID } from 'node:crypto';
import { createDashboard, type Dashboard, type DashboardOptions } from '../../server/dashboard/dashboard.ts';
import { silentLogger } from '../../server/log.ts';
import type { ClusterInfo } from '../../shared/wire/cluster.ts';
import type { OperationRecord } from '../../shared/wire/operations.ts';
import type { PythonShop } from './python-shop.ts';
import { until } from './until.ts';

/** It looks often, and is patient with a busy machine. Not started yet. */
export function dashboardOn(shop: PythonShop, options: DashboardOptions = {}): Dashboard {
  return createDashboard(
    {
      broker: shop.broker,
      result_backend: shop.backend,
      db: `${shop.redis.folder}/${randomUUID()}.db`,
      port: 0,
      queue_interval: 0.3,
      inspect_interval: 0.5,
      inspect_timeout: 3000,
      ...options,
    },
    { log: silentLogger, pages: null },
  );
}

/** Started, and listening to events: of those that are sent before it never hears. */
export async function startListening(dashboard: Dashboard): Promise<void> {
  await dashboard.start();
  const isListening = async () =>
    (await getFrom<ClusterInfo>(dashboard, 'cluster')).sources.some(({ name, ok }) => name === 'events' && ok);
  await until(isListening, 'the dashboard to listen', { everyMs: 20 });
}

/** @param path below /api/v2/ */
export async function getFrom<T>(dashboard: Dashboard, path: string): Promise<T> {
  const reply = await dashboard.app.inject({ url: `/api/v2/${path}` });
  if (reply.statusCode !== 200) throw new Error(`${path}: ${reply.statusCode} ${reply.body}`);
  return reply.json<T>();
}

export async function operateOn(dashboard: Dashboard, payload: object): Promise<OperationRecord> {
  const reply = await dashboard.app.inject({ method: 'POST', url: '/api/v2/operations', payload });
  if (reply.statusCode !== 200) throw new Error(`${reply.statusCode} ${reply.body}`);
  return reply.json<OperationRecord>();
}
