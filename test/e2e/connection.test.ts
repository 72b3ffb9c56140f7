// A line that breaks and comes back, a dashboard that ends and starts again: what the page says meanwhile, and what it knows after.
// Who may come in, and under which path: access.test.ts.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TaskDetail, TaskPage } from '../../shared/wire/http.ts';
import { until } from '../support/until.ts';
import { useBrowser } from './support/browser.ts';
import { CHROMIUM } from './support/chromium.ts';
import { type Dashboard, inState, LONG, useCluster } from './support/cluster.ts';
import { idsOf, rowOf, stateOf } from './support/pages.ts';
import { type Line, openLine } from './support/proxy.ts';

/** What Chromium itself writes about a line that is down. */
const BROKEN = /net::ERR_|WebSocket connection to .* failed/;

describe.skipIf(!CHROMIUM)('a connection that breaks, in Chromium', { timeout: 4 * LONG }, () => {
  const cluster = useCluster();
  const window = useBrowser();
  let dashboard: Dashboard;
  let line: Line;

  beforeAll(async () => {
    const worker = cluster.startWorker('w1@e2e');
    dashboard = await cluster.startDashboard();
    line = await openLine(dashboard.address);
    await worker;
  }, 3 * LONG);
  afterAll(() => line[Symbol.asyncDispose]());

  it('says that it is lost and when it tries again, then is live with all that happened meanwhile', async () => {
    const before = await cluster.send('shop.add', [1, 1]);
    const waiting = await cluster.send('shop.add', [2, 2], { countdown: 6 });
    const page = await window.open(`${line.address}/tasks`, { allow: BROKEN });
    await page.evaluate('window.mark = "the same document"');
    const live = page.locator('button.live');
    await live.filter({ hasText: /^live/ }).waitFor();
    await stateOf(page, before, 'SUCCESS').waitFor();
    await stateOf(page, waiting, 'RECEIVED').waitFor();

    line.cut();
    await live.filter({ hasText: /lost no updates for \d+ s, trying again/ }).waitFor();
    await live.filter({ hasText: /trying again in \d+ s/ }).waitFor();
    const meanwhile = await cluster.send('shop.add', [3, 3]);
    await inState(dashboard, meanwhile, 'SUCCESS');
    await inState(dashboard, waiting, 'SUCCESS');
    expect(await stateOf(page, waiting, 'RECEIVED').count(), 'nothing is made up').toBe(1);

    line.mend(dashboard.address);
    await live.click();
    await live.filter({ hasText: /^live/ }).waitFor();
    await stateOf(page, meanwhile, 'SUCCESS').waitFor();
    await stateOf(page, waiting, 'SUCCESS').waitFor();
    expect(await page.evaluate('window.mark')).toBe('the same document');
    const after = await cluster.send('shop.add', [4, 4]);
    await stateOf(page, after, 'SUCCESS').waitFor();
  });

  it('comes back by itself after the dashboard was killed and started again, and the history is found', async () => {
    const page = await window.open(`${line.address}/tasks`, { allow: BROKEN });
    const live = page.locator('button.live');
    await live.filter({ hasText: /^live/ }).waitFor();
    const known = await until(async () => (await idsOf(page)).length > 3 && idsOf(page), 'the tasks of before', {
      timeoutMs: LONG,
    });
    const failed = await cluster.send('shop.charge', [99, `${cluster.folder}/never`]);
    const told = await inState(dashboard, failed, 'FAILURE');
    // What was told is on disk within a second; only then may it be lost by nothing.
    await until(
      async () => (await dashboard.get<TaskPage>(`tasks?q=uuid:${failed}`)).items.length === 1,
      'the history',
    );

    dashboard.process.child.kill('SIGKILL');
    await dashboard.process.ended;
    await live.filter({ hasText: /^lost/ }).waitFor();
    const unseen = await cluster.send('shop.add', [5, 5]);
    dashboard = await cluster.startDashboard();
    line.mend(dashboard.address);
    await live.filter({ hasText: /^live/ }).waitFor();
    const seen = await cluster.send('shop.add', [6, 6]);
    await stateOf(page, seen, 'SUCCESS').waitFor();
    for (const id of known) await rowOf(page, id).waitFor();

    const fresh = await window.open(`${line.address}/tasks/${failed}`);
    await fresh.locator('.trace .raised').filter({ hasText: 'account 99 has no bank' }).waitFor();
    const again = await dashboard.get<TaskDetail>(`tasks/${failed}`);
    for (const field of [
      'state',
      'name',
      'args',
      'exception',
      'traceback',
      'sent',
      'received',
      'started',
      'failed',
    ] as const)
      expect(again[field], field).toEqual(told[field]);
    // It happened while nobody listened; the broker kept what it could, and nothing is made up.
    const late = await fetch(`${dashboard.address}/api/v2/tasks/${unseen}`);
    expect([200, 404]).toContain(late.status);
  });
});
