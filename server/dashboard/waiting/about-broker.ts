// What the broker says of the task's message and queue: nowhere, no consumer, consumers that stand still, others before it.
// Not here: tasks that a worker has (about-worker.ts).
import { formatCount, listing, plural } from '../../../shared/format/text.ts';
import {
  type Answer,
  age,
  consumerRemedy,
  consumersOf,
  goBefore,
  holderOf,
  holders,
  hungWords,
  isWithWorker,
  lateConsumersOf,
  names,
  nobodyConsumes,
  nth,
  paceUnknown,
  type Question,
  queuePath,
  RUNS_TWICE,
  said,
  silenceWords,
  slotsOf,
  slotsRemedy,
  slotWords,
  startsIn,
  startWords,
  workerPath,
} from './answer.ts';
import type { WaitFacts } from './facts.ts';

export const messageMissing: Question = {
  question: 'Is its message in the broker?',
  look(f) {
    const { message, purge, task } = f;
    if (isWithWorker(f) && message.found !== 'nowhere')
      return {
        is: 'unknown',
        finding: 'it is with a worker, which does not say where',
        source: 'broker',
        known_at: message.at,
      };
    const source = 'broker';
    const known_at = message.at;
    if (message.found === 'ready') return { is: 'no', finding: `it waits in ${message.queue}`, source, known_at };
    if (message.found === 'unknown')
      return {
        is: 'unknown',
        finding: message.why ?? 'it was not looked for',
        source: message.at === null ? null : source,
        known_at,
      };
    if (message.found === 'unacked')
      return {
        is: 'unknown',
        finding: 'a consumer has taken it and not acknowledged it',
        source,
        known_at,
        cause: {
          cause: 'unknown',
          sentence:
            'Some consumer has taken its message, and no worker heard of says that it has it: its task events may be off.',
          may_still_run: true,
          would_double: RUNS_TWICE,
        },
      };
    if (purge !== null && f.holder === null)
      return {
        is: 'yes',
        finding: `its queue was emptied ${age(f.now - purge.at)} ago by ${purge.who}, and it is nowhere`,
        source: 'audit log, broker',
        known_at,
        cause: {
          cause: 'purged',
          sentence: `Its queue was emptied ${age(f.now - purge.at)} ago by ${purge.who}, and its message is in the broker no more: it was removed.`,
          may_still_run: false,
          would_double: null,
        },
      };
    // One that sends no events, or was not asked, may run it unseen.
    const unseen = f.workers.filter(
      (w) => w.status !== 'offline' && (w.sends_events === false || w.holds === 'unknown'),
    );
    const sure = f.all_asked && unseen.length === 0;
    const holder = holderOf(f);
    return {
      is: 'yes',
      finding: 'it is in no queue, and no consumer holds it unacknowledged',
      source,
      known_at,
      cause: {
        cause: 'lost',
        sentence: holder
          ? `${holder.hostname} says that it has it no more, and the broker has no message of it: it ended without an event, or its event was lost.`
          : `Not heard of for ${age(f.now - task.last_event)}, and not in the broker: it is lost, was never sent, or ran unseen.`,
        may_still_run: !sure && !holder,
        would_double:
          sure || holder ? null : 'A worker that sends no task events may run it. Sent again, it would run twice.',
        remedy: { text: 'Send it again, if it has to run.', href: null },
      },
    };
  },
};

export const noConsumer: Question = {
  question: 'Does nobody consume its queue?',
  look(f) {
    const { queue } = f;
    if (queue === null) return { is: 'unknown', finding: 'which queue it went to is not known' };
    const consumers = consumersOf(f);
    const source = 'active_queues of the workers, broker';
    const known_at = queue.at;
    if (consumers.length > 0)
      return {
        is: 'no',
        finding: `${listing(names(consumers).slice(0, 5))} ${consumers.length === 1 ? 'consumes' : 'consume'} ${queue.name}`,
        source,
        known_at,
      };
    const late = lateConsumersOf(f);
    if (late.length > 0) {
      const who = listing(names(late).slice(0, 3));
      const [consume, have] = late.length === 1 ? ['consumes', 'has'] : ['consume', 'have'];
      const heard = Math.max(...late.map((w) => w.last_heard ?? 0));
      const silent = `${have} not been heard for ${heard === 0 ? 'an unknown time' : age(f.now - heard)}`;
      return {
        is: 'unknown',
        finding: `${who} ${consume} ${queue.name} and ${silent}`,
        source: 'heartbeats',
        known_at: heard || null,
        cause: {
          cause: 'silent',
          sentence: `${who} ${consume} ${queue.name} and ${silent}${silenceWords(late) || ': it is not known whether it is taken'}.`,
          may_still_run: true,
          would_double: RUNS_TWICE,
          place: nth(f.message.ahead),
          ahead: f.message.ahead,
        },
      };
    }
    if (!f.all_asked)
      return { is: 'unknown', finding: 'not every worker has said yet what it consumes', source, known_at };
    if (!nobodyConsumes(f))
      return {
        is: 'no',
        finding: `the broker counts ${plural(queue.consumers ?? 0, 'consumer')} of ${queue.name}, none of them heard of here`,
        source,
        known_at,
      };
    if (queue.paused)
      return {
        is: 'yes',
        finding: `no worker consumes ${queue.name}: ${queue.paused.who} paused it`,
        source: 'audit, active_queues of the workers',
        known_at,
        cause: {
          cause: 'paused',
          sentence: `${queue.name} was paused by ${queue.paused.who} ${age(f.now - queue.paused.at)} ago: it starts once the queue is resumed.`,
          may_still_run: true,
          would_double: `Its message waits in ${queue.name} and runs as soon as the queue is resumed. Sent again, it would run twice.`,
          place: nth(f.message.ahead),
          ahead: f.message.ahead,
          remedy: { text: `Resume ${queue.name}.`, href: queuePath(queue.name) },
        },
      };
    const gone = f.workers.filter((w) => w.consumes && w.status !== 'online');
    const left =
      gone.length > 0
        ? ` ${listing(names(gone).slice(0, 3))}, which consumed it, ${gone.length === 1 ? 'is' : 'are'} gone.`
        : '';
    return {
      is: 'yes',
      finding: `no worker consumes ${queue.name}`,
      source,
      known_at,
      cause: {
        cause: 'no_consumer',
        sentence: `No worker consumes ${queue.name}: it will not start.${left}`,
        may_still_run: true,
        would_double: `Its message waits in ${queue.name} and runs as soon as a worker consumes it. Sent again, it would run twice.`,
        place: nth(f.message.ahead),
        ahead: f.message.ahead,
        remedy: consumerRemedy(f),
      },
    };
  },
};

export const consumersStill: Question = {
  question: 'Do its consumers stand still?',
  look(f) {
    const { queue } = f;
    if (queue === null) return { is: 'unknown', finding: 'which queue it went to is not known' };
    const { standstill } = queue;
    if (standstill === null)
      return {
        is: 'no',
        finding: `${queue.name} moves, or its workers have no room`,
        source: 'broker, events',
        known_at: queue.at,
      };
    const still = age(f.now - standstill.since);
    const { workers } = standstill;
    const one = workers.length === 1;
    return {
      is: 'yes',
      finding: `nothing was taken from ${queue.name} for ${still}, though its workers have room`,
      source: 'broker, events',
      known_at: queue.at,
      cause: {
        cause: 'stalled',
        sentence: `${listing(workers.slice(0, 3))} ${one ? 'consumes' : 'consume'} ${queue.name}, ${one ? 'has' : 'have'} free slots and took nothing from it for ${still}.`,
        may_still_run: true,
        would_double: RUNS_TWICE,
        place: nth(f.message.ahead),
        ahead: f.message.ahead,
        remedy: {
          text: 'A worker that stands still usually needs a restart.',
          href: workers[0] === undefined ? null : workerPath(workers[0]),
        },
      },
    };
  },
};

export const othersBefore: Question = { question: 'Do others go before it?', look: inQueue };

/** Its message is ready in a queue that somebody consumes. */
function inQueue(f: WaitFacts): Answer {
  const { message, queue } = f;
  if (message.found !== 'ready')
    return {
      is: 'unknown',
      finding: message.why ?? 'where it is, is not known',
      source: message.at === null ? null : 'broker',
      known_at: message.at,
    };
  const name = message.queue!;
  const consumers = consumersOf(f);
  // Which of them it is that is given the messages nobody tells, nor whether that one has room.
  const oneOf = queue?.single === true && consumers.length > 1 ? `one of its ${consumers.length} workers` : null;
  const ahead = message.ahead;
  const known = slotsOf(consumers);
  const isBusy = consumers.length > 0 && known !== null && known.busy >= known.slots;
  const full =
    consumers.length > 0 && consumers.every((w) => w.window !== null && w.taken !== null && w.taken >= w.window);
  const base = { is: 'yes' as const, source: 'broker', known_at: message.at };
  const perMinute = queue?.name === name ? queue.out_per_min : null;
  const starts_in = startsIn(ahead, perMinute);
  const starts = startWords(starts_in, paceUnknown(ahead, perMinute, name));
  const rest = {
    may_still_run: true,
    would_double: `Its message waits in ${name}. Sent again, it would run twice.`,
    place: nth(ahead),
    ahead,
    starts_in,
    ...holders(consumers),
  };
  const of = queue?.depth ? ` of ${formatCount(queue.depth)}` : '';
  if (full && !isBusy) {
    const by = consumers.map((w) => `${w.hostname} ${w.taken} of ${w.window}${w.taken_by ? `, ${w.taken_by}` : ''}`);
    return {
      ...base,
      finding: `its workers hold as many messages as they may: ${by.slice(0, 3).join('; ')}`,
      cause: {
        cause: 'prefetch',
        sentence: `In ${name}, ${goBefore(ahead, 'message')}; its workers hold as many messages as they may: ${by.slice(0, 3).join('; ')}.${starts}`,
        ...rest,
        remedy: {
          text: 'What fills the prefetch window is on the page of the worker.',
          href: workerPath(consumers[0]!.hostname),
        },
      },
    };
  }
  if (ahead !== null && ahead.n > 0)
    return {
      ...base,
      finding: `place ${said({ n: ahead.n + 1, is: ahead.is })}${of} in ${name}`,
      cause: {
        cause: 'behind',
        sentence: `${capital(said(ahead))} ${ahead.n === 1 ? 'message goes' : 'messages go'} before it in ${name}${oneOf ? `, which goes to ${oneOf} at a time` : consumers.length > 0 ? `; ${slotWords(consumers)}` : ''}.${hungWords(f, consumers)}${starts}`,
        ...rest,
      },
    };
  if (isBusy)
    return {
      ...base,
      finding: `next in ${name}; ${slotWords(consumers)}`,
      cause: {
        cause: 'slots',
        sentence: `Waits for a free slot: it is next in ${name}, and ${slotWords(consumers)}.${hungWords(f, consumers)}${starts}`,
        ...rest,
        // What its workers have reserved takes a new slot before it.
        remedy: slotsRemedy(consumers, 'A larger pool starts it sooner.', null),
      },
    };
  const taker = oneOf
    ? `, which goes to ${oneOf} at a time: that one takes it when it has room`
    : consumers.length > 0
      ? ': a worker takes it at any moment'
      : '; who consumes it is not known';
  return {
    ...base,
    finding: `next in ${name}`,
    cause: { cause: 'next', sentence: `It is next in ${name}${taker}.`, ...rest },
  };
}

const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);
