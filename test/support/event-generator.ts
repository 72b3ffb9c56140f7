// Believable events of a small shop, published to a broker as workers would: for looking at the dashboard without any worker.
//   npx tsx test/support/event-generator.ts [broker] [tasks per second]      events only, to a broker others share
//   npx tsx test/support/event-generator.ts --dashboard [port] [tasks/s]     dashboard and events in this process, over memory://
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventDispatcher } from '../../server/events/dispatcher.ts';
import { silentLogger } from '../../server/log.ts';
import { Connection } from '../../server/messaging/connection.ts';
import { LamportClock } from '../../server/messaging/lamport-clock.ts';
import { createTimer } from '../../server/timer.ts';

const TASKS = [
  {
    name: 'shop.orders.charge_card',
    seconds: 0.4,
    fails: 0.04,
    retries: 0.05,
    queue: 'payments',
    error: "CardDeclined('insufficient funds')",
  },
  {
    name: 'shop.orders.send_receipt',
    seconds: 0.12,
    fails: 0.005,
    retries: 0.02,
    queue: 'mail',
    error: "ConnectionResetError(104, 'Connection reset by peer')",
  },
  {
    name: 'shop.catalog.resize_image',
    seconds: 1.6,
    fails: 0.01,
    retries: 0,
    queue: 'images',
    error: "ValueError('cannot identify image file')",
  },
  { name: 'shop.search.reindex', seconds: 0.05, fails: 0, retries: 0, queue: 'celery', error: '' },
  {
    name: 'shop.reports.render_statement',
    seconds: 4,
    fails: 0.02,
    retries: 0,
    queue: 'reports',
    error: "TimeoutError('database')",
  },
] as const;
const WORKERS = ['shop@app-1', 'shop@app-2', 'images@app-3'];
const TRACEBACK = `Traceback (most recent call last):
  File "/srv/celery/app/trace.py", line 451, in trace_task
    R = retval = fun(*args, **kwargs)
  File "/srv/shop/orders.py", line 88, in charge_card
    gateway.charge(order.total, card)
`;

export interface Generator {
  stop(): Promise<void>;
  readonly sent: number;
  /** Tasks begun, of all workers. */
  readonly processed: number;
}

/** @param perSecond tasks, not events */
export async function generateEvents(broker: string, perSecond: number): Promise<Generator> {
  const timer = createTimer();
  const connection = new Connection({
    urls: [broker],
    transportOptions: {},
    connectTimeoutMs: 4000,
    retry: { enabled: true, maxRetries: null, intervalStartMs: 200, intervalStepMs: 200, intervalMaxMs: 1000 },
    timer,
    log: silentLogger,
  });
  const clock = new LamportClock();
  const workers = WORKERS.map((hostname) => ({
    events: new EventDispatcher({ connection, hostname, clock, timer, enabled: true }),
    active: 0,
    processed: 0,
  }));
  const client = new EventDispatcher({ connection, hostname: 'web@app-0', clock, timer, enabled: true });
  let sent = 0;
  const info = (w: (typeof workers)[number]) => ({
    freq: 2,
    active: w.active,
    processed: w.processed,
    loadavg: [0.4, 0.3, 0.2],
    sw_ident: 'py-celery',
    sw_ver: '5.6.2',
    sw_sys: 'Linux',
  });
  for (const w of workers) w.events.send('worker-online', info(w));
  timer.every(2000, () => {
    for (const w of workers) w.events.send('worker-heartbeat', info(w));
  });

  const run = (
    uuid: string,
    spec: (typeof TASKS)[number],
    retries: number,
    n: number,
    parent: string | null,
    root: string,
  ): void => {
    const w = workers[spec.queue === 'images' ? 2 : n % 2]!;
    w.events.send('task-received', {
      uuid,
      name: spec.name,
      args: `(${n},)`,
      kwargs: `{'customer': 'c-${n % 97}'}`,
      root_id: root,
      parent_id: parent,
      retries,
      eta: null,
      expires: null,
    });
    timer.after(20 + Math.random() * 200, () => {
      w.active++;
      w.processed++;
      w.events.send('task-started', { uuid });
      const runtime = spec.seconds * (0.5 + Math.random() ** 3 * 3);
      timer.after(runtime * 1000, () => {
        w.active--;
        const luck = Math.random();
        if (luck < spec.retries && retries < 3) {
          w.events.send('task-retried', { uuid, exception: spec.error, traceback: TRACEBACK + spec.error });
          timer.after(1000, () => run(uuid, spec, retries + 1, n, parent, root));
        } else if (luck < spec.retries + spec.fails) {
          w.events.send('task-failed', { uuid, exception: spec.error, traceback: TRACEBACK + spec.error });
        } else {
          w.events.send('task-succeeded', { uuid, result: `{'order': ${n}, 'ok': True}`, runtime });
          if (spec.name === 'shop.orders.charge_card') begin(TASKS[1], uuid, root);
        }
      });
    });
  };
  const begin = (spec: (typeof TASKS)[number], parent: string | null, root: string | null): void => {
    const uuid = randomUUID();
    const n = ++sent;
    client.send('task-sent', {
      uuid,
      root_id: root ?? uuid,
      parent_id: parent,
      name: spec.name,
      args: `(${n},)`,
      kwargs: `{'customer': 'c-${n % 97}'}`,
      retries: 0,
      eta: null,
      expires: null,
      queue: spec.queue,
      exchange: '',
      routing_key: spec.queue,
    });
    timer.after(5 + Math.random() * 50, () => run(uuid, spec, 0, n, parent, root ?? uuid));
  };
  const perTick = perSecond / 20;
  let owed = 0;
  timer.every(50, () => {
    for (owed += perTick; owed >= 1; owed--) begin(TASKS[Math.floor(Math.random() * TASKS.length)]!, null, null);
  });
  return {
    get sent() {
      return sent;
    },
    get processed() {
      return workers.reduce((sum, w) => sum + w.processed, 0);
    },
    async stop() {
      timer.clear();
      for (const d of [...workers.map((w) => w.events), client]) await d.close();
      await connection.close();
    },
  };
}

if (process.argv[1]?.endsWith('event-generator.ts')) {
  const [first = 'memory://shop', second, third] = process.argv.slice(2);
  if (first === '--dashboard') {
    const { createDashboard } = await import('../../server/dashboard/dashboard.ts');
    const dashboard = createDashboard({
      broker: 'memory://shop',
      port: Number(second ?? 5555),
      db: join(tmpdir(), `umbel-shop-${process.pid}.db`),
      name: 'shop',
    });
    console.log(await dashboard.listen());
    await generateEvents('memory://shop', Number(third ?? 20));
  } else await generateEvents(first, Number(second ?? 20));
}
