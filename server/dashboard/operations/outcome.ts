// What workers answered to a command, as the outcome of an operation.
// Holds: success is what workers answered, never assumed; who was expected and did not answer is named.
import type { WorkerAnswer } from '../../../shared/wire/operations.ts';
import type { Replies } from '../../control/control.ts';
import type { OperationResult } from '../access/audit.ts';

export const NO_ANSWER = 'no answer';

export function outcomeOf(replies: Replies, expected: readonly string[]): OperationResult {
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
  const total = Math.max(expected.length, answers.length);
  for (const worker of expected)
    if (!answers.some((a) => a.worker === worker)) answers.push({ worker, ok: false, text: NO_ANSWER });
  const heard = replies.length;
  const failed = answers.filter((a) => !a.ok && a.text !== NO_ANSWER);
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
