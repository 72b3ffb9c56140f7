// One verb for many tasks, in requests of 1,000 ids, one after another: how far it is, what came of each, and a way to stop.
// Up to 1,000 are one operation like any other: api/actions.ts. The bar: bulk-actions.tsx.
// Holds: a request that fails ends it; what was sent before is counted, what was not is said.
import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useRef, useState } from 'react';
import type { OperationRecord, OperationRequest } from '../../../shared/wire/operations.ts';
import { post } from '../api/client.ts';
import type { TaskVerb } from './applies.ts';
import { inParts } from './selection.ts';

/** What one request takes. */
export const IDS_A_REQUEST = 1000;

export interface Bulk {
  verb: TaskVerb;
  total: number;
  sent: number;
  records: readonly OperationRecord[];
  error: unknown;
  state: 'running' | 'stopped' | 'failed' | 'done';
}

type Options = { signal?: string };

export function useBulk() {
  const [bulk, setBulk] = useState<Bulk | null>(null);
  const stopped = useRef(false);
  const client = useQueryClient();
  const run = useCallback(
    async (verb: TaskVerb, ids: readonly string[], options: Options = {}) => {
      stopped.current = false;
      let now: Bulk = { verb, total: ids.length, sent: 0, records: [], error: null, state: 'running' };
      const show = (change: Partial<Bulk>) => {
        now = { ...now, ...change };
        setBulk(now);
      };
      show({});
      for (const task_ids of inParts(ids, IDS_A_REQUEST)) {
        if (stopped.current) break;
        try {
          const request = { action: verb, task_ids, ...options } as OperationRequest;
          const record = await post('/operations', request);
          show({ sent: now.sent + task_ids.length, records: [...now.records, record] });
        } catch (error) {
          show({ error, state: 'failed' });
          break;
        }
      }
      if (now.state === 'running') show({ state: stopped.current && now.sent < now.total ? 'stopped' : 'done' });
      void client.invalidateQueries({ queryKey: ['operations'] });
    },
    [client],
  );
  const stop = useCallback(() => {
    stopped.current = true;
  }, []);
  return { bulk, run, stop, dismiss: useCallback(() => setBulk(null), []) };
}
