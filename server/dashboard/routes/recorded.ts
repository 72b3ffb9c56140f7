// What people keep here (views, tokens) changed by a request: its body read by its schema, the act recorded before it is tried, or its refusal.
// Not here: operations on the cluster (../operations/perform.ts), the record itself (../access/audit.ts).
import type { Static, TObject } from 'typebox';
import { Check, Errors } from 'typebox/value';
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

/** @param what it is, as in 'Bad view'  @param inner a part of it that has no other keys either  @throws ProblemError 400 that names what is wrong */
export function readBody<T extends TObject>(
  what: string,
  schema: T,
  body: unknown,
  inner?: keyof Static<T> & string,
): Static<T> {
  const refuse = (detail: string, field?: string) => new ProblemError(400, `Bad ${what}`, detail, { field });
  const parts: [given: unknown, known: TObject][] = [[body, schema]];
  if (inner !== undefined)
    parts.push([((body ?? {}) as Record<string, unknown>)[inner], schema.properties[inner] as TObject]);
  for (const [given, known] of parts)
    for (const key of Object.keys((given ?? {}) as object))
      if (!Object.hasOwn(known.properties, key))
        throw refuse(
          `A ${what} has no ${JSON.stringify(key.slice(0, 100))}. It takes ${Object.keys(known.properties).join(', ')}.`,
        );
  if (Check(schema, body)) return body;
  const [first] = Errors(schema, body);
  const path = first?.instancePath.slice(1).replaceAll('/', '.') || undefined;
  throw refuse(`${path ? `'${path}' ` : ''}${first?.message ?? 'is not as expected'}`, path);
}
