// Workers that are alive and get on with nothing. A Python worker whose one connection for messages is silently cut: its heartbeats, pings and answers are as good as ever, and it takes
// nothing any more. It is named with the broker's own word, its liveness probe fails, and what waits in its queue says why; its
// neighbours' probes do not fail. Beside it one whose slots are all taken by tasks that hang: named with what these tasks usually need.
import { Redis } from 'ioredis';
import { expect, it } from 'vitest';
import type { Overview } from '../../shared/wire/overview.ts';
import type { TaskPage, WaitReply } from '../../shared/wire/tasks.ts';
import type { AliveReply } from '../../shared/wire/workers.ts';
import { describeNeedsPythonOnRedis } from '../support/needs.ts';
import { dashboardOn, startListening } from '../support/python-dashboard.ts';
import { openPythonShop } from '../support/python-shop.ts';
import { tcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';

/** The machine may be busy with other tests. */
const BUSY = { timeoutMs: 120_000, everyMs: 100 };
const BUSY_POLL = { timeout: 120_000, interval: 100 };

describeNeedsPythonOnRedis('a Python worker that is alive but does not eat', { timeout: 240_000 }, () => {
  it('is named with proof from the broker, and fails its probe alone', async () => {
    await using shop = await openPythonShop();
    const look = new Redis(shop.broker);
    const proxy = await tcpProxy(Number(new URL(shop.broker).port));
    const throughProxy = shop.broker.replace(/:\d+\//, `:${proxy.port}/`);
    const threads = ['-P', 'threads', '-c', '2', '-E'];
    const dashboard = dashboardOn(shop, { result_backend: null, inspect_interval: 1, stalled_after: 4 });
    try {
      await Promise.all([
        shop.worker('cut@py', [...threads, '-Q', 'work'], { E2E_BROKER: throughProxy }),
        shop.worker('idle@py', [...threads, '-Q', 'other']),
        // What it has taken fills its window: it waits for no message either, and should not.
        shop.worker('hung@py', ['-c', '1', '-E', '-Q', 'hung', '--prefetch-multiplier', '40']),
      ]);
      await startListening(dashboard);
      const get = async <T>(path: string) => (await dashboard.app.inject({ url: `/api/v2/${path}` })).json<T>();
      const alive = async (worker: string) => {
        const reply = await dashboard.app.inject({ url: `/alive/${worker}` });
        return { code: reply.statusCode, ...reply.json<AliveReply>() };
      };
      for (const worker of ['cut@py', 'idle@py', 'hung@py'])
        await until(async () => (await alive(worker)).alive === true, `${worker} to be alive`, BUSY);
      // As many quick runs as make a baseline, then one that hangs before others.
      await shop.py(`result = [send('shop.sleep', 0, queue='hung') for n in range(30)] and 0`);
      await until(
        async () => (await get<TaskPage>('tasks?state=SUCCESS&q=name:shop.sleep')).total === 30,
        'thirty quick runs',
        BUSY,
      );
      const [hangs] = await shop.py<string[]>(
        `result = [send('shop.sleep', s, queue='hung') for s in [300] + 45 * [1]]`,
      );

      await until(
        async () => {
          const clients = String(await look.client('LIST')).split('\n');
          const ports = clients.filter((c) => / cmd=brpop /.test(c)).map((c) => Number(/ addr=\S+:(\d+)/.exec(c)?.[1]));
          return ports.some((port) => proxy.silenceFrom(port));
        },
        'the connection on which it waits',
        BUSY,
      );
      await shop.py('app.conf.task_send_sent_event = True');
      const sent = await shop.py<string[]>(`result = [send('shop.add', n, n, queue='work') for n in range(5)]`);

      const stalled = await until(
        async () => {
          const answer = await alive('cut@py');
          // One word of the broker may be from when it still waited.
          return answer.code === 503 && answer.evidence[2]!.text.startsWith('Of 2 workers') && answer;
        },
        'its probe to fail',
        BUSY,
      );
      expect(stalled).toMatchObject({ alive: false, status: 'online', reason: 'It is alive but takes no messages' });
      expect(stalled.evidence.map(({ text }) => text)).toEqual([
        // One may have been given to the cut connection.
        expect.stringMatching(/^[45] messages wait in work, which it says it consumes$/),
        expect.stringMatching(/^0 of 2 slots taken, room in its prefetch window, and nothing begun for /),
        "Of 2 workers that should wait for messages, 1 does, by the broker's list of clients",
      ]);
      const needs = async (of: string) => (await get<Overview>('overview')).attention.filter(({ kind }) => kind === of);
      const stalls = () => needs('worker-stalled');
      await expect.poll(stalls).toEqual([expect.objectContaining({ subject: 'cut@py', count: 1 })]);
      const waits = async (id: string) => (await get<WaitReply>(`tasks/${id}/wait`)).wait;
      await expect
        .poll(() => waits(sent[4]!), BUSY_POLL)
        .toMatchObject({
          cause: 'stalled',
          sentence: expect.stringMatching(/^cut@py consumes work, has free slots and took nothing from it for /),
          remedy: { href: '/workers/cut%40py' },
        });
      const text = await dashboard.app.inject({ url: '/alive/cut@py', headers: { accept: 'text/plain' } });
      expect(text.body).toMatch(/^It is alive but takes no messages\n- [45] messages wait in work/);
      const hung = await until(async () => (await needs('pool-hung'))[0], 'the hung pool to be named', BUSY);
      expect(hung).toMatchObject({
        subject: 'hung@py',
        detail: 'has its only slot taken by tasks far past their usual runtime',
        evidence: [
          { text: expect.stringMatching(`^Its slot is taken by shop\\.sleep ${hangs!.slice(0, 8)} for `) },
          {
            text: expect.stringMatching(
              /^99 of 100 runs within seven days took no longer than .+ \(shop\.sleep, 30 runs\)$/,
            ),
          },
          { text: expect.stringMatching(/(wait|waits) .*, and no slot has been free for /) },
        ],
        href: '/workers/hung%40py',
      });
      // A restart would end what runs there.
      await expect.poll(() => alive('hung@py'), BUSY_POLL).toMatchObject({ code: 200, alive: true, since: hung.since });
      await expect.poll(() => alive('idle@py')).toMatchObject({ status: 'online', alive: true });
    } finally {
      await dashboard.close();
      await proxy.close();
      look.disconnect();
    }
  });
});
