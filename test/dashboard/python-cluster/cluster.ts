// One cluster of real Python workers with a dashboard on it, and what its tests ask of it. Started once for ../python-cluster.test.ts,
// since its workers take seconds to start.
import { afterAll, beforeAll, expect } from 'vitest';
import type { Dashboard, DashboardOptions } from '../../../server/dashboard/dashboard.ts';
import type { RetryPlan } from '../../../shared/wire/task-values.ts';
import type { TaskDetail } from '../../../shared/wire/tasks.ts';
import type { WorkersReply } from '../../../shared/wire/workers.ts';
import { dashboardOn, getFrom, operateOn, startListening } from '../../support/python-dashboard.ts';
import { openPythonShop, type PythonShop } from '../../support/python-shop.ts';
import { until } from '../../support/until.ts';

/** The machine may be busy with other tests. */
export const LONG = 120_000;
export const BUSY = { timeoutMs: LONG, everyMs: 50 };

export type PythonCluster = ReturnType<typeof usePythonCluster>;

export function usePythonCluster() {
  let shop: PythonShop;
  let dashboard: Dashboard;
  /** @unit seconds */
  let started: number;

  beforeAll(async () => {
    shop = await openPythonShop();
    await Promise.all([
      shop.worker('web@py', ['-c', '2', '-E', '-Q', 'celery,mail']),
      shop.worker('extended@py', ['-c', '1', '-E', '-Q', 'extended', '--autoscale', '3,1'], { E2E_EXTENDED: '1' }),
      shop.worker('still@py', ['-c', '1', '-E', '-Q', 'still', '--without-heartbeat', '--without-gossip']),
      shop.worker('pickle@py', ['-c', '1', '-E', '-Q', 'pickle'], { E2E_PICKLE: '1', C_FORCE_ROOT: '1' }),
    ]);
    await shop.py(`result = [send('shop.add', n, n, queue='idle', priority=n) for n in (9, 0, 3, 4, 7)]`);
    dashboard = open();
    started = Date.now() / 1000;
    await startListening(dashboard);
    await until(async () => (await workers()).filter((w) => w.pool !== null).length === 4, 'four workers', BUSY);
  }, 3 * LONG);
  afterAll(async () => {
    await dashboard?.close();
    await shop?.[Symbol.asyncDispose]();
  }, LONG);

  const open = (options: DashboardOptions = {}): Dashboard => dashboardOn(shop, options);
  const get = <T>(path: string, of = dashboard) => getFrom<T>(of, path);
  const operate = (payload: object, of = dashboard) => operateOn(of, payload);
  const workers = async (of = dashboard) => (await get<WorkersReply>('workers', of)).items;
  const inState = (id: string, ...states: string[]): Promise<TaskDetail> =>
    shop.until(
      async () => {
        const task = await get<TaskDetail>(`tasks/${id}`);
        return states.includes(task.state) && task;
      },
      `${id} to be ${states.join(' or ')}`,
    );
  const plan = (id: string) => get<RetryPlan>(`tasks/${id}/retry`);
  /** What the body was given the first time and when the dashboard sent it again, as Python prints it. */
  const givenTwice = async (id: string, state = 'SUCCESS'): Promise<[string, string]> => {
    await inState(id, state);
    const record = await operate({ action: 'retry', task_ids: [id] });
    expect(record.outcome, record.summary).toBe('ok');
    const again = record.new_ids![id]!;
    const detail = await inState(again, state);
    expect(detail.parent_id).toBe(id);
    return shop.py(`result = [app.AsyncResult(id).result for id in ('${id}', '${again}')]`);
  };

  return {
    get shop() {
      return shop;
    },
    get dashboard() {
      return dashboard;
    },
    /** When the dashboard was. @unit seconds */
    get started() {
      return started;
    },
    open,
    get,
    operate,
    workers,
    inState,
    plan,
    givenTwice,
  };
}
