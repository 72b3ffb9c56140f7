// A result record as programs are told of it: its value as JSON where it is that, else as Python prints it; a failure by its repr and
// traceback.
// Not here: a page's view of it, cut to what can be drawn (stored-values.ts).
// Holds: secrets are masked.
// Flower: api/tasks.py safe_result, update_response_result
import type { Masking } from '../../../shared/masking.ts';
import { reprOf } from '../../../shared/python-repr.ts';
import { PyFloat } from '../../../shared/python-values.ts';
import { EXCEPTION_STATES, READY_STATES } from '../../../shared/states.ts';
import { toError } from '../../errors.ts';
import { exceptionRepr } from '../../protocol/failure.ts';
import { type ResultMeta, resultOf } from '../../protocol/result-meta.ts';

export interface ResultOutcome {
  readonly state: string;
  /** Nothing before it is ready. */
  readonly fields: { readonly result?: unknown; readonly traceback?: string | null };
}

/** @param meta null: there is no record */
export function resultOutcome(meta: ResultMeta | null, masking: Masking): ResultOutcome {
  if (meta === null) return { state: 'PENDING', fields: {} };
  const { status: state, traceback } = meta;
  if (!READY_STATES.has(state)) return { state, fields: {} };
  if (EXCEPTION_STATES.has(state)) {
    const result = masking.text(exceptionRepr(toError(resultOf(meta))));
    if (state !== 'FAILURE') return { state, fields: { result } };
    return { state, fields: { result, traceback: traceback === null ? null : masking.text(traceback) } };
  }
  const value = masking.value(meta.result);
  return { state, fields: { result: isJson(value, 0) ? value : reprOf(value) } };
}

function isJson(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null || value instanceof PyFloat) return true;
  if (depth > 200) return false;
  if (Array.isArray(value)) return value.every((one) => isJson(one, depth + 1));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  return Object.values(value).every((one) => isJson(one, depth + 1));
}
