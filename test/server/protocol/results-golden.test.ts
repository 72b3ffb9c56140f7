import { describe, expect, test } from 'vitest';
import { decodeFailure, encodeFailure, exceptionRepr } from '../../../server/protocol/failure.ts';
import { buildResultMeta, type ResultMeta, readResultMeta, resultOf } from '../../../server/protocol/result-meta.ts';
import { decodeJson, encodeJson } from '../../../server/serialization/json.ts';
import { EXCEPTION_STATES } from '../../../shared/states.ts';
import plain from '../../golden/results-redis.json' with { type: 'json' };
import extended from '../../golden/results-redis-extended.json' with { type: 'json' };

interface Row {
  key: string;
  value_text: string | null;
}
interface Case {
  name: string;
  rows?: Row[];
}

const EXTENDED = ['name', 'args', 'kwargs', 'worker', 'retries', 'queue'];

for (const [file, golden] of [
  ['default settings', plain],
  ['result_extended', extended],
] as const) {
  describe(`result rows of Celery with ${file}`, () => {
    for (const c of golden.cases as unknown as Case[]) {
      for (const [i, row] of (c.rows ?? []).entries()) {
        if (row.value_text === null || !row.key.startsWith('celery-task-meta-')) continue;
        const text = row.value_text;
        test(`${c.name}${i > 0 ? ` (${i})` : ''}`, () => {
          const id = row.key.slice('celery-task-meta-'.length);
          const stored = decodeJson(text) as Record<string, unknown>;
          const meta = readResultMeta(stored, id);
          expect(meta.task_id).toBe(id);
          expect(meta).toEqual(stored);

          const ours = buildResultMeta({
            ...meta,
            result: EXCEPTION_STATES.has(meta.status) ? encodeFailure(resultOf(meta) as Error) : meta.result,
            nowMs: Date.parse(meta.date_done ?? '2026-01-01T00:00:00Z'),
            ...(EXTENDED.some((key) => key in stored) ? { extended: extendedOf(meta) } : {}),
          });
          // The same keys in the same order, the same failure, and but for the microseconds the same text.
          expect(Object.keys(ours)).toEqual(Object.keys(stored));
          expect(encodeJson({ ...ours, date_done: null })).toBe(encodeJson({ ...stored, date_done: null }));
          expect(ours.date_done === null).toBe(meta.date_done === null);
        });

        const stored = decodeJson(text) as ResultMeta;
        if (!EXCEPTION_STATES.has(stored.status)) continue;
        test(`${c.name}${i > 0 ? ` (${i})` : ''}: its exception is an error of the same name and arguments`, () => {
          const wire = stored.result as { exc_type: string; exc_message: unknown[] };
          const error = decodeFailure(stored.result, stored.traceback);
          expect(error.name).toBe(wire.exc_type);
          expect(encodeFailure(error)).toEqual(stored.result);
          expect(exceptionRepr(error).startsWith(`${wire.exc_type}(`)).toBe(true);
        });
      }
    }
  });
}

function extendedOf(meta: ResultMeta) {
  const stamped = (meta.stamped_headers as string[] | undefined) ?? null;
  return {
    name: meta.name as string,
    args: meta.args,
    kwargs: meta.kwargs,
    worker: meta.worker as string,
    retries: meta.retries as number,
    queue: meta.queue as string,
    stamped_headers: stamped,
    stamps: Object.fromEntries((stamped ?? []).map((name) => [name, meta[name]])),
  };
}
