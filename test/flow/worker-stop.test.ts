// How a worker stops, what it gives back, and how it goes on after its broker was lost.
import { expect, it } from 'vitest';
import { OperationalError } from '../../server/errors.ts';
import { createAsyncPool } from '../../server/pool/in-process.ts';
import { registerPool } from '../../server/pool/registry.ts';
import { signals } from '../../server/signals.ts';
import type { Transport, TransportFlags } from '../../server/transport/contract.ts';
import { createTransport, registerTransport } from '../../server/transport/registry.ts';
import type { TaskConsumer } from '../../server/worker/consumer/consumer.ts';
import { Bootstep, Worker } from '../../server/worker/worker.ts';
import { ManualTimer } from '../support/clock.ts';
import { until } from '../support/until.ts';
import { gate, logger, makeApp, makeWorker, makeWorld } from './worker-world.ts';

it('warm: finishes what runs, gives back what waits, in order, and is done with code 0', async () => {
  const door = gate();
  const w = await makeWorld(
    (app) => {
      app.task({ name: 'vec.block' }, () => door.opened);
      app.task({ name: 'vec.add', params: ['n'] }, (n: number) => n);
    },
    { worker: { concurrency: 1 } },
  );
  const running = await w.app.sendTask('vec.block');
  await w.event('task-started', running.id);
  const waiting = [];
  for (let n = 0; n < 3; n++) waiting.push((await w.app.sendTask('vec.add', [n])).id);
  await w.event('task-received', waiting[2]!);
  const stopping = w.worker.stop('warm');
  await until(async () => (await w.depth()) === 3, 'three messages given back');
  expect(w.worker.mode).toBe('stopping');
  expect((await w.channel.peek('celery', 10))!.map((m) => m.headers.id)).toEqual(waiting);
  door.open();
  await stopping;
  await w.event('task-succeeded', running.id);
  await w.event('worker-offline');
  expect(await w.worker.done).toEqual({ exitCode: 0, reason: 'warm shutdown' });
  expect(await running.state()).toBe('SUCCESS');
});

it('cold: gives a late task back, fails an early one with WorkerLostError, and is done with code 1', async () => {
  const w = await makeWorld((app) => {
    app.task({ name: 'vec.early' }, () => new Promise(() => {}));
    app.task({ name: 'vec.late', acks_late: true }, () => new Promise(() => {}));
  });
  const early = await w.app.sendTask('vec.early');
  const late = await w.app.sendTask('vec.late');
  await w.event('task-started', early.id);
  await w.event('task-started', late.id);
  await w.worker.stop('cold');
  expect(await w.worker.done).toMatchObject({ exitCode: 1 });
  expect(await w.depth()).toBe(1);
  expect(await late.state()).toBe('PENDING');
  await expect(early.get({ timeout: 90 })).rejects.toMatchObject({ name: 'WorkerLostError' });
  await w.event('task-failed', early.id);
  await w.event('worker-offline');
});

it('a start that fails at a later step stops the pool that was started', async () => {
  const stops: string[] = [];
  registerPool('watched', async () => (context) => {
    const pool = createAsyncPool(context);
    const stop = pool.stop.bind(pool);
    pool.stop = (how) => {
      stops.push(how);
      return stop(how);
    };
    return pool;
  });
  const app = await makeApp();
  app.steps.worker.add(
    class Broken extends Bootstep<Worker> {
      override start(): never {
        throw new Error('no such device');
      }
    },
  );
  const worker = new Worker(app, { pool: 'watched', log: logger([]) });
  await expect(worker.start()).rejects.toThrow('no such device');
  expect(stops).toEqual(['cold']);
});

it('a cold stop ends a warm one that waits', async () => {
  const w = await makeWorld((app) => app.task({ name: 'vec.early' }, () => new Promise(() => {})));
  const result = await w.app.sendTask('vec.early');
  await w.event('task-started', result.id);
  const warm = w.worker.stop('warm');
  await w.worker.stop('cold');
  await warm;
  expect((await w.worker.done).exitCode).toBe(1);
});

it('soft: waits as long as worker_soft_shutdown_timeout says, and no longer than needed', async () => {
  const door = gate();
  const w = await makeWorld((app) => app.task({ name: 'vec.block' }, () => door.opened), {
    settings: { worker_soft_shutdown_timeout: 60 },
  });
  const result = await w.app.sendTask('vec.block');
  await w.event('task-started', result.id);
  const stopping = w.worker.stop('soft');
  door.open();
  await stopping;
  expect(await w.worker.done).toEqual({ exitCode: 0, reason: 'soft shutdown' });
  expect(await result.state()).toBe('SUCCESS');
});

it('soft: a warm stop that waits becomes one with a limit, and what has not ended by then goes back or fails', async () => {
  const w = await makeWorld((app) => app.task({ name: 'vec.late', acks_late: true }, () => new Promise(() => {})), {
    settings: { worker_soft_shutdown_timeout: 0.05 },
  });
  const late = await w.app.sendTask('vec.late');
  await w.event('task-started', late.id);
  const warm = w.worker.stop('warm');
  await w.worker.stop('soft');
  await warm;
  expect(w.lines).toContain('WARNING worker: 1 task has 0.05 s to end');
  expect([(await w.worker.done).exitCode, await w.depth(), await late.state()]).toEqual([1, 1, 'PENDING']);
});

it('stops warm when told to by remote, without an answer', async () => {
  const w = await makeWorld(() => {});
  await w.app.control.shutdown({ destination: ['w1@vec'] });
  expect(await w.worker.done).toEqual({ exitCode: 0, reason: 'warm shutdown' });
  expect(w.lines).toContain('WARNING Got shutdown from remote');
});

it('tells the signals of its life', async () => {
  const received: string[] = [];
  const off = [
    signals.worker_init.connect(() => received.push('init')),
    signals.worker_ready.connect(() => received.push('ready')),
    signals.worker_shutting_down.connect(({ how }) => received.push(`shutting down ${how}`)),
    signals.worker_shutdown.connect(() => received.push('shutdown')),
  ];
  const worker = await makeWorker(await makeApp());
  await worker.stop();
  for (const disconnect of off) disconnect();
  expect(received).toEqual(['init', 'ready', 'shutting down warm', 'shutdown']);
});

it('runs steps of the user’s own, in their place', async () => {
  const order: string[] = [];
  class Mine extends Bootstep<Worker> {
    static override requires = ['celery.worker.components:Pool'];
    override start(worker: Worker): void {
      order.push(`start with ${worker.pool.name}`);
    }
    override stop(): void {
      order.push('stop');
    }
  }
  const app = await makeApp();
  (app.steps.worker as Set<unknown>).add(Mine);
  const worker = await makeWorker(app);
  await worker.stop();
  expect(order).toEqual(['start with async', 'stop']);
});

it('syncs with the workers it finds, and does not wait when it is alone', async () => {
  // Time stands still: whoever waits for it never begins.
  const app = await makeApp({}, new ManualTimer());
  const first = await makeWorker(app, { hostname: 'one@vec' });
  await first.panel.dispatch('revoke', { task_id: 'shared-1' });
  const lines: string[] = [];
  const second = await makeWorker(app, { hostname: 'two@vec', lines });
  expect(lines).toContain('INFO mingle: sync with 1 nodes');
  expect(second.state.revoked.has('shared-1')).toBe(true);
});

it('cannot start without a broker when it is not to try again, and says which', async () => {
  registerTransport('away', async () => (context) => {
    const transport = breaking({ ...context, url: 'breaking://away' }, []);
    return { ...transport, connect: () => Promise.reject(new OperationalError('away://', 'nobody there')) };
  });
  const app = await makeApp({ broker_connection_retry_on_startup: false, broker: 'away://' });
  const worker = new Worker(app, { hostname: 'w1@vec', log: logger([]) });
  await expect(worker.start()).rejects.toThrow(/nobody there/);
  expect((await worker.done).exitCode).toBe(1);
});

it.each([true, false])(
  'a broker that is lost while the worker starts is tried again where the settings say so: %s',
  async (retry) => {
    const broken: ((error: Error) => void)[] = [];
    registerTransport('breaking', async () => (context) => breaking(context, broken));
    const settings = { broker: `breaking://${Math.random()}`, broker_connection_retry_on_startup: retry };
    const app = await makeApp(settings);
    let rounds = 0;
    class LosesTheBroker extends Bootstep<TaskConsumer> {
      override start(): void {
        if (++rounds > 1) return;
        const error = new OperationalError('breaking://', 'cut');
        for (const lose of broken.splice(0)) lose(error);
        throw error;
      }
    }
    app.steps.consumer.add(LosesTheBroker);
    const worker = new Worker(app, { hostname: 'w1@vec', log: logger([]) });
    const started = worker.start();
    if (retry) {
      await started;
      expect(rounds).toBe(2);
      await worker.stop();
    } else {
      await expect(started).rejects.toThrow(/cut/);
      expect((await worker.done).exitCode).toBe(1);
    }
  },
);

it('goes on after its broker was lost: early tasks finish, waiting ones come again, the consumer is back', async () => {
  const broken: ((error: Error) => void)[] = [];
  registerTransport('breaking', async () => (context) => breaking(context, broken));
  const door = gate();
  const name = `breaking-${Math.random()}`;
  const app = await makeApp({ broker: `breaking://${name}` });
  app.task({ name: 'vec.block' }, () => door.opened);
  app.task({ name: 'vec.add' }, () => 'added');
  const lines: string[] = [];
  const worker = await makeWorker(app, { concurrency: 1, lines });
  const running = await app.sendTask('vec.block');
  await until(() => worker.state.active === 1, 'the task to run');
  const waiting = await app.sendTask('vec.add');
  await until(() => worker.state.requests.size === 2, 'the second to be taken');
  const losses = broken.splice(0);
  for (const lose of losses) lose(new OperationalError('breaking://', 'cut'));
  await until(() => lines.some((l) => l.includes('Connection to broker lost')), 'the loss to be noticed');
  await until(() => worker.consumer.mode === 'running' && worker.consumer.restarts === 2, 'the consumer to be back');
  door.open();
  expect(await waiting.get({ timeout: 90 })).toBe('added');
  await until(async () => (await running.state()) === 'SUCCESS', 'the early task to be stored');
});

const MEMORY: TransportFlags = {
  durable: false,
  crossProcess: false,
  priorities: 'higher-first',
  exchangeTypes: ['direct', 'topic', 'fanout'],
  expiration: true,
  introspection: true,
};

/** A memory transport whose connection can be cut. */
function breaking(context: Parameters<typeof createTransport>[0], broken: ((error: Error) => void)[]): Transport {
  const inner = createTransport({ ...context, url: context.url.replace('breaking', 'memory') });
  let transport: Transport | undefined;
  return {
    driver: 'memory',
    flags: MEMORY,
    async connect() {
      transport = await inner;
      await transport.connect();
    },
    channel: () => transport!.channel(),
    onLost(listener) {
      broken.push((error) => {
        // The broker notices the end of the connection, and gives back what it held.
        void transport!.close().then(() => listener(error));
      });
    },
    close: async () => transport?.close(),
  };
}
