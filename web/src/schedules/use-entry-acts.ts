// What is done to an entry: written, paused, deleted, sent now. The list is read anew after each.
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { ScheduleRequest } from '../../../shared/wire/schedules.ts';
import { post } from '../api/client.ts';
import { scheduleRunsQuery } from '../api/queries.ts';

export type EntryAct =
  | { act: 'save'; entry: ScheduleRequest }
  | { act: 'enable'; name: string; enabled: boolean }
  | { act: 'delete'; name: string }
  | { act: 'run'; name: string };

/** What came of it: the name, and of what was sent the task's id. */
export interface ActDone {
  readonly act: EntryAct['act'];
  readonly name: string;
  readonly uuid?: string;
  readonly enabled?: boolean;
}

async function perform(asked: EntryAct): Promise<ActDone> {
  const { act } = asked;
  if (act === 'save') return { act, ...(await post('/schedules', asked.entry)) };
  const { name } = asked;
  if (act === 'enable')
    return { act, enabled: asked.enabled, ...(await post('/schedules/enable', { name, enabled: asked.enabled })) };
  if (act === 'delete') return { act, ...(await post('/schedules/delete', { name })) };
  return { act, ...(await post('/schedules/run', { name })) };
}

export function useEntryActs(after?: (done: ActDone) => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: perform,
    onSettled: (done) => {
      // The runs of what was deleted are not asked for again: its panel is about to close.
      const gone = done?.act === 'delete' ? scheduleRunsQuery(done.name).queryKey.join(' ') : null;
      for (const key of ['schedules', 'operations'])
        void client.invalidateQueries({ queryKey: [key], predicate: (query) => query.queryKey.join(' ') !== gone });
    },
    onSuccess: after,
  });
}

export type EntryActs = ReturnType<typeof useEntryActs>;
