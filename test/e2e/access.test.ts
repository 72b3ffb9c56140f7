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
    for (const path of ['/', '/tasks', '/api/v2/tasks', '/api/v2/docs', '/assets/none.js']) {
      const reply = await fetch(dashboard.address + path);
      expect(reply.status, path).toBe(401);
      expect(reply.headers.get('www-authenticate'), path).toMatch(/^Basic/);
    }
    const wrong = await fetch(dashboard.address, { headers: { authorization: `Basic ${btoa('ada:riddle')}` } });
    expect(wrong.status).toBe(401);

    const page = await window.open(`${dashboard.address}/tasks`, {
      httpCredentials: { username: 'ada', password: 'enigma' },
    });
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
