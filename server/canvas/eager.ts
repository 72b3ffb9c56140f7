// What a failure makes of the rest of a canvas that runs here and now, so that it ends as it would have ended had it been sent.
// Not here: running one task (app/task.ts apply).
import { toError } from '../errors.ts';
import { EagerResult } from '../results/async-result.ts';
import type { CanvasHost, CanvasResult } from './host.ts';

/** What an ended task failed with; null when it did not. */
export async function failureOf(result: CanvasResult): Promise<Error | null> {
  return result.kind === 'eager' && (await result.failed()) ? toError(await result.result()) : null;
}

/** Neither succeeded nor failed: ignored or rejected, so that nothing follows it. */
export async function isSilent(result: CanvasResult): Promise<boolean> {
  return result.kind === 'eager' && !(await result.successful()) && !(await result.failed());
}

/** The result that a frozen task, or each of a frozen group, has when it never ran. */
export function failed(frozen: CanvasResult, error: Error, host: CanvasHost): CanvasResult {
  if (frozen.kind !== 'group') return new EagerResult(frozen.id, error, 'FAILURE');
  const members = frozen.results.map((member) => failed(member as CanvasResult, error, host));
  return host.groupResult(frozen.id, members);
}
