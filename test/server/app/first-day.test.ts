// What somebody writes on the first day with this package, and what it says when that cannot be meant.
import { randomUUID } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Celery } from '../../../server/app/celery.ts';
import { Beat } from '../../../server/beat/beat.ts';
import { group } from '../../../server/canvas/compose.ts';
import { createDashboard } from '../../../server/dashboard/dashboard.ts';
import type { Message } from '../../../server/transport/message.ts';
import { Worker } from '../../../server/worker/worker.ts';

/** As JavaScript would pass it: no type refuses it. */
const loosely = (value: object) => value as Record<string, never>;

function shop() {
  const app = new Celery('shop', {
    broker: `memory://${randomUUID()}`,
    result_backend: 'redis://user:hunter2@store:6379/0',
    task_ignore_result: true,
  });
  onTestFinished(() => app.close());
  const mail = app.task({ name: 'shop.mail' }, (to: string) => to);
  const add = app.task({ name: 'shop.add' }, (x: number, y: number) => x + y);
  const sent = async (): Promise<{ args: unknown; kwargs: unknown; message: Message }> => {
    const channel = await app.writeConnection.defaultChannel();
    const message = (await channel.get('celery', { noAck: true }))!;
    const [args, kwargs] = JSON.parse(Buffer.from(message.body).toString()) as [unknown, unknown];
    return { args, kwargs, message };
  };
  return { app, mail, add, sent };
}

describe('call options where keyword arguments belong', () => {
  it('are refused, with the right form', async () => {
    const { app, mail } = shop();
    const wrong = loosely({ countdown: 60 });
    await expect(mail.applyAsync(['a@b.c'], wrong)).rejects.toThrow(
      /countdown: this is a call option.*mail\.applyAsync\(\[\.\.\.\], \{\}, \{ countdown: \.\.\. \}\)/,
    );
    await expect(app.sendTask('far.away', [], loosely({ queue: 'mail', priority: 3 }))).rejects.toThrow(
      /queue, priority: these are call options.*app\.sendTask\('far\.away', \[\.\.\.\], \{\}, \{ queue, priority: \.\.\. \}\)/,
    );
    expect(() => mail.signature(['a@b.c'], wrong)).toThrow(TypeError);
    expect(() => app.signature('far.away', [], wrong)).toThrow(TypeError);
    await expect(mail.s('a@b.c').applyAsync([], wrong)).rejects.toThrow(TypeError);
    // @ts-expect-error The types refuse it before it runs.
    const refused = mail.applyAsync(['a@b.c'], { countdown: 60 });
    await expect(refused).rejects.toThrow(TypeError);
    // @ts-expect-error So do these.
    await expect(app.sendTask('far.away', [], { queue: 'mail' })).rejects.toThrow(TypeError);
  });

  it('are arguments when options are given as well, when the task has a parameter of that name, or when the name is a common one', async () => {
    const { app, sent } = shop();
    await app.sendTask('far.away', [], { queue: 'mail' }, {});
    expect((await sent()).kwargs).toEqual({ queue: 'mail' });
    await app.sendTask('far.away', [], { user_id: 7, type: 'gift' });
    expect((await sent()).kwargs).toEqual({ user_id: 7, type: 'gift' });
    await app.sendTask('far.away', [], loosely({ countdown: 3, rocket: 'V' }));
    expect((await sent()).kwargs).toEqual({ countdown: 3, rocket: 'V' });
    const launch = app.task({ name: 'shop.launch', params: ['countdown'] }, (countdown: number) => countdown);
    await launch.applyAsync([], loosely({ countdown: 10 }));
    expect((await sent()).kwargs).toEqual({ countdown: 10 });
  });

  it('may be said first: task.with(...).delay(...)', async () => {
    const { mail, sent } = shop();
    const later = mail.with({ priority: 3 });
    await later.with({ expires: 60 }).delay('a@b.c');
    const { args, kwargs, message } = await sent();
    expect([args, kwargs, message.properties.priority]).toEqual([['a@b.c'], {}, 3]);
    expect(message.headers.expires).toEqual(expect.any(String));
    expect(later.options).toEqual({ priority: 3 });
    expect(later.s('a@b.c').toJSON()).toMatchObject({ task: 'shop.mail', args: ['a@b.c'], options: { priority: 3 } });
    await expect(mail.with(loosely({ countdwn: 3 })).delay('a')).rejects.toThrow(/Did you mean 'countdown'/);
  });
});

describe('arguments that are missing', () => {
  it('are told to the caller, by the names in the function', async () => {
    const { app, add } = shop();
    const missing = async (call: Promise<unknown>) => (await call.catch((error: Error) => error)) as Error;
    const short = add.delay as (...args: number[]) => Promise<unknown>;
    const one = await missing(short.call(add, 2));
    expect(one).toBeInstanceOf(TypeError);
    expect(one.message).toMatch(/^add\(\) missing 1 required positional argument: 'y'\. .*params: \['y\?'\]/);
    expect((await missing(short.call(add))).message).toMatch(/missing 2 required positional arguments: 'x' and 'y'/);
    const forms = [
      app.task({ name: 'f.async' }, async (order: number) => order),
      app.task({ name: 'f.function' }, async function charge(order: number) {
        return order;
      }),
      app.task(
        { name: 'f.method' },
        {
          charge(order: number) {
            return order;
          },
        }.charge,
      ),
    ];
    for (const task of forms)
      expect((await missing(task.applyAsync([]))).message, task.name).toMatch(/argument: 'order'/);
    const apart = app.task({ name: 'f.apart' }, ({ id }: { id: number }) => id);
    expect((await missing(apart.applyAsync([]))).message).toMatch(/argument 1/);
    // Nothing was sent: not even the queue was declared.
    const channel = await app.writeConnection.defaultChannel();
    expect(await channel.queueStatus('celery')).toBeNull();
  });

  it('may be missing where the function has a default, by params, or without typing; keyword arguments are one', async () => {
    const { app } = shop();
    await app.task({ name: 'o.default' }, (x: number, y: number = 1) => x + y).delay(1);
    await app.task({ name: 'o.params', params: ['x', 'y?'] }, (x: number, y?: number) => [x, y]).delay(1);
    await app.task({ name: 'o.untyped', typing: false }, (x: number, y: number) => x + y).applyAsync([1]);
    await app.task({ name: 'o.object' }, (options: { x: number }) => options).applyAsync([], { x: 1 });
    await app.task({ name: 'o.rest' }, (...all: number[]) => all).delay();
  });
});

describe('options that are none', () => {
  it.each([
    [
      'a worker',
      () => new Worker(shop().app, loosely({ concurency: 5 })),
      /no option 'concurency'. Did you mean 'concurrency'/,
    ],
    ['a worker', () => new Worker(shop().app, loosely({ queus: ['a'] })), /Did you mean 'queues'/],
    ['a worker', () => new Worker(shop().app, loosely({ task_events: true })), /Did you mean 'taskEvents'/],
    ['a worker', () => new Worker(shop().app, loosely({ wibble: 1 })), /no option 'wibble'. It knows: hostname, /],
    [
      'beat',
      () => new Beat(shop().app, loosely({ maxIntervall: 5 })),
      /Beat has no option 'maxIntervall'. Did you mean 'maxInterval'/,
    ],
    ['an app', () => new Celery('x', {}, loosely({ logger: 1 })), /no option 'logger'/],
    ['the dashboard', () => createDashboard(loosely({ url_prefx: '/x' })), /Did you mean 'url_prefix'/],
  ])('of %s are refused', (_what, make, words) => {
    expect(make).toThrow(words);
  });
});

describe('what is printed', () => {
  it('is short and holds no secret', async () => {
    const { app, add } = shop();
    const result = await add.delay(1, 2);
    const worker = new Worker(app);
    const secret = app.signature('shop.pay', [], { password: 'hunter2' });
    for (const one of [app, app.conf, add, result, add.s(1, 2), secret, group(add.s(1, 2), add.s(3, 4)), worker]) {
      const text = inspect(one);
      expect(text).not.toContain('hunter2');
      expect(text.split('\n').length, text).toBeLessThanOrEqual(10);
    }
    expect(inspect(app)).toMatch(/^<Celery shop: 2 tasks, \{ broker_url: 'memory:/);
    expect(inspect(result)).toBe(`<AsyncResult ${result.id} of shop.add>`);
    expect(inspect(add.s(1, 2))).toBe('shop.add(1, 2)');
    for (const one of [app, app.conf, add, result]) {
      expect(JSON.stringify(one)).not.toContain('hunter2');
      expect(JSON.stringify(one).length).toBeLessThan(1000);
    }
  });
});
