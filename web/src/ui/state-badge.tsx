// A state as icon, word and colour, in this order of trust: the only place that maps them.
// Colours by data-state: tokens.css. Names and which are final: shared/states.ts.
// Holds: an unknown state looks custom, never PENDING.
import { STATES } from '../../../shared/states.ts';
import type { WorkerRow } from '../../../shared/wire/workers.ts';
import { t } from '../language/text.ts';
import { ForeignText } from './foreign-text.tsx';
import { Icon, type IconName } from './icon.tsx';

const KNOWN: ReadonlySet<string> = new Set(STATES);

export function stateIcon(state: string): IconName {
  return KNOWN.has(state) ? (state as IconName) : 'custom';
}

const STATUS: Readonly<Record<WorkerRow['status'], string>> = {
  online: t('worker|online'),
  late: t('worker|late'),
  offline: t('worker|offline'),
};

/** In lists only trouble is tinted; `tinted` tints any state, in a head. */
export function StateBadge({ state, retries, tinted }: { state: string; retries?: number; tinted?: boolean }) {
  return (
    <span className={tinted ? 'state tinted' : 'state'} data-state={state}>
      <Icon name={stateIcon(state)} />
      <ForeignText text={state} />
      {state === 'RETRY' && retries ? ` ${retries}` : ''}
    </span>
  );
}

export function Alive({ status, children }: { status: WorkerRow['status']; children?: React.ReactNode }) {
  return (
    <span className="alive" data-state={status}>
      <Icon name={status} />
      {children ?? STATUS[status]}
      {children !== undefined && <span className="sr"> {STATUS[status]}</span>}
    </span>
  );
}

/** Trouble first: the order of the chips above the list. */
export const CHIP_ORDER = [
  'FAILURE',
  'RETRY',
  'STARTED',
  'RECEIVED',
  'PENDING',
  'SUCCESS',
  'REVOKED',
  'REJECTED',
  'IGNORED',
] as const;
