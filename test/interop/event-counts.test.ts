// A flood of events, counted three times: as they were sent, by Celery's own receiver and State in Python (what Flower is made of), and by
// the dashboard. All agree, type by type.
import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { createDashboard } from '../../server/dashboard/dashboard.ts';
import { silentLogger } from '../../server/log.ts';
import { declareEvents, floodBodies, publishEvents } from '../support/event-flood.ts';
import { describeNeedsPythonOnRedis } from '../support/needs.ts';
import { until } from '../support/until.ts';
import { startCluster } from './python.ts';

/** UMBEL_LONG=1 for as many as the guides promise. */
const TASKS = process.env['UMBEL_LONG'] ? 20_000 : 1000;
/** Published at a time: Redis cuts a subscriber off that is 32 MB behind, and Python is slower than the flood. */
const MESSAGES = 40;
const LISTEN = `
import threading
from collections import Counter
from celery.events.state import State
kinds, state = Counter(), State(max_tasks_in_memory=100000)
def hear(event):
    state.event(event)
    kinds[event['type']] += 1
listening = app.connection_for_read()
receiver = app.events.Receiver(listening, handlers={'*': hear})
threading.Thread(target=receiver.capture, kwargs={'wakeup': False}, daemon=True).start()
result = None
`;

describeNeedsPythonOnRedis('a flood of events', () => {
  it(`of ${TASKS} tasks is counted by the dashboard as by Celery in Python, type by type, and as it was sent`, async () => {
    await using cluster = await startCluster();
    await using dashboard = createDashboard(
      { broker: cluster.redis.url(), db: `${cluster.redis.folder}/${randomUUID()}.db`, port: 0, enable_events: false },
      { log: silentLogger, pages: null },
    );
    const ours = await dashboard.start();
    await until(() => ours.receiver.connected, 'the dashboard to listen');
    // Clients that have subscribed to a pattern.
    const listeners = async () =>
      ((await cluster.keys.client('LIST')) as string).split('\n').filter((one) => /\bpsub=[1-9]/.test(one)).length;
    const before = await listeners();
    await cluster.py(LISTEN);
    await until(async () => (await listeners()) > before, 'Python to listen');

    const channel = await cluster.app().connection('write').channel();
    await declareEvents(channel);
    const kinds = async () => (await cluster.py('result = dict(kinds)')) as Record<string, number>;
    const bodies = floodBodies(TASKS);
    let sent = 0;
    for (let first = 0; first < bodies.length; first += MESSAGES) {
      const some = bodies.slice(first, first + MESSAGES);
      await publishEvents(channel, some);
      for (const body of some) sent += (JSON.parse(Buffer.from(body).toString()) as unknown[]).length;
      const heard = async () => Object.values(await kinds()).reduce((sum, n) => sum + n, 0);
      await until(async () => (await heard()) >= sent, 'Python to hear them');
    }

    const types = ['task-received', 'task-started', 'task-progress', 'task-succeeded'];
    const wanted = Object.fromEntries(types.map((type) => [type, TASKS]));
    expect(await kinds()).toEqual(wanted);
    const counted = async () => {
      const counts: Record<string, number> = {};
      const { body } = await dashboard.app.inject('/metrics');
      for (const [, type, n] of body.matchAll(/^flower_events_total\{.*type="([^"]+)".*\} (\d+)$/gm))
        counts[type!] = (counts[type!] ?? 0) + Number(n);
      return counts;
    };
    await expect.poll(counted).toEqual(wanted);
    // And what became of them: in memory there, on disk here.
    const theirs = await cluster.py("result = sum(task.state == 'SUCCESS' for task in state.tasks.values())");
    expect(theirs).toBe(TASKS);
    await ours.history.written();
    // Counted is heard; history and page get it with the batch it belongs to.
    ours.flush();
    await ours.history.written();
    expect((await ours.history.counts()).tasks).toBe(TASKS);
    expect(await ours.history.sums(3600, 0, 9e9)).toMatchObject({ finished: TASKS, failed: 0 });
  });
});
