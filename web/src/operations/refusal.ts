// Why nothing can be done now, to anybody or to this worker: said by every control that acts, which keeps its place and is off.

import type { WorkerRow } from '../../../shared/wire/workers.ts';
import { fromServer, t } from '../language/text.ts';
import { useReadOnly } from '../live/hooks.ts';
import { useAway, useServerSilence } from '../live/knowledge.ts';

/** null: it can. @param worker whom it would be done to; none: the cluster */
export function useRefusal(
  worker?: Pick<WorkerRow, 'status' | 'controllable' | 'control_reason'>,
  pending = false,
): string | null {
  const readOnly = useReadOnly();
  const server = useServerSilence();
  const broker = useAway('broker');
  if (readOnly) return t('This dashboard is read-only');
  if (server !== null) return t('The dashboard server does not answer');
  if (broker !== null) return t('The broker does not answer');
  if (worker?.controllable === false) return fromServer(worker.control_reason) ?? t('It cannot be reached');
  if (worker && worker.status === 'offline') return t('It is offline: nobody would hear');
  if (worker && worker.status !== 'online') return t('It is silent: it would not hear');
  if (pending) return t('Waiting for workers');
  return null;
}
