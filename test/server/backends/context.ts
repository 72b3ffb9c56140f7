// A backend's context and records for tests, without a test runner.
import type { BackendContext } from '../../../server/backends/contract.ts';
import { buildResultMeta, type ResultMeta } from '../../../server/protocol/result-meta.ts';
import { PLAIN_CODEC as codec } from '../../../server/serialization/codec.ts';

export function testContext(url: string, change: Partial<BackendContext> = {}): BackendContext {
  const accept = codec.acceptSet(['json']);
  return {
    url,
    options: {},
    expiresMs: 86_400_000,
    encode: (value) => codec.encode(value, 'json'),
    decode: (body, type, encoding) => codec.decode(body, type, encoding, accept),
    now: () => Date.now(),
    ...change,
  };
}

export function record(task_id: string, status: string, result: unknown = null): ResultMeta {
  return buildResultMeta({ task_id, status, result, nowMs: Date.now() });
}
