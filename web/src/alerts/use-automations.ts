// Automations as their part of the page reads them, and what it does to them: each act reads the list anew.
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import type { AutomationMode, AutomationRequest, AutomationTrial } from '../../../shared/wire/automations.ts';
import { del, get, post } from '../api/client.ts';

export const automationsQuery = () =>
  queryOptions({
    queryKey: ['automations'],
    queryFn: ({ signal }) => get('/automations', {}, signal),
    refetchInterval: 3000,
  });

export type AutomationDeed =
  /** `id` null: a new one. */
  | { act: 'save'; id: string | null; spec: AutomationRequest }
  | { act: 'turn'; id: string; mode: AutomationMode }
  | { act: 'delete'; id: string };

async function perform(asked: AutomationDeed): Promise<unknown> {
  const { id } = asked;
  if (asked.act === 'save')
    return id === null ? post('/automations', asked.spec) : post('/automations/:id', asked.spec, { id });
  if (asked.act === 'turn') return post('/automations/:id/mode', { mode: asked.mode }, { id: asked.id });
  return del('/automations/:id', { params: { id: asked.id } });
}

export function useAutomationActs(
  after: (asked: AutomationDeed) => void,
  failed: (error: Error, asked: AutomationDeed) => void,
) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: perform,
    onSuccess: (_, asked) => after(asked),
    onError: (error, asked) => failed(error, asked),
    onSettled: () => {
      for (const key of ['automations', 'operations']) void client.invalidateQueries({ queryKey: [key] });
    },
  });
}

/** What it would have done: nothing is done. */
export const useTrial = () =>
  useMutation({ mutationFn: (spec: AutomationRequest): Promise<AutomationTrial> => post('/automations/try', spec) });
