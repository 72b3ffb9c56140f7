// The list of tasks and one task of it, as a person meets them: coming, filtered, found again, opened.
// What can be done to a task: actions.test.ts. The whole way by keyboard: keyboard.test.ts.
import type { Page } from 'playwright';
import { beforeAll, describe, expect, it } from 'vitest';
import type { TaskPage } from '../../shared/wire/tasks.ts';
import { until } from '../support/until.ts';
import { type OpenOptions, PHONE, useBrowser } from './support/browser.ts';
import { CHROMIUM } from './support/chromium.ts';
import { type Dashboard, inState, LONG, useCluster } from './support/cluster.ts';
import { chip, idsOf, rowOf, stateOf } from './support/pages.ts';

describe.skipIf(!CHROMIUM)('the task list, in Chromium', { timeout: 3 * LONG }, () => {
  const cluster = useCluster();
  const window = useBrowser({ keeps: true });
  let dashboard: Dashboard;

  beforeAll(async () => {
    const worker = cluster.startWorker('w1@e2e', '-c', '4');
    // An answer that comes late is none, and what nobody answered is not shown as done.
    dashboard = await cluster.startDashboard('--inspect-timeout', '20000');
    await worker;
  }, 3 * LONG);

  const open = (path: string, options?: OpenOptions): Promise<Page> =>
    window.open(`${dashboard.address}${path}`, options);

  it('shows a task as it comes and as its state changes, without a reload, the newest on top', async () => {
    const page = await open('/tasks');
    await page.evaluate('window.mark = "the same document"');
    await page.locator('main#main').waitFor();
    const held = await cluster.send('shop.stubborn', ['gate', 'ended']);
    await stateOf(page, held, 'STARTED').waitFor();
    const quick = await cluster.send('shop.add', [1, 2]);
    await stateOf(page, quick, 'SUCCESS').waitFor();
    cluster.write('gate');
    await stateOf(page, held, 'SUCCESS').waitFor();
    await expect.poll(() => idsOf(page)).toEqual([quick, held]);
    await rowOf(page, held).getByText("('gate', 'ended')").first().waitFor();
    expect(await page.evaluate('window.mark')).toBe('the same document');
  });

  it('stands still while paused, says so, and shows what was missed on going on', async () => {
    const page = await open('/tasks');
    const live = page.locator('button.live');
    await live.filter({ hasText: /^live/ }).waitFor();
    const before = await until(async () => (await idsOf(page)).length > 0 && idsOf(page), 'rows', { timeoutMs: LONG });
    await live.click();
    await live.filter({ hasText: 'paused by you' }).waitFor();
    const missed = await cluster.send('shop.add', [3, 4]);
    await inState(dashboard, missed, 'SUCCESS');
    expect(await idsOf(page)).toEqual(before);
    await live.click();
    await stateOf(page, missed, 'SUCCESS').waitFor();
  });

  it('filters by query with completion and by state, keeps both in the URL, and a reload brings the same list', async () => {
    const charged = await Promise.all(
      [1, 2].map((account) => cluster.send('shop.charge', [account, `${cluster.folder}/never`])),
    );
    const others = [
      await cluster.send('shop.flaky', [1]),
      await cluster.send('shop.pack', [7], { kwargs: { fragile: true } }),
    ];
    for (const id of [...charged, others[0]!]) await inState(dashboard, id, 'FAILURE');
    const page = await open('/tasks');
    for (const id of [...charged, ...others]) await rowOf(page, id).waitFor();

    await page.keyboard.press('/');
    await page.keyboard.type('na');
    await page.getByRole('option', { name: /^name/ }).first().waitFor();
    await page.keyboard.press('Tab');
    const offered = page.getByRole('option', { name: /shop\.charge/ });
    await offered.waitFor();
    await expect.poll(() => offered.innerText(), { message: 'how many there are' }).toMatch(/\b2$/);
    await page.keyboard.type('cha');
    await page.keyboard.press('Tab');
    await rowOf(page, others[0]!).waitFor({ state: 'detached' });
    await page.keyboard.press('Enter');
    await page.keyboard.press('Escape');
    await chip(page, 'FAILURE').click();
    await page.waitForURL((url) => url.searchParams.get('state') === 'FAILURE');
    await page.waitForURL((url) => url.searchParams.get('q') === 'name:shop.charge');

    const wanted = await dashboard.get<TaskPage>('tasks?q=name:shop.charge&state=FAILURE');
    const same = async () => (await idsOf(page)).join() === wanted.items.map((task) => task.uuid).join();
    await until(same, 'the list to show what the API finds', { timeoutMs: LONG });
    expect(wanted.items.map((task) => task.uuid).sort()).toEqual([...charged].sort());

    await page.reload();
    await until(same, 'the same list after a reload', { timeoutMs: LONG });
    await expect.poll(() => chip(page, 'FAILURE').getAttribute('aria-pressed')).toBe('true');
    await page.locator('.chips-in').filter({ hasText: 'shop.charge' }).waitFor();

    await page.getByRole('button', { name: 'Remove name:shop.charge' }).click();
    await rowOf(page, others[0]!).waitFor();
    await page.waitForURL((url) => !url.searchParams.has('q'));
  });

  it('says what is wrong with a query, where it is typed', async () => {
    const page = await open('/tasks');
    const field = page.getByRole('combobox', { name: 'Filter tasks' });
    await field.fill('runtime>soon');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').filter({ hasText: /soon/ }).waitFor();
    await expect.poll(() => field.getAttribute('aria-invalid')).toBe('true');
  });

  it('says that nothing matches, and one click clears the filter', async () => {
    const page = await open('/tasks?q=name:there.is.none');
    await page.getByText('No task matches').waitFor();
    await page.getByRole('button', { name: 'Clear the filter' }).last().click();
    await until(async () => (await idsOf(page)).length > 0, 'rows again', { timeoutMs: LONG });
    await page.waitForURL((url) => url.search === '');
  });

  it('opens a failed task beside the list, with its way through the cluster, its arguments and its traceback', async () => {
    const id = await cluster.send('shop.charge', [918_273, `${cluster.folder}/never`]);
    const task = await inState(dashboard, id, 'FAILURE');
    const page = await open('/tasks');
    await rowOf(page, id).getByRole('link').click();
    await page.waitForURL((url) => url.searchParams.get('task') === id);
    const panel = page.getByRole('complementary', { name: `Task ${id.slice(0, 8)}` });
    await panel.getByText('Timeline').waitFor();
    const steps = () => panel.locator('.life b').allInnerTexts();
    await expect.poll(steps).toEqual(['Sent', 'Received', 'Started', 'Failed']);
    const overlap = async () => {
      const [list, beside] = [await page.locator('.list').boundingBox(), await panel.boundingBox()];
      return list!.x + list!.width - beside!.x;
    };
    await expect.poll(overlap, { message: 'pixels of the list below the panel' }).toBeLessThanOrEqual(1);
    const args = panel.getByRole('tree', { name: 'Arguments' });
    await args.getByText('918273').first().waitFor();
    await expect.poll(() => panel.locator('.trace .raised').innerText()).toBe('RangeError: account 918273 has no bank');
    await panel.locator('.trace').filter({ hasText: 'tasks.mjs' }).waitFor();
    expect(task.exception).toContain('account 918273 has no bank');

    await page.reload();
    await panel.getByText('Timeline').waitFor();
    await page.keyboard.press('Escape');
    await panel.waitFor({ state: 'detached' });
    await page.waitForURL((url) => !url.searchParams.has('task'));
  });

  it('opens a task as a page at 360 pixels', async () => {
    const id = await cluster.send('shop.pack', [{ sku: 'fern', pieces: 3 }], { kwargs: { fragile: true } });
    await inState(dashboard, id, 'SUCCESS');
    const page = await open('/tasks', { viewport: PHONE, hasTouch: true });
    await rowOf(page, id).getByRole('link').tap();
    const panel = page.getByRole('complementary', { name: `Task ${id.slice(0, 8)}` });
    await panel.getByText('Timeline').waitFor();
    await expect.poll(async () => (await panel.boundingBox())!.width).toBe(PHONE.width);
    for (const word of ['fern', 'fragile', 'True', 'Succeeded']) await panel.filter({ hasText: word }).waitFor();
    await panel.getByRole('button', { name: 'Close' }).tap();
    await rowOf(page, id).waitFor();
  });

  it('shows the tries of a task that was tried again', async () => {
    const id = await cluster.send('shop.flaky', [77]);
    await inState(dashboard, id, 'FAILURE');
    const page = await open(`/tasks/${id}`);
    const tries = page.getByRole('list', { name: 'Tries' }).getByRole('button');
    await tries.nth(2).waitFor();
    await expect.poll(() => tries.count()).toBe(3);
    await tries.first().click();
    await until(async () => (await page.locator('.life b').allInnerTexts()).includes('To retry'), 'the first try', {
      timeoutMs: LONG,
    });
  });

  it('leads from a task to those it called, and back', async () => {
    const id = await cluster.send('shop.order', [5]);
    await inState(dashboard, id, 'SUCCESS');
    const child = await until(
      async () => (await dashboard.get<TaskPage>(`tasks?q=parent:${id}`)).items[0]?.uuid,
      'its child',
      { timeoutMs: LONG },
    );
    const page = await open(`/tasks/${id}`);
    await page.locator(`a.related-row`, { hasText: child.slice(0, 8) }).click();
    await page.waitForURL((url) => url.href.includes(child));
    await page.locator('dt', { hasText: 'Parent' }).waitFor();
    await page.locator(`a.related-row`, { hasText: id.slice(0, 8) }).waitFor();
  });

  it('reads the stored result when asked', async () => {
    const id = await cluster.send('shop.pack', ['tray'], { kwargs: { fragile: false } });
    await inState(dashboard, id, 'SUCCESS');
    const page = await open(`/tasks/${id}`);
    await page.getByRole('button', { name: 'Read the stored result' }).click();
    await page.getByText('as stored').waitFor();
    await page.getByRole('tree', { name: 'Result' }).filter({ hasText: 'tray' }).waitFor();
  });

  it('says so when there is no such task or no such page', async () => {
    const none = '00000000-0000-4000-8000-000000000000';
    const page = await open(`/tasks/${none}`, { allow: /404/ });
    await page.getByText('No such task').waitFor();
    await page.goto(`${dashboard.address}/nowhere`);
    await page.getByText('There is no such page').waitFor();
  });

  it('takes a filter of 3,000 letters, on the screen and in the URL, and says when one is too long to be read', async () => {
    const long = 'seed'.repeat(750);
    const page = await open(`/tasks?q=${long}`, { allow: /400/ });
    await page.getByText('No task matches').waitFor();
    const isWide = () => page.evaluate<boolean>('document.documentElement.scrollWidth > innerWidth');
    expect(await isWide()).toBe(false);
    const field = page.getByRole('combobox', { name: 'Filter tasks' });
    await field.focus();
    await expect.poll(() => field.inputValue()).toBe(long);
    await field.fill(`${long}${long}`);
    await page.keyboard.press('Enter');
    await page.getByRole('alert').filter({ hasText: 'at most 4096' }).waitFor();
    expect(await isWide()).toBe(false);
  });

  it('pushes rows down without a layout shift when new ones come', async () => {
    const page = await open('/tasks');
    await stateOf(page, await cluster.send('shop.add', [0, 0]), 'SUCCESS').waitFor();
    await page.evaluate(`
      window.shifts = [];
      new PerformanceObserver((list) => {
        for (const { sources } of list.getEntries())
          for (const { node } of sources) if (node?.parentElement?.closest('.tasks-table tbody')) shifts.push(node.nodeName);
      }).observe({ type: 'layout-shift' });
    `);
    const last = (await cluster.sendMany('shop.limited', 12)).at(-1)!;
    await stateOf(page, last, 'SUCCESS').waitFor();
    const more = (await cluster.sendMany('shop.limited', 12)).at(-1)!;
    await stateOf(page, more, 'SUCCESS').waitFor();
    // Two frames later all that was drawn has been looked at.
    await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
    expect(await page.evaluate('shifts')).toEqual([]);
  });

  it('stands where it was scrolled to when one comes back', async () => {
    const page = await open('/tasks?state=SUCCESS', { viewport: { width: 1280, height: 400 } });
    const rows = page.locator('.rows');
    const last = (await cluster.sendMany('shop.limited', 20)).at(-1)!;
    await stateOf(page, last, 'SUCCESS').waitFor();
    await rows.evaluate((element) => (element as unknown as { scrollTo(x: number, y: number): void }).scrollTo(0, 160));
    await page.getByText('Order is held while you are down the list').waitFor();
    await page.getByRole('link', { name: 'Queues' }).click();
    await page.getByRole('heading', { level: 1, name: 'Queues' }).waitFor();
    await page.goBack();
    await expect
      .poll(() => rows.evaluate((element) => (element as unknown as { scrollTop: number }).scrollTop))
      .toBe(160);
  });

  it('selects all that match beyond what is loaded, and revokes them in requests of what one request takes', async () => {
    const ids = await cluster.sendMany('shop.add', 1010, { queue: 'unattended' });
    const total = async () => (await dashboard.get<TaskPage>('tasks?q=queue:unattended&limit=1')).total;
    await until(async () => (await total()) === ids.length, 'all of them to be known', { timeoutMs: LONG });
    const refused = await fetch(`${dashboard.address}/api/v2/operations`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ action: 'revoke', task_ids: ids.slice(0, 1001) }),
    });
    expect(refused.status).toBe(400);

    const page = await open('/tasks?q=queue:unattended');
    await until(async () => (await idsOf(page)).length > 0, 'rows', { timeoutMs: LONG });
    await page.getByRole('checkbox', { name: 'Select all that are loaded' }).check();
    const bar = page.getByRole('toolbar', { name: 'Selected tasks' });
    await bar.getByText('100 tasks selected').waitFor();
    await bar.getByRole('button', { name: 'Select all 1,010 that match' }).click();
    await bar.getByText('1,010 tasks selected').waitFor();
    await bar.getByRole('button', { name: 'Revoke 1,010' }).click();
    const dialog = page.getByRole('dialog', { name: 'Revoke 1,010 tasks' });
    await dialog.getByText('In 2 requests of 1,000 at most').waitFor();
    await dialog.getByRole('button', { name: 'Revoke 1,010 tasks' }).click();
    await bar.getByText('Revoke: 1,010 of 1,010 sent').waitFor();
    await page.keyboard.press('Escape');
    await bar.waitFor({ state: 'detached' });
    // Nobody consumes them, so no worker drops them: each says that it will not run.
    const first = (await idsOf(page))[0]!;
    await rowOf(page, first).getByText('revoke asked').waitFor();
    await stateOf(page, first, 'PENDING').waitFor();
  });
});
