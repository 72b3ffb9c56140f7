// Where beat's schedule is kept, by its options and settings, and by the names that Celery's schedulers have.
// Not here: opening it (schedules/registry.ts).
// Celery: bin/beat.py, beat.py; django-celery-beat: schedulers.py
import type { Config } from '../app/config.ts';
import { ImproperlyConfigured, NotImplementedError } from '../errors.ts';
import { isUrl, safeUrl } from '../transport/url.ts';

/** What a `beat_scheduler` may say. */
const PERSISTENT = new Set([
  'celery.beat:PersistentScheduler',
  'celery.beat.PersistentScheduler',
  'PersistentScheduler',
]);
/** A store is named beside it, which says where the tables are. */
const IN_DATABASE = new Set([
  'django_celery_beat.schedulers:DatabaseScheduler',
  'django_celery_beat.schedulers.DatabaseScheduler',
  'django',
]);
const FORGETFUL = new Set(['celery.beat:Scheduler', 'celery.beat.Scheduler', 'Scheduler', 'memory']);

/** @throws ImproperlyConfigured, NotImplementedError: an unknown scheduler */
export function placeOf(options: { readonly schedule?: string; readonly scheduler?: string }, conf: Config): string {
  const scheduler = options.scheduler ?? conf.beat_scheduler;
  if (FORGETFUL.has(scheduler)) return 'memory://';
  if (IN_DATABASE.has(scheduler)) {
    const place = options.schedule ?? conf.beat_schedule_filename;
    if (/^(django-db|postgres(ql)?|mysql|mariadb|sqlite)(\+|:)/i.test(place)) return place;
    throw new ImproperlyConfigured(
      `The scheduler '${scheduler}' keeps its entries in a database: give --schedule (or beat_schedule_filename) its address, such as django-db+postgresql://user@host/name, not ${isUrl(place) ? safeUrl(place) : place}.`,
    );
  }
  if (!PERSISTENT.has(scheduler)) {
    throw new NotImplementedError(
      `The scheduler '${scheduler}' is not there. Use celery.beat:PersistentScheduler, or give Beat a \`store\` of your own.`,
    );
  }
  return options.schedule ?? conf.beat_schedule_filename;
}
