// One app with one worker on a broker of its own, everything it says caught, closed with the test.
import { randomUUID } from 'node:crypto';
import { afterEach } from 'vitest';
import { Celery } from '../../server/app/celery.ts';
import type { SettingsInput } from '../../server/app/config.ts';
import type { Logger } from '../../server/log.ts';
import { createTimer, type Timer } from '../../server/timer.ts';
import type { Channel } from '../../server/transport/contract.ts';
import { exchange, queue } from '../../server/transport/entity.ts';
import { Worker, type WorkerOptions } from '../../server/worker/worker.ts';
import { PushedClock } from '../support/clock.ts';
import { until } from '../support/until.ts';

export type Event = Record<string, unknown> & { type: string; uuid?: string };

export interface World {
  readonly app: Celery;
  readonly worker: Worker;
  /** This machine's, until the test pushes it ahead. */
  readonly clock: PushedClock;
  readonly channel: Channel;
  /** 'LEVEL text' */
  readonly lines: string[];
  readonly events: Event[];
  /** Types of the events of one task, without the 'task-'. */
  typesOf(id: string): string[];
  event(type: string, id?: string): Promise<Event>;
  line(pattern: RegExp): Promise<string>;
  depth(name?: string): Promise<number>;
}

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

let freshUrls = async (): Promise<{ broker: string; backend: string }> => {
  const name = `world-${randomUUID()}`;
  return { broker: `memory://${name}`, backend: `cache+memory://${name}` };
};

/**
 * Worlds of this file from now on are on this broker, each on one of its own.
 * @param freshStore where results go. Default: to the same address.
 */
export function worldsOn(freshUrl: () => string | Promise<string>, freshStore?: () => string): void {
  freshUrls = async () => {
    const url = await freshUrl();
    return { broker: url, backend: freshStore?.() ?? url };
  };
}

export async function makeApp(settings: SettingsInput = {}, timer?: Timer): Promise<Celery> {
  const app = new Celery('vec', { ...(await freshUrls()), ...settings }, timer ? { timer } : {});
  open.push(() => app.close());
  return app;
}

export async function makeWorker(app: Celery, options: WorkerOptions & { lines?: string[] } = {}): Promise<Worker> {
  const { lines = [], ...rest } = options;
  const worker = new Worker(app, { hostname: 'w1@vec', loglevel: 'DEBUG', log: logger(lines), ...rest });
  open.push(() => worker.stop('cold'));
  await worker.start();
  return worker;
}

export async function makeWorld(
  define: (app: Celery) => void,
  { settings = {}, worker: options = {} }: { settings?: SettingsInput; worker?: WorkerOptions } = {},
): Promise<World> {
  const clock = new PushedClock();
  const app = await makeApp(settings, createTimer({ clock }));
  define(app);
  const lines: string[] = [];
  const events: Event[] = [];
  const connection = app.connection('read');
  open.push(() => connection.close());
  const channel = await connection.channel();
  await channel.declareQueue(
    queue('ear', { exchange: exchange('celeryev', 'topic'), routingKey: '#', durable: false }),
  );
  await channel.consume(
    'ear',
    (m) => {
      const body = JSON.parse(Buffer.from(m.body).toString()) as Event | Event[];
      events.push(...(Array.isArray(body) ? body : [body]));
    },
    { noAck: true },
  );
  const worker = await makeWorker(app, { taskEvents: true, lines, ...options });
  return {
    app,
    worker,
    clock,
    channel,
    lines,
    events,
    typesOf: (id) => events.filter((e) => e.uuid === id && e.type !== 'task-sent').map((e) => e.type.slice(5)),
    event: (type, id) =>
      until(() => events.find((e) => e.type === type && (id === undefined || e.uuid === id)), `${type} of ${id}`),
    line: (pattern) => until(() => lines.find((line) => pattern.test(line)), `a line like ${pattern}`),
    depth: async (name = 'celery') => (await channel.queueStatus(name))?.messages ?? 0,
  };
}

export function logger(lines: string[]): Logger {
  const at = (level: string) => (text: string, fields?: Record<string, unknown>) => {
    lines.push(`${level} ${text}${fields ? ` ${Object.keys(fields).join(' ')}` : ''}`);
  };
  const log: Logger = {
    debug: at('DEBUG'),
    info: at('INFO'),
    warning: at('WARNING'),
    error: at('ERROR'),
    critical: at('CRITICAL'),
    child: () => log,
  };
  return log;
}

/** A promise and its handle: bodies that finish when the test says so. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  let openIt = () => {};
  const opened = new Promise<void>((resolve) => {
    openIt = resolve;
  });
  return { opened, open: () => openIt() };
}

export async function publishRaw(
  world: Pick<World, 'channel'>,
  message: {
    body: Uint8Array | string;
    headers?: Record<string, unknown>;
    properties?: Record<string, unknown>;
    contentType?: string;
    contentEncoding?: string;
    queue?: string;
  },
): Promise<void> {
  await world.channel.publish({
    exchange: '',
    routingKey: message.queue ?? 'celery',
    body: typeof message.body === 'string' ? Buffer.from(message.body) : message.body,
    contentType: message.contentType ?? 'application/json',
    contentEncoding: message.contentEncoding ?? 'utf-8',
    headers: message.headers ?? {},
    properties: message.properties ?? { delivery_mode: 2 },
  });
}
