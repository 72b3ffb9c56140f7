// What settings and queues say for brokers that know more than ours reaches the transport untouched: heartbeat, login, x-arguments.
import { randomUUID } from 'node:crypto';
import { expect, it, onTestFinished } from 'vitest';
import { Celery } from '../../server/app/celery.ts';
import type { ConsumeOptions, TransportContext } from '../../server/transport/contract.ts';
import { exchange, type Queue, queue } from '../../server/transport/entity.ts';
import { memoryTransport } from '../../server/transport/memory/transport.ts';
import { registerTransport } from '../../server/transport/registry.ts';
import { Worker } from '../../server/worker/worker.ts';
import { until } from '../support/until.ts';

interface Recorded {
  readonly contexts: TransportContext[];
  readonly declared: Queue[];
  readonly consumed: Map<string, ConsumeOptions>;
}

/** The broker in memory under a scheme of its own, and what it was given. */
function recordingTransport(scheme: string): Recorded {
  const recorded: Recorded = { contexts: [], declared: [], consumed: new Map() };
  registerTransport(scheme, async () => (context) => {
    recorded.contexts.push(context);
    const transport = memoryTransport({ ...context, url: context.url.replace(/^[^:]+/, 'memory') });
    const open = transport.channel.bind(transport);
    transport.channel = async () => {
      const channel = await open();
      const declare = channel.declareQueue.bind(channel);
      const consume = channel.consume.bind(channel);
      channel.declareQueue = (asked, options) => {
        recorded.declared.push(asked);
        return declare(asked, options);
      };
      channel.consume = (name, onMessage, options = {}) => {
        recorded.consumed.set(name, options);
        return consume(name, onMessage, options);
      };
      return channel;
    };
    return transport;
  });
  return recorded;
}

it('a worker hands on heartbeat, login method, and the arguments of queue, binding and consumer', async () => {
  const scheme = `recorded-${randomUUID()}`;
  const recorded = recordingTransport(scheme);
  const orders = queue('orders', {
    exchange: exchange('orders', 'direct', { arguments: { 'alternate-exchange': 'unrouted' } }),
    arguments: { 'x-queue-type': 'quorum', 'x-dead-letter-exchange': 'dead' },
    bindingArguments: { 'x-match': 'any', region: 'eu' },
    consumerArguments: { 'x-priority': 5 },
  });
  const settings = { broker: `${scheme}://any`, task_queues: [orders], task_default_queue: 'orders' };
  const app = new Celery('shop', { ...settings, broker_heartbeat: 7, broker_login_method: 'PLAIN' }, { env: {} });
  const worker = new Worker(app, { loglevel: 'CRITICAL' });
  onTestFinished(async () => {
    await worker.stop('cold');
    await app.close();
  });
  await worker.start();
  await until(() => recorded.consumed.has('orders'), 'the queue to be consumed');

  expect(recorded.contexts[0]).toMatchObject({ heartbeatMs: 7000, loginMethod: 'PLAIN' });
  expect(recorded.declared.find(({ name }) => name === 'orders')).toEqual(orders);
  expect(recorded.consumed.get('orders')).toMatchObject({
    arguments: { 'x-priority': 5 },
    onCancelled: expect.any(Function),
  });
});

it('a producer declares a queue again that another of its name declares with other arguments, for the broker to judge', async () => {
  const scheme = `recorded-${randomUUID()}`;
  const recorded = recordingTransport(scheme);
  const app = new Celery('shop', { broker: `${scheme}://any` }, { env: {} });
  onTestFinished(() => app.close());
  const asked = [{}, {}, { 'x-queue-type': 'quorum' }].map((args) => queue('orders', { arguments: args }));
  for (const one of asked) await app.sendTask('any', [], {}, { queue: one });

  const declared = recorded.declared.filter(({ name }) => name === 'orders');
  expect(declared.map((one) => one.arguments)).toEqual([{}, { 'x-queue-type': 'quorum' }]);
});
