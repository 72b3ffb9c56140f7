// A list whose entries are written, changed and deleted: which one is being edited, which one is to go, and what is said when it was done.
// Not here: what can be done (use-alerts.ts, use-automations.ts).
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useCallback, useState } from 'react';
import { fromServer, t } from '../language/text.ts';
import { toast } from '../ui/toaster.tsx';

/** Each act reads the list of this key anew, and the audit. */
export function useEditing<One, Act extends { readonly act: string }>(
  key: string,
  perform: (asked: Act) => Promise<unknown>,
  said: (asked: Act) => string,
) {
  const client = useQueryClient();
  const [editing, setEditing] = useState<{ one: One | null } | null>(null);
  const [deleting, setDeleting] = useState<One | null>(null);
  const acts = useMutation({
    mutationFn: perform,
    onSuccess: (_, asked: Act) => {
      toast(said(asked));
      if (asked.act === 'save') setEditing(null);
    },
    // What is wrong with what was written stands in its form.
    onError: (failure, asked) =>
      asked.act !== 'save' && toast(t('Not done: {message}', { message: fromServer(failure.message) })),
    onSettled: () => {
      for (const one of [key, 'operations']) void client.invalidateQueries({ queryKey: [one] });
    },
  });
  const { reset } = acts;
  /** null: a new one. */
  const edit = useCallback(
    (one: One | null) => {
      reset();
      setEditing({ one });
    },
    [reset],
  );
  const close = () => setEditing(null);
  return { acts, editing, edit, close, deleting, setDeleting };
}
