// The first line of the overview: what needs a person, each a link to its place. Five at most; what it rests on is on hover.
// What is concluded and when: the server (server/dashboard/attention). Holds: its place and height are the same whatever it says.

import type { Need } from '../../../shared/wire/attention.ts';
import type { Overview } from '../../../shared/wire/overview.ts';
import { fromServer, t, tn } from '../language/text.ts';
import { useServerSilence } from '../live/knowledge.ts';
import { age, clock } from '../ui/format.ts';
import { Icon, type IconName } from '../ui/icon.tsx';
import { Middle } from '../ui/middle.tsx';
import { PathLink } from '../ui/path-link.tsx';

const LOOK: Record<Need['kind'], { icon: IconName; state?: string }> = {
  'source-down': { icon: 'offline', state: 'offline' },
  'no-workers': { icon: 'offline', state: 'offline' },
  'worker-silent': { icon: 'late', state: 'late' },
  'worker-stalled': { icon: 'late', state: 'late' },
  'pool-hung': { icon: 'late', state: 'late' },
  'queue-unconsumed': { icon: 'offline', state: 'FAILURE' },
  failure: { icon: 'FAILURE', state: 'FAILURE' },
  'queue-growing': { icon: 'rising' },
  'loop-blocked': { icon: 'late', state: 'late' },
  'clock-drift': { icon: 'late', state: 'late' },
  'name-shared': { icon: 'late', state: 'late' },
  'events-off': { icon: 'pause' },
  'events-lost': { icon: 'events', state: 'RETRY' },
};

export function NeedsLine({ overview }: { overview: Overview }) {
  const { attention, attention_more: more = 0, settling = false } = overview;
  const silent = useServerSilence();
  const total = attention.length + more;
  return (
    <section className="health" aria-label={t('Health')}>
      <h2>{heading(total, settling, silent)}</h2>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls where there is no room */}
      <ul style={{ '--needs': Math.max(3, attention.length) } as React.CSSProperties} tabIndex={0}>
        {attention.map((need, i) => (
          // In its place and not by its name: what changes, changes there.
          <li key={i}>
            <NeedLink need={need} />
          </li>
        ))}
        {more > 0 && <li className="muted more-needs">{t('and {count} more', { count: more })}</li>}
      </ul>
    </section>
  );
}

function heading(total: number, settling: boolean, silent: number | null): string {
  if (silent !== null) {
    const time = clock(silent).slice(0, 5);
    if (total === 0) return t('Nothing needed you at {time}', { time });
    return tn(total, 'One thing needed you at {time}', '# things needed you at {time}', { time });
  }
  if (total > 0) return tn(total, 'One thing needs you', '# things need you');
  return settling ? t('Asking the workers and the broker') : t('Nothing needs you');
}

function NeedLink({ need }: { need: Need }) {
  const look = LOOK[need.kind] ?? LOOK['source-down'];
  return (
    <PathLink href={need.href} title={titleOf(need)}>
      <span data-state={look.state} className="need-icon">
        <Icon name={look.icon} />
      </span>
      <b>
        <Middle text={fromServer(need.subject)} />
      </b>{' '}
      <span className="need-detail">{fromServer(need.detail)}</span>
    </PathLink>
  );
}

/** The whole sentence, what it rests on, and who is meant. */
function titleOf(need: Need): string {
  const lines = [fromServer(need.title ?? `${need.subject} ${need.detail}`)];
  for (const { text } of need.evidence ?? []) lines.push(fromServer(text));
  for (const { name, detail } of need.subjects ?? []) lines.push(`${name} ${fromServer(detail)}`);
  if (need.since)
    lines.push(
      t('since {time}, for {age}', {
        time: clock(need.since).slice(0, 8),
        age: age(Date.now() / 1000 - need.since),
      }),
    );
  return lines.join('\n');
}
