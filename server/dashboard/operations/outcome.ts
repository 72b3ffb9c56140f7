// What workers answered to a command, as the outcome of an operation.
// Holds: success is what workers answered, never assumed; who was expected and did not answer is named; an answer of any shape becomes a
// text that is bounded and holds no secret.
import { cutText } from '../../../shared/events/edge.ts';
import { jsonText } from '../../../shared/json-text.ts';
import type { Masking } from '../../../shared/masking.ts';
import type { WorkerAnswer } from '../../../shared/wire/operations.ts';
import type { Replies } from '../../control/control.ts';
import type { OperationResult } from '../access/audit.ts';

export const NO_ANSWER = 'no answer';
/** Who reaches the broker can answer, under as many names and at as great length as they like. */
const MAX_ANSWERS = 10_000;
/** @unit characters */
const MAX_NAME = 512;
const MAX_SAID = 4000;

/** @param masking takes secrets out of what they say */
export function outcomeOf(replies: Replies, expected: readonly string[], masking: Masking): OperationResult {
  return judged(answersOf(replies, masking), expected);
}

/** The outcome after more replies: what a worker said last counts, and its silence no more. */
export function withLate(
  before: OperationResult,
  replies: Replies,
  expected: readonly string[],
  masking: Masking,
): OperationResult {
  const late = answersOf(replies, masking);
  const kept = before.answers.filter((a) => a.text !== NO_ANSWER && !late.some((b) => b.worker === a.worker));
  return { ...before, ...judged([...kept, ...late], expected) };
}

function answersOf(replies: Replies, masking: Masking): WorkerAnswer[] {
  const answers: WorkerAnswer[] = [];
  for (const reply of replies)
    for (const [worker, value] of Object.entries(reply)) {
      if (answers.length >= MAX_ANSWERS) return answers;
      const { ok, error } = (value ?? {}) as { ok?: unknown; error?: unknown };
      const words = error === undefined ? (ok === undefined ? 'done' : ok) : error;
      answers.push({ worker: cutText(worker, MAX_NAME), ok: error === undefined, text: said(words, masking) });
    }
  return answers;
}

function said(words: unknown, masking: Masking): string {
  const text = typeof words === 'string' ? words : jsonText(words);
  return cutText(masking.text(cutText(text, 4 * MAX_SAID)), MAX_SAID);
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
