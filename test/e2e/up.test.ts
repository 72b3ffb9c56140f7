// `umbel up`, as the README has it: one command, and every page of the demo cluster has something true to show.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TaskPage } from '../../shared/wire/tasks.ts';
import type { WorkersReply } from '../../shared/wire/workers.ts';
import type { Running } from '../support/umbel.ts';
import { until } from '../support/until.ts';
import { useBrowser } from './support/browser.ts';
import { CHROMIUM } from './support/chromium.ts';
import { APP, addressOf, getJson, LONG, startUmbel } from './support/cluster.ts';
import { idsOf } from './support/pages.ts';

describe.skipIf(!CHROMIUM)('umbel up, in Chromium', { timeout: 3 * LONG }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'umbel-e2e-'));
  const window = useBrowser({ shares: true });
  let up: Running;
  let address: string;

  beforeAll(async () => {
    up = startUmbel(['up', '--port', '0', '--json', '--rate', '10'], { cwd: folder });
    await up.says(/"address".*\n/, LONG);
    address = addressOf(up);
  }, 2 * LONG);
  afterAll(async () => {
    await up[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  }, LONG);

  it('shows tasks of the demo shop flowing, and figures that move', async () => {
    const page = await window.open(`${address}/tasks`);
    await until(async () => (await idsOf(page)).length > 5, 'tasks in the list', { timeoutMs: LONG });
    const first = (await idsOf(page))[0];
    await until(async () => (await idsOf(page))[0] !== first, 'a newer one on top', { timeoutMs: LONG });
    await page.getByRole('link', { name: 'Overview', exact: true }).click();
    await page.getByRole('img', { name: /Tasks finished over the last \w+: [1-9]/ }).waitFor();
    for (const queue of ['orders', 'mail']) await page.getByRole('row', { name: new RegExp(`^${queue}`) }).waitFor();
    await page.getByRole('link', { name: 'Workers', exact: true }).click();
    await page.getByRole('row', { name: /celery@.* online/ }).waitFor();
  });

  it('lets a task of the shop be opened, with arguments and result to read', async () => {
    const done = await until(
      async () => (await getJson<TaskPage>(`${address}/api/v2/tasks?q=name:orders.pack_parcel&state=SUCCESS`)).items[0],
      'a packed parcel',
      { timeoutMs: LONG, everyMs: 100 },
    );
    const page = await window.open(`${address}/tasks/${done.uuid}`);
    await page.getByRole('tree', { name: 'Arguments' }).getByText('customer').waitFor();
    await page.getByRole('tree', { name: 'Result' }).getByText('tracking').waitFor();
  });

  it('ends in order with one Ctrl+C, worker and all', async () => {
    const pid = await until(
      async () => (await getJson<WorkersReply>(`${address}/api/v2/workers`)).items[0]?.pid,
      'its worker',
      { timeoutMs: LONG },
    );
    up.child.kill('SIGINT');
    const { code, stderr } = await up.ended;
    expect(code).toBe(0);
    expect(stderr).toContain('stopped.');
    expect(() => process.kill(pid, 0), 'the worker has gone').toThrow(/ESRCH/);
  });

  it('runs one’s own app with -A', async () => {
    await using own = startUmbel(['up', '-A', APP, '--file', 'own.db', '--port', '0', '--json'], { cwd: folder });
    await own.says(/"address".*\n/, LONG);
    const home = addressOf(own);
    const page = await window.open(`${home}/workers`);
    await page
      .getByRole('row', { name: /celery@.* online/ })
      .getByRole('link')
      .click();
    await page.getByRole('row', { name: /^shop\. ?limited/ }).waitFor();
    // An open page would ask for more, and complain.
    await page.close();
    own.child.kill('SIGTERM');
    expect((await own.ended).code).toBe(0);
  });
});
