// Where a schedule is kept, by `beat_schedule_filename` or --schedule: a path, `file:///path`, or memory://. Loaded when asked for.
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

/** @param url a path, or a URL */
export async function openScheduleStore(url: string, context: ScheduleStoreContext = {}): Promise<ScheduleStore> {
  const scheme = isUrl(url) ? parseUrl(url).scheme : 'file';
  const load = factories.get(scheme);
  if (!load) {
    const known = [...factories.keys()].map((one) => `${one}://`).join(', ');
    throw new ImproperlyConfigured(
      `No schedule is kept in ${safeUrl(url)}: give beat_schedule_filename or --schedule a path, or one of ${known}.`,
    );
  }
  return (await load())(url, context);
}
