// A result record as a row of django-celery-results and back.
// Holds: what Django's admin and Python read is what they would have written; `meta` also keeps the task's group and parent.
// django-celery-results 2.x: backends/database.py, models.py
import { parsePythonLiteral } from '../../../shared/python-literal.ts';
import { saferepr } from '../../../shared/python-repr.ts';
import { PyTuple } from '../../../shared/python-values.ts';
import { READY_STATES } from '../../../shared/states.ts';
import { type ResultMeta, readResultMeta } from '../../protocol/result-meta.ts';
import type { BackendContext } from '../contract.ts';
import { sqlTime, textOf } from '../database/rows.ts';
import { asciiText } from '../sql/access.ts';
import type { SqlDialect, SqlParam, SqlRecord } from '../sql/driver.ts';

export interface DjangoRow {
  readonly taskId: string;
  readonly status: string;
  readonly values: Readonly<Record<string, SqlParam>>;
}

/** What every row has. */
export const COLUMNS = [
  'task_id',
  'status',
  'content_type',
  'content_encoding',
  'result',
  'date_done',
  'traceback',
  'meta',
  'task_name',
  'task_args',
  'task_kwargs',
  'worker',
] as const;

export interface Text {
  readonly contentType: string;
  readonly contentEncoding: string;
  readonly text: string;
}

/** Bytes stand as base64 in a column of text, JSON in ASCII as Python writes it: the column may have letters of its own language alone. */
export function encodedText(value: unknown, context: BackendContext): Text {
  const { body, contentType, contentEncoding } = context.encode(value);
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const text = bytes.toString(contentEncoding === 'binary' ? 'base64' : 'utf8');
  return { contentType, contentEncoding, text: contentType === 'application/json' ? asciiText(text) : text };
}

export function decodedText(
  text: unknown,
  contentType: unknown,
  contentEncoding: unknown,
  context: BackendContext,
): unknown {
  if (typeof text !== 'string' || text === '') return null;
  const encoding = String(contentEncoding);
  return context.decode(Buffer.from(text, encoding === 'binary' ? 'base64' : 'utf8'), String(contentType), encoding);
}

/** A point in time as Django keeps it: UTC; with an offset where the column has one. */
export function djangoTime(ms: number, dialect: SqlDialect): string {
  return `${sqlTime(new Date(ms).toISOString())}${dialect === 'postgresql' ? '+00' : ''}`;
}

export function djangoRow(meta: ResultMeta, context: BackendContext, dialect: SqlDialect): DjangoRow {
  const result = encodedText(meta.result, context);
  const { children, group_id, parent_id } = meta;
  const family = { children, ...(group_id ? { group_id } : {}), ...(parent_id ? { parent_id } : {}) };
  const repr = (value: unknown) =>
    value === undefined || value === null ? null : encodedText(saferepr(value, 10_000), context).text;
  return {
    taskId: meta.task_id,
    status: meta.status,
    values: {
      task_id: meta.task_id,
      status: meta.status,
      content_type: result.contentType,
      content_encoding: result.contentEncoding,
      result: result.text,
      date_done: djangoTime(meta.date_done ? Date.parse(meta.date_done) : context.now(), dialect),
      traceback: textOf(meta.traceback),
      meta: encodedText(family, context).text,
      task_name: textOf(meta.name),
      task_args: repr(Array.isArray(meta.args) ? new PyTuple(meta.args) : meta.args),
      task_kwargs: repr(meta.kwargs),
      worker: textOf(meta.worker),
    },
  };
}

export function djangoMeta(row: SqlRecord, context: BackendContext): ResultMeta {
  const decoded = (text: unknown) => decodedText(text, row.content_type, row.content_encoding, context);
  const taskId = String(row.task_id);
  const status = String(row.status);
  const family = (decoded(row.meta) ?? {}) as Record<string, unknown>;
  return readResultMeta(
    {
      ...family,
      task_id: taskId,
      status,
      result: decoded(row.result),
      traceback: row.traceback ?? null,
      // Django dates every state; a record says when it was done.
      date_done: READY_STATES.has(status) ? isoOf(String(row.date_done)) : null,
      ...(row.task_name == null
        ? {}
        : {
            name: row.task_name,
            args: argumentsOf(decoded(row.task_args)),
            kwargs: argumentsOf(decoded(row.task_kwargs)),
            worker: row.worker ?? null,
          }),
    },
    taskId,
  );
}

/** Arguments stand as Python's repr of them. */
function argumentsOf(text: unknown): unknown {
  if (typeof text !== 'string') return text;
  const literal = parsePythonLiteral(text);
  if (!literal.ok) return text;
  return literal.value instanceof PyTuple ? literal.value.items : literal.value;
}

function isoOf(text: string): string {
  const [, day, clock, fraction = '', offset = '+00'] =
    /^(\S+)[ T]([\d:]+)(?:\.(\d+))?([+-][\d:]+|Z)?$/.exec(text) ?? [];
  if (!day) return text;
  const micros = /^0*$/.test(fraction) ? '' : `.${fraction.padEnd(6, '0')}`;
  const zone = offset === 'Z' ? '+00:00' : offset.length === 3 ? `${offset}:00` : offset;
  return `${day}T${clock}${micros}${zone}`;
}
