// What a worker and a client of ours declare, bind, consume and send on RabbitMQ, beside recordings of Celery's: exchanges, queues and
// their arguments, bindings, consumers, prefetch, and the properties of events and remote control. Read on the line between.
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { Celery } from '../../server/app/celery.ts';
import type { SettingsInput } from '../../server/app/config.ts';
import { silentLogger } from '../../server/log.ts';
import { Worker, type WorkerOptions } from '../../server/worker/worker.ts';
import golden from '../golden/amqp-traffic.json' with { type: 'json' };
import { AmqpRecorder } from '../support/amqp-recorder.ts';
import { describeNeedsRabbit, type Rabbit, sharedRabbit } from '../support/rabbitmq-server.ts';
import { until } from '../support/until.ts';

interface Entry {
  readonly from?: string;
  readonly method: string;
  readonly args?: Readonly<Record<string, unknown>>;
  readonly properties?: Readonly<Record<string, unknown>>;
}
interface Case {
  readonly name: string;
  readonly worker?: readonly Entry[];
  readonly client?: readonly Entry[];
}
const CASES = new Map((golden.cases as unknown as Case[]).map((one) => [one.name, one]));

const WANTED = /^(exchange\.declare|exchange\.bind|queue\.declare|queue\.bind|basic\.consume|basic\.qos)$/;

/** Ours asks to be told when a classic queue goes (transport/amqp/queue-types.ts); Celery does not. */
const CANCEL = '"x-cancel-on-ha-failover":true';

/** Once each, in a fixed order, without what is only asked, and what is made up anew each time. */
function declared(entries: readonly Entry[]): string[] {
  const lines = entries
    .filter(({ from = 'client', method, args }) => from === 'client' && WANTED.test(method) && !args?.passive)
    .map(({ method, args: { ticket: _t, nowait: _n, consumer_tag: _c, ...args } = {} }) =>
      JSON.stringify([method, args]).replace(CANCEL, ''),
    );
  return [
    ...new Set(lines.map((line) => line.replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'uuid'))),
  ].sort();
}

/** By exchange and key: what stands beside the body. */
function sent(entries: readonly Entry[], exchange: RegExp): Map<string, unknown> {
  const found = new Map<string, unknown>();
  for (const { from = 'client', method, args, properties } of entries) {
    if (from !== 'client' || method !== 'basic.publish' || !exchange.test(String(args?.exchange))) continue;
    const { application_headers: headers, ...rest } = properties as { application_headers: Record<string, unknown> };
    const kinds = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, typeof value]));
    const key = String(args?.routing_key).replace(/^[0-9a-f-]{36}$/, 'uuid');
    if (!found.has(`${args?.exchange} ${key}`)) found.set(`${args?.exchange} ${key}`, { ...rest, headers: kinds });
  }
  return found;
}

describeNeedsRabbit('beside Celery on RabbitMQ', () => {
  let rabbit: Rabbit;
  let line: AmqpRecorder;
  beforeAll(async () => {
    rabbit = await sharedRabbit();
    line = new AmqpRecorder(rabbit.port);
    await line.listen();
  });
  afterAll(() => line.close());

  async function start(settings: SettingsInput, options: WorkerOptions) {
    const broker = `amqp://guest:guest@127.0.0.1:${line.port}/${await rabbit.freshVhost()}`;
    const app = new Celery('vec', { broker, backend: 'memory://', ...settings }, { env: {}, log: silentLogger });
    const worker = new Worker(app, { concurrency: 2, log: silentLogger, ...options });
    onTestFinished(async () => {
      await worker.stop('cold');
      await app.close();
    });
    const before = line.said.length;
    await worker.start();
    return { app, said: () => line.said.slice(before) };
  }

  const alone = { withoutGossip: true, withoutMingle: true };
  const workers: [name: string, settings: SettingsInput, options: WorkerOptions][] = [
    ['startup_classic', {}, { hostname: 'a1@vec', taskEvents: true }],
    ['startup_max_priority', { task_queue_max_priority: 10, task_default_queue: 'prio' }, { hostname: 'a3@vec' }],
    ['startup_worker_direct', { worker_direct: true }, { hostname: 'a3@vec' }],
    ['startup_queues_option', {}, { hostname: 'a3@vec', queues: ['a', 'b'], withoutHeartbeat: true, ...alone }],
    [
      'startup_late_acks_prefetch',
      { task_acks_late: true, worker_prefetch_multiplier: 1 },
      { hostname: 'a3@vec', ...alone },
    ],
    [
      'startup_event_queue_expires',
      { event_queue_ttl: 10, event_queue_expires: 30, control_queue_ttl: 100, control_queue_expires: 20 },
      { hostname: 'a3@vec' },
    ],
    ...(['direct', 'topic'] as const).map((type): [string, SettingsInput, WorkerOptions] => [
      `startup_quorum_${type}`,
      {
        task_default_queue: type === 'direct' ? 'qq' : 'qt',
        task_default_queue_type: 'quorum',
        task_default_exchange_type: type,
      },
      { hostname: 'a2@vec' },
    ]),
  ];
  it.for(workers)('a worker declares, binds and consumes: %s', async ([name, settings, options]) => {
    const { said } = await start(settings, options);
    // Without mingle that is the answer to who recorded it.
    const asked = (one: string) => options.withoutMingle && one.includes('reply.celery.pidbox');
    // Celery declares what holds tasks back also where no queue can use it.
    const useless = (one: string) => name.endsWith('quorum_direct') && one.includes('celery_delayed_');
    const theirs = declared(CASES.get(name)!.worker!).filter((one) => !asked(one) && !useless(one));
    await until(() => declared(said()).length >= theirs.length, 'as much as Celery says');
    expect(declared(said())).toEqual(theirs);
    const consumed = said().filter(({ method }) => method === 'basic.consume');
    const cancelled = consumed.filter((one) => JSON.stringify(one).includes(CANCEL));
    expect(cancelled.length).toBe(name.includes('quorum') ? consumed.length - 1 : consumed.length);
  });

  it('events and remote control carry the same properties', async () => {
    const { app, said } = await start({}, { hostname: 'a1@vec', taskEvents: true });
    expect(await app.control.inspect({ destination: ['a1@vec'], timeout: 90 }).ping()).toMatchObject({
      'a1@vec': { ok: 'pong' },
    });
    const theirs = sent([...CASES.get('startup_classic')!.worker!, ...CASES.get('ping')!.client!], /pidbox|celeryev/);
    await until(() => sent(said(), /pidbox|celeryev/).size >= theirs.size, 'a heartbeat');
    expect(Object.fromEntries(sent(said(), /pidbox|celeryev/))).toEqual(Object.fromEntries(theirs));
    const client = declared(CASES.get('ping')!.client!).filter((one) => !one.includes('.qos'));
    expect(declared(said())).toEqual(expect.arrayContaining(client));
  });
});
