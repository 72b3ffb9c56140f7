// What a broker's own figures say about the safety of messages: each rule with its evidence, what follows, and what to write.
// Not here: asking it (transport/contract.ts about), queues (cluster/rows.ts).
// Holds: a rule speaks only of what is known; unknown figures find nothing. Worst first: what loses work, what doubles it, what will refuse
// it, what fills memory.
import { formatBytes, formatCount, plural } from '../../../shared/format/text.ts';
import { formatDuration } from '../../../shared/format/time.ts';
import { type BrokerFinding, HARMS } from '../../../shared/wire/broker.ts';
import type { BrokerAbout } from '../../transport/contract.ts';

/** What a rule may know. */
export interface BrokerKnown {
  readonly about: BrokerAbout;
  /** Ready and unacknowledged messages; null: not known. */
  readonly messages: number | null;
  /** The longest that a message is held unacknowledged: until an ETA, or by a task that ran. null: none is known. @unit seconds */
  readonly longestHeld: { readonly seconds: number; readonly task: string; readonly why: 'eta' | 'runtime' } | null;
  /** @unit seconds since the epoch */
  readonly now: number;
}
type Rule = (known: BrokerKnown) => Omit<BrokerFinding, 'id'> | null;

/** Of a limit, from where on it is said to be near. */
const NEAR = 0.9;

/** A figure, if the broker says it. */
const figure = ({ about }: BrokerKnown, name: string): number | null => {
  const value = about.facts[name];
  return typeof value === 'number' ? value : null;
};
const word = ({ about }: BrokerKnown, name: string): string | null => {
  const value = about.facts[name];
  return typeof value === 'string' ? value : null;
};

const RULES: Readonly<Record<string, Rule>> = {
  eviction(known) {
    const policy = word(known, 'maxmemory-policy');
    if (policy === null || policy === 'noeviction') return null;
    const { most, used } = known.about.memory;
    // Without a limit nothing is deleted to make room; `volatile-` deletes keys with a time to live, and queues have none.
    if (most === 0 || policy.startsWith('volatile-')) return null;
    const evicted = figure(known, 'evicted_keys');
    const room = used !== null && most !== null ? ` ${formatBytes(used)} of ${formatBytes(most)} are used.` : '';
    return {
      harm: 'loses',
      title: 'Redis may delete whole queues when its memory is full',
      evidence: `maxmemory-policy is ${policy}.${room}${evicted ? ` It has deleted ${plural(evicted, 'key')} since it started.` : ''}`,
      danger: 'A queue is one key: when room is needed, all of its messages go at once, and nobody is told.',
      remedy: ['CONFIG SET maxmemory-policy noeviction', 'CONFIG REWRITE'],
    };
  },
  persistence(known) {
    const appendonly = word(known, 'appendonly');
    const save = word(known, 'save');
    if (appendonly !== 'no' || save === null) return null;
    const last = figure(known, 'rdb_last_save_time');
    const changes = figure(known, 'rdb_changes_since_last_save');
    const since = last === null ? '' : ` The last snapshot is ${formatDuration(Math.max(0, known.now - last))} old`;
    const what = changes === null ? '.' : `, and ${plural(changes, 'change')} came since.`;
    return {
      harm: 'loses',
      title:
        save === ''
          ? 'A crash of Redis loses every message'
          : 'A crash of Redis loses what came since its last snapshot',
      evidence:
        save === ''
          ? 'appendonly is no, and no snapshot is made (save is empty).'
          : `appendonly is no.${since}${since ? what : ''}`,
      danger: 'After a crash the queues are as they were then: new work is gone, and finished work may come again.',
      remedy: ['CONFIG SET appendonly yes', 'CONFIG SET appendfsync everysec', 'CONFIG REWRITE'],
    };
  },
  'last-save-failed': (known) => {
    const failed = (['rdb_last_bgsave_status', 'aof_last_write_status'] as const).filter(
      (name) => word(known, name) === 'err',
    );
    if (failed.length === 0) return null;
    return {
      harm: 'refuses',
      title: 'Redis could not write to its disk',
      evidence: failed.map((name) => `${name} is err`).join(', '),
      danger:
        'Redis refuses every write until it can (stop-writes-on-bgsave-error): no task can be sent, none acknowledged.',
      remedy: [],
    };
  },
  'visibility-timeout': (known) => {
    const timeout = figure(known, 'visibility_timeout');
    const { longestHeld } = known;
    if (timeout === null || longestHeld === null || longestHeld.seconds <= timeout) return null;
    const { seconds, task, why } = longestHeld;
    const held =
      why === 'eta'
        ? `waits in a worker for ${formatDuration(seconds)} until its ETA`
        : `has run for ${formatDuration(seconds)}`;
    return {
      harm: 'doubles',
      title: 'Tasks are held for longer than the visibility timeout',
      evidence: `visibility_timeout is ${formatDuration(timeout)} here. ${task} ${held}.`,
      danger: 'What is not acknowledged by then is given to a second worker as well, and again each time it passes.',
      remedy: [`broker_transport_options = {"visibility_timeout": ${Math.ceil((seconds * 2) / 3600) * 3600}}`],
    };
  },
  memory(known) {
    const { most, used } = known.about.memory;
    if (most === null || most === 0 || used === null || used < most * NEAR) return null;
    return {
      harm: 'refuses',
      title: `The memory of ${known.about.product} is nearly full`,
      evidence: `${formatBytes(used)} of ${formatBytes(most)} are used.`,
      danger: 'When it is full, messages are refused or senders wait.',
      remedy: [],
    };
  },
  clients(known) {
    const { connected, most } = known.about.clients;
    if (most === null || most === 0 || connected === null || connected < most * NEAR) return null;
    return {
      harm: 'refuses',
      title: plural(Math.max(0, most - connected), 'connection is left', 'connections are left'),
      evidence: `${formatCount(connected)} of ${formatCount(most)} are open.`,
      danger: 'The next workers to start are refused, and those that lose their connection cannot come back.',
      remedy: [],
    };
  },
  alarms(known) {
    const on = ['mem_alarm', 'disk_free_alarm'].filter((name) => word(known, name) === 'on');
    if (on.length === 0) return null;
    const free = figure(known, 'disk_free');
    return {
      harm: 'refuses',
      title: 'RabbitMQ takes no messages: an alarm is on',
      evidence: `${on.join(' and ')} ${on.length > 1 ? 'are' : 'is'} on.${free === null ? '' : ` ${formatBytes(free)} of disk are free.`}`,
      danger:
        'Whoever sends a message waits until the alarm is over: tasks are not started, web requests that start them hang.',
      remedy: [],
    };
  },
};

export const RULE_COUNT: number = Object.keys(RULES).length;

export function brokerFindings(known: BrokerKnown): BrokerFinding[] {
  const found = Object.entries(RULES).flatMap(([id, rule]) => {
    const finding = rule(known);
    return finding === null ? [] : [{ id, ...finding }];
  });
  return found.sort((a, b) => HARMS.indexOf(a.harm) - HARMS.indexOf(b.harm));
}
