// A deploy: the new worker starts, the old one stops warm, and calls go on coming. Nothing is lost and nothing runs twice.
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { brokers } from './brokers.ts';
import { makeApp, makeWorker } from './worker-world.ts';

const TASKS = 300;
const DEPLOYS = 3;

describe.each(brokers)('on %s', (_, url) => {
  it('every task runs once, acknowledged early or late, over several deploys under load', async () => {
    const broker = url();
    const settings = { broker, backend: broker };
    const runs = new Map<number, string[]>();
    /** Each worker has an app of its own, as a process of its own would. */
    const deployed = async (version: number) => {
      const app = await makeApp(settings);
      for (const late of [false, true])
        app.task({ name: late ? 'late' : 'early', params: ['n'], acks_late: late }, async (n: number) => {
          runs.set(n, [...(runs.get(n) ?? []), `v${version}`]);
          await pause(n % 5);
        });
      return makeWorker(app, { hostname: `v${version}@vec`, concurrency: 4, withoutMingle: true, withoutGossip: true });
    };
    const client = await makeApp(settings);
    let sent = 0;
    const sending = (async () => {
      while (sent < TASKS) await client.sendTask(sent % 2 ? 'late' : 'early', [sent++]);
    })();
    let old = await deployed(1);
    for (let version = 2; version <= DEPLOYS + 1; version++) {
      const share = Math.floor((TASKS * (version - 1)) / (DEPLOYS + 2));
      await until(() => runs.size >= share, `${share} tasks to have run`);
      const next = await deployed(version);
      await old.stop('warm');
      expect(await old.done).toEqual({ exitCode: 0, reason: 'warm shutdown' });
      old = next;
    }
    await sending;
    await until(() => runs.size === TASKS, 'every task to have run');
    await old.stop('warm');
    const channel = await client.writeConnection.defaultChannel();
    expect((await channel.queueStatus('celery'))?.messages).toBe(0);
    const twice = [...runs].filter(([, versions]) => versions.length !== 1);
    expect(twice).toEqual([]);
  });
});
