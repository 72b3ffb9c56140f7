// Results by message between Python's Celery and this package, both ways, on each broker that both have.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Celery } from '../../server/app/celery.ts';
import { silentLogger } from '../../server/log.ts';
import { Worker } from '../../server/worker/worker.ts';
import { hasPythonOnRedis } from '../support/needs.ts';
import { type PythonStore, pythonStore } from '../support/python-store.ts';
import { hasRabbit, sharedRabbit } from '../support/rabbitmq-server.ts';
import { type RedisServer, redisServer } from '../support/redis-server.ts';

let redis: RedisServer;
let python: PythonStore;
beforeAll(async () => {
  if (hasPythonOnRedis) [redis, python] = await Promise.all([redisServer(), pythonStore()]);
});
afterAll(async () => {
  await Promise.all([redis?.close(), python?.close()]);
});

const brokers: [string, () => Promise<string>][] = [['Redis', async () => redis.freshUrl()]];
if (hasRabbit) brokers.push(['RabbitMQ', async () => (await sharedRabbit()).freshUrl()]);

describe.runIf(hasPythonOnRedis).each(brokers)('results by message on %s', (_, freshUrl) => {
  let broker = '';
  let app: Celery;
  let worker: Worker;
  beforeAll(async () => {
    broker = await freshUrl();
    app = new Celery('shop', { broker, backend: 'rpc://' }, { env: {}, log: silentLogger });
    app.task({ name: 'add' }, (a: number, b: number) => a + b);
    app.task({ name: 'fails' }, () => {
      throw new RangeError('too far');
    });
    worker = new Worker(app, { log: silentLogger, withoutGossip: true, withoutMingle: true });
    await worker.start();
  });
  afterAll(async () => {
    await worker.stop('cold');
    await app.close();
  });

  const run = <T>(code: string, given: object = {}) =>
    python.run<T>(code, { url: 'rpc://', conf: { broker_url: broker }, given });

  it('Python waits for what our worker sends: values, errors, and several at once', async () => {
    const result = await run(`
sent = [app.send_task('add', [n, 1]) for n in range(3)]
failed = app.send_task('fails')
error = failed.get(timeout=90, propagate=False)
result = [[one.get(timeout=90) for one in sent], type(error).__name__, str(error), failed.state]`);
    expect(result).toEqual([[1, 2, 3], 'RangeError', 'too far', 'FAILURE']);
  });

  it('we wait for what Python sends: states on the way, values, errors, and one that comes late', async () => {
    const backend = await app.backend();
    const [id, failing] = [randomUUID(), randomUUID()];
    const states: string[] = [];
    const stop = backend.subscribe(id, ({ status }) => states.push(status));
    await backend.listening!();
    await run(
      `
from celery.app.task import Context
def store(task_id, value, state, **rest):
    backend.store_result(task_id, value, state, request=Context(id=task_id, reply_to=oid, correlation_id=task_id), **rest)
store(id, {'pid': 1}, 'STARTED')
store(id, {'sum': 3, 'none': None}, 'SUCCESS')
store(failing, KeyError('gone'), 'FAILURE', traceback='Traceback ...')`,
      { id, failing, oid: app.oid },
    );
    expect(await app.AsyncResult(id).get({ timeout: 90 })).toEqual({ sum: 3, none: null });
    expect(states).toEqual(['STARTED', 'SUCCESS']);
    stop();
    const failed = app.AsyncResult(failing);
    await expect(failed.get({ timeout: 90 })).rejects.toMatchObject({ name: 'KeyError' });
    expect(await failed.traceback()).toBe('Traceback ...');
    expect(await failed.state()).toBe('FAILURE');
  });
});
