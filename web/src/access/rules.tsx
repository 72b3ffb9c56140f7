// The rules table as it is configured: who gets in, as what, and who is in by each. For admins; it is changed where it is written.

import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { RulesReply } from '../../../shared/wire/rules.ts';
import { rulesQuery } from '../api/queries.ts';
import { t } from '../language/text.ts';
import { usePicture } from '../live/hooks.ts';
import { ErrorNote, Skeleton } from '../ui/feedback.tsx';
import { ForeignText } from '../ui/foreign-text.tsx';
import { mayWords } from './token-words.ts';
import { TryRule } from './try-rule.tsx';

export function Rules() {
  const role = usePicture((picture) => picture.cluster)?.role;
  const { data, error, refetch } = useQuery({ ...rulesQuery(), enabled: role === 'admin' });
  if (role !== 'admin') return null;
  if (data) return <RulesTable rules={data} below={data.items !== null && <TryRule />} />;
  return error ? (
    <ErrorNote what={t('The rules could not be read')} error={error} onRetry={() => void refetch()} />
  ) : (
    <Skeleton rows={3} />
  );
}

export function RulesTable({
  rules: { items, read_only: isReadOnly, yours },
  below,
}: {
  rules: RulesReply;
  below?: ReactNode;
}) {
  return (
    <section className="card rules" aria-labelledby="rules">
      <div className="head">
        <h2 id="rules">{t('Roles and rules')}</h2>
        <p>{items === null ? t('none are given') : t('the first that fits decides; whom none fits does not get in')}</p>
      </div>
      {isReadOnly && <p className="quiet-note">{t('This dashboard is read only: nobody changes anything.')}</p>}
      {items === null ? (
        <p className="quiet-note">
          {t('Everybody who gets in is an admin. access_rules says who may do and see what: a list, or a JSON file.')}
        </p>
      ) : (
        <table className="table">
          <caption className="sr">{t('Rules, in the order in which they are looked at')}</caption>
          <thead>
            <tr>
              <th className="c-number num">#</th>
              <th className="c-who">{t('rule|Who')}</th>
              <th>{t('May')}</th>
              <th className="c-in">{t('Signed in now')}</th>
            </tr>
          </thead>
          <tbody>
            {items.map(({ who, read_only: looks, scope, signed_in: people }, i) => (
              <tr key={i} data-yours={yours === i + 1 || undefined}>
                <td className="c-number num muted">{i + 1}</td>
                <td className="c-who code">
                  <ForeignText text={who.join(', ')} />
                </td>
                <td>
                  <ForeignText text={mayWords(looks ? { ...scope, role: 'viewer' } : scope)} />
                </td>
                <td className={people.length === 0 ? 'c-in muted' : 'c-in'}>
                  {people.length === 0 ? '-' : <ForeignText text={people.join(', ')} />}
                  {yours === i + 1 && <span className="muted"> {t('rule|you')}</span>}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {below}
    </section>
  );
}
