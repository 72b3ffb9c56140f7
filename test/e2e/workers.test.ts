// What an operator does to workers and queues, and that it holds: rate limits, consumers, pool size, purge, shutdown.
// Actions on tasks: actions.test.ts.
import type { Page } from 'playwright';
import { beforeAll, describe, expect, it } from 'vitest';
import type { QueueDetail } from '../../shared/wire/queues.ts';
import type { TaskDetail } from '../../shared/wire/tasks.ts';
import type { WorkerDetail } from '../../shared/wire/workers.ts';
import type { Running } from '../support/umbel.ts';
import { until } from '../support/until.ts';
import { useBrowser } from './support/browser.ts';
import { CHROMIUM } from './support/chromium.ts';
import { type Dashboard, inState, LONG, useCluster } from './support/cluster.ts';
import { joinCrowd } from './support/crowd.ts';

const NAME = 'w1@e2e';
const OTHER = 'w2@e2e';

describe.skipIf(!CHROMIUM)('workers and queues, in Chromium', { timeout: 3 * LONG }, () => {
  const cluster = useCluster();
  const window = useBrowser({ keeps: true });
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
    await row.filter({ hasText: '4/s' }).waitFor();
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
    await expect.poll(() => save.getAttribute('aria-disabled')).toBe('true');
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
    await inState(dashboard, late, 'PENDING');
  });

  it('grows the pool by a slot and shrinks it again', async () => {
    const page = await openWorker('stats');
    const size = page.getByRole('group', { name: 'Pool size' });
    await size.getByText('4', { exact: true }).waitFor();
    await size.getByRole('button', { name: 'Grow by one' }).click();
    await size.getByText('5', { exact: true }).waitFor();
    await workerIs('five slots', (worker) => worker.concurrency === 5);
    const busy = await Promise.all([1, 2, 3, 4, 5].map((n) => cluster.send('shop.stubborn', ['gate', `ended-${n}`])));
    await workerIs('all five to be used', (worker) => worker.active === 5 || worker.active_tasks.length === 5);
    cluster.write('gate');
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
    await expect.poll(() => purge.getAttribute('aria-disabled')).toBe('true');
    await page.keyboard.press('Enter');
    expect((await dashboard.get<QueueDetail>('queues/old.orders')).messages).toBe(7);
    await field.fill('old.orders');
    await purge.click();
    await queue.getByText('7 messages were removed from old.orders').waitFor();
    await queue.getByText('0 waiting').waitFor();
    await expect.poll(async () => (await dashboard.get<QueueDetail>('queues/old.orders')).messages).toBe(0);
  });

  it('keeps a queue named .. on its page, after a reload too', async () => {
    await cluster.sendMany('shop.add', 2, { queue: '..' });
    await until(async () => (await dashboard.get<QueueDetail>('queues/~..')).messages === 2, 'it to be known', {
      timeoutMs: LONG,
    });
    const page = await window.open(`${dashboard.address}/queues`);
    await page.getByRole('link', { name: '..', exact: true }).click();
    const queue = page.getByRole('region', { name: 'Queue ..' });
    await queue.getByText('2 waiting').waitFor();
    await page.reload();
    await queue.getByText('2 waiting').waitFor();
  });

  it('shows 1,000 workers and 1,000 queues as lists one can find one in', async () => {
    // The tenants are not there: the server has no such queue to tell of.
    const page = await (await window.context({ allow: /404/ })).newPage();
    await joinCrowd(page, { workers: 1000, queues: 1000 });
    await page.goto(`${dashboard.address}/workers?by=flat`);
    await page.getByText(/^1,00\d of 1,00\d$/).waitFor();
    const rows = page.locator('.workers tbody tr');
    expect(await rows.count(), 'rows in the page').toBeLessThan(100);
    const head = page.locator('.workers thead');
    const top = (await head.boundingBox())!.y;
    await page.evaluate(`document.querySelector('.listing-rows').scrollTo({ top: 20_000 })`);
    await page.locator('.workers tbody tr[aria-rowindex="500"]').waitFor();
    await expect.poll(async () => (await head.boundingBox())!.y, { message: 'its head stays' }).toBe(top);
    await page.getByRole('searchbox', { name: 'Filter workers' }).fill('busy>3 mail');
    await page.getByText(/^\d\d of 1,00\d$/).waitFor();
    await page.waitForURL((url) => url.searchParams.get('q') === 'busy>3 mail');
    await page.goto(`${dashboard.address}/workers`);
    await page.getByRole('row', { name: /^img 250/ }).waitFor();

    await page.goto(`${dashboard.address}/queues?by=flat`);
    await page.getByText(/^1,00\d of 1,00\d$/).waitFor();
    await page.getByRole('columnheader', { name: 'Waiting' }).getByRole('button').click();
    await page.waitForURL((url) => url.searchParams.get('sort') === 'waiting');
    await page.getByRole('columnheader', { name: 'Waiting' }).getByRole('button').click();
    await page.getByRole('link', { name: 'search.tenant-0999' }).waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.locator('a:focus', { hasText: 'mail.tenant-0998' }).waitFor();
    await page.keyboard.press('Enter');
    const panel = page.getByRole('complementary');
    await panel.getByRole('heading', { name: 'mail.tenant-0998' }).waitFor();
    const bottom = async () => {
      const box = (await panel.boundingBox())!;
      return box.y + box.height;
    };
    await expect.poll(bottom, { message: 'the panel is in sight' }).toBeLessThanOrEqual(900);
    await page.keyboard.press('j');
    await panel.getByRole('heading', { name: 'web.tenant-0997' }).waitFor();
    await page.keyboard.press('Escape');
    await panel.waitFor({ state: 'detached' });
  });

  it('loses no column from 360 to 1920 pixels, whatever the length of a name', async () => {
    const page = await window.blank(dashboard.address);
    await joinCrowd(page, {
      workers: 30,
      queues: 30,
      worker: (row, i) => (i === 0 ? { ...row, hostname: `${'w'.repeat(80)}@node` } : row),
      queue: (row, i) =>
        i === 0 ? { ...row, name: 'q'.repeat(80), messages: 99_999, by_priority: { 0: 99_900, 3: 99 } } : row,
    });
    const wrong: string[] = [];
    for (const [path, table, long, words] of [
      ['/workers?by=flat&sort=-name', '.workers', 'w'.repeat(60), 11],
      ['/queues?by=flat', '.queues', 'q'.repeat(60), 10],
    ] as const) {
      await page.goto(dashboard.address + path);
      await page.locator(`${table} tbody tr`, { hasText: long }).waitFor();
      for (const width of [360, 390, 768, 1024, 1280, 1440, 1920]) {
        await page.setViewportSize({ width, height: 900 });
        const seen = await page.evaluate<{ over: number; parts: number; outside: number }>(`
          new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => {
            const row = [...document.querySelectorAll('${table} tbody tr')].find((one) => one.textContent.includes('${long}'));
            const parts = [...row.querySelectorAll(':scope > td:not(.folded), .folded > span')];
            done({
              over: document.documentElement.scrollWidth - innerWidth,
              parts: parts.length,
              outside: parts.filter((part) => part.getBoundingClientRect().right > innerWidth + 0.5).length,
            });
          })))`);
        if (seen.over > 0 || seen.parts !== words || seen.outside > 0)
          wrong.push(`${path} at ${width}: ${JSON.stringify(seen)}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('says of a row that cannot be shown so in its place, and of a page that fails within the frame', async () => {
    const page = await (await window.context({ allow: /./ })).newPage();
    await joinCrowd(page, {
      workers: 3,
      queues: 3,
      worker: (row, i) => (i === 1 ? { ...row, finished_per_min: null, queues: null } : row),
      queue: (row, i) => (i === 1 ? { ...row, depth: null, by_priority: null } : row),
    });
    await page.goto(`${dashboard.address}/workers?by=flat`);
    await page.locator('.workers tr.odd').getByText('could not be shown').waitFor();
    await page.getByRole('row', { name: /w1@e2e online/ }).waitFor();
    await page.goto(`${dashboard.address}/queues?by=flat`);
    await page.locator('.queues tr.odd').getByText('could not be shown').waitFor();
    await page.getByRole('link', { name: 'mail.tenant-0002' }).waitFor();
    await page.goto(`${dashboard.address}/`);
    await page.getByRole('region', { name: 'Traffic' }).waitFor();

    // In a context of its own: another page of this one may have loaded what is put in its place.
    const broken = await (await window.context({ allow: /./ })).newPage();
    await broken.route(/\/assets\/queues-[\w-]+\.js/, (route) =>
      route.fulfill({
        contentType: 'text/javascript',
        body: "export default function Odd() { throw new Error('made on purpose'); }",
      }),
    );
    await broken.goto(`${dashboard.address}/queues`);
    await broken.getByRole('alert').getByText('This page has failed').waitFor();
    await broken.getByText('made on purpose').waitFor();
    await broken.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Workers' }).click();
    await broken.getByRole('row', { name: /w1@e2e online/ }).waitFor();
  });

  it('shows what a worker holds: running, reserved, waiting for its ETA, revoked, statistics and configuration', async () => {
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
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Workers' }).click();
    await page.getByRole('row', { name: /w2@e2e offline/ }).waitFor();
    await page.getByRole('row', { name: /w1@e2e online/ }).waitFor();
  });
});
