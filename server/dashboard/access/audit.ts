// The record of every operation: written before it is tried, completed with its outcome, and told to everyone who looks on.
// Holds: an operation that cannot be recorded is not done; what the server's death cut short stays as 'failed' with the words below.
import { jsonText } from '../../../shared/json-text.ts';
import type { OperationRecord, RecordedAction } from '../../../shared/wire/operations.ts';
import type { HistoryStore } from '../history/contract.ts';
import type { WrongLogin } from './wrong-logins.ts';

export type OperationResult = Pick<OperationRecord, 'outcome' | 'summary' | 'answers' | 'new_ids'>;

/** Where operations are recorded. */
export type OperationRecords = Pick<HistoryStore, 'beginOperation' | 'finishOperation'>;

export async function audited(
  records: OperationRecords,
  asked: { at: number; who: string; subject: string; request: { readonly action: RecordedAction } },
  work: () => Promise<OperationResult>,
): Promise<OperationRecord> {
  const { at, who, subject, request } = asked;
  const id = await records.beginOperation({
    at,
    who,
    action: request.action,
    subject,
    request: jsonText(request),
    outcome: 'failed',
    summary: 'Begun; its end was not recorded',
    answers: '[]',
    new_ids: null,
  });
  const done = await work().catch(
    (error: unknown): OperationResult => ({
      outcome: 'failed',
      summary: error instanceof Error ? error.message : String(error),
      answers: [],
    }),
  );
  await records.finishOperation(id, {
    outcome: done.outcome,
    summary: done.summary,
    answers: jsonText(done.answers),
    new_ids: done.new_ids ? JSON.stringify(done.new_ids) : null,
  });
  return { id, at, who, action: request.action, subject, request, ...done };
}

/** Wrong logins stand in the record of what people did, too. @param records null: it is not open yet, and the log alone has it */
export async function recordWrongLogin(
  records: OperationRecords | null,
  { address, user, times }: WrongLogin,
  at: number,
): Promise<void> {
  await records?.beginOperation({
    at,
    who: user,
    action: 'login',
    subject: `from ${address}`,
    outcome: 'failed',
    request: jsonText({ action: 'login', address, times }),
    summary: `Wrong user or password, ${times === 1 ? 'once' : `${times} times`}`,
    answers: '[]',
    new_ids: null,
  });
}
