// Where a schedule is kept, by `beat_schedule_filename` or --schedule: a path, `file:///path`, memory://, a Redis, or a database that has
// the tables of django-celery-beat. Loaded when asked for.
// Not here: what a store promises (contract.ts).
// Holds: an unknown scheme is refused with the known ones, without its secrets, rather than taken for the name of a file.
import { ImproperlyConfigured } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Timer } from '../timer.ts';
import { isUrl, parseUrl, safeUrl } from '../transport/url.ts';
import type { ScheduleStore } from './contract.ts';

export interface ScheduleStoreContext {
  readonly log?: Logger;
  /** For leases that are renewed. */
  readonly timer?: Timer;
  /** What is said of the broker holds of a schedule in Redis, too, where the broker is one. */
  readonly broker?: BrokerLine;
}
/** `broker_url`, `broker_transport_options`, `broker_use_ssl` */
export interface BrokerLine {
  readonly url: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly ssl: unknown;
}
/** Of a configuration. */
export function brokerLine(conf: {
  brokerUrls(kind: 'write'): readonly string[];
  readonly broker_transport_options: BrokerLine['options'];
  readonly broker_use_ssl?: unknown;
}): BrokerLine {
  return {
    url: conf.brokerUrls('write')[0] ?? '',
    options: conf.broker_transport_options,
    ssl: conf.broker_use_ssl,
  };
}
/** Opens nothing yet: what cannot be reached is said by `load` and `claim`. */
export type ScheduleStoreFactory = (url: string, context: ScheduleStoreContext) => ScheduleStore;

const factories = new Map<string, () => Promise<ScheduleStoreFactory>>();

/** Make a store known for a scheme. The last registration wins. */
export function registerScheduleStore(scheme: string, load: () => Promise<ScheduleStoreFactory>): void {
  factories.set(scheme.toLowerCase(), load);
}

registerScheduleStore('memory', async () => {
  const { MemoryScheduleStore } = await import('./memory-store.ts');
  return (_, context) => new MemoryScheduleStore(context);
});
registerScheduleStore('file', async () => {
  const { FileScheduleStore } = await import('./file-store.ts');
  // As Celery reads file:// of a result store (backends/filesystem.py): all that follows is the path.
  return (url, context) => new FileScheduleStore(url.replace(/^file:\/\/(localhost(?=\/))?/i, ''), context);
});

for (const scheme of ['redis', 'rediss', 'sentinel'])
  registerScheduleStore(scheme, async () => {
    const { RedisScheduleStore } = await import('./redis-store.ts');
    return (url, context) => new RedisScheduleStore(url, context);
  });
for (const scheme of ['django-db', 'postgresql', 'postgres', 'mysql', 'mariadb', 'sqlite'])
  registerScheduleStore(scheme, async () => {
    const { DjangoScheduleStore } = await import('./django/store.ts');
    return (url, context) => new DjangoScheduleStore(url, context);
  });

/** @param url a path, or a URL */
export async function openScheduleStore(url: string, context: ScheduleStoreContext = {}): Promise<ScheduleStore> {
  const scheme = isUrl(url) ? parseUrl(url).scheme.toLowerCase() : 'file';
  // 'redis+socket', 'django-db+postgresql': what is after the plus is for the store.
  const load = factories.get(scheme) ?? factories.get(scheme.replace(/\+.*$/, ''));
  if (!load) {
    const known = [...factories.keys()].map((one) => `${one}://`).join(', ');
    throw new ImproperlyConfigured(
      `No schedule is kept in ${safeUrl(url)}: give beat_schedule_filename or --schedule a path, or one of ${known}.`,
    );
  }
  return (await load())(url, context);
}
