// Scheme -> transport, loaded only when a URL asks for it, so that nobody loads a client of a broker they do not use.
// What the package shows of brokers under `umbel/transport`, for who writes one of his own (examples/custom-broker). Reconnecting:
// messaging/connection.ts.
// Kombu: transport/__init__.py
import { ImproperlyConfigured } from '../errors.ts';
import type { Transport, TransportContext, TransportFactory } from './contract.ts';
import { parseUrl, safeUrl } from './url.ts';

export { ChannelError, OperationalError } from '../errors.ts';
export type * from './contract.ts';
export type * from './entity.ts';
export type * from './message.ts';

type Loader = (context: TransportContext) => Promise<TransportFactory>;

const redis: Loader = async () => (await import('./redis/transport.ts')).redisTransport;

const amqp: Loader = async () => (await import('./amqp/transport.ts')).amqpTransport;

const loaders = new Map<string, Loader>([
  ['memory', async () => (await import('./memory/transport.ts')).memoryTransport],
  ['sqlite', async () => (await import('./sqlite/transport.ts')).sqliteTransport],
  ['redis', redis],
  ['rediss', redis],
  ['redis+socket', redis],
  ['sentinel', redis],
  ['amqp', amqp],
  ['amqps', amqp],
  ['pyamqp', amqp],
  ['pyamqps', amqp],
]);

/**
 * Make a broker known for a scheme of URLs; `load` runs when one asks for it, and what it gives makes the connection. The last registration
 * wins.
 */
export function registerTransport(scheme: string, load: Loader): void {
  loaders.set(scheme.toLowerCase(), load);
}

function knownTransports(): string[] {
  return [...loaders.keys()].sort();
}

/** @throws ImproperlyConfigured for a URL of a scheme that nobody registered */
export function loaderOf(url: string): Loader {
  const { scheme } = parseUrl(url);
  const load = loaders.get(scheme);
  if (load) return load;
  throw new ImproperlyConfigured(
    `No transport for the broker URL ${safeUrl(url)}: '${scheme}' is not one of ${knownTransports().join(', ')}.`,
  );
}

/** A transport for `context.url`, not yet connected. */
export async function createTransport(context: TransportContext): Promise<Transport> {
  const load = loaderOf(context.url);
  const factory = await load(context);
  return factory(context);
}
