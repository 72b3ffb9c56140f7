// A broker that stands still: its connections stay open and say nothing. Every page of the dashboard answers, with what was known.
// A broker that is gone: redis-restarts.test.ts. What is said of it: ../dashboard/silent-worker.test.ts.
import { afterEach, expect, it } from 'vitest';
import { createDashboard } from '../../server/dashboard/dashboard.ts';
import { silentLogger } from '../../server/log.ts';
import { describeRoute, ROUTES, type RouteKey } from '../../shared/wire/routes.ts';
import type { TaskDetail } from '../../shared/wire/tasks.ts';
import type { WorkerDetail } from '../../shared/wire/workers.ts';
import { getFrom, startListening } from '../support/python-dashboard.ts';
import { describeNeedsRedis } from '../support/redis-server.ts';
import { until } from '../support/until.ts';
import { PATIENT, World } from './world.ts';

/** Far beyond what any of them takes on a busy machine: one that waits for the broker waits for ever. @unit milliseconds */
const HANGS_MS = 40_000;

describeNeedsRedis('a broker that stands still', () => {
  const cleanup: (() => unknown)[] = [];
  afterEach(async () => {
    for (const undo of cleanup.splice(0).reverse()) await undo();
  });

  it('keeps no page waiting', async () => {
    const world = await World.open();
    cleanup.push(() => world[Symbol.asyncDispose]());
    await world.umbel('w1@still', ['-c', '2', '-E']);
    const dashboard = createDashboard(
      {
        broker: world.redis.url(),
        result_backend: world.redis.url(1),
        db: `${world.redis.folder}/history.db`,
        port: 0,
        queue_interval: 0.3,
        inspect_interval: 0.5,
      },
      { log: silentLogger, pages: null },
    );
    cleanup.push(() => dashboard.close());
    await startListening(dashboard);
    const detail = () => getFrom<WorkerDetail>(dashboard, 'workers/w1@still');
    await until(async () => (await detail()).stats !== null, 'the worker to be known', PATIENT);
    const [running, , reserved] = await world.send(3, 0, world.gate);
    const state = (id: string) => getFrom<TaskDetail>(dashboard, `tasks/${id}`).then((task) => task.state);
    await until(async () => (await state(running!)) === 'STARTED', 'a task to run', PATIENT);
    await until(async () => (await state(reserved!)) === 'RECEIVED', 'a task to wait', PATIENT);

    const { pid } = world.redis;
    process.kill(pid, 'SIGSTOP');
    cleanup.push(() => process.kill(pid, 'SIGCONT'));
    // No answer that is young enough is left to be shown instead of asking.
    const asked = (await detail()).inspected!;
    await until(() => Date.now() / 1000 > asked + 2.5, 'the answers of before to be old', PATIENT);

    const gets = (Object.keys(ROUTES) as RouteKey[])
      .map(describeRoute)
      // A stream does not end.
      .filter(({ method, media }) => method === 'GET' && media !== 'text/event-stream');
    const paths = gets.flatMap(({ path }) => {
      if (path.endsWith('/series')) return [`${path}?range=15m&lines=finished`];
      if (path.endsWith('/tasks/facets')) return [`${path}?field=name`];
      if (path.includes(':uuid')) return [running!, reserved!].map((id) => path.replace(':uuid', id));
      return [path.replace(/:(hostname|worker)/, 'w1@still').replace(':name', 'celery')];
    });
    const answer = async (path: string): Promise<string> => {
      let late: NodeJS.Timeout | undefined;
      const reply = await Promise.race([
        dashboard.app.inject({ url: path }),
        new Promise<null>((resolve) => {
          late = setTimeout(resolve, HANGS_MS, null);
        }),
      ]);
      clearTimeout(late);
      return `${path}: ${reply === null ? 'hangs' : reply.statusCode}`;
    };
    const answers = await Promise.all(paths.map(answer));
    expect(answers.filter((line) => /: (hangs|500)$/.test(line))).toEqual([]);
    expect((await detail()).inspected).toBe(asked);
  });
});
