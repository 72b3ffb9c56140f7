// A result record as a row of celery_taskmeta and back, and a saved group as a row of celery_tasksetmeta. The result is a pickle there,
// whatever `result_serializer` is; arguments are in that serializer.
// Holds: a pickle that was read has executed nothing; a pickled exception is the same record as a stored one; text columns hold no NUL,
// which neither PostgreSQL nor SQLite keeps.
// Celery 5.6: backends/database/__init__.py, models.py; app/base.py _unpickle_appattr
import { EXCEPTION_STATES } from '../../../shared/states.ts';
import { BackendError, DecodeError } from '../../errors.ts';
import { type ResultMeta, readResultMeta } from '../../protocol/result-meta.ts';
import { PyTuple } from '../../serialization/json.ts';
import { isPickle } from '../../serialization/pickle/mark.ts';
import { decodePickle } from '../../serialization/pickle/reader.ts';
import { PythonName, PythonObject } from '../../serialization/pickle/values.ts';
import { plainOf, writePickle } from '../../serialization/pickle/writer.ts';
import type { BackendContext } from '../contract.ts';
import type { SqlParam, SqlRecord } from '../sql/driver.ts';

export type TaskRow = {
  readonly taskId: string;
  readonly status: string;
  readonly values: Readonly<Record<string, SqlParam>>;
};

export function rowOf(meta: ResultMeta, context: BackendContext): TaskRow {
  const { task_id: taskId, status } = meta;
  const encoded = (value: unknown) => (value === undefined || value === null ? null : context.encode(value).body);
  const values = {
    task_id: taskId,
    status,
    result: writePickle(EXCEPTION_STATES.has(status) ? failureOf(plainOf(meta.result)) : plainOf(meta.result)),
    date_done: meta.date_done === null ? null : sqlTime(meta.date_done),
    traceback: textOf(meta.traceback),
    name: textOf(meta.name),
    args: encoded(meta.args),
    kwargs: encoded(meta.kwargs),
    worker: textOf(meta.worker),
    retries: meta.retries ?? null,
    queue: textOf(meta.queue),
  };
  return { taskId, status, values };
}

export function metaOf(row: SqlRecord, context: BackendContext): ResultMeta {
  const taskId = String(row.task_id);
  const status = String(row.status);
  const result = row.result == null ? null : unpickled(taskId, row.result as Uint8Array);
  const meta: Record<string, unknown> = {
    task_id: taskId,
    status,
    result: EXCEPTION_STATES.has(status) ? exceptionRecord(result) : result,
    traceback: row.traceback ?? null,
    children: null,
    date_done: row.date_done == null ? null : isoTime(String(row.date_done)),
  };
  if (row.name != null) {
    const { contentType, contentEncoding } = context.encode(null);
    const decoded = (value: unknown) => {
      if (value == null) return null;
      const body = bytesOf(value);
      // With result_serializer 'pickle' they are what the result always is.
      return isPickle(body) ? unpickled(taskId, body) : context.decode(body, contentType, contentEncoding);
    };
    Object.assign(meta, { name: row.name, args: decoded(row.args), kwargs: decoded(row.kwargs) });
    Object.assign(meta, { worker: row.worker ?? null, retries: row.retries ?? null, queue: row.queue ?? null });
  }
  return readResultMeta(meta, taskId);
}

function unpickled(taskId: string, body: Uint8Array): unknown {
  try {
    return decodePickle(body);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw new BackendError(`The stored result of ${taskId} cannot be read: ${error.message}`, { cause: error });
  }
}

/** Python has the arguments of an exception in a tuple. */
function failureOf(result: unknown): unknown {
  if (typeof result !== 'object' || result === null || Array.isArray(result)) return result;
  const { exc_message: message } = result as { exc_message?: unknown };
  return Array.isArray(message) ? { ...result, exc_message: new PyTuple(message) } : result;
}

/** With `result_serializer: 'pickle'` Python stores the exception itself. */
function exceptionRecord(result: unknown): unknown {
  if (!(result instanceof PythonObject)) return result;
  const { module, name } = result.made;
  return { exc_type: name, exc_message: result.args, exc_module: module === 'exceptions' ? 'builtins' : module };
}

/** Naive UTC with microseconds, as SQLAlchemy writes it. @param iso with an offset, or UTC */
export function sqlTime(iso: string): string {
  const at = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?(Z|\+00:00)?$/.exec(iso);
  if (at) return `${at[1]} ${at[2]}.${(at[3] ?? '').padEnd(6, '0')}`;
  return new Date(iso).toISOString().replace('T', ' ').replace(/Z$/, '000');
}

function isoTime(sql: string): string {
  return `${sql.replace(' ', 'T').replace(/\.0+$/, '')}+00:00`;
}

export function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value.replaceAll('\0', '\\x00') : null;
}

export function bytesOf(value: unknown): Uint8Array {
  return typeof value === 'string' ? Buffer.from(value, 'utf8') : (value as Uint8Array);
}

// -- groups

const UNPICKLE = new PythonName('celery.app.base', '_unpickle_appattr');

/** @param result `[[id, parent], [members]]`: Python expects the GroupResult itself */
export function groupPickle(result: unknown): Buffer {
  const plain = plainOf(result);
  return writePickle(isTuple(plain) ? pythonResult(plain) : plain);
}

export function readGroupPickle(groupId: string, body: Uint8Array): unknown {
  try {
    return resultTuple(decodePickle(body));
  } catch (error) {
    throw new BackendError(`The saved group ${groupId} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

type Tuple = readonly [readonly [string, unknown], readonly unknown[] | null];

function isTuple(value: unknown): value is Tuple {
  return Array.isArray(value) && value.length === 2 && Array.isArray(value[0]) && typeof value[0][0] === 'string';
}

function pythonResult(tuple: unknown): unknown {
  if (typeof tuple === 'string') return pythonResult([[tuple, null], null]);
  if (!isTuple(tuple)) return null;
  const [[id, parent], members] = tuple;
  const above = parent === null || parent === undefined ? null : pythonResult(parent);
  // Without a store of its own it asks the one of its app.
  const args = members ? [id, members.map(pythonResult), above] : [id, null, null, null, above];
  return new PythonObject(UNPICKLE, [members ? 'GroupResult' : 'AsyncResult', new PyTuple(args)]);
}

function resultTuple(value: unknown): unknown {
  if (!(value instanceof PythonObject)) return value;
  const wrapped = value.made.path === UNPICKLE.path;
  const kind = wrapped ? String(value.args[0]) : value.made.name;
  const args = (wrapped ? value.args[1] : value.args) as readonly unknown[];
  const parent = (above: unknown) => (above instanceof PythonObject ? resultTuple(above) : null);
  if (kind === 'GroupResult' || kind === 'ResultSet') {
    return [[args[0], parent(args[2])], (args[1] as readonly unknown[]).map(resultTuple)];
  }
  if (kind === 'AsyncResult' || kind === 'EagerResult') return [[args[0], parent(args[4])], null];
  throw new DecodeError(`it holds a ${value.made.path}`);
}
