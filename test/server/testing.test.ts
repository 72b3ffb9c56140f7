// The helpers that users test their tasks with, and that the guide about them names what there is.
import { readFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Celery } from '../../server/app/celery.ts';
import { silentLogger } from '../../server/log.ts';
import { eagerly, inMemory, spySent, startTestWorker } from '../../server/testing/testing.ts';

const guide = readFileSync(new URL('../../docs/guides/testing-tasks.md', import.meta.url), 'utf8');

/** The application of the guide. */
function shop() {
  const app = new Celery(
    'shop',
    { broker: 'redis://nowhere.invalid', backend: 'redis://nowhere.invalid' },
    { env: {}, log: silentLogger },
  );
  const mail = app.task('shop.mail', (to: string, what: string) => `${what} to ${to}`);
  const order = app.task('shop.order', async (id: string) => {
    if (id === '') throw new RangeError('an order needs an id');
    await mail.delay('ann@example.com', `order ${id}`);
    return { id };
  });
  onTestFinished(() => app.close());
  return { app, mail, order };
}

describe('helpers for tests', () => {
  it('a body is a function: run without a broker', async () => {
    const { app, mail } = shop();
    inMemory(app);
    expect(mail.run.call(null as never, 'ann', 'hello')).toBe('hello to ann');
    expect(await (await mail.apply(['ann', 'hello'])).get()).toBe('hello to ann');
  });

  it('calls run where they are made, until that is ended', async () => {
    const { app, order } = shop();
    inMemory(app);
    const end = eagerly(app);
    const result = await order.delay('A-1');
    expect(await result.get()).toEqual({ id: 'A-1' });
    expect(await app.AsyncResult(result.id).state()).toBe('SUCCESS');
    await expect((await order.delay('')).get()).rejects.toThrow('an order needs an id');
    end();
    expect(app.conf.task_always_eager).toBe(false);
    const loud = eagerly(app, { propagates: true });
    await expect(order.delay('')).rejects.toThrow('an order needs an id');
    loud[Symbol.dispose]();
    expect(app.conf.task_eager_propagates).toBe(false);
  });

  it('a worker in the test runs what is sent, and what that sends', async () => {
    const { app, mail, order } = shop();
    inMemory(app);
    const sent = spySent(app);
    const { stop, worker } = await startTestWorker(app);
    await order.delay('A-1');
    await sent.done(90);
    expect(sent.all.map((one) => one.task)).toEqual(['shop.order', 'shop.mail']);
    expect(sent.of(mail)[0]).toMatchObject({
      args: ['ann@example.com', 'order A-1'],
      parent_id: sent.all[0]!.id,
      routing_key: 'celery',
    });
    expect(await app.AsyncResult(sent.of(mail)[0]!.id).get({ timeout: 90 })).toBe('order A-1 to ann@example.com');
    await stop();
    expect((await worker.done).exitCode).toBe(0);
  });

  it('what is held reaches no broker, and is read as a worker would read it', async () => {
    const { app, mail } = shop();
    inMemory(app);
    const sent = spySent(app, { hold: true });
    await mail.applyAsync(
      ['ann', 'hello'],
      {},
      { countdown: 60, queue: 'mails', compression: 'gzip', headers: { tenant: 7 } },
    );
    expect(sent.of('shop.mail')).toEqual([
      expect.objectContaining({ args: ['ann', 'hello'], routing_key: 'mails', headers: { tenant: 7 } }),
    ]);
    expect(sent.all[0]!.eta).toMatch(/^\d{4}-/);
    await expect(sent.done()).rejects.toThrow(/never run/);
    sent.stop();
    await mail.delay('ann', 'again');
    expect(sent.all).toHaveLength(1);
    const channel = await app.writeConnection.defaultChannel();
    expect((await channel.declareQueue(app.queues.get('celery')!)).messageCount).toBe(1);
  });

  it('an app that is open already is not moved', async () => {
    const { app, mail } = shop();
    inMemory(app);
    await mail.delay('ann', 'hello');
    expect(() => inMemory(app)).toThrow(/opened its broker or its result store already/);
  });

  it('what the guide shows runs, one block after the other', async () => {
    const { app, mail, order } = shop();
    const checkout = (id: string) => mail.delay('ann@example.com', `order ${id}`);
    const names = { app, mail, order, checkout, expect, inMemory, eagerly, spySent, startTestWorker };
    const blocks = [...guide.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code!.replace(/^import .*$/gm, ''));
    expect(blocks.length).toBeGreaterThanOrEqual(5);
    const { constructor: AsyncFunction } = Object.getPrototypeOf(async () => {}) as {
      constructor: FunctionConstructor;
    };
    for (const block of blocks) await AsyncFunction(...Object.keys(names), block)(...Object.values(names));
  });

  it('the guide names them all, and only what there is', () => {
    for (const name of ['inMemory', 'eagerly', 'startTestWorker', 'spySent', 'hold', 'propagates', 'done'])
      expect(guide).toContain(name);
    const imported = [...guide.matchAll(/import \{ ([^}]*) \} from 'umbel\/testing'/g)].flatMap((found) =>
      found[1]!.split(', '),
    );
    expect(new Set(imported)).toEqual(new Set(['inMemory', 'eagerly', 'startTestWorker', 'spySent']));
  });
});
