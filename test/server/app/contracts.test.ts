// Contracts of tasks, and arguments checked by a schema.
import { describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import type { Celery } from '../../../server/app/celery.ts';
import { defineTask } from '../../../server/app/contract.ts';
import type { Task } from '../../../server/app/task.ts';
import { chain, group } from '../../../server/canvas/compose.ts';
import type { Signature } from '../../../server/canvas/signature.ts';
import type { AsyncResult } from '../../../server/results/async-result.ts';
import { makeApp, startWorker } from '../../support/world.ts';

interface Receipt {
  readonly order: string;
  readonly paid: number;
}
const charge = defineTask<[order: string, cents: number], Receipt>('shop.charge', { params: ['order', 'cents'] });
const orders = z.tuple([z.string().min(1), z.number().int().default(1)]);

/** Broker and store of another app. */
function placeOf({ conf }: Celery) {
  const url = conf.brokerUrls('write')[0]!;
  return { broker: url, backend: url };
}

describe('a contract', () => {
  it('types calls, signatures and results without the function', () => {
    const app = makeApp();
    expectTypeOf(charge.on(app).delay).parameters.toEqualTypeOf<[string, number]>();
    expectTypeOf(charge.on(app).delay).returns.toEqualTypeOf<Promise<AsyncResult<Receipt>>>();
    expectTypeOf(charge.on(app).AsyncResult('id')).toEqualTypeOf<AsyncResult<Receipt>>();
    expectTypeOf(charge.s('A-1', 5)).toEqualTypeOf<Signature<Receipt>>();
    expectTypeOf(chain(charge.s('A-1', 5), charge.s(7))).toEqualTypeOf<Signature<Receipt>>();
    // @ts-expect-error the second argument is a number
    void (() => charge.on(app).delay('A-1', 'five'));
    // @ts-expect-error one argument is missing
    void (() => charge.on(app).delay('A-1'));
    // @ts-expect-error a contract has no function to run here
    void (() => charge.on(app).apply(['A-1', 5]));
    // @ts-expect-error the function must give what the contract says
    void (() => app.task(charge, () => 'paid'));
  });

  it('is called by one app and run by another, which types its function by it', async () => {
    const worker = makeApp();
    const task = worker.task(charge, (order, cents) => {
      expectTypeOf(order).toEqualTypeOf<string>();
      return { order, paid: cents };
    });
    expectTypeOf(task).toEqualTypeOf<Task<[order: string, cents: number], Receipt>>();
    const shop = makeApp({ settings: placeOf(worker) });
    await startWorker(worker);
    const result = await charge.on(shop).delay('A-1', 5);
    expect(await result.get({ timeout: 90 })).toEqual({ order: 'A-1', paid: 5 });
    expect(shop.tasks.has('shop.charge')).toBe(false);
    const both = await group(charge.on(shop).s('A-2', 1), charge.s('A-3', 2)).delay();
    expect((await both.get({ timeout: 90 })).map((one) => one.order)).toEqual(['A-2', 'A-3']);
  });

  it('checks what is sent by its params, and takes its call options along', async () => {
    const shop = makeApp();
    await expect(charge.on(shop).applyAsync(['A-1'])).rejects.toThrow(
      /charge\(\) missing 1 required positional argument: 'cents'/,
    );
    const slow = defineTask<[n: number], number>('shop.slow', { queue: 'slow', expires: 60 });
    await slow.on(shop).delay(1);
    const channel = await shop.writeConnection.defaultChannel();
    expect((await channel.declareQueue(shop.queues.get('slow')!)).messageCount).toBe(1);
    expect(slow.on(shop)).toBe(slow.on(shop));
  });

  it('run eagerly in an app that has no function for it fails by its name', async () => {
    const shop = makeApp({ settings: { task_always_eager: true } });
    await expect((await charge.on(shop).delay('A-1', 5)).get()).rejects.toThrow(/shop.charge/);
  });

  it('without a name or with an option there is not is refused', () => {
    expect(() => defineTask('')).toThrow(/needs the name/);
    expect(() => defineTask('x', { quue: 'q' } as object)).toThrow(/Did you mean 'queue'/);
  });
});

describe('arguments with a schema', () => {
  it('are typed by it', () => {
    const app = makeApp();
    const dates = z.tuple([z.string().transform((text) => new Date(text))]);
    const one = app.task({ name: 'one', args_schema: orders }, (order, count) => order.repeat(count));
    expectTypeOf(one).toEqualTypeOf<Task<[string, number?], string>>();
    const two = app.task({ name: 'two', args_schema: dates }, (day) => {
      expectTypeOf(day).toEqualTypeOf<Date>();
      return day.getTime();
    });
    expectTypeOf(two.delay).parameters.toEqualTypeOf<[string]>();
    const three = defineTask('three', { args_schema: dates }).returns<number>();
    expectTypeOf(three.on(app).delay).parameters.toEqualTypeOf<[string]>();
    expectTypeOf(three.on(app).delay).returns.toEqualTypeOf<Promise<AsyncResult<number>>>();
    app.task(three, (day) => day.getTime());
    // @ts-expect-error a number is no text
    void (() => two.delay(5));
  });

  it('are refused where they are sent, with everything that is wrong by its place', async () => {
    const app = makeApp();
    const one = app.task({ name: 'shop.one', args_schema: orders }, (order, count) => order.repeat(count));
    const error = await one.delay('', 'x' as never).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(TypeError);
    expect(String(error)).toMatch(/one\(\) got arguments that its args_schema refuses: argument 1: .*; argument 2: /);
    expect((error as { issues: unknown[] }).issues).toHaveLength(2);
    await expect(one.s('').delay()).rejects.toThrow(/args_schema refuses/);
  });

  it('reach the body as the schema makes them, of a schema that takes its time too', async () => {
    const app = makeApp({ settings: { task_always_eager: true } });
    const one = app.task({ name: 'one', args_schema: orders }, (order, count) => [order, count]);
    expect(await (await one.delay('A')).get()).toEqual(['A', 1]);
    const asynchronous = z.tuple([z.string().refine(async (text) => text !== 'B', 'no B')]);
    const two = app.task({ name: 'two', args_schema: asynchronous }, (order) => order);
    expect(await (await two.delay('A')).get()).toBe('A');
    await expect(two.delay('B')).rejects.toThrow(/argument 1: no B/);
    const named = app.task({ name: 'three', params: ['order', 'count'], args_schema: orders }, (order, count) => [
      order,
      count,
    ]);
    expect(await (await named.applyAsync([], { count: 2, order: 'A' }, {})).get()).toEqual(['A', 2]);
  });

  it('that come from elsewhere fail the task before its body', async () => {
    const app = makeApp();
    let runs = 0;
    app.task({ name: 'one', args_schema: orders }, () => ++runs);
    const elsewhere = makeApp({ settings: placeOf(app) });
    await startWorker(app);
    const sent = await elsewhere.sendTask('one', ['A', 'many']);
    await expect(sent.get({ timeout: 90 })).rejects.toThrow(/args_schema refuses: argument 2/);
    expect(runs).toBe(0);
  });

  it('need a schema', () => {
    const app = makeApp();
    expect(() => app.task({ name: 'one', args_schema: { type: 'array' } as never }, () => 1)).toThrow(
      /args_schema must be a schema by Standard Schema v1/,
    );
    const bad = app.task({ name: 'two', args_schema: z.object({}) as never }, () => 1);
    return expect(bad.apply([] as never).then((r) => r.get())).rejects.toThrow(TypeError);
  });

  it('are not shown with the task', () => {
    const app = makeApp();
    const one = app.task({ name: 'one', args_schema: orders }, () => 1);
    expect(JSON.stringify(one)).toBe('{"name":"one","options":{"name":"one"}}');
  });
});
