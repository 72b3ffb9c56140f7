// Every kind of thing that may need a person, one row each: how urgent, on what it rests, how long it must hold, when it ends, how several
// become one.
// Not here: when a finding becomes a need (watch.ts); the facts (facts.ts, gather.ts).
// Holds: pure: the same facts give the same findings. A kind that rests on a source concludes nothing while that source is not ok, nor
// before the first round of questions has ended.
import { formatCount, formatRate, plural, shortenMiddle, splitTaskName } from '../../../shared/format/text.ts';
import { formatAge } from '../../../shared/format/time.ts';
import { encodeSegment, encodeText } from '../../../shared/path-segment.ts';
import type { Evidence } from '../../../shared/wire/attention.ts';
import { LOOP_BLOCKED } from './blocked.ts';
import type { WorkerFact } from './facts.ts';
import { hungOf } from './hung.ts';
import type { Finding, Kind } from './kind.ts';
import { NAME_SHARED } from './shared-name.ts';
import { stallOf } from './stalled.ts';

/** A worker that is gone, or a gap in the events, is shown for so long. @unit seconds */
const SHOWN_FOR = 3600;
/** No worker is called silent before, however often it usually speaks. @unit seconds */
const SILENT_AFTER = 15;
/** ... and when nothing else is heard either, it may be the line: that is noticed within so long. @unit seconds */
const LINE_SILENT_AFTER = 30;
/** A clock so far ahead is worth a word. @unit seconds */
const AHEAD = 5;
/** Behind: what is late on its way looks the same. Celery 5.6: events/state.py HEARTBEAT_DRIFT_MAX. @unit seconds */
const BEHIND = 16;

const worker = (w: WorkerFact): string => `/workers/${encodeSegment(w.hostname)}`;
const messagesWait = (count: number): string => plural(count, 'message waits', 'messages wait');
const bare = (name: string): string => shortenMiddle(name, 40);

/** In the order of urgency: what stands still comes before what goes wrong, and that before what is merely worth knowing. */
export const KINDS: readonly Kind[] = [
  {
    kind: 'source-down',
    severity: 'critical',
    restsOn: [],
    grace: null,
    holds: 2,
    ends: 2,
    find({ knowledge, now }) {
      const found: Finding[] = [];
      const wording = {
        broker: { name: 'broker', detail: 'does not answer' },
        events: { name: 'events', detail: 'do not arrive' },
        history: { name: 'store', detail: 'has trouble' },
        results: { name: 'results', detail: 'cannot be asked for' },
      } as const;
      for (const source of ['broker', 'events', 'history', 'results'] as const) {
        const { ok, since, reason, as_of } = knowledge[source];
        // That no events come says nothing more when the broker is away.
        if (ok !== false || (source === 'events' && knowledge.broker.ok !== true)) continue;
        found.push({
          key: source,
          name: wording[source].name,
          detail: `${wording[source].detail}${reason === null ? '' : `: ${reason}`}`,
          since: since ?? now,
          evidence: [
            { text: reason ?? 'It does not answer', at: since },
            {
              text: as_of === null ? 'It has not answered since the dashboard began' : 'It answered for the last time',
              at: as_of,
            },
          ],
          href: '/',
          weight: source === 'broker' ? 3 : source === 'history' ? 2 : 1,
          severity: source === 'results' ? 'warning' : 'critical',
        });
      }
      return found;
    },
    several: (count) => ({ subject: plural(count, 'source'), detail: 'do not answer', href: '/' }),
  },
  {
    kind: 'no-workers',
    severity: 'critical',
    restsOn: ['events', 'broker'],
    grace: 10,
    holds: 5,
    ends: 0,
    find(facts) {
      if (facts.workers.some((w) => w.status !== 'offline')) return [];
      const heard = facts.workers.reduce<number | null>(
        (last, w) => Math.max(last ?? 0, w.lastHeard ?? 0) || null,
        null,
      );
      return [
        {
          key: '',
          name: 'workers',
          detail: 'are away: none is online',
          evidence: [
            {
              text:
                heard === null
                  ? 'None was ever heard'
                  : `${plural(facts.workers.length, 'worker')} known, none there; the last was heard`,
              at: heard,
            },
          ],
          href: '/workers',
          weight: 1,
        },
      ];
    },
    several: () => ({ subject: 'workers', detail: 'are away: none is online', href: '/workers' }),
  },
  {
    kind: 'worker-stalled',
    severity: 'critical',
    restsOn: ['events', 'broker', 'control'],
    grace: 10,
    holds: 4,
    ends: 4,
    find(facts) {
      return facts.workers.flatMap((w): Finding[] => {
        const stall = stallOf(w, facts);
        if (stall === null) return [];
        return [
          {
            key: w.hostname,
            name: w.hostname,
            detail: stall.certain ? 'is alive but takes no messages' : 'is alive but seems to take no messages',
            since: stall.since,
            evidence: stall.evidence,
            href: worker(w),
            weight: facts.now - stall.since,
          },
        ];
      });
    },
    several: (count) => ({
      subject: plural(count, 'worker'),
      detail: 'are alive but take no messages',
      href: '/workers',
    }),
  },
  {
    kind: 'pool-hung',
    severity: 'warning',
    restsOn: ['events', 'broker', 'control', 'history'],
    grace: 10,
    holds: 4,
    ends: 4,
    find(facts) {
      return facts.workers.flatMap((w): Finding[] => {
        const hung = hungOf(w, facts);
        if (hung === null) return [];
        const slots = hung.slots === 1 ? 'its only slot' : `all ${formatCount(hung.slots)} slots`;
        return [
          {
            key: w.hostname,
            name: w.hostname,
            detail: `has ${slots} taken by tasks far past their usual runtime`,
            since: hung.since,
            evidence: hung.evidence,
            href: worker(w),
            weight: facts.now - hung.since,
          },
        ];
      });
    },
    several: (count) => ({
      subject: plural(count, 'worker'),
      detail: 'have all slots taken by tasks far past their usual runtime',
      href: '/workers',
    }),
  },
  {
    kind: 'worker-silent',
    severity: 'critical',
    restsOn: ['events'],
    grace: 5,
    holds: 0,
    ends: 2,
    find(facts) {
      return facts.workers.flatMap((w): Finding[] => {
        const { silence, lastHeard, held } = w;
        if (w.status === 'online' || w.left || silence === null || lastHeard === null || silence > SHOWN_FOR) return [];
        const isLineQuiet = facts.quiet >= silence - 1;
        if (silence < Math.max(w.expectedWithin, isLineQuiet ? LINE_SILENT_AFTER : SILENT_AFTER)) return [];
        const evidence: Evidence[] = [
          { text: 'Last heard; it said no goodbye', at: lastHeard },
          { text: `It is expected to be heard every ${formatAge(w.expectedWithin)} at the latest`, at: null },
        ];
        if (w.isSolo) evidence.push({ text: 'Its pool is solo: it says nothing while it runs a task', at: null });
        if (held && held.running + held.waiting > 0)
          evidence.push({
            text: `It held ${formatCount(held.running)} running and ${plural(held.waiting, 'waiting task')} then`,
            at: lastHeard,
          });
        return [
          {
            key: w.hostname,
            name: w.hostname,
            detail: `has been silent for ${formatAge(silence)}${w.isSolo && w.status === 'late' ? ': solo, it may run a task' : ''}`,
            ...(w.isSolo && w.status === 'late' ? { severity: 'notice' as const } : {}),
            since: lastHeard,
            evidence,
            href: worker(w),
            weight: (held?.running ?? 0) * 1e6 + (held?.waiting ?? 0) * 1e3 - silence / SHOWN_FOR,
          },
        ];
      });
    },
    several: (count) => ({ subject: plural(count, 'worker'), detail: 'fell silent', href: '/workers' }),
  },
  {
    kind: 'queue-unconsumed',
    severity: 'critical',
    restsOn: ['broker', 'events'],
    grace: 5,
    holds: 4,
    ends: 4,
    find(facts) {
      return facts.queues.flatMap((q): Finding[] => {
        // Somebody wanted that; the list of queues says who.
        if (q.paused) return [];
        if (q.messages === null || q.messages === 0 || q.workers.length > 0 || (q.consumers ?? 0) > 0) return [];
        // A worker that has not reported its queues may consume it, unless the broker itself knows of nobody.
        if (q.consumers === null && facts.unknownQueues > 0) return [];
        return [
          {
            key: q.name,
            name: q.name,
            detail: `has ${plural(q.messages, 'waiting message')} and no consumer`,
            ...(q.waitingSince === null ? {} : { since: q.waitingSince }),
            evidence: [
              { text: messagesWait(q.messages), at: q.probedAt },
              {
                text:
                  q.consumers === null
                    ? 'No online worker says that it consumes this queue'
                    : 'Neither a worker nor the broker knows of a consumer',
                at: facts.knowledge.control.as_of,
              },
            ],
            href: `/queues/${encodeSegment(q.name)}`,
            weight: q.messages,
          },
        ];
      });
    },
    several: (count) => ({
      subject: plural(count, 'queue'),
      detail: 'have no consumer',
      href: '/queues?show=stranded',
    }),
  },
  {
    kind: 'failure',
    severity: 'warning',
    restsOn: ['history'],
    grace: null,
    holds: 0,
    ends: 0,
    find(facts) {
      return facts.newFailures.map((f) => {
        const short = splitTaskName(f.task).function;
        return {
          key: `${f.task}\n${f.exception}`,
          name: f.exception,
          detail: short === '' ? 'is new' : `is new in ${bare(short)}`,
          since: f.first,
          evidence: [
            { text: `${plural(f.count, 'time')}, the first`, at: f.first },
            { text: 'The last', at: f.last },
          ],
          href: `/tasks?q=${encodeText(`${f.task === '' ? '' : `name:${f.task} `}exception:${f.exception}`)}&state=FAILURE`,
          weight: f.count,
        };
      });
    },
    several: (count) => ({
      subject: plural(count, 'kind'),
      detail: 'of failure are new',
      href: '/tasks?state=FAILURE',
    }),
  },
  {
    kind: 'queue-growing',
    severity: 'warning',
    restsOn: ['broker'],
    grace: null,
    holds: 10,
    ends: 20,
    find(facts) {
      return facts.queues.flatMap((q): Finding[] => {
        // One that nobody consumes grows, too: that is said already.
        if (!q.growing || q.paused || (q.workers.length === 0 && (q.consumers ?? 0) === 0)) return [];
        return [
          {
            key: q.name,
            name: q.name,
            detail: `grows by ${formatRate(q.perMinute)}/min`,
            evidence: [
              { text: messagesWait(q.messages ?? 0), at: q.probedAt },
              {
                text: plural(q.workers.length, 'worker consumes it', 'workers consume it'),
                at: facts.knowledge.control.as_of,
              },
            ],
            href: `/queues/${encodeSegment(q.name)}`,
            weight: q.perMinute ?? 0,
          },
        ];
      });
    },
    several: (count) => ({ subject: plural(count, 'queue'), detail: 'grow', href: '/queues?show=grows' }),
  },
  LOOP_BLOCKED,
  {
    kind: 'clock-drift',
    severity: 'warning',
    restsOn: ['events'],
    grace: 10,
    holds: 2,
    ends: 4,
    find(facts) {
      return facts.workers.flatMap((w): Finding[] => {
        const { drift } = w;
        if (w.status !== 'online' || !(drift >= AHEAD || drift <= -BEHIND)) return [];
        const off = `${formatAge(Math.round(Math.abs(drift)))} ${drift > 0 ? 'ahead' : 'behind'}`;
        const than = drift > 0 ? ' of' : '';
        return [
          {
            key: w.hostname,
            name: w.hostname,
            detail: `has a clock that is ${off}`,
            evidence: [
              {
                text: `Its last heartbeats bear times ${off}${than} this machine's clock; its tasks are placed by this machine's`,
                at: w.lastHeard,
              },
            ],
            href: worker(w),
            weight: Math.abs(drift),
          },
        ];
      });
    },
    several: (count) => ({ subject: plural(count, 'worker'), detail: 'have clocks that are off', href: '/workers' }),
  },
  NAME_SHARED,
  {
    kind: 'events-off',
    severity: 'warning',
    restsOn: ['events'],
    grace: 10,
    holds: 0,
    ends: 0,
    find(facts) {
      return facts.workers.flatMap((w): Finding[] => {
        if (w.status !== 'online' || (w.unheard === null && !w.eventsDisabled)) return [];
        return [
          {
            key: w.hostname,
            name: w.hostname,
            detail: 'sends no task events',
            evidence: [
              w.unheard
                ? {
                    text: `It began ${plural(w.unheard.tasks, 'task')} in ${formatAge(w.unheard.seconds)} by ${plural(w.unheard.beats, 'heartbeat')}, and sent no event of any`,
                    at: w.lastHeard,
                  }
                : { text: 'It was asked to send none, and answered that it does not', at: w.lastHeard },
            ],
            href: worker(w),
            weight: w.unheard?.tasks ?? 0,
          },
        ];
      });
    },
    several: (count) => ({
      subject: plural(count, 'worker'),
      detail: 'send no task events',
      href: '/workers?show=quiet',
    }),
  },
  {
    kind: 'events-lost',
    severity: 'notice',
    restsOn: [],
    grace: null,
    holds: 0,
    ends: 0,
    find({ gap, now }) {
      if (gap === null || now - gap.until > SHOWN_FOR) return [];
      const ago = now - gap.until;
      const missed = gap.events === null ? 'an unknown number' : `about ${formatCount(gap.events)}`;
      const evidence: Evidence[] = [
        { text: 'Nothing was heard from', at: gap.since },
        { text: 'to', at: gap.until },
      ];
      if (gap.tasks !== null)
        evidence.push({ text: `${plural(gap.tasks, 'task')} began unseen, by the workers' own counts`, at: null });
      return [
        {
          key: String(gap.since),
          name: 'events',
          detail: `were missed for ${formatAge(Math.max(1, gap.until - gap.since))}, ${missed}, ${ago < 60 ? 'just now' : `${formatAge(ago)} ago`}`,
          since: gap.since,
          evidence,
          href: ago < 600 ? '/?range=15m' : '/?range=1h',
          weight: 1,
        },
      ];
    },
    several: (count) => ({ subject: 'events', detail: `were missed ${formatCount(count)} times`, href: '/?range=1h' }),
  },
];
