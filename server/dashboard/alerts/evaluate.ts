// What a rule finds now, by the facts of the last look: each subject with the rest of its sentence; or why it cannot tell.
// Not here: for how long it must hold (rule-watch.ts), the facts (../attention/).
// Holds: pure; while a source that it rests on does not answer, a rule finds neither that something is wrong nor that it is over.
import { fnmatchToRegExp } from '../../../shared/fnmatch.ts';
import { formatCount, plural } from '../../../shared/format/text.ts';
import { formatAge } from '../../../shared/format/time.ts';
import { encodeSegment, encodeText } from '../../../shared/path-segment.ts';
import type { AlertRuleRequest, RuleSpec, Severity } from '../../../shared/wire/alerts.ts';
import type { NeedKind } from '../../../shared/wire/attention.ts';
import type { Facts, QueueFact } from '../attention/facts.ts';
import type { Finding } from '../attention/kind.ts';
import type { EndRates } from './end-rates.ts';
import type { StuckChords } from './stuck-chords.ts';

/** One thing that fires. */
export interface Found {
  /** The same at the next look. */
  readonly key: string;
  readonly name: string;
  /** The rest of the sentence. */
  readonly detail: string;
  readonly href: string;
  readonly severity?: Severity;
  /** Where the facts tell. @unit seconds since the epoch */
  readonly since?: number;
}

/** An entry of beat, and when it was due. */
export interface DueEntry {
  readonly name: string;
  /** @unit seconds since the epoch */
  readonly due: number;
}

export interface Seen {
  readonly facts: Facts;
  /** null: nothing can be concluded of that kind now. */
  readonly needs: (kind: NeedKind) => readonly Finding[] | null;
  readonly ends: Pick<EndRates, 'over'>;
  /** Entries whose time has come, or a text: why they are unknown. */
  readonly due: readonly DueEntry[] | string;
  /** Chords that cannot end, or a text: why they are unknown. */
  readonly chords: readonly StuckChords[] | string;
  /** It fires already, so that `until` counts. */
  readonly fires: (key: string) => boolean;
}

/** @returns a text: why it cannot be told */
export function evaluate(rule: RuleSpec, seen: Seen): readonly Found[] | string {
  if (rule.kind === 'need') return ofNeed(rule.need, seen);
  const away = missing(rule.kind, seen.facts);
  if (away !== null) return away;
  const { facts } = seen;
  const pattern = fnmatchToRegExp(rule.match);
  const queues = facts.queues.filter(({ name }) => pattern.test(name));
  switch (rule.kind) {
    case 'failure-rate':
      return failureRate(rule, seen, pattern);
    case 'queue-depth':
      return queues.flatMap((q) => {
        const { messages } = q;
        if (messages === null || !exceeds(messages, rule, seen.fires(q.name))) return [];
        return [of(q, `has ${plural(messages, 'waiting message')}`)];
      });
    case 'message-age':
      if (isAgeUnknown(queues)) return 'This broker does not tell how old a message is.';
      return queues.flatMap((q) => {
        const age = q.oldest === null || q.messages === 0 ? null : facts.now - q.oldest;
        if (age === null || !exceeds(age, rule, seen.fires(q.name))) return [];
        return [of(q, `has a message that waits for ${formatAge(age)}`)];
      });
    case 'no-worker':
      return queues.flatMap((q) => {
        if (q.paused || q.workers.length > 0 || (q.consumers ?? 0) > 0) return [];
        if (q.consumers === null && facts.unknownQueues > 0) return [];
        return [of(q, 'has no worker')];
      });
    case 'worker-offline':
      return workerOffline(rule.match, pattern, facts);
    case 'chord-stuck': {
      if (typeof seen.chords === 'string') return seen.chords;
      return seen.chords.flatMap(({ body, count, part, task, since }) => {
        if (!pattern.test(body)) return [];
        const many = count === 1 ? '' : ` in ${formatCount(count)} chords`;
        const detail = `cannot run${many}: ${task ?? 'a part'} of the header failed`;
        return [{ key: body, name: body, detail, href: `/workflows/${encodeSegment(part)}`, since }];
      });
    }
    case 'schedule-missed': {
      if (typeof seen.due === 'string') return seen.due;
      return seen.due.flatMap(({ name, due }) => {
        const late = facts.now - due;
        if (!pattern.test(name) || late <= rule.above) return [];
        return [
          {
            key: name,
            name,
            detail: `was due ${formatAge(late)} ago and was not sent`,
            href: '/schedules',
            since: due,
          },
        ];
      });
    }
  }
}

type Rests = keyof Facts['knowledge'];
const RESTS_ON: Readonly<Record<AlertRuleRequest['kind'], readonly Rests[]>> = {
  'failure-rate': ['events'],
  'queue-depth': ['broker'],
  'message-age': ['broker'],
  'no-worker': ['broker', 'events'],
  'worker-offline': ['broker', 'events'],
  'chord-stuck': ['events'],
  'schedule-missed': [],
};
const AWAY: Readonly<Record<Rests, string>> = {
  broker: 'The broker does not answer.',
  events: 'No events are heard.',
  control: 'Workers cannot be asked.',
  history: 'The history does not answer.',
  results: 'The result store does not answer.',
};
/** Workers are given so long to be heard after the dashboard began. @unit seconds */
const GRACE = 10;

function missing(kind: AlertRuleRequest['kind'], { knowledge, settledFor }: Facts): string | null {
  const away = RESTS_ON[kind].find((source) => knowledge[source].ok !== true);
  if (away !== undefined) return AWAY[away];
  const isOfWorkers = kind === 'no-worker' || kind === 'worker-offline';
  return isOfWorkers && (settledFor === null || settledFor < GRACE) ? 'Workers are still being asked.' : null;
}

/** Something waits, and of none of it the age is told. */
function isAgeUnknown(queues: readonly QueueFact[]): boolean {
  const filled = queues.filter(({ messages }) => messages !== 0);
  return filled.length > 0 && filled.every(({ oldest }) => oldest === null);
}

/** Above; once it fires, above what it must come down to. */
function exceeds(
  value: number,
  { above, until }: { above: number; until?: number | undefined },
  fires: boolean,
): boolean {
  return value > (fires ? Math.min(until ?? above, above) : above);
}

const of = ({ name }: QueueFact, detail: string): Found => ({
  key: name,
  name,
  detail,
  href: `/queues/${encodeSegment(name)}`,
});

function failureRate(rule: AlertRuleRequest & { kind: 'failure-rate' }, seen: Seen, pattern: RegExp): Found[] {
  return seen.ends.over(rule.of, rule.over, seen.facts.now).flatMap(({ name, ended, failed }) => {
    if (!pattern.test(name) || ended < rule.least) return [];
    const percent = (100 * failed) / ended;
    if (!exceeds(percent, rule, seen.fires(name))) return [];
    const detail = `fails at ${percent.toFixed(percent < 10 ? 1 : 0)} % (${formatCount(failed)} of ${formatCount(ended)} in ${plural(rule.over, 'minute')})`;
    const field = rule.of === 'task' ? 'name' : 'queue';
    return [{ key: name, name, detail, href: `/tasks?q=${encodeText(`${field}:${name}`)}&state=FAILURE` }];
  });
}

function workerOffline(match: string, pattern: RegExp, { workers, now }: Facts): Found[] {
  const offline = workers
    .filter(({ hostname, status }) => status === 'offline' && pattern.test(hostname))
    .map(({ hostname, left, lastHeard }): Found => {
      const ago = lastHeard === null ? '' : `, last heard ${formatAge(now - lastHeard)} ago`;
      const href = `/workers/${encodeSegment(hostname)}`;
      const said = left ? 'has left' : 'is offline';
      return { key: hostname, name: hostname, detail: said + ago, href };
    });
  const isOneName = !/[*?[]/.test(match);
  if (isOneName && !workers.some(({ hostname }) => hostname === match))
    offline.push({ key: match, name: match, detail: 'was not heard', href: '/workers' });
  return offline;
}

function ofNeed(kind: NeedKind, { needs, facts, fires }: Seen): readonly Found[] | string {
  const found = needs(kind);
  if (found === null) return 'What this rests on is not known now.';
  const all: Found[] = found.map(({ key, name, detail, href, severity, since }) => ({
    ...{ key, name, href, detail },
    ...(severity && { severity }),
    ...(since !== undefined && { since }),
  }));
  if (kind !== 'worker-silent') return all;
  // The overview forgets it after an hour; that is not its end.
  const known = new Set(all.map(({ key }) => key));
  for (const { hostname, status, left } of facts.workers)
    if (status === 'offline' && !left && !known.has(hostname) && fires(hostname))
      all.push({ key: hostname, name: hostname, detail: 'is silent', href: `/workers/${encodeSegment(hostname)}` });
  return all;
}
