// Tasks: registering, running eagerly, retry rules, routing, types.
import { describe, expect, expectTypeOf, it } from 'vitest';
import { backoff } from '../../../server/app/autoretry.ts';
import type { SettingsInput } from '../../../server/app/config.ts';
import { currentRequest, currentTask } from '../../../server/app/context.ts';
import type { Task } from '../../../server/app/task.ts';
import { chain, chord, group } from '../../../server/canvas/compose.ts';
import type { Signature } from '../../../server/canvas/signature.ts';
import { AlreadyRegistered, MaxRetriesExceededError, Retry } from '../../../server/errors.ts';
import type { AsyncResult } from '../../../server/results/async-result.ts';
import golden from '../../golden/rate-limits-and-time.json' with { type: 'json' };
import { makeApp } from '../../support/world.ts';

describe('a task', () => {
  it('is typed by its function', () => {
    const app = makeApp();
    const add = app.task({ name: 'add' }, (a: number, b: number) => a + b);
    const later = app.task('later', async (text: string, n?: number) => text.repeat(n ?? 1));
    expectTypeOf(add).toEqualTypeOf<Task<[a: number, b: number], number>>();
    expectTypeOf(add.delay).parameters.toEqualTypeOf<[number, number]>();
    expectTypeOf(add.delay).returns.toEqualTypeOf<Promise<AsyncResult<number>>>();
    expectTypeOf(later.delay).parameters.toEqualTypeOf<[string, number?]>();
    expectTypeOf(later.delay).returns.toEqualTypeOf<Promise<AsyncResult<string>>>();
    // @ts-expect-error a text is no number
    void (() => add.delay('1', 2));
    // @ts-expect-error one argument is missing
    void (() => add.delay(1));
    // @ts-expect-error there is no such call option
    void (() => add.applyAsync([1, 2], {}, { countdwon: 1 }));
  });
  it('is registered once under its name', () => {
    const app = makeApp();
    app.task('one', () => 1);
    expect(() => app.task('one', () => 2)).toThrow(AlreadyRegistered);
    expect(app.task(function named() {}.name, () => 1).name).toBe('named');
    expect([...app.tasks.keys()]).toContain('celery.chord_unlock');
  });
  it.each([
    [{ max_retires: 3 }, /'math.add': there is no task option 'max_retires'. Did you mean 'max_retries'/],
    [{ rate_limit: '10/d' }, /rate_limit must be a rate such as '10\/s', '100\/m' or '5\/h', not the text '10\/d'/],
    [{ autoretry_for: TypeError }, /autoretry_for must be a list/],
    [{ time_limit: '5' }, /time_limit must be a number of seconds, not the text '5'/],
    [{ params: 'x' }, /params must be a list/],
    [{ acks_late: 1 }, /acks_late must be true or false, not 1/],
  ])('with an option that cannot be right is refused: %o', (options, text) => {
    const app = makeApp();
    expect(() => app.task({ name: 'math.add', ...(options as object) }, () => 1)).toThrow(text);
  });

  it('knows its request and itself also through arrow functions and awaits', async () => {
    const app = makeApp();
    const seen = app.task('seen', async () => {
      await Promise.resolve();
      return [currentRequest()?.id, currentTask()?.name, currentRequest()?.isEager];
    });
    const result = await seen.apply();
    expect(await result.get()).toEqual([result.id, 'seen', true]);
    expect(currentRequest()).toBeUndefined();
  });
  it('with params takes keyword arguments in their places, rest and optional ones too', async () => {
    const app = makeApp();
    const all = app.task({ name: 'all', params: ['a', 'b?', '...more'] }, (...args: unknown[]) => args);
    expect(await (await all.apply([1])).get()).toEqual([1]);
    expect(await (await all.apply([], { b: 2, a: 1 })).get()).toEqual([1, 2]);
    expect(await (await all.apply([1, 2, 3, 4])).get()).toEqual([1, 2, 3, 4]);
    const defaults = app.task(
      { name: 'defaults', params: ['a', 'b'] },
      (a: number, b: number | undefined = 5) => a + b,
    );
    expect(await (await defaults.apply([1] as never)).get()).toBe(6);
    const loose = app.task('loose', (...args: unknown[]) => args);
    expect(await (await loose.apply([1], { k: 2 })).get()).toEqual([1, { k: 2 }]);
  });
  it('annotations of the settings go before what it says of itself', () => {
    const app = makeApp({ settings: { task_annotations: { one: { rate_limit: '5/s' }, '*': { max_retries: 7 } } } });
    const one = app.task({ name: 'one', rate_limit: '1/s' }, () => 1);
    expect(one.options).toMatchObject({ rate_limit: '5/s', max_retries: 7 });
  });
});

describe('run eagerly', () => {
  it('a retry follows at once, with the same id', async () => {
    const app = makeApp();
    const ids: string[] = [];
    const flaky = app.task('flaky', function () {
      ids.push(this.request.id);
      if (this.request.retries < 2) this.retry({ exc: new Error('no') });
      return this.request.retries;
    });
    const result = await flaky.apply();
    expect(await result.get()).toBe(2);
    expect(new Set(ids).size).toBe(1);
  });
  it('used up retries fail with the error given, else with MaxRetriesExceededError', async () => {
    const app = makeApp();
    const one = app.task({ name: 'one', max_retries: 1 }, function () {
      this.retry({ exc: new RangeError('mine') });
    });
    const two = app.task({ name: 'two', max_retries: 0, params: ['x'] }, function (_x: number) {
      this.retry();
    });
    await expect((await one.apply()).get()).rejects.toThrow(new RangeError('mine'));
    const error = await (await two.apply([5])).get().catch((e: unknown) => e);
    expect(error).toBeInstanceOf(MaxRetriesExceededError);
    expect(String(error)).toMatch(/Can't retry two\[.*\] args:\[5\] kwargs:\{\}/);
  });
  it('with throw false the body goes on', async () => {
    const app = makeApp();
    const on = app.task('on', function () {
      if (this.request.retries === 0) throw this.retry({ throw: false, countdown: 1 });
      return 'second';
    });
    expect(await (await on.apply()).get()).toBe('second');
  });
  it('autoretry_for retries the errors it names and no others', async () => {
    const app = makeApp();
    let tries = 0;
    const some = app.task(
      { name: 'some', autoretry_for: [Error], dont_autoretry_for: [TypeError], retry_kwargs: { max_retries: 2 } },
      (kind: string) => {
        tries++;
        throw kind === 'type' ? new TypeError('t') : new RangeError('r');
      },
    );
    await expect((await some.apply(['range'])).get()).rejects.toThrow('r');
    expect(tries).toBe(3);
    await expect((await some.apply(['type'])).get()).rejects.toThrow('t');
    expect(tries).toBe(4);
  });
  it('errors are thrown by the call when asked for', async () => {
    const app = makeApp({ settings: { task_eager_propagates: true } });
    const bad = app.task('bad', () => {
      throw new RangeError('loud');
    });
    await expect(bad.apply()).rejects.toThrow('loud');
    expect(await (await bad.apply([], {}, { throw: false })).state()).toBe('FAILURE');
  });
  it('a part, a group, a chain and a chord are added to a chord, each behind the part that adds them', async () => {
    const app = makeApp({ settings: { task_eager_propagates: false } });
    const id = app.task({ name: 'id' }, <T>(x: T) => x);
    const sum = app.task('sum', (xs: number[]) => xs.reduce((a, b) => a + b, 0));
    const grows = app.task('grows', async function (x: number): Promise<number> {
      if (x < 0) return this.replace(app.signature('grows', [-x]));
      await this.addToChord(id.s(10));
      await this.addToChord(group([id.s(20), id.s(21)]));
      await this.addToChord(chain(id.s(30), id.s()));
      await this.addToChord(chord([id.s(40), id.s(41)], sum.s()));
      return x;
    });
    const added = [10, 20, 21, 30, 81];
    const valuesOf = async (header: Signature[]) => (await chord(header, id.s()).apply()).get();
    expect(await valuesOf([grows.s(1), id.s(2)])).toEqual([1, ...added, 2]);
    expect(await valuesOf([id.s(0), grows.s(-1), id.s(2)])).toEqual([0, 1, ...added, 2]);
    expect(await valuesOf([chain(id.s(5), grows.s()), id.s(2)])).toEqual([5, ...added, 2]);
    // The inner chord's header has grown, and not the outer one's.
    expect(await valuesOf([chord([grows.s(1)], sum.s()), id.s(2)])).toEqual([163, 2]);
  });
  it('nothing is added to a chord by a task that is no part of one, nor to be sent later', async () => {
    const app = makeApp({ settings: { task_eager_propagates: false } });
    const id = app.task({ name: 'id' }, <T>(x: T) => x);
    const grows = app.task('grows', async function (lazy: boolean) {
      if (lazy) await this.addToChord(id.s(10), { lazy: true });
      else await this.addToChord(id.s(10));
    });
    const calls = app.task('calls', async () => (await grows.apply([false])).get());
    const fails = app.task('fails', async function () {
      await this.addToChord(app.task('bad', () => Promise.reject(new RangeError('far'))).s());
    });
    const run = async (signature: Signature) => (await signature.apply()).get();
    await expect(run(grows.s(false))).rejects.toThrow(/is no part of a chord/);
    await expect(run(chord([grows.s(true)], id.s()))).rejects.toThrow(/to be sent later/);
    await expect(run(chord([calls.s()], id.s()))).rejects.toThrow(/is no part of a chord/);
    await expect(run(chord([chain(grows.s(false), id.s())], id.s()))).rejects.toThrow(/is no part of a chord/);
    await expect(run(chord([fails.s()], id.s()))).rejects.toThrow(/^Dependency \S+ raised RangeError\('far'\)$/);
  });
  it('task_always_eager runs calls, chains, groups and chords here', async () => {
    const app = makeApp({ settings: { task_always_eager: true, task_store_eager_result: true } });
    const add = app.task('add', (a: number, b: number) => a + b);
    const sum = app.task('sum', (xs: number[]) => xs.reduce((a, b) => a + b, 0));
    const result = await add.delay(1, 2);
    expect(await result.get()).toBe(3);
    expect(await app.AsyncResult(result.id).get({ timeout: 90 })).toBe(3);
    expect(await (await chain(add.s(1, 2), add.s(3)).delay()).get()).toBe(6);
    expect(await (await group(add.s(1, 2), add.s(3, 4)).delay()).get()).toEqual([3, 7]);
    expect(await (await chord([add.s(1, 2), add.s(3, 4)], sum.s()).delay()).get()).toBe(10);
  });
  it('outside of any task a retry throws what it was given', () => {
    const app = makeApp();
    const bound = app.task('bound', function () {
      this.retry();
    });
    expect(() => bound.callWithoutRequest([])).toThrow(Retry);
  });
});

interface Backoff {
  name: string;
  factor: number;
  retries: number;
  maximum: number;
  countdown: number;
}

describe('backoff', () => {
  const cases = golden.cases as unknown as Backoff[];
  it.each(cases.filter((c) => c.factor !== undefined))('$name', (c) => {
    expect(backoff(c.factor, c.retries, c.maximum, false)).toBe(c.countdown);
  });
  it('with jitter is a whole number from zero to it', () => {
    const seen = new Set(Array.from({ length: 500 }, () => backoff(1, 3, 600, true)));
    expect(Math.min(...seen)).toBe(0);
    expect(Math.max(...seen)).toBe(8);
  });
});

describe('routing', () => {
  const to = (settings: SettingsInput, name: string, options = {}) => {
    const { router } = makeApp({ settings });
    const { exchange, routingKey, queueName } = router.destination(router.route(options, name, [], {}));
    return [queueName, exchange.name, routingKey];
  };
  it('goes by exact name, then glob, then regular expression', () => {
    const task_routes = [
      ['feed.tasks.*', { queue: 'feeds' }],
      [/(video|image)\.tasks\..*/, 'media'],
      ['feed.tasks.one', 'one'],
    ] as const;
    const settings = { task_routes };
    expect(to(settings, 'feed.tasks.one')).toEqual(['one', '', 'one']);
    expect(to(settings, 'feed.tasks.two')).toEqual(['feeds', '', 'feeds']);
    expect(to(settings, 'image.tasks.x')).toEqual(['media', '', 'media']);
    expect(to(settings, 'x.image.tasks.x')).toEqual(['celery', '', 'celery']);
  });
  it('asks functions in turn; the first answer counts', () => {
    const task_routes = [
      () => null,
      (name: string) => (name === 'a' ? { queue: 'fn' } : null),
      { a: 'table', b: 'table' },
    ];
    expect(to({ task_routes }, 'a')[0]).toBe('fn');
    expect(to({ task_routes }, 'b')[0]).toBe('table');
  });
  it("the call's own queue wins over a route", () => {
    expect(to({ task_routes: { a: 'route' } }, 'a', { queue: 'mine' })[0]).toBe('mine');
  });
  it('uses the exchanges of configured queues', () => {
    const task_queues = { topical: { exchange: 'ex', exchange_type: 'topic', routing_key: 'a.#' } };
    expect(to({ task_queues }, 'a', { queue: 'topical', routing_key: 'a.b' })).toEqual(['topical', 'ex', 'a.b']);
    expect(to({ task_queues }, 'a', { queue: 'topical' })).toEqual(['topical', 'ex', 'a.#']);
  });
  it.each([
    ['nothing', {}, ['ex', 'topic', 'q']],
    ['no key, on purpose', { routing_key: '' }, ['ex', 'topic', 'rk']],
    ['an exchange', { exchange: 'e' }, ['e', 'direct', 'q']],
    ['all', { exchange: 'e', exchange_type: 'fanout', routing_key: '' }, ['e', 'fanout', 'rk']],
  ])('binds a configured queue that says %s as Celery 5.2 and 5.6 do', (_, spec, expected) => {
    const defaults = {
      task_default_exchange: 'ex',
      task_default_exchange_type: 'topic',
      task_default_routing_key: 'rk',
    };
    const { queues } = makeApp({ settings: { ...defaults, task_queues: { q: spec } } });
    const { exchange, routingKey } = queues.get('q')!;
    expect([exchange?.name, exchange?.type, routingKey]).toEqual(expected);
    expect(queues.named('missing').exchange).toMatchObject({ name: 'missing', type: 'direct' });
  });
  it('refuses a queue option that does not exist', () => {
    expect(() => to({ task_queues: { q: { exchnage: 'x' } as never } }, 'a')).toThrow("no option 'exchnage'");
  });
});
