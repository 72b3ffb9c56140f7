// A canvas that runs here and now, so that it ends as it would have ended had it been sent: what a failure makes of the rest of it, and
// the header that a task may add parts to.
// Not here: running one task (app/task.ts apply).
import { AsyncLocalStorage } from 'node:async_hooks';
import { toError } from '../errors.ts';
import { EagerResult } from '../results/async-result.ts';
import type { GroupResult } from '../results/group-result.ts';
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

/** A part that a task added to the header it is in. */
export interface AddedPart {
  /** The number in the header of the task that added it. */
  readonly index: number;
  readonly result: CanvasResult;
}

const headers = new AsyncLocalStorage<AddedPart[] | null>();

/** Runs `part` as one of a header whose further parts are gathered in `added`; null: it is in none. */
export function inHeader<T>(added: AddedPart[] | null, part: () => T): T {
  return headers.run(added, part);
}

/** Of the part that is being started here; null: it is in no header. */
export function headerHere(): AddedPart[] | null {
  return headers.getStore() ?? null;
}

/** The values of a header's parts and of what was added to it, in order. @param sizes of the parts, in order */
export async function gathered(
  header: GroupResult,
  sizes: readonly number[],
  added: readonly AddedPart[],
): Promise<unknown[]> {
  const values = (await header.get()) as unknown[];
  if (added.length === 0) return values;
  let index = 0;
  const all = values.map((value, i) => {
    const own = { index, values: [value] };
    index += sizes[i] ?? 1;
    return own;
  });
  for (const part of added) {
    const value = await part.result.get();
    all.push({ index: part.index, values: part.result.kind === 'group' ? (value as unknown[]) : [value] });
  }
  return all.sort((a, b) => a.index - b.index).flatMap((one) => one.values);
}
