// What beat sends, and what workers hold until its time: entries made, run, paused and deleted on the page while a real beat runs them, and
// tasks revoked before their ETA. The rules of writing: ../dashboard/schedule-writing.test.ts.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OperationsPage } from '../../shared/wire/operations.ts';
import type { SchedulesReply } from '../../shared/wire/schedules.ts';
import type { TaskDetail } from '../../shared/wire/tasks.ts';
import { hasRedis, type RedisServer, redisServer } from '../support/redis-server.ts';
import { useBrowser } from './support/browser.ts';
import { CHROMIUM } from './support/chromium.ts';
import { type Dashboard, inState, LONG, useCluster } from './support/cluster.ts';

describe.skipIf(!CHROMIUM || !hasRedis)('schedules, in Chromium', { timeout: 3 * LONG }, () => {
  const cluster = useCluster();
  const window = useBrowser({ keeps: true });
  let dashboard: Dashboard;
  let redis: RedisServer;

  beforeAll(async () => {
    redis = await redisServer();
    const schedule = redis.freshUrl();
    const worker = cluster.startWorker('w1@e2e', '-c', '4');
    const beat = cluster.startBeat(schedule);
    dashboard = await cluster.startDashboard('--schedule', schedule);
    await Promise.all([worker, beat]);
  }, 3 * LONG);
  afterAll(() => redis?.close(), LONG);

  const names = async () => (await dashboard.get<SchedulesReply>('schedules')).items?.map(({ name }) => name);

  it('makes an entry that beat runs, runs it by hand, pauses and deletes it, and the audit has each', async () => {
    const page = await window.open(`${dashboard.address}/schedules`);
    await page.getByText(/^process \d+/).waitFor();
    await page.getByRole('button', { name: 'New entry' }).click();
    const form = page.getByRole('dialog', { name: 'New entry' });
    await form.getByLabel('Name').fill('often');
    await form.getByLabel('Task', { exact: true }).fill('shop.add');
    await form.getByText('interval').click();
    await form.getByLabel('Every').fill('none');
    await form.getByLabel('Arguments, a list').fill('[1, 2]');
    await form.getByRole('button', { name: 'Create the entry' }).click();
    // What is wrong is said where it is, and nothing is written.
    await form.getByRole('alert').waitFor();
    expect(await names()).not.toContain('often');
    await form.getByLabel('Every').fill('1');
    await form.getByLabel('Unit').selectOption('seconds');
    await form.getByRole('button', { name: 'Create the entry' }).click();

    const panel = page.getByRole('complementary');
    await panel.getByRole('heading', { name: 'often' }).waitFor();
    // Beat reads it within seconds; its runs are the tasks that were seen.
    await panel.locator('.run-list li').nth(1).waitFor();
    await panel.getByRole('button', { name: 'Pause' }).click();
    await panel.getByText('Paused: beat sends it no more').waitFor();
    await page.getByRole('row', { name: /^often.*paused/ }).waitFor();
    await panel.getByRole('button', { name: 'Run now' }).click();
    const sent = panel.getByRole('status').getByRole('link');
    await sent.waitFor();
    await inState(dashboard, (await sent.getAttribute('href'))!.split('/').at(-1)!, 'SUCCESS');

    await panel.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('button', { name: 'Delete the entry' }).click();
    await page.getByRole('row', { name: /^often/ }).waitFor({ state: 'detached' });
    expect(await names()).not.toContain('often');
    const { items } = await dashboard.get<OperationsPage>('operations');
    expect(items.map(({ action }) => action)).toEqual([
      'delete_schedule',
      'run_schedule',
      'save_schedule',
      'save_schedule',
    ]);
  });

  it('lists what workers hold until its ETA, and revokes it there', async () => {
    const id = await cluster.send('shop.limited', [7], { countdown: 3600 });
    const page = await window.open(`${dashboard.address}/scheduled`);
    await page.getByRole('row', { name: /59 m|1 h/ }).waitFor();
    await page.getByRole('button', { name: `Revoke ${id}` }).click();
    await page.getByRole('button', { name: 'Revoke the task' }).click();
    await page.getByText('1 of 1 worker answered').waitFor();
    await inState(dashboard, id, 'REVOKED');
    expect(await dashboard.get<TaskDetail>(`tasks/${id}`)).toMatchObject({ state: 'REVOKED', started: null });
    await page.getByText('No worker holds a task until a time').waitFor();
  });
});
