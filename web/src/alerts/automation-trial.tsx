// What an automation would have done: with the tasks that failed within a day, or with what is so now.
import type { AutomationTrial } from '../../../shared/wire/automations.ts';
import { fromServer, t, tn } from '../language/text.ts';
import { ForeignText } from '../ui/foreign-text.tsx';
import { At } from '../ui/time.tsx';
import { DO_LABELS } from './automation-fields.ts';

export function Trial({ of: { since, facts, is_cut, acts, acts_total: total, left } }: { of: AutomationTrial }) {
  return (
    <section className="trial" aria-live="polite">
      <p>
        <b>
          {total === 0
            ? t('It would have done nothing')
            : tn(total, 'It would have acted once', 'It would have acted # times')}
        </b>{' '}
        <span className="muted">
          {since === null
            ? t('by what is so now')
            : is_cut
              ? t('by the newest {count} tasks that failed within a day', { count: facts })
              : t('by {count} tasks that failed within a day', { count: facts })}
          {left > 0 && `; ${t('{count} times it was held back by its bounds', { count: left })}`}
        </span>
      </p>
      <ol>
        {acts.map(({ at, because, action, subject }, i) => (
          <li key={i}>
            <At at={at} /> <ForeignText text={fromServer(because)} />:{' '}
            <b>
              {DO_LABELS[action as keyof typeof DO_LABELS]} <ForeignText text={subject} />
            </b>
          </li>
        ))}
      </ol>
    </section>
  );
}
