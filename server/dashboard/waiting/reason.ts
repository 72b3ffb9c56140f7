// Why a task does not run: a fixed list of questions put to the facts, the first that holds is the cause.
// Not here: the facts (facts.ts, gather.ts), what each question finds (about-task.ts, about-worker.ts, about-broker.ts), whether it may be sent again (judge.ts).
// Holds: pure; every question gets a line of evidence, those after the cause as 'skipped'; a task that its worker may hold for a rate
// limit is never called lost; what cannot be known is 'unknown' with the reason.
import type { WaitEvidence, WaitReason } from '../../../shared/wire/wait.ts';
import { consumersStill, messageMissing, noConsumer, othersBefore } from './about-broker.ts';
import { expired, revoked, waitsForTime } from './about-task.ts';
import { heldByWorker, started, workerGone } from './about-worker.ts';
import type { Answer, Question } from './answer.ts';
import type { WaitFacts } from './facts.ts';

const QUESTIONS: readonly Question[] = [
  expired,
  revoked,
  workerGone,
  started,
  waitsForTime,
  heldByWorker,
  messageMissing,
  noConsumer,
  consumersStill,
  othersBefore,
];

export function reasonOf(facts: WaitFacts): WaitReason {
  const evidence: WaitEvidence[] = [];
  let cause: Answer | null = null;
  for (const { question, look } of QUESTIONS) {
    if (cause !== null) {
      evidence.push({
        question,
        finding: 'not looked at: the cause above is enough',
        source: null,
        known_at: null,
        answer: 'skipped',
      });
      continue;
    }
    const answer = look(facts);
    evidence.push({
      question,
      finding: answer.finding,
      source: answer.source ?? null,
      known_at: answer.source ? (answer.known_at ?? null) : null,
      answer: answer.is,
    });
    if (answer.cause !== undefined) cause = answer;
  }
  const known = evidence.flatMap((line) => (line.known_at === null ? [] : [line.known_at]));
  const found = cause?.cause;
  return {
    task_id: facts.task.uuid,
    cause: found?.cause ?? 'unknown',
    sentence: found?.sentence ?? unanswered(facts, evidence),
    evidence,
    place: found?.place ?? null,
    ahead: found?.ahead ?? null,
    starts_in: found?.starts_in ?? null,
    until: found?.until ?? null,
    holders: found?.holders ?? [],
    holders_total: found?.holders_total ?? null,
    worker: facts.holder,
    queue: facts.queue?.name ?? facts.message.queue,
    may_still_run: found?.may_still_run ?? true,
    would_double: found ? found.would_double : 'It may still run. Sent again, it would run twice.',
    remedy: found?.remedy ?? null,
    at: facts.now,
    oldest: known.length === 0 ? null : Math.min(...known),
  };
}

/** No question was answered with yes: what could not be looked at is why. */
function unanswered({ message }: WaitFacts, evidence: readonly WaitEvidence[]): string {
  if (message.found === 'unknown')
    return `Why it waits is unknown: ${message.why ?? 'its message was not looked for'}.`;
  const open = evidence.find((line) => line.answer === 'unknown');
  return `Why it waits is unknown${open ? `: ${open.finding}` : ''}.`;
}
