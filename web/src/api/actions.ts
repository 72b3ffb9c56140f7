// What an operator does: one request, then the workers' replies, then the event that proves it.
// The new state of a task or worker arrives by the live feed, never from the reply: one truth.
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { OperationRecord, OperationRequest } from '../../../shared/wire/operations.ts';
import { post } from './client.ts';

export function useOperation(after?: (record: OperationRecord) => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (request: OperationRequest) => post('/operations', request),
    onSettled: () => {
      for (const key of ['worker', 'queue', 'task', 'workflow', 'operations'])
        void client.invalidateQueries({ queryKey: [key] });
    },
    onSuccess: after,
  });
}

export type Operation = ReturnType<typeof useOperation>;
