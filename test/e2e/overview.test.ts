// The overview and the charts: that they show what happened, as a picture and as a table, and lead on to where it happened.
import { beforeAll, describe, expect, it } from 'vitest';
import type { Overview } from '../../shared/wire/overview.ts';
import type { QueueDetail } from '../../shared/wire/queues.ts';
import type { SeriesReply } from '../../shared/wire/series.ts';
import { until } from '../support/until.ts';
import { useBrowser } from './support/browser.ts';
import { CHROMIUM } from './support/chromium.ts';
import { type Dashboard, inState, LONG, useCluster } from './support/cluster.ts';

describe.skipIf(!CHROMIUM)('the overview, in Chromium', { timeout: 3 * LONG }, () => {
  const cluster = useCluster();
  const window = useBrowser({ keeps: true });
  let dashboard: Dashboard;

  beforeAll(async () => {
    const worker = cluster.startWorker('w1@e2e', '-c', '4');
    dashboard = await cluster.startDashboard();
    await worker;
    await cluster.sendMany('shop.add', 5, { queue: 'unattended' });
    const ids = [...(await cluster.sendMany('shop.limited', 20)), await cluster.send('shop.charge', [5, '/never'])];
    for (const id of ids) await inState(dashboard, id, 'SUCCESS', 'FAILURE');
  }, 4 * LONG);

  const throughput = () => dashboard.get<SeriesReply>('series?metric=throughput&range=15m');

  it('draws throughput and runtimes, and tells the same numbers as a table', async () => {
    await until(async () => (await throughput()).totals['SUCCESS'] === 20, 'the roll-up', { timeoutMs: LONG });
    const page = await window.open(`${dashboard.address}/?range=15m`);
    const traffic = page.getByRole('region', { name: 'Traffic' });
    const drawn = traffic.getByRole('img', { name: /20 succeeded, 0 retried, 1 failed/ });
    await drawn.locator('svg.recharts-surface path.recharts-area-area').first().waitFor();
    const runtimes = traffic.getByRole('img', { name: /^Runtime over the last 15m: now p50/ });
    await runtimes.locator('.recharts-line path, circle.isolated').filter({ visible: true }).first().waitFor();

    await traffic.getByRole('button', { name: 'Show as table' }).click();
    const table = traffic.getByRole('table', { name: /^Tasks finished/ });
    const rows = () =>
      table
        .locator('tbody tr')
        .evaluateAll((all) =>
          (all as unknown as { cells: { textContent: string }[] }[]).map((row) =>
            [...row.cells].slice(1).map((cell) => Number(cell.textContent) || 0),
          ),
        );
    const sums = async () => {
      const all = await rows();
      return [0, 1, 2].map((column) => all.reduce((sum, row) => sum + row[column]!, 0));
    };
    await expect.poll(sums, { message: 'succeeded, retried, failed' }).toEqual([20, 0, 1]);
    // Either may have begun its next bucket before the other.
    await expect.poll(async () => (await rows()).length - (await throughput()).t.length).toBe(0);

    await traffic.getByRole('group', { name: 'Range' }).getByRole('button', { name: '24 h' }).click();
    await page.waitForURL((url) => url.searchParams.get('range') === '24h');
    await traffic.getByRole('table', { name: /last 24h: 20 succeeded/ }).waitFor();
  });

  it('counts what needs a person, and each leads to its place', async () => {
    const page = await window.open(`${dashboard.address}/`);
    const health = page.getByRole('region', { name: 'Health' });
    await until(
      async () => {
        const now = await dashboard.get<Overview>('overview');
        const n = now.attention.length + (now.attention_more ?? 0);
        const heading = n === 1 ? 'One thing needs you' : `${n} things need you`;
        const noticed = now.attention.some(({ kind }) => kind === 'queue-unconsumed') && !now.settling;
        return noticed && (await health.getByRole('heading', { name: heading }).isVisible());
      },
      'it to be noticed, and the page to count as the server does',
      { timeoutMs: LONG, everyMs: 200 },
    );
    await health.getByRole('link', { name: /unattended/ }).click();
    await page.waitForURL(/\/queues\/unattended/);
    await page.goBack();
    await page
      .getByRole('table', { name: /^Failures/ })
      .getByRole('link', { name: /RangeError/ })
      .click();
    await page.locator('.tasks-table').getByText('charge', { exact: true }).waitFor();
    await expect.poll(() => page.locator('.tasks-table tbody a[data-row]').count()).toBe(1);
  });

  it('shows figures, kinds of failure, queues and workers as the API knows them', async () => {
    const page = await window.open(`${dashboard.address}/`);
    await page
      .getByRole('table', { name: /^Failures of the last 24 hours/ })
      .getByText('RangeError')
      .waitFor();
    const queue = page
      .getByRole('table', { name: 'Queues, growing ones first' })
      .getByRole('row', { name: /unattended/ });
    await expect.poll(() => queue.locator('.c-depth').innerText()).toBe('5');
    const now = page.getByRole('region', { name: 'Now' });
    await now.getByText('1 worker online').waitFor();
    await now.getByText(/of 4/).first().waitFor();
    const hidden = () => page.evaluate('document.documentElement.scrollHeight - innerHeight');
    await expect.poll(hidden, { message: 'pixels that 1440 x 900 does not show' }).toBe(0);
  });

  it('moves while one looks', async () => {
    const page = await window.open(`${dashboard.address}/?range=15m`);
    const busy = page
      .getByRole('region', { name: 'Now' })
      .locator('div', { hasText: 'Busy slots' })
      .locator('.value')
      .last();
    await until(async () => /^0/.test(await busy.innerText()), 'an idle cluster', { timeoutMs: LONG });
    const ids = await Promise.all([1, 2, 3].map((n) => cluster.send('shop.stubborn', ['gate', `ended-${n}`])));
    await until(async () => /^3/.test(await busy.innerText()), 'three busy slots', { timeoutMs: LONG });
    cluster.write('gate');
    for (const id of ids) await inState(dashboard, id, 'SUCCESS');
    await until(async () => /^0/.test(await busy.innerText()), 'an idle cluster again', { timeoutMs: LONG });
    await page.getByRole('img', { name: /23 succeeded/ }).waitFor();
  });

  it('moves nothing while figures change', async () => {
    const page = await window.open(`${dashboard.address}/?range=15m`);
    await page.locator('.traffic svg.recharts-surface').nth(2).waitFor();
    await page.locator('button.live').filter({ hasText: 'events/s' }).waitFor();
    await page.evaluate('document.fonts.ready');
    await page.evaluate(`
      window.moved = [];
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries())
          for (const { node } of entry.sources) window.moved.push(node?.parentElement?.className + ' ' + node?.textContent);
      }).observe({ type: 'layout-shift' })`);
    const finished = page.getByRole('img', { name: /succeeded/ });
    const before = await finished.getAttribute('aria-label');
    const ids = await cluster.sendMany('shop.limited', 60);
    for (const id of ids) await inState(dashboard, id, 'SUCCESS');
    await until(async () => (await finished.getAttribute('aria-label')) !== before, 'other figures', {
      timeoutMs: LONG,
    });
    expect(await page.evaluate('window.moved')).toEqual([]);
  });

  it('draws the depth of a queue over time, and tells it as a table', async () => {
    const known = async () => (await dashboard.get<QueueDetail>('queues/unattended')).messages === 5;
    await until(known, 'the queue to be measured', { timeoutMs: LONG, everyMs: 100 });
    const page = await window.open(`${dashboard.address}/queues/unattended?tab=history&range=15m`);
    await page
      .getByRole('img', { name: /Depth of unattended over the last 15m: 5 now/ })
      .locator('path.recharts-curve, circle.isolated')
      .filter({ visible: true })
      .first()
      .waitFor();
    await page.getByRole('button', { name: 'Show as table' }).click();
    const table = page.getByRole('table', { name: /^Depth of unattended/ });
    const newest = async () =>
      (await table.locator('tbody td:last-child').allInnerTexts()).find((text) => text !== 'no data');
    await expect.poll(newest, { message: 'the newest bucket that was measured' }).toBe('5');
    expect((await dashboard.get<QueueDetail>('queues/unattended')).messages).toBe(5);
  });
});
