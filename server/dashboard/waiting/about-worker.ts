// What the worker that has the task says: gone or silent, running it, no free slot, held by a rate limit.
// Not here: tasks still in the broker (about-broker.ts).
// Holds: a task that its worker may hold for a rate limit is never called lost.
// Celery 5.6: worker/consumer/consumer.py _limit_task; worker/control.py query_task, reserved: neither names what waits for a token
import { plural } from '../../../shared/format/text.ts';
import {
  type Answer,
  age,
  type Cause,
  goBefore,
  holderOf,
  holders,
  hungWords,
  isReplaced,
  isWithWorker,
  LISTED,
  nth,
  paceUnknown,
  type Question,
  RUNS_TWICE,
  SETTLED,
  SLOW_START,
  said,
  saysItHasNot,
  silenceWords,
  since,
  slotsOf,
  slotsRemedy,
  slotWords,
  startsIn,
  startWords,
  workerPath,
} from './answer.ts';
import type { WaitFacts, WorkerFacts } from './facts.ts';

export const workerGone: Question = {
  question: 'Is its worker there?',
  look(f) {
    const w = holderOf(f);
    if (f.holder === null)
      return { is: 'no', finding: 'no worker is known to have it', source: 'events', known_at: f.task.last_event };
    const had = f.task.state === 'STARTED' ? 'ran it' : 'had taken it';
    if (f.message.found === 'ready')
      return {
        is: 'no',
        finding: `${f.holder} ${had}; its message is back in ${f.message.queue}`,
        source: 'broker',
        known_at: f.message.at,
      };
    if (w?.status === 'online' && isReplaced(w, f)) {
      const again = age(f.now - w.process_since!);
      return {
        is: 'yes',
        finding: `${f.holder} was started again ${again} ago: the process that ${had.replace('had taken', 'took')} is gone`,
        source: `uptime and lists of ${f.holder}`,
        known_at: w.answered,
        cause: {
          cause: 'worker_gone',
          ...goneWords(f, `${f.holder} was started again ${again} ago, and the process of it that ${had} is gone`),
        },
      };
    }
    if (w?.status === 'online')
      return { is: 'no', finding: `${f.holder} has it and is online`, source: 'heartbeats', known_at: w.last_heard };
    if (w?.status === 'late')
      return {
        is: 'yes',
        finding: `${f.holder} has not been heard for ${since(f, w.last_heard)}`,
        source: 'heartbeats',
        known_at: w.last_heard,
        cause: {
          cause: 'silent',
          sentence: `${f.holder}, which ${had}, has not been heard for ${since(f, w.last_heard)}${silenceWords([w])}: whether it still runs is unknown.`,
          may_still_run: true,
          would_double: `${f.holder} may come back and ${f.task.state === 'STARTED' ? 'finish' : 'run'} it. Sent again, it would run twice.`,
          remedy: { text: `Look at ${f.holder}: it is silent, and may come back.`, href: workerPath(f.holder) },
        },
      };
    return {
      is: 'yes',
      finding: `${f.holder} is gone`,
      source: 'heartbeats',
      known_at: w?.last_heard ?? f.task.last_event,
      cause: {
        cause: 'worker_gone',
        ...goneWords(
          f,
          `${f.holder}, which ${had}, is gone${w?.last_heard ? `, last heard ${age(f.now - w.last_heard)} ago` : ''}`,
        ),
      },
    };
  },
};

export const started: Question = {
  question: 'Has it started?',
  look(f) {
    const w = holderOf(f);
    if (w === null || f.message.found === 'ready')
      return { is: 'no', finding: 'no worker runs it', source: 'events', known_at: f.task.last_event };
    if (w.holds === 'active' || (f.task.state === 'STARTED' && !saysItHasNot(w, f)))
      return {
        is: 'yes',
        finding:
          w.holds === 'active' ? `${w.hostname} lists it as active` : `${w.hostname} has started it, by its event`,
        source: w.holds === 'active' ? `active tasks of ${w.hostname}` : 'events',
        known_at: w.holds === 'active' ? w.answered : f.task.last_event,
        cause: {
          cause: 'running',
          // In another state that is when an earlier try began.
          sentence:
            f.task.started === null || f.task.state !== 'STARTED'
              ? `It does not wait: ${w.hostname} runs it.`
              : `It does not wait: ${w.hostname} has run it for ${age(f.now - f.task.started)}.`,
          may_still_run: true,
          would_double: 'It runs now. Sent again, it would run twice.',
        },
      };
    if (f.task.state !== 'STARTED')
      return { is: 'no', finding: `${w.hostname} has not started it`, source: 'events', known_at: f.task.last_event };
    return {
      is: 'no',
      finding: `${w.hostname} started it and has it no more`,
      source: `active, reserved and scheduled tasks of ${w.hostname}`,
      known_at: w.asked,
    };
  },
};

export const heldByWorker: Question = { question: 'Is it held by a worker?', look: holderAnswer };

function goneWords(f: WaitFacts, gone: string): Omit<Cause, 'cause'> {
  const ends =
    f.task.state === 'STARTED' ? 'whether it finished is unknown' : 'it did not start it, as far as was heard';
  const again = { text: 'Send it again, if it has to run.', href: null };
  if (f.message.found === 'nowhere')
    return {
      sentence: `${gone}: ${ends}, and the broker does not deliver it again.`,
      may_still_run: false,
      would_double: null,
      remedy: again,
    };
  const held = f.message.found === 'unacked';
  return {
    sentence: held
      ? `${gone}; the broker holds its message and delivers it again when its visibility timeout has passed.`
      : `${gone}: ${ends}; whether the broker delivers it again is unknown.`,
    may_still_run: true,
    would_double: held
      ? 'The broker delivers its message again when its visibility timeout has passed. Sent again, it would run twice.'
      : 'The broker may deliver its message again. Sent again, it would run twice.',
  };
}

/** Its worker is online and has not started it. */
function holderAnswer(f: WaitFacts): Answer {
  const w = holderOf(f);
  if (w === null || !isWithWorker(f))
    return { is: 'no', finding: 'no worker has it', source: 'events', known_at: f.task.last_event };
  if (w.holds === 'limited')
    return limited(
      f,
      w,
      w.limit ?? null,
      `${w.hostname} says that it waits for its rate limit`,
      `reserved tasks of ${w.hostname}`,
    );
  if (w.holds === 'reserved' || w.holds === 'scheduled') return takenBy(f, w, w.holds);
  // Python's worker names a task that waits for its rate limit in no list. As long as its message is unacknowledged, it has it.
  const isUnlisted = w.holds === 'none' && w.asked !== null && w.asked >= f.task.last_event + LISTED;
  if (isUnlisted && f.task.state !== 'STARTED' && w.limit && f.message.found !== 'nowhere')
    return limited(
      f,
      w,
      w.limit,
      `${w.hostname} names it in no list, and limits it to ${w.limit}`,
      `rate limits and lists of ${w.hostname}`,
    );
  return saysItHasNot(w, f) ? inNoListOf(f, w) : unheardFrom(f, w);
}

/** It says that it has taken it, and not that it runs. */
function takenBy(f: WaitFacts, w: WorkerFacts, holds: 'reserved' | 'scheduled'): Answer {
  const known = slotsOf([w]);
  const ahead = f.reserved_ahead;
  const source =
    holds === 'reserved' ? `active and reserved tasks of ${w.hostname}` : `scheduled tasks of ${w.hostname}`;
  const base = { is: 'yes' as const, source, known_at: w.asked ?? w.answered };
  if (known && known.busy >= known.slots) {
    const starts_in = startsIn(ahead, w.out_per_min);
    return {
      ...base,
      finding: `${w.hostname} has taken it; ${slotWords([w])}`,
      cause: {
        cause: 'slots',
        sentence: `Waits for a free slot: ${w.hostname} has taken it, ${slotWords([w])}, and ${goBefore(ahead)}.${hungWords(f, [w])}${startWords(starts_in, paceUnknown(ahead, w.out_per_min, w.hostname))}`,
        may_still_run: true,
        would_double: RUNS_TWICE,
        place: nth(ahead),
        ahead,
        starts_in,
        ...holders([w]),
        remedy: slotsRemedy([w], `A larger pool of ${w.hostname} starts it sooner.`, ahead),
      },
    };
  }
  const waited = f.now - Math.max(f.task.received ?? 0, f.task.eta ?? 0);
  if (known === null)
    return {
      ...base,
      finding: `${w.hostname} has taken it; how many slots it has is unknown`,
      cause: {
        cause: 'unknown',
        sentence: `${w.hostname} has taken it and not started it; how many slots it has is unknown.`,
        may_still_run: true,
        would_double: RUNS_TWICE,
      },
    };
  const isStuck = (f.task.received !== null || f.task.eta !== null) && waited > SLOW_START;
  return {
    ...base,
    finding: `${w.hostname} has taken it and has ${plural(known.slots - known.busy, 'free slot')}`,
    cause: {
      cause: isStuck ? 'stalled' : 'next',
      sentence: isStuck
        ? `${w.hostname} took it ${age(waited)} ago, has ${plural(known.slots - known.busy, 'free slot')} and does not start it.`
        : `${w.hostname} has taken it and has ${plural(known.slots - known.busy, 'free slot')}: it starts next.`,
      may_still_run: true,
      would_double: RUNS_TWICE,
      place: nth(ahead),
      ahead,
    },
  };
}

/** By its events it has it, and it has not said since what it holds. */
function unheardFrom(f: WaitFacts, w: WorkerFacts): Answer {
  if (f.task.last_event >= f.now - 2 * SETTLED)
    return {
      is: 'yes',
      finding: `${w.hostname} has just taken it`,
      source: 'events',
      known_at: f.task.last_event,
      cause: {
        cause: 'next',
        sentence: `${w.hostname} has just taken it; where it is there is not known yet.`,
        may_still_run: true,
        would_double: RUNS_TWICE,
      },
    };
  return {
    is: 'unknown',
    finding: `${w.hostname} has not said ${w.answered === null ? 'yet' : `for ${age(f.now - w.answered)}`} what it holds`,
    source: listsOf(w),
    known_at: w.asked,
    cause: {
      cause: 'unknown',
      sentence: `${w.hostname} has taken it and has not answered lately: whether it runs, or waits for what, is unknown.`,
      may_still_run: true,
      would_double: RUNS_TWICE,
    },
  };
}

/** It names it in none of its lists. */
function inNoListOf(f: WaitFacts, w: WorkerFacts): Answer {
  if (f.message.found === 'unacked')
    return {
      is: 'unknown',
      finding: `${w.hostname} names it in no list, and its message is unacknowledged`,
      source: `${listsOf(w)}, broker`,
      known_at: w.asked,
      cause: {
        cause: 'unknown',
        sentence: `The broker holds its message as taken, and ${w.hostname} names it in none of its lists: a rate limit that was changed meanwhile may hold it.`,
        may_still_run: true,
        would_double: RUNS_TWICE,
      },
    };
  if (f.message.found === 'unknown') {
    const limitUnknown = w.limit === undefined && f.task.state !== 'STARTED';
    return {
      is: 'no',
      finding: `${w.hostname} names it in none of its lists`,
      source: listsOf(w),
      known_at: w.asked,
      cause: {
        cause: limitUnknown ? 'unknown' : 'lost',
        sentence: limitUnknown
          ? `${w.hostname} names it in none of its lists, and its rate limits are not known: it may be held by one.`
          : `${w.hostname} says that it has it no more: it ended without an event, or its event was lost.`,
        may_still_run: limitUnknown,
        would_double: limitUnknown ? RUNS_TWICE : null,
      },
    };
  }
  return { is: 'no', finding: `${w.hostname} names it in none of its lists`, source: listsOf(w), known_at: w.asked };
}

function listsOf(w: WorkerFacts): string {
  return `active, reserved and scheduled tasks of ${w.hostname}`;
}

function limited(f: WaitFacts, w: WorkerFacts, limit: string | null, finding: string, source: string): Answer {
  const ahead = f.limited_ahead;
  const perSecond = limit === null ? null : ratePerSecond(limit);
  const starts_in = startsIn(ahead, perSecond === null ? null : perSecond * 60);
  const name = f.task.name ?? 'its name';
  const behind =
    ahead === null ? '' : ahead.n === 0 && ahead.is === 'exact' ? ', next in line' : `, behind ${said(ahead)}`;
  const starts = starts_in
    ? ` At that rate it starts in ${starts_in.is === 'about' ? 'about' : 'at least'} ${age(starts_in.seconds)}.`
    : '';
  return {
    is: 'yes',
    finding,
    source,
    known_at: w.asked ?? w.answered,
    cause: {
      cause: 'rate_limit',
      sentence: `Held by the rate limit${limit === null ? ` of ${name}` : ` of ${limit}`}${behind}: ${w.hostname} has taken it and waits.${starts}`,
      may_still_run: true,
      would_double: `${w.hostname} runs it when the limit allows. Sent again, it would run twice.`,
      place: nth(ahead),
      ahead,
      starts_in,
      remedy: { text: `Raise or lift the rate limit of ${name} on ${w.hostname}.`, href: workerPath(w.hostname) },
    },
  };
}

/** '6/m' as tasks a second; null: not readable. Celery 5.6: utils/time.py rate */
export function ratePerSecond(rate: string): number | null {
  const match = /^\s*([\d.]+)\s*(?:\/\s*([smh]))?\s*$/.exec(rate);
  const n = Number(match?.[1]);
  if (!match || !Number.isFinite(n) || n <= 0) return null;
  return n / (match[2] === 'm' ? 60 : match[2] === 'h' ? 3600 : 1);
}
