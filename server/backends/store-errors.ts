// What the stores of this folder say alike when they cannot: closed, or a result that could not be stored.
// Not here: what each says of its own server or file (redis-client.ts, sqlite.ts).
import { BackendError, BackendStoreError, toError } from '../errors.ts';
import type { ResultMeta } from '../protocol/result-meta.ts';

export function storeClosed(): BackendError {
  return new BackendError('The result store was closed');
}

export function cannotStore(meta: ResultMeta, error: unknown): BackendStoreError {
  const text = `Cannot store the result of ${meta.task_id} (${meta.status}): ${toError(error).message}`;
  return new BackendStoreError(meta.task_id, meta.status, text, { cause: error });
}
