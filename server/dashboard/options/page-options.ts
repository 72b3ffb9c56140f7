// What the options say of the pages themselves, written into index.html: which columns the task list has, how it tells times, whether pages
// follow by themselves, where a trace is looked at, the cluster's zone. Read there by web/src/api/page-options.ts.
// Flower: options.py (tasks_columns, natural_time, auto_refresh)
import type { PageOptions } from '../../../shared/wire/page-options.ts';
import { ImproperlyConfigured } from '../../errors.ts';

/** Flower's columns, and the one of ours that tells it. null: it is always there, or stands on the task's own page. */
const COLUMN_OF: Readonly<Record<string, string | null>> = {
  ...{ name: null, state: null, uuid: null, root: null, parent: null, children: null, clock: null, client: null },
  ...{ args: 'args', kwargs: 'args', result: 'args', exception: 'args', traceback: null },
  ...{ received: 'received', started: 'received', sent: 'received', succeeded: 'received', failed: 'received' },
  ...{
    retried: 'retries',
    retries: 'retries',
    revoked: null,
    rejected: null,
    expires: null,
    eta: null,
    timestamp: null,
  },
  ...{ runtime: 'runtime', worker: 'worker', exchange: 'queue', routing_key: 'queue', queue: 'queue' },
};
/** Those of ours that can be hidden (web/src/tasks/columns.tsx). */
export const HIDEABLE = ['args', 'worker', 'queue', 'retries', 'received', 'runtime'] as const;

/** @returns the columns of ours that are shown  @throws ImproperlyConfigured naming what is no column */
export function tasksColumns(names: readonly string[], option: string): readonly string[] {
  if (names.length === 1 && names[0] === 'all') return HIDEABLE;
  const unknown = names.find((name) => !Object.hasOwn(COLUMN_OF, name));
  if (unknown !== undefined || names.length === 0)
    throw new ImproperlyConfigured(
      `The option ${option} must be 'all' or names of columns (${Object.keys(COLUMN_OF).join(', ')}), not ${JSON.stringify(unknown ?? '')}.`,
    );
  return HIDEABLE.filter((column) => names.some((name) => COLUMN_OF[name] === column));
}

/** @throws ImproperlyConfigured for what is no address of a page, or the same one for every trace */
export function traceUrl(value: unknown, option: string): string {
  const text = String(value);
  if (/^https?:\/\/[^/\s]/i.test(text) && text.includes('{trace_id}') && URL.canParse(text)) return text;
  throw new ImproperlyConfigured(
    `The option ${option} must be the address of a page with {trace_id} in it, such as https://jaeger.example.com/trace/{trace_id}, not ${JSON.stringify(text)}.`,
  );
}

/** As an element of index.html; '' where nothing differs from what the pages do by themselves. */
export function pageOptionsMeta(options: PageOptions): string {
  const { hidden, natural_time, auto_refresh, trace_url, timezone } = options;
  if (hidden === null && natural_time && auto_refresh && trace_url === null && timezone === null) return '';
  const text = JSON.stringify({ hidden, natural_time, auto_refresh, trace_url, timezone }).replaceAll('<', '\\u003c');
  return `<meta name="umbel-pages" content="${text.replaceAll('&', '&amp;').replaceAll('"', '&quot;')}">`;
}

export function pageOptionsOf(options: {
  readonly tasks_columns: readonly string[] | null;
  readonly natural_time: boolean;
  readonly auto_refresh: boolean;
  readonly trace_url: string | null;
  readonly settings: Readonly<Record<string, unknown>>;
}): PageOptions {
  const { tasks_columns: shown, natural_time, auto_refresh, trace_url, settings } = options;
  const timezone = typeof settings.timezone === 'string' && settings.timezone !== 'UTC' ? settings.timezone : null;
  const hidden = shown && HIDEABLE.filter((column) => !shown.includes(column));
  return { hidden, natural_time, auto_refresh, trace_url, timezone };
}
