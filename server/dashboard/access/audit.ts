// The record of every operation: written before it is tried, completed with its outcome, and told to everyone who looks on.
// Holds: an operation that cannot be recorded is not done; what the server's death cut short stays as 'failed' with the words below.
import { jsonText } from '../../../shared/json-text.ts';
import type { OperationRecord, RecordedAction } from '../../../shared/wire/operations.ts';
import type { HistoryStore } from '../history/contract.ts';
import { type Identity, nameOf } from './identity.ts';
import type { WrongLogin } from './wrong-logins.ts';

export type OperationResult = Pick<OperationRecord, 'outcome' | 'summary' | 'answers' | 'new_ids' | 'messages'>;

/** Where operations are recorded. */
export type OperationRecords = Pick<HistoryStore, 'beginOperation' | 'finishOperation'>;

/** Who asks, and from where. @param address null: not known  @param token the name of the API token; null: none */
export interface Asker {
  readonly who: string;
  readonly address: string | null;
  readonly token: string | null;
}

export function askerOf({ identity }: { identity: Identity }): Asker {
  return { who: nameOf(identity), address: identity.address, token: identity.token };
}

/** What is to be done. @param task_name of the tasks it is about; null: none, or several */
export interface Asked extends Asker {
  readonly at: number;
  readonly subject: string;
  readonly task_name: string | null;
  readonly request: { readonly action: RecordedAction };
}

export async function audited(
  records: OperationRecords,
  asked: Asked,
  work: () => Promise<OperationResult>,
): Promise<OperationRecord> {
  const { at, who, address, token, subject, task_name, request } = asked;
  const id = await records.beginOperation({
    at,
    who,
    address,
    token,
    action: request.action,
    subject,
    task_name,
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
  const record = { id, at, who, address, token, action: request.action, subject, task_name, request, ...done };
  await recordOutcome(records, record);
  return record;
}

/** The outcome as it is known now, also when it was another one before. */
export function recordOutcome(records: OperationRecords, done: OperationResult & { id: number }): Promise<void> {
  return records.finishOperation(done.id, {
    outcome: done.outcome,
    summary: done.summary,
    answers: jsonText(done.answers),
    new_ids: done.new_ids ? JSON.stringify(done.new_ids) : null,
  });
}

/** What somebody asked for and may not stands there like what was done. @param reason why not */
export async function recordRefusal(records: OperationRecords, asked: Asked, reason: string): Promise<OperationRecord> {
  const { request, ...by } = asked;
  const row = { ...by, action: request.action, outcome: 'refused', summary: reason } as const;
  const id = await records.beginOperation({ ...row, request: jsonText(request), answers: '[]', new_ids: null });
  return { id, ...row, request, answers: [] };
}

/** Somebody known asked for what their role may not: refused at the gate, before the route has read what it was about. */
export interface RefusedRequest extends Asker {
  readonly action: RecordedAction;
  readonly subject: string;
  /** As it was asked. */
  readonly method: string;
  readonly path: string;
  readonly reason: string;
}

export function recordRefusedRequest(
  records: OperationRecords,
  { action, method, path, reason, ...by }: RefusedRequest,
  at: number,
): Promise<OperationRecord> {
  return recordRefusal(
    records,
    { ...by, at, task_name: null, request: { action, method, path } as Asked['request'] },
    reason,
  );
}

/** Who signed in, who was not let in, who signed out. @param records null: it is not open yet, and the log alone has it */
export async function recordSignIn(
  records: OperationRecords | null,
  action: 'login' | 'logout',
  { who, address, outcome, summary }: Omit<Asker, 'token'> & Pick<OperationRecord, 'outcome' | 'summary'>,
  at: number,
): Promise<number | null> {
  const id = await records?.beginOperation({
    ...{ at, who, address, token: null, action, outcome, summary },
    subject: `from ${address ?? 'an unknown address'}`,
    task_name: null,
    request: jsonText({ action }),
    answers: '[]',
    new_ids: null,
  });
  return id ?? null;
}

/** Wrong logins stand in the record of what people did, too. @param records null: it is not open yet, and the log alone has it */
export async function recordWrongLogin(
  records: OperationRecords | null,
  { address, user, times, why }: WrongLogin,
  at: number,
): Promise<void> {
  await records?.beginOperation({
    at,
    who: user,
    address,
    token: null,
    action: 'login',
    subject: `from ${address}`,
    task_name: null,
    outcome: 'failed',
    request: jsonText({ action: 'login', address, times }),
    summary: `${why}, ${times === 1 ? 'once' : `${times} times`}`,
    answers: '[]',
    new_ids: null,
  });
}
