// Above the list of workers: what to keep of it, a filter, how it is grouped, and a way to ask all of them for a heartbeat.
import type { RefObject } from 'react';
import { useOperation } from '../api/actions.ts';
import { useReadOnly } from '../live/hooks.ts';
import { OperationNote } from '../operations/operation-note.tsx';
import { useRefusal } from '../operations/refusal.ts';
import { Button, Segmented } from '../ui/button.tsx';
import { Facets, FilterField } from '../ui/list/listing.tsx';
import { FACET, FACETS, type WorkerLine } from './worker-list.ts';

const ICON = { offline: 'offline', late: 'late', online: 'online', full: undefined, quiet: undefined } as const;

export type WorkerGrouping = 'stem' | 'node' | 'flat';

export interface WorkerChoice {
  q: string;
  show: string;
  by: WorkerGrouping;
}

export function WorkerListHead({
  workers,
  kept,
  q,
  show,
  by,
  inputRef,
  onChange,
}: WorkerChoice & {
  workers: readonly WorkerLine[];
  /** How many of them match. */
  kept: number;
  inputRef: RefObject<HTMLInputElement | null>;
  onChange: (next: Partial<WorkerChoice>) => void;
}) {
  const ask = useOperation();
  const readOnly = useReadOnly();
  const refusal = useRefusal(undefined, ask.isPending);
  return (
    <>
      <Facets
        label="Workers to show"
        total={workers.length}
        value={show}
        onChange={(next) => onChange({ show: next })}
        items={FACETS.map((id) => ({
          id,
          label: FACET[id].label,
          n: workers.filter(FACET[id].has).length,
          icon: ICON[id],
          state: ICON[id],
        }))}
      />
      <div className="filters">
        <FilterField
          label="Filter workers"
          placeholder="Name, queue:images, busy>4, status:late"
          value={q}
          onChange={(next) => onChange({ q: next })}
          matches={`${kept} of ${workers.length}`}
          inputRef={inputRef}
        />
        <Segmented
          label="Grouping"
          value={by}
          onChange={(next) => onChange({ by: next })}
          options={[
            ['stem', 'By deployment'],
            ['node', 'By node'],
            ['flat', 'Flat'],
          ]}
        />
        {!readOnly && (
          <Button
            icon="refresh"
            hint="Ask for heartbeats"
            refused={refusal}
            onClick={() => ask.mutate({ action: 'heartbeat' })}
          />
        )}
      </div>
      <OperationNote operation={ask} />
    </>
  );
}
