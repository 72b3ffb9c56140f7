// The dashboard without a mouse, and how it looks: every way by keys, and a theme that is there before the first paint.
// Each page's fitness for screen readers and phones: pages.test.ts.
import type { Page } from 'playwright';
import { beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { type OpenOptions, useBrowser } from './support/browser.ts';
import { CHROMIUM } from './support/chromium.ts';
import { type Dashboard, getJson, inState, LONG, useCluster } from './support/cluster.ts';
import { idsOf } from './support/pages.ts';

const DARK = 'rgb(16, 18, 20)';
const LIGHT = 'rgb(250, 250, 249)';

describe.skipIf(!CHROMIUM)('the dashboard by keyboard, in Chromium', { timeout: 3 * LONG }, () => {
  const cluster = useCluster();
  const window = useBrowser({ keeps: true });
  let dashboard: Dashboard;

  beforeAll(async () => {
    const worker = cluster.startWorker('w1@e2e', '-c', '4');
    dashboard = await cluster.startDashboard();
    await worker;
    for (const id of await cluster.sendMany('shop.limited', 4)) await inState(dashboard, id, 'SUCCESS');
  }, 4 * LONG);

  const openTasks = async (options?: OpenOptions): Promise<{ page: Page; ids: string[] }> => {
    const page = await window.open(`${dashboard.address}/tasks`, options);
    const ids = await until(
      async () => {
        const found = await idsOf(page);
        return found.length === 4 && found;
      },
      'four rows',
      { timeoutMs: LONG },
    );
    return { page, ids };
  };
  const focusedRow = (page: Page) => page.evaluate<string | undefined>('document.activeElement?.dataset.row');
  const background = (page: Page) =>
    page.evaluate<string>('getComputedStyle(document.documentElement).backgroundColor');

  it('walks the list, opens and closes a task, and returns to the row it came from', async () => {
    const { page, ids } = await openTasks();
    for (const key of ['j', 'j', 'j', 'k']) await page.keyboard.press(key);
    await until(async () => (await focusedRow(page)) === ids[1], 'the second row to have the focus', {
      timeoutMs: LONG,
    });
    await page.keyboard.press('Enter');
    await page.waitForURL((url) => url.searchParams.get('task') === ids[1]);
    await page.getByRole('complementary').getByText('Timeline').waitFor();
    await page.keyboard.press(']');
    await page.waitForURL((url) => url.searchParams.get('task') === ids[2]);
    await page.keyboard.press('[');
    await page.waitForURL((url) => url.searchParams.get('task') === ids[1]);
    await page.keyboard.press('Escape');
    await page.getByRole('complementary').waitFor({ state: 'detached' });
    await until(async () => (await focusedRow(page)) === ids[1], 'the focus to return', { timeoutMs: LONG });
  });

  it('selects a range, tells what can be done with it, and lets it go', async () => {
    const { page, ids } = await openTasks();
    for (const key of ['j', 'x', 'j', 'j', 'Shift+X']) await page.keyboard.press(key);
    const bar = page.getByRole('toolbar', { name: 'Selected tasks' });
    await bar.getByText('3 tasks selected').waitFor();
    await page.keyboard.press('Escape');
    await bar.waitFor({ state: 'detached' });
    await page.keyboard.press('.');
    await page.getByRole('menu').getByText('Revoke').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('menu').waitFor({ state: 'detached' });
    await until(async () => (await focusedRow(page)) === ids[2], 'the focus to return', { timeoutMs: LONG });
  });

  it('goes anywhere by two letters, and by the palette', async () => {
    const { page, ids } = await openTasks();
    for (const [letter, heading] of [
      ['w', 'Workers'],
      ['q', 'Queues'],
      ['e', 'Audit'],
      ['o', 'Overview'],
      ['t', 'Tasks'],
    ] as const) {
      // One behind the other, without a word in between: on a busy machine that took longer than the page waits for the second.
      await Promise.all([page.keyboard.press('g'), page.keyboard.press(letter)]);
      await page.getByRole('heading', { level: 1, name: heading }).waitFor();
    }
    const palette = page.getByRole('dialog', { name: 'Search or jump to' });
    await page.keyboard.press('Control+k');
    await palette.waitFor();
    await page.keyboard.type('w1@');
    await palette
      .getByRole('option', { name: /w1@e2e/ })
      .first()
      .waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'w1@e2e' }).waitFor();
    await page.keyboard.press('Control+k');
    await palette.waitFor();
    await page.keyboard.type(ids[0]!);
    await palette
      .getByRole('option')
      .filter({ hasText: ids[0]!.slice(0, 8) })
      .first()
      .waitFor();
    await page.keyboard.press('Enter');
    await page.waitForURL(new RegExp(`/tasks/${ids[0]}$`));
    await page.keyboard.press('Control+k');
    await palette.waitFor();
    await page.keyboard.press('Escape');
    await palette.waitFor({ state: 'detached' });
  });

  it('walks the audit, opens an operation and closes it again', async () => {
    for (const action of ['enable_events', 'heartbeat'])
      await getJson(`${dashboard.address}/api/v2/operations`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ action, destination: ['w1@e2e'] }),
      });
    const page = await window.open(`${dashboard.address}/audit`);
    const rows = page.locator('.audit button[data-record]');
    await expect.poll(() => rows.count()).toBe(2);
    const focused = () => page.evaluate<string | undefined>('document.activeElement?.dataset.record');
    const [first, second] = await rows.evaluateAll((found) =>
      found.map((row) => (row as unknown as { dataset: { record: string } }).dataset.record),
    );
    await page.keyboard.press('j');
    await expect.poll(focused).toBe(first);
    await page.keyboard.press('j');
    await expect.poll(focused).toBe(second);
    await page.keyboard.press('k');
    await expect.poll(focused).toBe(first);
    await page.keyboard.press('Enter');
    await page.waitForURL((url) => url.searchParams.get('open') === first);
    await page.locator('.audit tr.detail-line:not(:has(.audit-day))').waitFor();
    await page.keyboard.press('Escape');
    await page.locator('.audit tr.detail-line:not(:has(.audit-day))').waitFor({ state: 'detached' });
  });

  it("walks a worker's tables row by row, each with its link or button in focus", async () => {
    const page = await window.open(`${dashboard.address}/workers/w1%40e2e`);
    const rows = page.locator('#main tbody tr[data-key]');
    await rows.nth(1).waitFor();
    const focused = () => page.evaluate<string | undefined>('document.activeElement?.closest("tr")?.dataset.key');
    const keys = await rows.evaluateAll((found) =>
      found
        .filter((row) =>
          (row as unknown as { querySelector(selector: string): unknown }).querySelector(
            'a, button:not([aria-disabled="true"])',
          ),
        )
        .map((row) => (row as unknown as { dataset: { key: string } }).dataset.key),
    );
    await page.keyboard.press('j');
    await expect.poll(focused).toBe(keys[0]);
    await page.keyboard.press('j');
    await expect.poll(focused).toBe(keys[1]);
    await page.keyboard.press('k');
    await expect.poll(focused).toBe(keys[0]);
  });

  it('walks the rules of the alerts', async () => {
    const page = await window.open(`${dashboard.address}/alerts`);
    await page.locator('.alerts-page tbody tr').first().waitFor();
    await page.keyboard.press('j');
    await expect.poll(() => page.evaluate('document.activeElement.closest("tbody tr") !== null')).toBe(true);
  });

  it('types letters into the filter instead of acting on them', async () => {
    const { page } = await openTasks();
    await page.keyboard.press('/');
    await page.keyboard.type('gtjx?');
    const field = page.getByRole('combobox', { name: 'Filter tasks' });
    await expect.poll(() => field.inputValue()).toBe('gtjx?');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    expect(await page.getByRole('dialog').count()).toBe(0);
  });

  it('lists all keys under ?, and single letters can be turned off there', async () => {
    const { page } = await openTasks();
    await page.keyboard.press('?');
    const help = page.getByRole('dialog', { name: 'Keys and looks' });
    for (const word of ['Filter', 'Next row', 'Search or jump to', 'Change theme'])
      await help.getByText(word).waitFor();
    await help.getByRole('checkbox', { name: 'Single-letter keys' }).uncheck();
    await page.keyboard.press('Escape');
    await help.waitFor({ state: 'detached' });
    await page.keyboard.press('t');
    await page.keyboard.press('Control+k');
    await page.getByRole('dialog', { name: 'Search or jump to' }).waitFor();
    expect(await page.evaluate('document.documentElement.dataset.theme')).toBeUndefined();
  });

  it('shows where the focus is', async () => {
    // In another document the way of the focus might begin where the last test left it.
    const page = await window.blank(dashboard.address);
    await page.goto(`${dashboard.address}/tasks`);
    await page.locator('.tasks-table').waitFor();
    await page.keyboard.press('Tab');
    const skip = page.getByRole('link', { name: 'Skip to content' });
    const isFocused = () => skip.evaluate((link) => (link as { matches?: (s: string) => boolean }).matches?.(':focus'));
    await expect.poll(isFocused).toBe(true);
    await page.keyboard.press('Enter');
    await expect.poll(() => page.evaluate('document.activeElement.id')).toBe('main');
    await page.keyboard.press('Tab');
    const ring = () => page.evaluate<string>('getComputedStyle(document.activeElement).outline');
    await expect.poll(ring).toMatch(/solid 2px/);
  });

  it('changes the theme by a key, keeps it, and follows the system until then', async () => {
    const { page } = await openTasks({ colorScheme: 'dark' });
    await expect.poll(() => background(page)).toBe(DARK);
    await page.keyboard.press('t');
    await until(async () => (await background(page)) === LIGHT, 'the light theme', { timeoutMs: LONG });
    await page.reload();
    await expect.poll(() => background(page)).toBe(LIGHT);
    // Keys are heard once the page is drawn.
    await page.locator('.tasks-table').waitFor();
    await page.keyboard.press('t');
    await page.keyboard.press('t');
    await until(async () => (await background(page)) === DARK, 'the theme of the system', { timeoutMs: LONG });
    await page.emulateMedia({ colorScheme: 'light' });
    await until(async () => (await background(page)) === LIGHT, 'the theme of the system', { timeoutMs: LONG });
  });

  it('paints nothing in another theme than the one that was chosen', async () => {
    const context = await window.context({ colorScheme: 'light' });
    // Every background the page ever has, from before its first script on.
    await context.addInitScript(`
      window.seen = new Set();
      const look = () => {
        // From the body on there is something to paint.
        if (document.body) seen.add(getComputedStyle(document.documentElement).backgroundColor);
        requestAnimationFrame(look);
      };
      look();
    `);
    const page = await context.newPage();
    await page.goto(`${dashboard.address}/tasks`);
    await page.locator('.tasks-table').waitFor();
    await page.evaluate(`localStorage.setItem('umbel.preferences', '{"theme":"dark"}')`);
    await page.reload();
    await page.locator('.tasks-table').waitFor();
    const seen = () => page.evaluate<string[]>('[...seen]');
    await expect.poll(seen, { message: 'something is painted' }).toContain(DARK);
    expect(await seen()).toEqual([DARK]);
  });
});
