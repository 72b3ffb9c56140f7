// Which field of a form a refusal of the server is about. Showing it there: field.tsx.
import { ApiError } from '../api/client.ts';
import { fromServer } from '../language/text.ts';
import type { Wrong } from './wrong-field.ts';

/** What the server says is wrong, at its field where it names one that is shown. */
export function refusedField<F extends object>(error: unknown, fields: F): Wrong<keyof F & string> | null {
  if (error === null || error === undefined) return null;
  if (!(error instanceof ApiError))
    return { field: null, text: error instanceof Error ? error.message : String(error) };
  const named = error.field?.split('.').at(-1);
  const field = named !== undefined && Object.hasOwn(fields, named) ? (named as keyof F & string) : null;
  return { field, text: fromServer(error.detail ?? error.title) };
}
