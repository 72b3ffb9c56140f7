// Queues and tasks of Python counted: priority steps, messages, 2,000 tasks by state and name.
// Of one cluster with the other files here: ../python-cluster.test.ts.
import { expect, it } from 'vitest';
import type { QueueDetail, QueuesReply } from '../../../shared/wire/queues.ts';
import type { TaskPage } from '../../../shared/wire/tasks.ts';
import { until } from '../../support/until.ts';
import { LONG, type PythonCluster } from './cluster.ts';

export function counts(c: PythonCluster): void {
  const { get, operate } = c;

  it('tells a queue by its priority steps, its messages in order, and purges it', async () => {
    const queue = await until(
      async () => {
        const { items } = await get<QueuesReply>('queues');
        return items.find((q) => q.name === 'idle' && q.messages === 5);
      },
      'the queue',
      { timeoutMs: LONG, everyMs: 200 },
    );
    expect(queue).toMatchObject({ by_priority: { 0: 1, 3: 2, 6: 1, 9: 1 }, unacked: 0, oldest: null, workers: [] });
    const { peek } = await get<QueueDetail>('queues/idle');
    expect(peek!.map((m) => [m.name, m.args, m.priority])).toEqual([
      ['shop.add', '(0, 0)', 0],
      ['shop.add', '(3, 3)', 3],
      ['shop.add', '(4, 4)', 4],
      ['shop.add', '(7, 7)', 7],
      ['shop.add', '(9, 9)', 9],
    ]);
    const metrics = (await c.dashboard.app.inject({ url: '/metrics' })).body;
    expect(metrics).toContain('umbel_queue_length{queue="idle"} 5');
    expect(metrics).toContain('umbel_queue_length_by_priority{queue="idle",priority="3"} 2');
    expect(metrics).toContain('umbel_queue_unacked{queue="idle"} 0');
    const record = await operate({ action: 'purge', queue: 'idle', confirm: 'idle' });
    expect(record.summary).toBe('5 messages were removed from idle');
  });

  it('counts 2,000 tasks by state and name as their results do', async () => {
    const events = async (type: string, task: string): Promise<number> => {
      const metrics = (await c.dashboard.app.inject({ url: '/metrics' })).body;
      const line = new RegExp(`^flower_events_total\\{worker="[^"]*",type="${type}",task="${task}"\\} (\\d+)$`, 'gm');
      return [...metrics.matchAll(line)].reduce((sum, m) => sum + Number(m[1]), 0);
    };
    const failedBefore = await events('task-failed', 'shop.charge');
    const retriedBefore = await events('task-retried', 'shop.unstable');
    const sent = await c.shop.py<Record<string, string[]>>(`
late = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)
result = {
  'shop.add': [send('shop.add', n, n) for n in range(1400)],
  'shop.charge': [send('shop.charge', n) for n in range(300)],
  'shop.unstable': [send('shop.unstable', 1, 0) for n in range(200)],
  'revoked': [send('shop.add', n, n, expires=late) for n in range(100)],
}`);
    const stored: Record<string, Record<string, number>> = {};
    for (const [kind, ids] of Object.entries(sent))
      stored[kind] = await c.shop.py(`
import collections, json, time
ids = json.loads('${JSON.stringify(ids)}')
until = time.monotonic() + 100
while True:
    rows = app.backend.client.mget(['celery-task-meta-' + id for id in ids])
    states = collections.Counter(json.loads(row)['status'] if row else 'PENDING' for row in rows)
    if set(states) <= {'SUCCESS', 'FAILURE', 'REVOKED'} or time.monotonic() > until:
        break
    time.sleep(0.05)
result = dict(states)`);
    expect(stored).toEqual({
      'shop.add': { SUCCESS: 1400 },
      'shop.charge': { FAILURE: 300 },
      'shop.unstable': { SUCCESS: 200 },
      revoked: { REVOKED: 100 },
    });
    const all = Object.values(sent).flat();
    const { known, tally, counts } = await until(
      async () => {
        const known = new Map<string, string>();
        const tally: Record<string, number> = {};
        for (let cursor = ''; ; ) {
          const page = await get<TaskPage>(`tasks?limit=1000&cursor=${encodeURIComponent(cursor)}`);
          for (const task of page.items) {
            known.set(task.uuid, `${task.name} ${task.state}`);
            tally[task.state] = (tally[task.state] ?? 0) + 1;
          }
          if (page.next === null)
            return (
              all.every((id) => /SUCCESS|FAILURE|REVOKED/.test(known.get(id) ?? '')) &&
              JSON.stringify(Object.entries(page.counts).sort()) === JSON.stringify(Object.entries(tally).sort()) && {
                known,
                tally,
                counts: page.counts,
              }
            );
          cursor = page.next;
        }
      },
      'all to have ended, and the counts to be those of the rows',
      { timeoutMs: LONG, everyMs: 200 },
    );
    expect(counts).toEqual(tally);
    const words: Record<string, string> = {
      'shop.add': 'shop.add SUCCESS',
      'shop.charge': 'shop.charge FAILURE',
      'shop.unstable': 'shop.unstable SUCCESS',
      // Celery tells no name of what has expired before a worker took it on.
      revoked: 'null REVOKED',
    };
    for (const [kind, ids] of Object.entries(sent))
      expect([kind, new Set(ids.map((id) => known.get(id)))]).toEqual([kind, new Set([words[kind]])]);
    await expect.poll(() => events('task-failed', 'shop.charge')).toBe(failedBefore + 300);
    await expect.poll(() => events('task-retried', 'shop.unstable')).toBe(retriedBefore + 200);
  });
}
