// What an operator does to workers and queues, and that it holds: rate limits, consumers, pool size, purge, shutdown.
// Actions on tasks: actions.test.ts.
import type { Page } from 'playwright';
import { beforeAll, describe, expect, it } from 'vitest';
import type { QueueDetail, TaskDetail, WorkerDetail } from '../../shared/wire/http.ts';
import type { Running } from '../support/umbel.ts';
import { until } from '../support/until.ts';
import { useBrowser } from './support/browser.ts';
import { CHROMIUM } from './support/chromium.ts';
import { type Dashboard, inState, LONG, useCluster } from './support/cluster.ts';

const NAME = 'w1@e2e';
const OTHER = 'w2@e2e';

describe.skipIf(!CHROMIUM)('workers and queues, in Chromium', { timeout: 3 * LONG }, () => {
  const cluster = useCluster();
  const window = useBrowser();
  let dashboard: Dashboard;
  let other: Running;

  beforeAll(async () => {
    const workers = [cluster.startWorker(NAME, '-c', '4'), cluster.startWorker(OTHER, '-c', '2', '-Q', 'elsewhere')];
    dashboard = await cluster.startDashboard();
    other = (await Promise.all(workers))[1]!;
  }, 3 * LONG);

  const openWorker = async (tab: string, name = NAME): Promise<Page> => {
    const page = await window.open(`${dashboard.address}/workers/${encodeURIComponent(name)}?tab=${tab}`);
    await page.getByRole('heading', { name }).waitFor();
    return page;
  };
  const workerIs = (what: string, condition: (worker: WorkerDetail) => boolean) =>
    until(async () => condition(await dashboard.get<WorkerDetail>(`workers/${NAME}`)), what, {
      timeoutMs: LONG,
      everyMs: 50,
    });
  /** @returns seconds, in order */
  const startsOf = async (ids: readonly string[]): Promise<number[]> => {
    const tasks: TaskDetail[] = [];
    for (const id of ids) tasks.push(await inState(dashboard, id, 'SUCCESS'));
    return tasks.map((task) => task.started!).sort((a, b) => a - b);
  };

  it('sets a rate limit that holds, and takes it off again', async () => {
    const page = await openWorker('tasks');
    const row = page.getByRole('row', { name: /^shop\. ?limited/ });
    const limitTo = async (rate: string) => {
      await page.getByRole('button', { name: 'Limits of limited' }).click();
      await page.getByRole('textbox', { name: 'Rate limit of limited' }).fill(rate);
      await page.getByRole('button', { name: 'Limit on 1 worker' }).click();
      await page.getByText('1 of 1 worker answered').waitFor();
    };
    await limitTo('4/s');
    await page.getByText('The worker says now: 4/s.').waitFor();
    expect(await row.innerText()).toContain('4/s');
    const starts = await startsOf(await cluster.sendMany('shop.limited', 10));
    // A bucket that was full lets one more pass at once; then one each quarter of a second.
    const shortest = (starts.length - 2) / 4;
    // Half of it, for a start may be late; without a limit they come together.
    expect(starts.at(-1)! - starts[0]!).toBeGreaterThan(shortest / 2);
    await limitTo('0');
    await page.getByText('The worker says now: none.').waitFor();
    await startsOf(await cluster.sendMany('shop.limited', 10));
  });

  it('refuses a rate that is none, before anything is sent', async () => {
    const page = await openWorker('tasks');
    await page.getByRole('button', { name: 'Limits of limited' }).click();
    await page.getByRole('textbox', { name: 'Rate limit of limited' }).fill('often');
    const save = page.getByRole('button', { name: 'Limit on 1 worker' });
    expect(await save.getAttribute('aria-disabled')).toBe('true');
    await page.keyboard.press('Escape');
    await save.waitFor({ state: 'detached' });
  });

  it('makes a worker consume from a queue, and stop', async () => {
    const early = await cluster.send('shop.add', [1, 1], { queue: 'extra' });
    const page = await openWorker('queues');
    await page.getByRole('textbox', { name: 'Queue to consume too' }).fill('extra');
    await page.getByRole('button', { name: 'Consume from it' }).click();
    await page.getByText('1 of 1 worker answered').waitFor();
    const row = page.getByRole('row', { name: /^extra/ });
    await row.waitFor();
    await inState(dashboard, early, 'SUCCESS');
    await row.getByRole('button', { name: 'Stop consuming' }).click();
    await row.waitFor({ state: 'detached' });
    await workerIs('the worker to say so', (worker) => worker.active_queues.every(({ name }) => name !== 'extra'));
    const late = await cluster.send('shop.add', [2, 2], { queue: 'extra' });
    await until(async () => (await dashboard.get<QueueDetail>('queues/extra')).messages === 1, 'it to wait in vain', {
      timeoutMs: LONG,
    });
    expect((await dashboard.get<TaskDetail>(`tasks/${late}`)).state).toBe('PENDING');
  });

  it('grows the pool by a slot and shrinks it again', async () => {
    const page = await openWorker('stats');
    const size = page.getByRole('group', { name: 'Pool size' });
    await size.getByText('4', { exact: true }).waitFor();
    await size.getByRole('button', { name: 'Grow by one' }).click();
    await size.getByText('5', { exact: true }).waitFor();
    await workerIs('five slots', (worker) => worker.concurrency === 5);
    const busy = await Promise.all(Array.from({ length: 5 }, () => cluster.send('shop.listen', [2])));
    await workerIs('all five to be used', (worker) => worker.active === 5 || worker.active_tasks.length === 5);
    for (const id of busy) await inState(dashboard, id, 'SUCCESS');
    await size.getByRole('button', { name: 'Shrink by one' }).click();
    await size.getByText('4', { exact: true }).waitFor();
    await workerIs('four slots', (worker) => worker.concurrency === 4);
  });

  it('purges a queue only after its name was typed, and says how many went', async () => {
    await cluster.sendMany('shop.add', 7, { queue: 'old.orders' });
    const page = await window.open(`${dashboard.address}/queues`);
    await page.getByRole('link', { name: 'old.orders' }).click();
    const queue = page.getByRole('region', { name: 'Queue old.orders' });
    await queue.getByText('7 waiting').waitFor();
    await page.getByRole('row', { name: /old\.orders.*no consumer/ }).waitFor();
    await queue
      .getByRole('row', { name: /shop\. ?add/ })
      .nth(6)
      .waitFor();
    await queue.getByRole('button', { name: 'Purge queue' }).click();
    const dialog = page.getByRole('dialog', { name: 'Purge old.orders' });
    const purge = dialog.getByRole('button', { name: 'Purge 7 messages' });
    const field = dialog.getByRole('textbox');
    await field.fill('old');
    expect(await purge.getAttribute('aria-disabled')).toBe('true');
    await page.keyboard.press('Enter');
    expect((await dashboard.get<QueueDetail>('queues/old.orders')).messages).toBe(7);
    await field.fill('old.orders');
    await purge.click();
    await queue.getByText('7 messages were removed from old.orders').waitFor();
    await queue.getByText('0 waiting').waitFor();
    expect((await dashboard.get<QueueDetail>('queues/old.orders')).messages).toBe(0);
  });

  it('shows what a worker holds: running, reserved, waiting for its time, revoked, statistics and configuration', async () => {
    const running = await cluster.send('shop.listen', [600]);
    const later = await cluster.send('shop.add', [9, 9], { countdown: 600 });
    await inState(dashboard, running, 'STARTED');
    await inState(dashboard, later, 'RECEIVED');
    const page = await openWorker('scheduled');
    await page.getByRole('table', { name: 'Active tasks, longest first' }).getByText(running.slice(0, 8)).waitFor();
    await page.getByRole('table', { name: 'Tasks scheduled' }).getByText(later.slice(0, 8)).waitFor();
    await page.getByRole('tab', { name: 'Statistics' }).click();
    await page.getByRole('tree', { name: 'Statistics' }).getByText('prefetch_count').waitFor();
    await page.getByRole('tab', { name: 'Configuration' }).click();
    await page.getByRole('searchbox', { name: 'Find in Configuration' }).fill('task_track');
    await page.getByRole('tree', { name: 'Configuration' }).getByText('task_track_started').waitFor();
    await page
      .getByRole('row', { name: new RegExp(running.slice(0, 8)) })
      .getByRole('button', { name: 'Terminate' })
      .click();
    await page.getByRole('dialog').getByRole('button', { name: 'Terminate task' }).click();
    await inState(dashboard, running, 'REVOKED');
    await page.getByText('nothing runs now').waitFor();
    await page.getByRole('tab', { name: 'Revoked' }).click();
    await page.getByRole('tabpanel').getByText(running).waitFor();
  });

  it('shuts a worker down and shows it offline once it has gone', async () => {
    const page = await openWorker('tasks', OTHER);
    await page.getByRole('button', { name: 'Shut down' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Shut down worker' }).click();
    await page.getByText('The event came: it is offline.').waitFor();
    expect((await other.ended).code).toBe(0);
    const list = await window.open(`${dashboard.address}/workers`);
    await list.getByRole('row', { name: /w2@e2e offline/ }).waitFor();
    await list.getByRole('row', { name: /w1@e2e online/ }).waitFor();
  });
});
