// Alerts as their page reads them, and what it does to them (by use-editing.ts).
import { queryOptions } from '@tanstack/react-query';
import type { AlertRuleRequest } from '../../../shared/wire/alerts.ts';
import { del, get, post } from '../api/client.ts';

export const alertsQuery = () =>
  queryOptions({
    queryKey: ['alerts'],
    queryFn: ({ signal }) => get('/alerts', {}, signal),
    refetchInterval: 3000,
  });

export type AlertAct =
  /** `id` null: a new one. */
  | { act: 'save'; id: string | null; rule: AlertRuleRequest }
  | { act: 'enable'; id: string; enabled: boolean }
  | { act: 'silence'; id: string; until: number | null }
  | { act: 'delete'; id: string }
  | { act: 'test'; name: string };

export async function performAlert(asked: AlertAct): Promise<unknown> {
  if (asked.act === 'test') return post('/alerts/channels/:name/test', undefined, { name: asked.name });
  const { id } = asked;
  if (asked.act === 'save')
    return id === null ? post('/alerts/rules', asked.rule) : post('/alerts/rules/:id', asked.rule, { id });
  if (asked.act === 'enable') return post('/alerts/rules/:id/enable', { enabled: asked.enabled }, { id: asked.id });
  if (asked.act === 'silence') return post('/alerts/rules/:id/silence', { until: asked.until }, { id: asked.id });
  return del('/alerts/rules/:id', { params: { id: asked.id } });
}
