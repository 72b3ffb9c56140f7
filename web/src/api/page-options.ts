// What the server's options say of the pages, as index.html has it (server/dashboard/options/page-options.ts).
// Holds: a program that reads these files has no page, and what the pages do by themselves.
import type { PageOptions } from '../../../shared/wire/page-options.ts';

/** In a browser. */
const page = (
  globalThis as unknown as {
    document?: { querySelector(what: string): { getAttribute(name: string): string | null } | null };
  }
).document;

export const PAGE_OPTIONS: PageOptions = {
  ...{ hidden: null, natural_time: true, auto_refresh: true, trace_url: null, timezone: null },
  ...(JSON.parse(
    page?.querySelector('meta[name="umbel-pages"]')?.getAttribute('content') ?? '{}',
  ) as Partial<PageOptions>),
};
