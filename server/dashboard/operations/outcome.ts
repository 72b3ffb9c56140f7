// What workers answered to a command, as the outcome of an operation.
// Holds: success is what workers answered, never assumed; who was expected and did not answer is named.
import type { WorkerAnswer } from '../../../shared/wire/operations.ts';
import type { Replies } from '../../control/control.ts';
import type { OperationResult } from '../access/audit.ts';

export const NO_ANSWER = 'no answer';

export function outcomeOf(replies: Replies, expected: readonly string[]): OperationResult {
  return judged(answersOf(replies), expected);
}

/** The outcome after more replies: what a worker said last counts, and its silence no more. */
export function withLate(before: OperationResult, replies: Replies, expected: readonly string[]): OperationResult {
  const late = answersOf(replies);
  const kept = before.answers.filter((a) => a.text !== NO_ANSWER && !late.some((b) => b.worker === a.worker));
  return { ...before, ...judged([...kept, ...late], expected) };
}

function answersOf(replies: Replies): WorkerAnswer[] {
  const answers: WorkerAnswer[] = [];
  for (const reply of replies)
    for (const [worker, value] of Object.entries(reply)) {
      const v = value as { ok?: unknown; error?: unknown } | null;
      if (v !== null && typeof v === 'object' && v.error !== undefined)
        answers.push({ worker, ok: false, text: String(v.error) });
      else
        answers.push({
          worker,
          ok: true,
          text: v !== null && typeof v === 'object' && v.ok !== undefined ? String(v.ok) : 'done',
        });
    }
  return answers;
}

function judged(heardOf: readonly WorkerAnswer[], expected: readonly string[]): OperationResult {
  const heard = heardOf.length;
  const total = Math.max(expected.length, heard);
  const silent = expected.filter((worker) => !heardOf.some((a) => a.worker === worker));
  const answers = [...heardOf, ...silent.map((worker) => ({ worker, ok: false, text: NO_ANSWER }))];
  const failed = heardOf.filter((a) => !a.ok);
  const plural = total === 1 ? 'worker' : 'workers';
  if (heard === 0)
    return {
      outcome: 'no-answer',
      summary: total === 0 ? 'No worker is online to answer' : `None of ${total} ${plural} answered`,
      answers,
    };
  const [only] = answers.length === 1 ? answers : [];
  const one = only?.ok && only.text !== 'done' && only.text.length <= 100 ? `: ${only.text}` : '';
  const summary = `${heard} of ${total} ${plural} answered${failed.length > 0 ? `; ${failed[0]!.text}` : one}`;
  if (failed.length === heard) return { outcome: 'failed', summary, answers };
  return { outcome: failed.length > 0 || heard < total ? 'partial' : 'ok', summary, answers };
}
