// What the task itself says: expired, revoked, waiting for its ETA.
// Not here: its worker (about-worker.ts), its message and queue (about-broker.ts).
// Celery 5.6: worker/strategy.py (revoked and expired before ETA before rate limit), worker/request.py Request.revoked
import { listing } from '../../../shared/format/text.ts';
import {
  age,
  consumerRemedy,
  consumersOf,
  hasStarted,
  holderOf,
  isWithWorker,
  names,
  nobodyConsumes,
  type Question,
  RUNS_TWICE,
  saysItHasNot,
} from './answer.ts';

export const expired: Question = {
  question: 'Expired?',
  look(f) {
    const { expires, last_event } = f.task;
    if (expires === null) return { is: 'no', finding: 'no expiry is known', source: 'events', known_at: last_event };
    if (hasStarted(f)) return { is: 'no', finding: 'it had started before', source: 'events', known_at: last_event };
    if (expires > f.now)
      return {
        is: 'no',
        finding: `it expires in ${age(expires - f.now)}`,
        source: 'events',
        known_at: last_event,
      };
    const ago = age(f.now - expires);
    // Somebody took it, and was perhaps in time: what follows says who may have been.
    if (f.holder === null && f.message.found === 'nowhere')
      return {
        is: 'unknown',
        finding: `it expired ${ago} ago, and its message was taken: whether in time is not known`,
        source: 'events, broker',
        known_at: f.message.at,
      };
    return {
      is: 'yes',
      finding: `it expired ${ago} ago`,
      source: 'events',
      known_at: last_event,
      cause: {
        cause: 'expired',
        sentence: `It expired ${ago} ago: a worker that comes to it drops it without running it.`,
        may_still_run: false,
        would_double: null,
        until: expires,
      },
    };
  },
};

export const revoked: Question = {
  question: 'Revoked?',
  look(f) {
    const { revoke, task } = f;
    const holder = holderOf(f);
    const concerned = holder ? [holder] : consumersOf(f);
    const by = f.workers.filter((w) => w.revoked);
    const asked = concerned.map((w) => w.answered).filter((at) => at !== null);
    const source =
      revoke && by.length === 0 ? 'audit log' : `revoked tasks of ${listing(names(concerned)) || 'no worker'}`;
    const known_at = revoke && by.length === 0 ? revoke.at : asked.length > 0 ? Math.min(...asked) : null;
    if (revoke === null && by.length === 0) {
      if (concerned.length > 0 && asked.length < concerned.length)
        return { is: 'unknown', finding: 'not all of its workers have answered yet', source, known_at };
      return { is: 'no', finding: 'no worker concerned lists it as revoked', source, known_at };
    }
    if (hasStarted(f))
      return { is: 'no', finding: 'revoked, but it had started: only Terminate ends it', source, known_at };
    // Workers keep the ids in memory: one that was started again has forgotten them.
    const sure = concerned.length > 0 && concerned.every((w) => w.revoked);
    const who = revoke ? ` ${age(f.now - revoke.at)} ago by ${revoke.who}` : '';
    const when =
      task.eta !== null && task.eta > f.now ? `at its ETA, in ${age(task.eta - f.now)}` : 'when it comes to it';
    return {
      is: 'yes',
      finding:
        by.length > 0 ? `${listing(names(by))} ${by.length === 1 ? 'lists' : 'list'} it as revoked` : `revoked${who}`,
      source,
      known_at,
      cause: {
        cause: 'revoked',
        sentence: sure
          ? `Revoked${who}: ${holder?.hostname ?? 'the worker that takes it'} drops it ${when}.`
          : `Revoked${who}, but not every worker that may take it lists it as revoked: it may still run.`,
        may_still_run: !sure,
        would_double: sure ? null : RUNS_TWICE,
        until: task.eta !== null && task.eta > f.now ? task.eta : null,
      },
    };
  },
};

export const waitsForTime: Question = {
  question: 'Does it wait for a time?',
  look(f) {
    const { eta, expires, state, retries, last_event } = f.task;
    const source = f.message.found === 'ready' || f.message.found === 'unacked' ? 'message' : 'events';
    const known_at = source === 'message' ? f.message.at : last_event;
    if (eta === null) return { is: 'no', finding: 'no ETA and no countdown', source, known_at };
    if (eta <= f.now) return { is: 'no', finding: `its ETA was ${age(f.now - eta)} ago`, source, known_at };
    // A worker that has it no more will not wake it.
    const w = holderOf(f);
    if (w && isWithWorker(f) && saysItHasNot(w, f) && f.message.found === 'nowhere')
      return {
        is: 'no',
        finding: `${w.hostname} has it no more`,
        source: `scheduled tasks of ${w.hostname}`,
        known_at: w.asked,
      };
    if (!isWithWorker(f) && f.message.found === 'nowhere')
      return { is: 'no', finding: 'the broker has its message no more', source: 'broker', known_at: f.message.at };
    const isRetry = state === 'RETRY' || retries > 0;
    const inWords = age(eta - f.now);
    // Celery 5.6: worker/request.py execute_using_pool looks at `expires` once more when the ETA has come.
    if (expires !== null && expires < eta) {
      const before = age(expires - f.now);
      return {
        is: 'yes',
        finding: `${isRetry ? 'its next try is' : 'its ETA is'} in ${inWords}, and it expires in ${before}`,
        source,
        known_at,
        cause: {
          cause: 'expired',
          sentence: isRetry
            ? `Its next try is in ${inWords}, but it expires before, in ${before}: it will be dropped without running.`
            : `Its ETA is in ${inWords}, but it expires before, in ${before}: it will be dropped without running.`,
          may_still_run: false,
          would_double: null,
          until: eta,
        },
      };
    }
    const unserved = !isWithWorker(f) && f.queue !== null && f.all_asked && nobodyConsumes(f);
    const tail = unserved ? ` No worker consumes ${f.queue!.name}, so it will not start then either.` : '';
    return {
      is: 'yes',
      finding: `${isRetry ? 'its next try is' : 'its ETA is'} in ${inWords}`,
      source,
      known_at,
      cause: {
        cause: isRetry ? 'retry' : 'eta',
        sentence: isRetry
          ? `Try ${Math.max(1, retries)} failed; it is tried again in ${inWords}.${tail}`
          : `Waits for its ETA, in ${inWords}${w && isWithWorker(f) ? `, at ${w.hostname}` : ''}.${tail}`,
        may_still_run: true,
        would_double: `It runs by itself in ${inWords}. Sent again, it would run twice.`,
        until: eta,
        ...(unserved ? { remedy: consumerRemedy(f) } : {}),
      },
    };
  },
};
