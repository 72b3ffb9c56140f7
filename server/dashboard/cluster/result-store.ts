// Which result store this dashboard can read, if any.
import { backendFlags } from '../../backends/registry.ts';
import type { Resolved } from '../options.ts';

/** Why there is nothing to be read where results are messages (rpc). */
export const CALLER_ONLY = 'rpc:// sends results to who sent the task, and nobody else can read them';

/** Is it a store that answers to who sent a task, and to nobody else? */
export function isCallerOnly(url: string | null): boolean {
  try {
    return url !== null && backendFlags(url)?.callerOnly === true;
  } catch {
    return false;
  }
}

/** Its address; null: none is configured, or it is nothing that a dashboard can read. */
export function readableStore({ result_backend: url }: Pick<Resolved, 'result_backend'>): string | null {
  return url === '' || isCallerOnly(url) ? null : url;
}
