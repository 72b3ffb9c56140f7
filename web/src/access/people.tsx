// Who has signed in or acted of late: as what, by which rule, when last. For admins.

import { useQuery } from '@tanstack/react-query';
import type { PeopleReply, Person, RulesReply } from '../../../shared/wire/rules.ts';
import { peopleQuery, rulesQuery } from '../api/queries.ts';
import { t, tn } from '../language/text.ts';
import { usePicture } from '../live/hooks.ts';
import { ErrorNote, Skeleton } from '../ui/feedback.tsx';
import { ForeignText } from '../ui/foreign-text.tsx';
import { count } from '../ui/format.ts';
import { PathLink } from '../ui/path-link.tsx';
import { Age } from '../ui/time.tsx';

export function People() {
  const isAdmin = usePicture((picture) => picture.cluster?.role === 'admin');
  const { data, error, refetch } = useQuery({ ...peopleQuery(), enabled: isAdmin });
  const { data: rules } = useQuery({ ...rulesQuery(), enabled: isAdmin });
  if (!isAdmin) return null;
  if (data) return <PeopleTable people={data} rules={rules?.items ?? null} />;
  return error ? (
    <ErrorNote what={t('The people could not be read')} error={error} onRetry={() => void refetch()} />
  ) : (
    <Skeleton rows={4} />
  );
}

function PeopleTable({ people: { items, days }, rules }: { people: PeopleReply; rules: RulesReply['items'] }) {
  return (
    <section className="card people" aria-labelledby="people">
      <div className="head">
        <h2 id="people">{t('People')}</h2>
        <p>{t('who has signed in or acted within {days} days', { days })}</p>
      </div>
      {items.length === 0 ? (
        <p className="quiet-note">{t('Nobody yet.')}</p>
      ) : (
        <table className="table">
          <caption className="sr">{t('People, who was seen last first')}</caption>
          <thead>
            <tr>
              <th className="c-who">{t('Person')}</th>
              <th className="c-role">{t('Role')}</th>
              <th className="c-why">{t('Because')}</th>
              <th className="c-used num">{t('Seen')}</th>
              <th className="c-acts num">{t('Acts, {days} d', { days })}</th>
              <th className="c-open num">{t('Sessions')}</th>
            </tr>
          </thead>
          <tbody>
            {items.map((one) => (
              <tr key={one.name} data-key={one.name}>
                <td className="c-who">
                  <b>
                    <ForeignText text={one.name} />
                  </b>
                </td>
                <td className="c-role">{one.role ?? <span className="muted">{t('role|none')}</span>}</td>
                <td className="c-why muted">
                  <Why of={one} rules={rules} />
                </td>
                <td className="c-used num muted">
                  <Age at={one.seen} />
                </td>
                <td className="c-acts num">
                  <PathLink href={`/audit?who=${encodeURIComponent(one.name)}`}>
                    <span className="figure">{count(one.acts)}</span>
                    <span className="on-phone">{tn(one.acts, '# act', '# acts')}</span>
                    <span className="sr">{t(': what {name} did', { name: one.name })}</span>
                  </PathLink>
                </td>
                <td className={one.sessions === 0 ? 'c-open num muted' : 'c-open num'}>
                  <span className="figure">{count(one.sessions)}</span>
                  <span className="on-phone">{tn(one.sessions, '# session', '# sessions')}</span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function Why({ of: { role, rule }, rules }: { of: Person; rules: RulesReply['items'] }) {
  if (role === null) return t('no rule by the name alone');
  const who = rule === null ? undefined : rules?.[rule - 1]?.who;
  if (who === undefined) return t('there are no rules');
  return (
    <>
      {t('rule {rule}: ', { rule: rule! })}
      <span className="code">
        <ForeignText text={who.join(', ')} />
      </span>
    </>
  );
}
