// Automations as their part of the page reads them, and what it does to them (by use-editing.ts).
import { queryOptions, useMutation } from '@tanstack/react-query';
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

export async function performDeed(asked: AutomationDeed): Promise<unknown> {
  const { id } = asked;
  if (asked.act === 'save')
    return id === null ? post('/automations', asked.spec) : post('/automations/:id', asked.spec, { id });
  if (asked.act === 'turn') return post('/automations/:id/mode', { mode: asked.mode }, { id: asked.id });
  return del('/automations/:id', { params: { id: asked.id } });
}

/** What it would have done: nothing is done. */
export const useTrial = () =>
  useMutation({ mutationFn: (spec: AutomationRequest): Promise<AutomationTrial> => post('/automations/try', spec) });
