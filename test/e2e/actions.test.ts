// What an operator does to tasks: revoke, terminate, retry; each told by the workers' reply, then proved by the event, and recorded.
// The list itself: tasks.test.ts. Limits, queues and pools: workers.test.ts.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright';
import { beforeAll, describe, expect, it } from 'vitest';
import type { OperationsPage } from '../../shared/wire/operations.ts';
import type { TaskDetail } from '../../shared/wire/tasks.ts';
import { until } from '../support/until.ts';
import { useBrowser } from './support/browser.ts';
import { CHROMIUM } from './support/chromium.ts';
import { type Dashboard, inState, LONG, useCluster } from './support/cluster.ts';
import { rowOf, stateOf } from './support/pages.ts';

describe.skipIf(!CHROMIUM)('actions on tasks, in Chromium', { timeout: 3 * LONG }, () => {
  const cluster = useCluster();
  const window = useBrowser({ keeps: true });
  let dashboard: Dashboard;

  beforeAll(async () => {
    const worker = cluster.startWorker('w1@e2e', '-c', '8');
    // An answer that comes late is none, and what nobody answered is not shown as done.
    dashboard = await cluster.startDashboard('--inspect-timeout', '20000');
    await worker;
  }, 3 * LONG);

  const openTask = async (id: string): Promise<{ page: Page; task: Locator }> => {
    const page = await window.open(`${dashboard.address}/tasks?task=${id}`);
    const task = page.getByRole('complementary', { name: `Task ${id.slice(0, 8)}` });
    await task.getByText('Timeline').waitFor();
    return { page, task };
  };
  const shows = (task: Locator, state: string) => task.locator(`.state.tinted[data-state="${state}"]`).waitFor();

  it('revokes a task that waits for its ETA: the worker answers, and the event proves it', async () => {
    const id = await cluster.send('shop.add', [1, 1], { countdown: 600 });
    await inState(dashboard, id, 'RECEIVED');
    const { page, task } = await openTask(id);
    await shows(task, 'RECEIVED');
    await task.getByRole('button', { name: 'Revoke' }).click();
    await task.getByText('1 of 1 worker answered').waitFor();
    await task.getByText('The event came: revoked at').waitFor();
    await shows(task, 'REVOKED');
    await stateOf(page, id, 'REVOKED').waitFor();
    await task.getByText('before it started').first().waitFor();
    const known = () => dashboard.get<TaskDetail>(`tasks/${id}`);
    await expect.poll(known).toMatchObject({ state: 'REVOKED', started: null, result: null });
  });

  it('terminates a running task that listens, after saying what this pool can do', async () => {
    const id = await cluster.send('shop.listen', [600]);
    await inState(dashboard, id, 'STARTED');
    const { page, task } = await openTask(id);
    await shows(task, 'STARTED');
    await task.getByRole('button', { name: 'Terminate' }).click();
    const dialog = page.getByRole('dialog', { name: 'Terminate task' });
    await dialog.getByText("an async pool can only abort the task's signal").waitFor();
    await dialog.getByRole('button', { name: 'Terminate task' }).click();
    await task.getByText('1 of 1 worker answered').waitFor();
    await task.getByText('The event came: revoked at').waitFor();
    await shows(task, 'REVOKED');
    await task.getByText('while it ran').first().waitFor();
  });

  it('terminates a task that hears nothing: it counts as revoked at once, and what it still does changes nothing', async () => {
    const ended = join(cluster.folder, 'stubborn-ended');
    const gate = join(cluster.folder, 'stubborn-gate');
    const id = await cluster.send('shop.stubborn', [gate, ended]);
    await inState(dashboard, id, 'STARTED');
    const { page, task } = await openTask(id);
    await task.getByRole('button', { name: 'Terminate' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Terminate task' }).click();
    await shows(task, 'REVOKED');
    expect(existsSync(ended), 'the body has ended already').toBe(false);
    writeFileSync(gate, '');
    await until(() => existsSync(ended), 'the body to end by itself', { timeoutMs: LONG });
    const after = await cluster.send('shop.add', [1, 2]);
    await inState(dashboard, after, 'SUCCESS');
    expect((await dashboard.get<TaskDetail>(`tasks/${id}`)).state).toBe('REVOKED');
    await shows(task, 'REVOKED');
  });

  it('retries a failed task under a new id that names the old one, and the audit lists who did it', async () => {
    const restored = join(cluster.folder, 'mended');
    const id = await cluster.send('shop.charge', [4711, restored]);
    await inState(dashboard, id, 'FAILURE');
    const { page, task } = await openTask(id);
    writeFileSync(restored, '');
    await task.getByRole('button', { name: 'Retry' }).click();
    await page.getByRole('button', { name: 'Send it again' }).click();
    const link = task.getByText('Sent again as').getByRole('link');
    const shortId = await link.innerText();
    await link.click();
    const again = page.getByRole('complementary', { name: `Task ${shortId}` });
    await shows(again, 'SUCCESS');
    await again.getByText('charged 4711').first().waitFor();
    await again.locator('a.related-row', { hasText: id.slice(0, 8) }).waitFor();
    const newId = new URL(page.url()).searchParams.get('task')!;
    expect(newId).not.toBe(id);
    const retried = () => dashboard.get<TaskDetail>(`tasks/${newId}`);
    await expect.poll(retried).toMatchObject({ parent_id: id, name: 'shop.charge' });
    expect((await dashboard.get<TaskDetail>(`tasks/${id}`)).state, 'the old one stays').toBe('FAILURE');

    await page.keyboard.press('Escape');
    await page.keyboard.press('g');
    await page.keyboard.press('e');
    const record = page.getByRole('row', { name: new RegExp(`retry.*${id.slice(0, 8)}`) });
    await record.waitFor();
    await record.filter({ hasText: /anonymous.*done/ }).waitFor();
    await record.getByRole('button').click();
    await page.getByText(`Sent again as ${newId}`).waitFor();
    const [newest] = (await dashboard.get<OperationsPage>('operations')).items;
    expect(newest).toMatchObject({ action: 'retry', subject: id, who: 'anonymous', outcome: 'ok' });
  });

  it('offers nothing that does not apply, and says why not', async () => {
    const id = await cluster.send('shop.add', [2, 2]);
    await inState(dashboard, id, 'SUCCESS');
    const { page, task } = await openTask(id);
    const revoke = task.getByRole('button', { name: 'Revoke' });
    await expect.poll(() => revoke.getAttribute('aria-disabled')).toBe('true');
    await revoke.focus();
    await page
      .getByRole('tooltip')
      .filter({ hasText: /finished/ })
      .first()
      .waitFor();
  });

  it('revokes several selected tasks after one question that counts them', async () => {
    const ids = await Promise.all([1, 2, 3].map((n) => cluster.send('shop.add', [n, n], { countdown: 600 })));
    for (const id of ids) await inState(dashboard, id, 'RECEIVED');
    const page = await window.open(`${dashboard.address}/tasks?state=RECEIVED,REVOKED&q=name:shop.add`);
    for (const id of ids.slice(0, 2)) await rowOf(page, id).getByRole('checkbox').check();
    const bar = page.getByRole('toolbar', { name: 'Selected tasks' });
    await bar.getByText('2 tasks selected').waitFor();
    await bar.getByRole('button', { name: 'Revoke 2' }).click();
    const dialog = page.getByRole('dialog', { name: 'Revoke 2 tasks' });
    await dialog.getByRole('button', { name: 'Revoke 2 tasks' }).click();
    await bar.getByText('1 of 1 worker answered').waitFor();
    for (const id of ids.slice(0, 2)) await stateOf(page, id, 'REVOKED').waitFor();
    expect((await dashboard.get<TaskDetail>(`tasks/${ids[2]}`)).state).toBe('RECEIVED');
  });

  it('shows why a chord cannot end, and sends its failed part again from there', async () => {
    const restored = join(cluster.folder, 'restored-part');
    const [done, failed] = (await cluster.chord(
      [
        ['shop.add', [1, 2]],
        ['shop.charge', [99, restored]],
      ],
      'shop.pack',
    )) as [string, string];
    await inState(dashboard, failed, 'FAILURE');
    await inState(dashboard, done, 'SUCCESS');
    const { page, task } = await openTask(done);
    await task.getByRole('link', { name: 'All of it, as a graph' }).click();
    const main = page.getByRole('main');
    await main.getByText('A chord did not end.').waitFor();
    await main.getByRole('button', { name: /^chord tasks, 1 of 2, 1 failed/ }).waitFor();
    await main.getByRole('button', { name: /^pack, not seen yet, will not run/ }).waitFor();
    const saved = async (what: string): Promise<string> => {
      const file = page.waitForEvent('download');
      const path = join(cluster.folder, what);
      await main.getByRole('button', { name: 'Export' }).click();
      await page.getByRole('menuitem', { name: what }).click();
      await (await file).saveAs(path);
      return readFileSync(path, 'utf8');
    };
    expect(await saved('Mermaid')).toMatch(/^flowchart LR\n {2}subgraph n\d+\["chord, 1 of 2"\]/);
    // The picture is a whole one without these pages.
    const alone = await page.context().newPage();
    await alone.goto(`data:image/svg+xml,${encodeURIComponent(await saved('Picture (SVG)'))}`);
    expect(await alone.locator('svg > g text').allTextContents()).toEqual(
      expect.arrayContaining(['pack', '1 of 2, 1 failed']),
    );
    expect(await alone.locator('[class], [role], parsererror').count()).toBe(0);
    await alone.close();
    await page.keyboard.press('n');
    await main.locator(`[aria-pressed="true"][aria-label^="charge "]`).waitFor();
    writeFileSync(restored, '');
    await main.getByRole('button', { name: 'Retry from here' }).click();
    await page.getByRole('button', { name: 'Send it again' }).click();
    await main.getByText(/It was sent again from here as .* which is SUCCESS/).waitFor();
  });

  it('names what a revocation takes, and revokes a running chain and its steps to come', async () => {
    const [gate, ended] = ['chain-gate', 'chain-ended'].map((name) => join(cluster.folder, name)) as [string, string];
    const first = await cluster.chain([
      ['shop.stubborn', [gate, ended]],
      ['shop.add', [3, 4]],
      ['shop.add', [5, 6]],
    ]);
    await inState(dashboard, first, 'STARTED');
    const page = await window.open(`${dashboard.address}/workflows`);
    await page.getByRole('link', { name: new RegExp(first.slice(0, 8)) }).click();
    const main = page.getByRole('main');
    await main.getByText('Held up by').waitFor();
    await main.getByText('1 task, 2 not seen yet').waitFor();
    await main.getByRole('button', { name: 'Revoke 3 left' }).click();
    const dialog = page.getByRole('dialog', { name: 'Revoke 3 tasks' });
    await dialog.getByText('2 steps not sent yet are dropped').waitFor();
    await dialog.getByRole('button', { name: 'Revoke 3' }).click();
    await main.getByText('1 of 1 worker answered').waitFor();
    writeFileSync(gate, '');
    // The first goes on to its end; the next is dropped when the worker comes to it, and the last is never sent.
    await main.getByRole('button', { name: /^add, REVOKED/ }).waitFor();
    await main.getByRole('button', { name: /^add, not seen yet, will not run/ }).waitFor();
  });
});
