// A team that runs Python workers points the built dashboard at their Redis: what they see and do, in Chromium.
// What is known of each task, and the refusals: test/dashboard/python-cluster.test.ts.
import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { WorkerDetail, WorkersReply } from '../../shared/wire/workers.ts';
import { hasPythonOnRedis } from '../support/needs.ts';
import { openPythonShop, type PythonShop, type PythonWorker } from '../support/python-shop.ts';
import type { Running } from '../support/umbel.ts';
import { until } from '../support/until.ts';
import { PHONE, useBrowser } from './support/browser.ts';
import { CHROMIUM } from './support/chromium.ts';
import { addressOf, type Dashboard, getJson, inState, LONG, startUmbel } from './support/cluster.ts';

describe.skipIf(!CHROMIUM || !hasPythonOnRedis)('a Python cluster, in Chromium', { timeout: 4 * LONG }, () => {
  const window = useBrowser({ keeps: true });
  let shop: PythonShop;
  let quiet: PythonWorker;
  let unseen: string;
  let stopSending = () => {};
  let running: Running;
  let dashboard: Dashboard;

  beforeAll(async () => {
    shop = await openPythonShop();
    const workers = Promise.all([
      shop.worker('web@py', ['-c', '2', '-E', '-Q', 'celery,mail']),
      shop.worker('extended@py', ['-c', '1', '-E', '-Q', 'extended', '--autoscale', '3,1'], { E2E_EXTENDED: '1' }),
      // Without -E.
      shop.worker('quiet@py', ['-c', '1', '-Q', 'quiet']),
    ]);
    const often = ['--inspect-interval', '1', '--queue-interval', '1', '--inspect-timeout', '3000'];
    const stores = ['-b', shop.broker, '--result-backend', shop.backend, '--db', `${shop.redis.folder}/history.db`];
    running = startUmbel(['dashboard', ...stores, ...often, '--no-enable-events', '--port', '0', '--json'], {
      cwd: shop.redis.folder,
    });
    await running.says(/"address".*\n/, LONG);
    const address = addressOf(running);
    dashboard = { address, process: running, get: (path) => getJson(`${address}/api/v2/${path}`) };
    quiet = (await workers)[2]!;
    await until(
      async () => (await dashboard.get<WorkersReply>('workers')).items.filter((w) => w.pool !== null).length === 3,
      'three workers',
      { timeoutMs: LONG, everyMs: 100 },
    );
    unseen = await send(`'shop.add', 1, 2, queue='quiet'`);
    // That a worker sends no task events is concluded from tasks begun over several heartbeats, while the other tests run.
    const more = setInterval(() => send(`'shop.add', 3, 4, queue='quiet'`).catch(() => {}), 1000);
    stopSending = () => clearInterval(more);
  }, 4 * LONG);
  afterAll(async () => {
    stopSending();
    await running?.[Symbol.asyncDispose]();
    await shop?.[Symbol.asyncDispose]();
  }, LONG);

  const send = (call: string) => shop.py<string>(`result = send(${call})`);
  const openTask = async (id: string): Promise<Page> => {
    const page = await window.open(`${dashboard.address}/tasks/${id}`);
    await page.getByText('Timeline').waitFor();
    return page;
  };
  const openWorker = async (name: string, tab: string): Promise<Page> => {
    const page = await window.open(`${dashboard.address}/workers/${encodeURIComponent(name)}?tab=${tab}`);
    await page.getByRole('heading', { name }).waitFor();
    return page;
  };
  const worker = (name: string) => dashboard.get<WorkerDetail>(`workers/${name}`);

  it('tells before a task is sent again what is sent, from where it is known and to which queue', async () => {
    const id = await send(`'shop.charge', 4711, kwargs={'amount': 99.0}`);
    await inState(dashboard, id, 'FAILURE');
    const page = await openTask(id);
    await page.getByRole('button', { name: 'Retry' }).click();
    const dialog = page.getByRole('dialog', { name: 'Retry task' });
    await dialog.getByText('shop.charge(4711, amount=99.0)').waitFor();
    await dialog.getByText('Known from its event, which carries it in full.').waitFor();
    await dialog.getByText('its own is unknown; its worker consumes mail too').waitFor();
    await dialog.getByRole('combobox', { name: 'Queue' }).selectOption('extended');
    await dialog.getByRole('button', { name: 'Send it again' }).click();
    await page.getByText('Sent again as').getByRole('link').click();
    await page.waitForURL(/task=/);
    const again = new URL(page.url()).searchParams.get('task')!;
    const task = await inState(dashboard, again, 'FAILURE');
    expect(task).toMatchObject({ worker: 'extended@py', args: '(4711,)', parent_id: id });
  });

  it('refuses to send again what is not known whole, and says what would make it possible', async () => {
    const id = await send(`'shop.echo', 'x' * 3000`);
    await inState(dashboard, id, 'SUCCESS');
    const page = await openTask(id);
    await page.getByText('cut by the sender').waitFor();
    await page.getByText('it would with result_extended=True in the workers').waitFor();
    await page.getByRole('button', { name: 'Retry' }).click();
    const dialog = page.getByRole('dialog', { name: 'Retry task' });
    await dialog
      .getByRole('alert')
      .getByText(/were truncated by their sender.*set result_extended=True/)
      .waitFor();
    await expect.poll(() => dialog.getByRole('button').allInnerTexts()).toEqual(['Close']);
  });

  it('shows values, tries and a traceback as a person reads them', async () => {
    const [echo, retried, failed] = await shop.py<[string, string, string]>(
      `result = send('shop.echo', {'sku': 'A-1', 'n': [1, 2.5, None]}, (True,), path='C:\\\\temp\\\\'), send('shop.unstable', 2), send('shop.charge', 7)`.replace(
        "path='C:\\\\temp\\\\'",
        "kwargs={'path': 'C:\\\\temp\\\\'}",
      ),
    );
    await inState(dashboard, echo, 'SUCCESS');
    const page = await openTask(echo);
    const tree = page.getByRole('tree', { name: 'Arguments' });
    await tree.getByText("'A-1'").waitFor();
    await expect.poll(async () => (await tree.innerText()).replaceAll('\n', '')).toContain("path='C:\\temp\\'");

    await inState(dashboard, retried, 'SUCCESS');
    const tries = await openTask(retried);
    const list = tries.getByRole('list', { name: 'Tries' }).getByRole('listitem');
    await list.nth(2).waitFor();
    await expect
      .poll(async () => (await list.allInnerTexts()).map((text) => text.split('\n').slice(0, 2)))
      .toEqual([
        ['1', 'ConnectionError'],
        ['2', 'ConnectionError'],
        ['3', 'SUCCESS'],
      ]);

    await inState(dashboard, failed, 'FAILURE');
    const trace = await openTask(failed);
    await trace.getByText('PaymentError card of order 7 declined: 0').waitFor();
    await trace.getByText('2 of 4 frames are yours').waitFor();
    await trace.getByText("raise PaymentError('card of order %s declined: %s' % (order, amount))").waitFor();
    await trace.getByRole('button', { name: 'Read the stored result' }).click();
    await trace.getByRole('tree', { name: 'Result' }).getByText("'python_proj'").waitFor();
  });

  it('reads a stored result of 5 MB and draws no more of it than can be read, and gives all of it as a file', async () => {
    const id = await send(`'shop.text', 5_000_000`);
    await inState(dashboard, id, 'SUCCESS');
    const page = await openTask(id);
    await page.getByRole('button', { name: 'Read the stored result' }).click();
    const all = page.getByRole('link', { name: 'Download all 5.0 MB' });
    await all.waitFor();
    await page.getByText('as stored, the first part of 5.0 MB').waitFor();
    // Drawn whole it would be many seconds.
    expect((await page.locator('body').innerText()).length).toBeLessThan(300_000);
    const [download] = await Promise.all([page.waitForEvent('download'), all.click()]);
    expect(download.suggestedFilename()).toBe(`${id}.json`);
  });

  it('shows each answer of a Python worker as it gave it', async () => {
    const page = await openWorker('extended@py', 'pool');
    const tab = page.getByRole('tabpanel');
    await tab.getByText('prefork').waitFor();
    await tab.getByText('10,000, then it is replaced').waitFor();
    const shown = async () => {
      const { stats } = await worker('extended@py');
      const [pid] = (stats!.pool as { processes: number[] }).processes;
      return tab.getByText(String(pid)).isVisible();
    };
    await until(shown, 'the process of its pool', { timeoutMs: LONG });
    await tab.getByRole('textbox', { name: 'Most slots' }).fill('4');
    await tab.getByRole('button', { name: 'Autoscale', exact: true }).click();
    await tab.getByText('1 of 1 worker answered: autoscale now max=4 min=1').waitFor();
    await tab.getByText('1 to 4 slots').waitFor();
    await tab.getByRole('button', { name: 'Restart pool' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Restart pool' }).click();
    await tab
      .getByText(/Pool restarts not enabled/)
      .first()
      .waitFor();

    await page.goto(`${dashboard.address}/workers/web@py?tab=pool`);
    await page.getByRole('tabpanel').getByText('off: the worker was started without --autoscale').waitFor();
    const size = page.getByRole('group', { name: 'Pool size' });
    await size.getByRole('button', { name: 'Grow by one' }).click();
    await page.getByText('1 of 1 worker answered: pool will grow').waitFor();
    await size.getByText('3', { exact: true }).waitFor();
    await size.getByRole('button', { name: 'Shrink by one' }).click();
    await size.getByText('2', { exact: true }).waitFor();

    await page.getByRole('tab', { name: 'Registered' }).click();
    await page.getByRole('button', { name: 'Limits of add' }).click();
    await page.getByRole('textbox', { name: 'Rate limit of add' }).fill('100/s');
    await page.getByRole('button', { name: 'Limit on 1 worker' }).click();
    await page.getByText('The worker says now: 100/s.').waitFor();

    await page.getByRole('tab', { name: 'Queues' }).click();
    await page.getByRole('textbox', { name: 'Queue to consume too' }).fill('extra');
    await page.getByRole('button', { name: 'Consume from it' }).click();
    const row = page.getByRole('row', { name: /^extra/ });
    await row.waitFor();
    await row.getByRole('button', { name: 'Stop consuming' }).click();
    await row.waitFor({ state: 'detached' });
    await page.getByText('1 of 1 worker answered: no longer consuming from extra').waitFor();
  });

  it('revokes what waits and terminates what runs in a Python process', async () => {
    const [waits, runs] = [await send(`'shop.add', 1, 1, countdown=600`), await send(`'shop.sleep', 600`)];
    await inState(dashboard, waits, 'RECEIVED');
    await inState(dashboard, runs, 'STARTED');
    const page = await openTask(runs);
    await page.getByRole('button', { name: 'Terminate' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Terminate task' }).click();
    await page.getByText('The event came: revoked at').waitFor();
    await inState(dashboard, runs, 'REVOKED');
    const other = await openTask(waits);
    await other.getByRole('button', { name: 'Revoke' }).click();
    await other.getByText('A worker drops it when it comes to it').waitFor();
    await until(async () => (await worker('web@py')).revoked.includes(waits), 'the worker to remember it', {
      timeoutMs: LONG,
      everyMs: 100,
    });
  });

  it('tells a queue by priority, its messages as calls, and what Redis does not know as unknown; on a phone too', async () => {
    await shop.py(`for n in (0, 3, 3, 9): send('shop.add', n, n, queue='waiting', priority=n)`);
    const page = await window.open(`${dashboard.address}/queues/waiting`, { viewport: PHONE });
    const queue = page.getByRole('region', { name: 'Queue waiting' });
    await queue.getByText('4 waiting').waitFor();
    await queue.filter({ hasText: /by priority: 1 at 0, 2 at 3, 1 at 9/ }).waitFor();
    const wide = await window.open(`${dashboard.address}/queues/waiting`);
    await wide.getByRole('row', { name: /^waiting 4 .* unknown no consumer/ }).waitFor();
    const rows = wide.getByRole('table', { name: /Messages at the head/ }).getByRole('row');
    const first = rows.nth(1);
    await first.waitFor();
    await expect.poll(() => first.innerText()).toMatch(/1\s+0\s+shop\.\s*add\s+unknown[\s\S]*\(0, 0\)/);
    for (const path of ['', 'tasks', 'workers', 'workers/web@py?tab=pool', 'queues/waiting']) {
      await page.goto(`${dashboard.address}/${path}`);
      await page.locator('main').waitFor();
      const over = () => page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
      await expect.poll(over, { message: path }).toBe(0);
    }
  });

  it('says which worker sends no task events, wherever they are missed, and enables them', async () => {
    const page = await window.open(`${dashboard.address}/workers`);
    await page.getByRole('row', { name: /quiet@py online .* prefork 0 of 1/ }).waitFor();
    await page.getByRole('row', { name: /web@py online .* prefork 0 of 2/ }).waitFor();
    const said = page.getByText('quiet@py sends no task events, so its tasks are not seen.');
    await said.waitFor();
    await page.getByRole('link', { name: 'Overview' }).click();
    await page
      .getByRole('region', { name: 'Health' })
      .getByRole('link', { name: /quiet@py sends no task events/ })
      .waitFor();
    await page.getByRole('link', { name: 'Tasks', exact: true }).click();
    await said.waitFor();
    stopSending();
    await page.getByRole('button', { name: 'Enable task events' }).click();
    await page.getByText('1 of 1 worker answered').waitFor();
    await said.waitFor({ state: 'detached' });
    const seen = await send(`'shop.add', 20, 22, queue='quiet'`);
    await page.locator(`a[data-row="${seen}"]`).waitFor();
    await inState(dashboard, seen, 'SUCCESS');
    expect(await page.locator(`a[data-row="${unseen}"]`).count()).toBe(0);
  });

  it('shuts a Python worker down and shows it offline once its last event came', async () => {
    const page = await openWorker('quiet@py', 'tasks');
    await page.getByRole('button', { name: 'Shut down' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Shut down worker' }).click();
    await page.getByText('The event came: it is offline.').waitFor();
    expect(await quiet.gone).toBe(0);
  });
});
