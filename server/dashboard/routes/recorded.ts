// What people keep here (views, tokens) changed by a request: the act recorded before it is tried, or its refusal.
// Not here: operations on the cluster (../operations/perform.ts), the record itself (../access/audit.ts).
import { type Asked, askerOf, audited, recordRefusal } from '../access/audit.ts';
import { ProblemError, type RouteContext } from './context.ts';

type Request = Parameters<typeof askerOf>[0];
type Desk = Pick<RouteContext, 'cluster' | 'desk'>;

/** @param subject what it is about, as one line  @param summary of its success  @param taskName the task it is about */
export async function recorded<T>(
  { cluster, desk }: Desk,
  request: Request,
  subject: string,
  asked: Asked['request'],
  summary: string,
  work: () => Promise<T>,
  taskName: string | null = null,
): Promise<T> {
  let done: { readonly value: T } | { readonly error: unknown } | null = null;
  const about = { at: cluster.now, ...askerOf(request), subject, task_name: taskName, request: asked };
  const record = await audited(desk.records, about, async () => {
    try {
      done = { value: await work() };
    } catch (error) {
      done = { error };
      throw error;
    }
    return { outcome: 'ok', summary, answers: [] };
  });
  desk.feed.operation(record);
  const { value, error } = done! as { value: T; error?: unknown };
  if (error !== undefined) throw error;
  return value;
}

/** Recorded as refused. @returns what to throw */
export async function refusal(
  { cluster, desk }: Desk,
  request: Request,
  subject: string,
  asked: Asked['request'],
  reason: string,
): Promise<ProblemError> {
  const about = { at: cluster.now, ...askerOf(request), subject, task_name: null, request: asked };
  desk.feed.operation(await recordRefusal(desk.records, about, reason));
  return new ProblemError(403, 'Forbidden', reason);
}
