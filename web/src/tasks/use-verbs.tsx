// What the page does with tasks: asks first where that is due, sends one request or many, and shows what came of it.
// The dialogs: bulk-actions.tsx, retry-dialog.tsx. Many: use-bulk.ts. Whether a verb applies: applies.ts.
import { useCallback, useState } from 'react';
import type { TaskRow } from '../../../shared/wire/tasks.ts';
import { type Operation, useOperation } from '../api/actions.ts';
import { refusal, type TaskVerb } from './applies.ts';
import { ConfirmVerb } from './bulk-actions.tsx';
import { RetryDialog } from './retry-dialog.tsx';
import { IDS_A_REQUEST, useBulk } from './use-bulk.ts';

interface Asked {
  verb: TaskVerb;
  rows: readonly TaskRow[];
}

export interface Verbs {
  operation: Operation;
  bulk: ReturnType<typeof useBulk>;
  /** What is asked about just now; null: nothing. */
  asked: Asked | null;
  act: (verb: TaskVerb, rows: readonly TaskRow[]) => void;
  close: () => void;
}

export function useVerbs(): Verbs {
  const [asked, setAsked] = useState<Asked | null>(null);
  const operation = useOperation();
  const bulk = useBulk();
  const { dismiss } = bulk;
  const act = useCallback(
    (verb: TaskVerb, rows: readonly TaskRow[]) => {
      dismiss();
      if (verb !== 'revoke' || rows.length > 1) setAsked({ verb, rows });
      else operation.mutate({ action: verb, task_ids: rows.map((row) => row.uuid) });
    },
    [operation, dismiss],
  );
  return { operation, bulk, asked, act, close: useCallback(() => setAsked(null), []) };
}

/** The dialog about what is asked: a retry of one shows its arguments, all else its consequence. */
export function VerbDialog({ verbs: { operation, bulk, asked, close } }: { verbs: Verbs }) {
  if (!asked) return null;
  const { verb, rows } = asked;
  if (verb === 'retry' && rows.length === 1) {
    const id = rows[0]!.uuid;
    return (
      <RetryDialog
        id={id}
        onClose={close}
        onDo={(options) => {
          operation.mutate({ action: 'retry', task_ids: [id], ...options });
          close();
        }}
      />
    );
  }
  return (
    <ConfirmVerb
      verb={verb}
      rows={rows}
      onClose={close}
      onDo={(signal) => {
        const task_ids = rows.filter((row) => refusal(verb, row) === null).map((row) => row.uuid);
        const options = verb === 'terminate' ? { signal } : {};
        if (task_ids.length > IDS_A_REQUEST) void bulk.run(verb, task_ids, options);
        else operation.mutate({ action: verb, task_ids, ...options });
        close();
      }}
    />
  );
}
