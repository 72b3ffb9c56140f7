// What somebody writes on the first day with this package, and what it says when that cannot be meant.
import { randomUUID } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Celery } from '../../../server/app/celery.ts';
import { Beat } from '../../../server/beat/beat.ts';
import { chain, chord, chunks, group, signature, xmap } from '../../../server/canvas/compose.ts';
import { createDashboard } from '../../../server/dashboard/dashboard.ts';
import { crontab, crontabFromString } from '../../../server/schedules/crontab.ts';
import { exchange, queue } from '../../../server/transport/entity.ts';
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
    await expect(app.sendTask('far.away', [], { link: mail.s('a@b.c') })).rejects.toThrow(
      /^link: this is a call option/,
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
    await app.sendTask('far.away', [], { user_id: 7, type: 'gift', link: '/x' });
    expect((await sent()).kwargs).toEqual({ user_id: 7, type: 'gift', link: '/x' });
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

/** What somebody writes in JavaScript: nothing is typed. */
type Loose = any;

describe('a slip', () => {
  const slips: [string, (s: Record<'app' | 'add', Loose>) => unknown, RegExp][] = [
    [
      'delay(2, 3, { countdown })',
      ({ add }) => add.delay(2, 3, { countdown: 60 }),
      /with\(\{ countdown: .* \}\)\.delay/,
    ],
    ['s(2, 3, { queue })', ({ add }) => add.s(2, 3, { queue: 'mail' }), /with\(\{ queue: .* \}\)\.s/],
    [
      'options where nothing belongs',
      ({ app }) => app.task({ name: 'none' }, () => 1).delay({ countdown: 60 }),
      /with\(\{ countdown: .* \}\)\.delay/,
    ],
    ['options before arguments', ({ add }) => add.s(2, 3).applyAsync({ countdown: 60 }), /arguments as a list/],
    ['a destination misspelt', ({ app }) => app.control.shutdown({ destinaton: ['a'] }), /Did you mean 'destination'/],
    ['a name for a destination', ({ app }) => app.control.shutdown('celery@a'), /options as an object/],
    ['a list for a destination', ({ app }) => app.control.inspect(['celery@a']).ping(), /options as an object/],
    ['a revoke misspelt', ({ app }) => app.AsyncResult('a').revoke({ terminat: true }), /no option 'terminat'/],
    ['a limit misspelt', ({ app }) => app.control.timeLimit('shop.add', { sof: 5 }), /not 'sof'/],
    ['options as a number', ({ add }) => add.applyAsync([2, 3], {}, 60), /options must be an object.*not 60/],
    [
      'options as a text',
      ({ add }) => add.applyAsync([2, 3], {}, 'mail'),
      /options must be an object.*not the text 'mail'/,
    ],
    ['an empty queue', ({ add }) => add.applyAsync([2, 3], {}, { queue: '' }), /queue must be a name/],
    ['queues as a list', ({ add }) => add.applyAsync([2, 3], {}, { queue: ['a'] }), /queue must be a name/],
    ['a priority below 0', ({ add }) => add.applyAsync([2, 3], {}, { priority: -1 }), /priority must be .*0 to 255/],
    [
      'a policy misspelt',
      ({ add }) => add.applyAsync([2, 3], {}, { retry_policy: { maxRetries: 1 } }),
      /'max_retries'/,
    ],
    ['link to a name', ({ add }) => add.applyAsync([2, 3], {}, { link: 'x' }), /app\.signature\('x'\)/],
    [
      'link to a task',
      ({ add }) => add.applyAsync([2, 3], {}, { link: add }),
      /the task 'shop\.add' itself: write \.s\(/,
    ],
    ['link by a signature', ({ add }) => add.s(1, 2).link(() => 1), /a function: register it/],
    ['set misspelt', ({ add }) => add.s(1, 2).set({ countDown: 3 }), /Did you mean 'countdown'/],
    ['sendTask without a name', ({ app }) => app.sendTask(), /name of a task first/],
    ['sendTask of an object', ({ app }) => app.sendTask({ name: 'x' }), /name of a task first/],
    ['get(5)', async ({ add }) => (await add.delay(1, 2)).get(5), /get\(\{ timeout: 5 \}\)/],
    ['get misspelt', async ({ add }) => (await add.delay(1, 2)).get({ timeOut: 5 }), /Did you mean 'timeout'/],
    ['get for a text', async ({ add }) => (await add.delay(1, 2)).get({ timeout: '5' }), /not the text '5'/],
    ['a result without an id', ({ app }) => app.AsyncResult(), /the id of a task/],
    ['chain of tasks', ({ add }) => chain(add, add), /the task 'shop\.add' itself/],
    [
      'chain of a call',
      ({ add }) => chain(Promise.resolve(add) as Loose),
      /a promise: .*\.s\(\.\.\.\) in place of \.delay/,
    ],
    ['chain with options', ({ add }) => chain(add.s(1, 2), { countdown: 5 } as Loose), /an object of countdown/],
    ['group of names', () => group(...(['a', 'b'] as Loose)), /app\.signature\('a'\)/],
    ['chord without a body', ({ add }) => chord([add.s(1, 1)], undefined as Loose), /body of a chord/],
    ['chord of a number', ({ add }) => chord(5 as Loose, add.s()), /header of a chord takes signatures/],
    ['xmap over a number', ({ add }) => xmap(add.s(), 5 as Loose), /as a list, not 5/],
    ['chunks of nothing', ({ add }) => chunks(add.s(), undefined as Loose, 2), /as a list/],
    ['pipe into a task', ({ add }) => add.s(1, 2).pipe(add), /the task 'shop\.add' itself/],
    ['signature misspelt', () => signature('x', { arg: [1] } as Loose), /not arg/],
    ['a task from a class', ({ app }) => app.task('c', class {}), /is a class/],
    ['a task that yields', ({ app }) => app.task('g', function* () {}), /is a generator/],
    ['the function first', ({ app }) => app.task(() => 1, { name: 'x' }), /comes second/],
    [
      'the function third',
      ({ app }) => app.task('x', { max_retries: 3 }, () => 1),
      /it comes second, .* app\.task\(\{ name: 'x' \}/,
    ],
    ['no function', ({ app }) => app.task('x'), /it comes second/],
    ['a broker as a URL object', () => new Celery('x', { broker: new URL('redis://h') } as Loose), /as text .*href/],
    ['a worker of no queue', ({ app }) => new Worker(app, { queues: [] }), /queues must be one name at least/],
    ['retries below 0', ({ app }) => app.task({ name: 'x', max_retries: -1 }, () => 1), /max_retries/],
    ['errors that are none', ({ app }) => app.task({ name: 'x', autoretry_for: [true] }, () => 1), /error classes/],
    ['parameters twice', ({ app }) => app.task({ name: 'x', params: ['a', 'a'] }, () => 1), /different names/],
    ['what may be missing first', ({ app }) => app.task({ name: 'x', params: ['a?', 'b'] }, () => 1), /left out last/],
    [
      'limits crossed',
      ({ app }) => app.task({ name: 'x', soft_time_limit: 9, time_limit: 5 }, () => 1),
      /never be reached/,
    ],
    ['settings as a URL', () => new Celery('x', 'redis://h' as Loose), /settings of an app are an object/],
    ['a broker misspelt', () => new Celery('x', { brokr: 'x' } as Loose), /Did you mean 'broker'/],
    ['queues as a setting', () => new Celery('x', { queues: [] } as Loose), /Did you mean 'task_queues'/],
    [
      'a setting set later',
      ({ app }) => {
        app.conf.task_ack_late = true;
      },
      /Did you mean 'task_acks_late'/,
    ],
    ['a route misspelt', () => sendBy({ task_routes: { x: { que: 'mail' } } }), /route of 'x'.*Did you mean 'queue'/],
    ['routes that are a queue', () => sendBy({ task_routes: 'mail' }), /task_routes: a table/],
    ['an empty route', () => sendBy({ task_routes: { x: { queue: '' } } }), /empty queue/],
    ['queues that are a text', () => sendBy({ task_queues: 'mail' }), /task_queues: a list/],
    ['a queue of nothing', () => sendBy({ task_queues: [{ nam: 'mail' }] }), /task_queues: .*an object of nam/],
    ['a queue misspelt', () => queue('x', { durble: true } as Loose), /Did you mean 'durable'/],
    ['an exchange misspelt', () => exchange('x', 'fanuot' as Loose), /direct, topic, fanout, headers/],
    ['crontab(5)', () => crontab(5 as Loose), /by name: crontab/],
    ['crontab of a line', () => crontab('*/5 * * * *' as Loose), /crontabFromString\('\*\/5/],
    ['crontab of nothing', () => crontab({ minute: null } as Loose), /minute/],
    ['a cron line that is a number', () => crontabFromString(5 as Loose), /is a text, not 5/],
    ['a worker without an app', () => new Worker({ app: 1 } as Loose), /takes its app first/],
    ['a worker named with a space', ({ app }) => new Worker(app, { hostname: 'a b' }), /hostname must be a name/],
    ['a worker of 5n', ({ app }) => new Worker(app, { concurrency: 5n } as Loose), /not 5n/],
    ['beat without an app', () => new Beat('shop' as Loose), /takes its app first/],
    [
      'beat with entries as its schedule',
      ({ app }) => new Beat(app, { schedule: {} } as Loose),
      /the setting beat_schedule/,
    ],
    [
      'beat with a scheduler of another kind',
      ({ app }) => new Beat(app, { store: 5 } as Loose),
      /store must be a schedule store/,
    ],
    [
      'options behind the function',
      ({ app }) => app.task('q', () => 1, { rate_limit: '5/m' }),
      /its options come first, with its name: app.task\(\{ name: 'q'/,
    ],
    ['no id', ({ app }) => app.AsyncResult(''), /not an empty text/],
    ['a queue that is an object', ({ app }) => app.task({ name: 'q', queue: { nam: 1 } }, () => 1), /not {"nam":1}/],
    ['one worker as a text', ({ app }) => app.control.ping({ destination: 'w1' }), /a list of worker names/],
  ];
  const sendBy = (settings: object) => {
    const app = new Celery('x', { broker: `memory://${randomUUID()}`, ...settings } as Loose, { env: {} });
    onTestFinished(() => app.close());
    return app.sendTask('x');
  };

  it.each(slips)('%s is refused, with what is right', async (_what, slip, words) => {
    const { app, add } = shop();
    const made = async () => slip({ app, add });
    await expect(made()).rejects.toThrow(words);
  });

  it('is none of these', async () => {
    const { app, add } = shop();
    const options = app.task({ name: 'o.one' }, (_to: string, more?: object) => more);
    await options.delay('a', { queue: 'mail' });
    await app.task({ name: 'o.rest' }, (...all: unknown[]) => all).delay(1, { queue: 'mail' });
    await add.applyAsync([1, 2], {}, null as Loose);
    expect(queue('', {}).name).toBe('');
    app.conf.task_acks_late = true;
    expect(app.conf.task_acks_late).toBe(true);
    expect(Object.getPrototypeOf({}).task_ack_late).toBeUndefined();
  });
});

describe('what is printed', () => {
  it('is short and holds no secret', async () => {
    const { app, add } = shop();
    const result = await add.delay(1, 2);
    const worker = new Worker(app);
    const beat = new Beat(app);
    const secret = app.signature('shop.pay', [], { password: 'hunter2' });
    for (const one of [
      app,
      app.conf,
      add,
      result,
      add.s(1, 2),
      ...[secret, chain(secret, add.s(1, 2)), add.map([[{ password: 'hunter2' } as never, 1]])],
      group(add.s(1, 2), add.s(3, 4)),
      worker,
      beat,
    ]) {
      const text = inspect(one);
      expect(`${text} ${one}`).not.toContain('hunter2');
      expect(text.split('\n').length, text).toBeLessThanOrEqual(10);
    }
    expect(inspect(app)).toMatch(/^<Celery shop: 2 tasks, \{ broker_url: 'memory:/);
    expect(inspect(result)).toBe(`<AsyncResult ${result.id} of shop.add>`);
    expect(inspect(add.s(1, 2))).toBe('shop.add(1, 2)');
    for (const one of [app, app.conf, add, result, worker, beat]) {
      expect(JSON.stringify(one)).not.toContain('hunter2');
      expect(JSON.stringify(one).length).toBeLessThan(1000);
    }
  });
  it('has an integer of any size that the settings have', () => {
    const { app } = shop();
    app.conf.beat_schedule = { often: { task: 'shop.add', schedule: 1, args: [2n ** 64n, 1] } };
    expect(`${app.conf}`).toContain('[18446744073709551616,1]');
  });
});
