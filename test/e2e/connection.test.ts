// A line that breaks and comes back, a dashboard that ends and starts again: what the page says meanwhile, and what it knows after.
// Who may come in, and under which path: access.test.ts.
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ClusterInfo } from '../../shared/wire/cluster.ts';
import type { OperationRecord } from '../../shared/wire/operations.ts';
import type { TaskDetail, TaskPage } from '../../shared/wire/tasks.ts';
import type { WorkersReply } from '../../shared/wire/workers.ts';
import { hasRedis, type RedisServer, redisServer } from '../support/redis-server.ts';
import { until } from '../support/until.ts';
import { useBrowser } from './support/browser.ts';
import { CHROMIUM } from './support/chromium.ts';
import { Cluster, type Dashboard, inState, LONG, useCluster } from './support/cluster.ts';
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
    const waiting = await cluster.send('shop.stubborn', ['gate', 'ended']);
    const page = await window.open(`${line.address}/tasks`, { allow: BROKEN });
    await page.evaluate('window.mark = "the same document"');
    const live = page.locator('button.live');
    await live.filter({ hasText: /^live/ }).waitFor();
    await stateOf(page, before, 'SUCCESS').waitFor();
    await stateOf(page, waiting, 'STARTED').waitFor();

    line.cut();
    await live.filter({ hasText: /lost no updates for \d+ (s|m).*, trying again/ }).waitFor();
    await live.filter({ hasText: /trying again in \d+ s/ }).waitFor();
    // All that depends on the server is grey together, says since when, and claims nothing of now.
    await page.locator('.shell.is-stale').waitFor();
    await page.getByText(/No answer from the dashboard's server since \d\d:\d\d:\d\d/).waitFor();
    await page
      .locator('.sources')
      .filter({ hasText: /Dashboard\s*no answer \d+ s/ })
      .waitFor();
    await expect.poll(() => page.locator('.sources').innerText()).not.toContain(' ms');
    cluster.write('gate');
    const meanwhile = await cluster.send('shop.add', [3, 3]);
    await inState(dashboard, meanwhile, 'SUCCESS');
    await inState(dashboard, waiting, 'SUCCESS');
    expect(await stateOf(page, waiting, 'STARTED').count(), 'nothing is made up').toBe(1);

    line.restore(dashboard.address);
    await until(
      async () => {
        // It may have come back by itself just before the click, which then paused it.
        if (/^(lost|paused)/.test(await live.innerText())) await live.click();
        return /^live/.test(await live.innerText());
      },
      'it to be live again',
      { timeoutMs: LONG },
    );
    await page.locator('.shell.is-stale').waitFor({ state: 'detached' });
    await stateOf(page, meanwhile, 'SUCCESS').waitFor();
    await stateOf(page, waiting, 'SUCCESS').waitFor();
    expect(await page.evaluate('window.mark')).toBe('the same document');
    const after = await cluster.send('shop.add', [4, 4]);
    await stateOf(page, after, 'SUCCESS').waitFor();
  });

  it('comes back by itself after the dashboard was killed and started again, and the history is found', async () => {
    const context = await window.context({ allow: BROKEN });
    const open = async (path: string) => {
      const opened = await context.newPage();
      await opened.goto(line.address + path);
      return opened;
    };
    const page = await open('/tasks');
    const live = page.locator('button.live');
    await live.filter({ hasText: /^live/ }).waitFor();
    const known = await until(async () => (await idsOf(page)).length > 3 && idsOf(page), 'the tasks of before', {
      timeoutMs: LONG,
    });
    const failed = await cluster.send('shop.charge', [99, `${cluster.folder}/never`]);
    await inState(dashboard, failed, 'FAILURE');
    // That it was sent comes by a way of its own.
    const before = await until(
      async () => {
        const task = await dashboard.get<TaskDetail>(`tasks/${failed}`);
        return task.sent !== null && task;
      },
      'all of its events',
      { timeoutMs: LONG },
    );
    // What was told is on disk within a second; only then may it be lost by nothing.
    await until(
      async () => (await dashboard.get<TaskPage>(`tasks?q=uuid:${failed}&state=FAILURE`)).items.length === 1,
      'the history',
    );

    const opened = await open(`/tasks/${failed}`);
    const raised = opened.locator('.trace .raised').filter({ hasText: 'account 99 has no bank' });
    await raised.waitFor();
    await opened.evaluate('window.mark = "the same document"');
    const overview = await open('/?range=15m');
    await overview.locator('.traffic svg.recharts-surface').first().waitFor();

    dashboard.process.child.kill('SIGKILL');
    await dashboard.process.ended;
    await live.filter({ hasText: /^lost/ }).waitFor();
    // An open task stays as it was, grey, and says since when; charts are hatched from then on.
    await opened.getByText(/No answer from the dashboard's server since \d\d:\d\d:\d\d/).waitFor();
    await opened.locator('.shell.is-stale').waitFor();
    await raised.waitFor();
    await overview.locator('.traffic .missed :is(path, rect)').first().waitFor({ state: 'attached' });
    await overview.getByText('not heard unknown').first().waitFor();
    const unseen = await cluster.send('shop.add', [5, 5]);
    dashboard = await cluster.startDashboard();
    line.restore(dashboard.address);
    await live.filter({ hasText: /^live/ }).waitFor();
    const seen = await cluster.send('shop.add', [6, 6]);
    await stateOf(page, seen, 'SUCCESS').waitFor();
    for (const id of known) await rowOf(page, id).waitFor();
    await opened.locator('.shell.is-stale').waitFor({ state: 'detached' });
    await raised.waitFor();
    expect(await opened.evaluate('window.mark')).toBe('the same document');

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
      expect(again[field], field).toEqual(before[field]);
    // It happened while nobody listened; the broker kept what it could, and nothing is made up.
    const late = await fetch(`${dashboard.address}/api/v2/tasks/${unseen}`);
    expect([200, 404]).toContain(late.status);
  });
});

describe.skipIf(!CHROMIUM || !hasRedis)('a Redis that goes away, in Chromium', { timeout: 4 * LONG }, () => {
  const window = useBrowser();
  let server: RedisServer;
  let redis: Redis;
  let cluster: Cluster;
  let dashboard: Dashboard;

  beforeAll(async () => {
    server = await redisServer();
    redis = new Redis(server.url(), { retryStrategy: () => 50, maxRetriesPerRequest: null });
    redis.on('error', () => {});
    cluster = new Cluster(server.url());
    const worker = cluster.startWorker('w1@e2e', '-c', '50');
    dashboard = await cluster.startDashboard();
    await worker;
    await until(hears, 'events to be heard', { timeoutMs: LONG });
  }, 3 * LONG);
  afterAll(async () => {
    await cluster?.close();
    redis?.disconnect();
    await server?.close();
  }, LONG);

  const hears = async () => (await dashboard.get<ClusterInfo>('cluster')).sources.every(({ ok }) => ok);

  it('says since when, keeps what it knows, refuses actions with the reason, and is live again by itself', async () => {
    const before = await cluster.send('shop.add', [1, 1]);
    const page = await window.open(`${dashboard.address}/tasks`, { allow: BROKEN });
    await page.evaluate('window.mark = "the same document"');
    await stateOf(page, before, 'SUCCESS').waitFor();
    const strip = page.locator('.notice.strip');
    await expect.poll(() => strip.count()).toBe(0);

    await server.kill();
    await strip.filter({ hasText: /The broker has not answered since \d\d:\d\d:\d\d, for \d+ (s|m)/ }).waitFor();
    await page
      .locator('.sources')
      .filter({ hasText: /Broker redis\s*silent \d+ (s|m)/ })
      .waitFor();
    await rowOf(page, before).waitFor();
    expect((await dashboard.get<TaskDetail>(`tasks/${before}`)).state).toBe('SUCCESS');
    const refused = await fetch(`${dashboard.address}/api/v2/operations`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ action: 'revoke', task_ids: ['of-nobody'] }),
    });
    const record = (await refused.json()) as OperationRecord;
    expect(record.outcome, record.summary).toBe('failed');
    expect(record.summary).toMatch(/Cannot reach the broker at redis:\/\/127\.0\.0\.1/);

    await server.start();
    await strip.filter({ hasText: 'The broker' }).waitFor({ state: 'detached' });
    await until(hears, 'events to be heard again', { timeoutMs: LONG });
    const after = await cluster.send('shop.add', [2, 2]);
    await stateOf(page, after, 'SUCCESS').waitFor();
    expect(await page.evaluate('window.mark')).toBe('the same document');
  });

  it('tells what was missed while it stood still: on every page until it is hidden, and as a mark in the charts', async () => {
    const page = await window.open(`${dashboard.address}/?range=15m`, { allow: BROKEN });
    const strip = page.locator('.notice.strip');
    await page.locator('button.live').filter({ hasText: /^live/ }).waitFor();
    // What is missed is counted from the last heartbeat before it.
    const since = Date.now() / 1000;
    const beaten = async () => ((await dashboard.get<WorkersReply>('workers')).items[0]?.last_heard ?? 0) > since;
    await until(beaten, 'a heartbeat', { timeoutMs: LONG });
    await redis.config('SET', 'client-output-buffer-limit', 'pubsub 32kb 16kb 1');
    const patterns = async () => Number(await redis.call('PUBSUB', 'NUMPAT'));
    const heard = await patterns();
    const { child } = dashboard.process;
    child.kill('SIGSTOP');
    const stopped = Date.now();
    try {
      for (let more = 3; more > 0; more -= (await patterns()) < heard ? 1 : 0) await cluster.sendMany('shop.pack', 400);
      await until(async () => (await redis.llen('celery')) === 0, 'all to be done', { timeoutMs: LONG });
      // From five seconds on it is no pause between two looks.
      await until(() => Date.now() - stopped > 6000, 'it to have stood still for long enough', { timeoutMs: LONG });
    } finally {
      // Or its new line would be closed, too, while it is slow.
      await redis.config('SET', 'client-output-buffer-limit', 'pubsub 32mb 8mb 60');
      child.kill('SIGCONT');
    }

    await strip.filter({ hasText: /By the workers' own counts, [\d.,k]+ tasks started unseen/ }).waitFor();
    // On a slow machine the loss of the test before may still be counted, and both are one.
    await strip
      .filter({
        hasText:
          /(About|At least) [\d.,k]+ events missed: this dashboard was (suspended|not connected) for .+, until \d\d:\d\d:\d\d\./,
      })
      .waitFor();
    const missed = async () =>
      (await dashboard.get<ClusterInfo>('cluster')).gaps.reduce((sum, gap) => sum + (gap.events ?? 0), 0);
    await expect.poll(missed).toBeGreaterThan(1000);
    const traffic = page.getByRole('region', { name: 'Traffic' });
    await traffic
      .locator('.legend')
      .filter({ hasText: /not heard ~/ })
      .waitFor();
    await traffic.locator('.missed path, .missed rect').first().waitFor();
    await page
      .getByRole('region', { name: 'Health' })
      .getByText(/were missed for .*about [\d.,k]+/)
      .waitFor();
    await page
      .locator('.sources')
      .filter({ hasText: /Events lost, 24 h\s*~/ })
      .waitFor();

    await page.getByRole('link', { name: 'Workers', exact: true }).click();
    await strip.getByRole('button', { name: 'Hide' }).click();
    await strip.waitFor({ state: 'detached' });
  });
});
