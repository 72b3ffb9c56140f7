// Who may reach the dashboard, from where, and under which path. The server's own tests of this: test/dashboard.
import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { useBrowser } from './support/browser.ts';
import { CHROMIUM } from './support/chromium.ts';
import { LONG, startUmbel, useCluster } from './support/cluster.ts';
import { rowOf, stateOf } from './support/pages.ts';

describe.skipIf(!CHROMIUM)('reaching the dashboard, in Chromium', { timeout: 3 * LONG }, () => {
  const cluster = useCluster();
  const window = useBrowser();

  beforeAll(async () => {
    await cluster.startWorker('w1@e2e');
  }, 2 * LONG);

  it('works whole under a prefix: pages, a reload deep inside, the live line and actions', async () => {
    const dashboard = await cluster.startDashboard('--url-prefix', '/ops/queue', '--db', `${cluster.folder}/prefix.db`);
    expect(dashboard.address).toMatch(/\/ops\/queue\/?$/);
    const home = dashboard.address.replace(/\/$/, '');
    const page = await window.open(`${home}/`);
    await page.getByRole('link', { name: 'Tasks', exact: true }).click();
    await page.waitForURL(`${home}/tasks`);
    const id = await cluster.send('shop.add', [1, 1]);
    await stateOf(page, id, 'SUCCESS').waitFor();
    await page.goto(`${home}/tasks/${id}`);
    await page.reload();
    await page.getByText('Succeeded').waitFor();
    await page.getByRole('button', { name: 'Retry' }).click();
    await page.getByRole('button', { name: 'Send it again' }).click();
    await page.getByText('Sent again as').getByRole('link').click();
    await page.waitForURL((url) => url.href.startsWith(`${home}/tasks?task=`));
    await page.getByText('Succeeded').waitFor();
    // A proxy may take the prefix away before it asks.
    const without = await fetch(new URL('/tasks', home));
    expect([without.status, await without.text()]).toEqual([200, expect.stringContaining('<base href="/ops/queue/">')]);
  });

  it('asks for a password where one is configured, and names who acted', async () => {
    const dashboard = await cluster.startDashboard('--basic-auth', 'ada:enigma', '--db', `${cluster.folder}/auth.db`);
    for (const path of ['/', '/tasks', '/api/v2/tasks', '/api/v2/docs']) {
      const reply = await fetch(dashboard.address + path);
      expect(reply.status, path).toBe(401);
    }
    const wrong = await fetch(dashboard.address, { headers: { authorization: `Basic ${btoa('ada:riddle')}` } });
    expect(wrong.status).toBe(401);

    const page = await window.open(`${dashboard.address}/tasks`, {
      // A token for an action that is none.
      allow: /\b400 .*tokens/,
    });
    await page.getByLabel('Name').fill('ada');
    await page.getByLabel('Password', { exact: true }).fill('enigma');
    await page.getByRole('button', { name: 'Sign in' }).click();
    const id = await cluster.send('shop.add', [8, 8]);
    await stateOf(page, id, 'SUCCESS').waitFor();
    await page.getByText('ada', { exact: true }).waitFor();
    await rowOf(page, id).getByRole('link').click();
    await page.getByRole('button', { name: 'Retry' }).click();
    await page.getByRole('button', { name: 'Send it again' }).click();
    await page.getByText('Sent again as').waitFor();
    await page.goto(`${dashboard.address}/audit`);
    await page.getByRole('row', { name: new RegExp(`ada .*retry ${id.slice(0, 8)}`) }).waitFor();

    const downloaded = page.waitForEvent('download');
    await page.getByRole('link', { name: 'All as CSV' }).click();
    const file = await downloaded;
    expect(file.suggestedFilename()).toMatch(/^operations-[\d-]+\.csv$/);
    await file.saveAs(`${cluster.folder}/audit.csv`);
    expect(await readFile(`${cluster.folder}/audit.csv`, 'utf8')).toMatch(new RegExp(`,ada,[^,]+,,retry,[^\r]*${id}`));

    await page.goto(`${dashboard.address}/access`);
    await page.getByRole('button', { name: 'New token' }).click();
    await page.getByLabel('Name').fill('cron-reports');
    await page.getByLabel('It may').selectOption('operator');
    await page.getByLabel('Only these actions').fill('fly');
    await page.getByRole('button', { name: 'Make the token' }).click();
    await page.getByRole('alert').filter({ hasText: '"fly", which is no action' }).waitFor();
    await page.getByLabel('Only these actions').fill('retry, revoke');
    await page.getByRole('button', { name: 'Make the token' }).click();
    const band = page.locator('.token-once');
    const token = (await band.locator('code').textContent()) ?? '';
    expect(token).toMatch(/^umb_/);
    const withToken = () =>
      fetch(`${dashboard.address}/api/tasks?limit=1`, { headers: { authorization: `Bearer ${token}` } });
    expect((await withToken()).status).toBe(200);
    await band.getByRole('button', { name: 'I have it' }).click();
    await page.reload();
    const row = page.getByRole('row', { name: /cron-reports.*read, retry, revoke.*ada/ });
    await row.filter({ hasText: '127.0.0.1' }).waitFor();
    expect(await page.content()).not.toContain(token);
    const revoke = row.getByRole('button', { name: 'Revoke cron-reports' });
    // The rows before it are of who is in.
    await expect
      .poll(async () => {
        await page.keyboard.press('j');
        return await page.evaluate<string | null>('document.activeElement.ariaLabel');
      })
      .toBe('Revoke cron-reports');
    await revoke.click();
    await page.getByRole('button', { name: 'Revoke it' }).click();
    await row.filter({ hasText: /revoked.*by ada/ }).waitFor();
    expect((await withToken()).status).toBe(401);
  });

  it('refuses to listen beyond this machine without a password, and says how to', async () => {
    await using refused = startUmbel(
      ['dashboard', '-b', cluster.broker, '--port', '0', '--address', '0.0.0.0', '--db', `${cluster.folder}/wide.db`],
      { cwd: cluster.folder },
    );
    const { code, stderr } = await refused.ended;
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/Refusing to listen on 0\.0\.0\.0 without authentication/);
    expect(stderr).toContain('--basic-auth');
  });

  it('offers no action when it was started to read only, and refuses those sent to it all the same', async () => {
    const dashboard = await cluster.startDashboard('--read-only', '--db', `${cluster.folder}/read.db`);
    const page = await window.open(`${dashboard.address}/tasks`);
    const id = await cluster.send('shop.add', [9, 9]);
    await rowOf(page, id).getByRole('link').click();
    await page.getByText('This dashboard only reads').waitFor();
    expect(await page.getByRole('button', { name: /^(Retry|Revoke|Terminate)$/ }).count()).toBe(0);
    const reply = await fetch(`${dashboard.address}/api/v2/operations`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ action: 'retry', task_ids: [id] }),
    });
    expect(reply.status).toBe(403);
  });
});
