// What the server's options say of the pages, as index.html has it in its element `umbel-pages`.
// Written by server/dashboard/options/page-options.ts, read by web/src/api/page-options.ts.

export interface PageOptions {
  /** Columns of the task list that are hidden from whoever has not chosen; null: as the pages have it. */
  readonly hidden: readonly string[] | null;
  readonly natural_time: boolean;
  readonly auto_refresh: boolean;
  /** Where a trace is looked at, with {trace_id} in it; null: nowhere that is known. */
  readonly trace_url: string | null;
  /** Celery's setting of the cluster; null: none is named, or UTC. */
  readonly timezone: string | null;
}
