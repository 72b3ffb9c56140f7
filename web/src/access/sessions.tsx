// Who is signed in, from where and since when; each session can be ended, by its user or by an admin.

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { formatDuration } from '../../../shared/format/time.ts';
import type { EndSessionsRequest, OpenSession } from '../../../shared/wire/session.ts';
import { post } from '../api/client.ts';
import { sessionsQuery } from '../api/queries.ts';
import { localFigures } from '../language/figures.ts';
import { fromServer, t, tn } from '../language/text.ts';
import { Button } from '../ui/button.tsx';
import { Confirm } from '../ui/confirm.tsx';
import { Empty, ErrorNote, Skeleton } from '../ui/feedback.tsx';
import { ForeignText } from '../ui/foreign-text.tsx';
import { Age, At } from '../ui/time.tsx';
import { toast } from '../ui/toaster.tsx';
import { browserOf } from './browser-of.ts';

export function Sessions() {
  const { data, error, refetch } = useQuery(sessionsQuery());
  const [isAsking, setAsking] = useState(false);
  const client = useQueryClient();
  const end = useMutation({
    mutationFn: (which: EndSessionsRequest) => post('/sessions/end', which),
    onSuccess: ({ ended }) => toast(tn(ended, '# session ended', '# sessions ended')),
    onError: (cause) => toast(t('Not ended: {message}', { message: fromServer(cause.message) })),
    onSettled: () => client.invalidateQueries({ queryKey: ['sessions'] }),
  });
  if (error && !data)
    return <ErrorNote what={t('The sessions could not be read')} error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton rows={4} />;
  const others = data.items.filter(({ current }) => !current);
  return (
    <section className="card sessions" aria-labelledby="sessions">
      <div className="head">
        <h2 id="sessions">{t('Sessions')}</h2>
        <p>{t('each ends after {idle} without use, {max} in all', { idle: round(data.idle), max: round(data.max) })}</p>
        {others.length > 1 && (
          <Button kind="danger" onClick={() => setAsking(true)}>
            {t('End {count} others', { count: others.length })}
          </Button>
        )}
      </div>
      {data.items.length === 0 ? (
        <Empty title={t('Nobody is signed in on the sign-in page')} />
      ) : (
        <table className="table">
          <caption className="sr">{t('Open sessions')}</caption>
          <thead>
            <tr>
              <th className="c-who">{t('Person')}</th>
              <th className="c-where">{t('Where')}</th>
              <th className="c-at num">{t('Signed in')}</th>
              <th className="c-used num">{t('Used')}</th>
              <th className="c-act">
                <span className="sr">{t('End')}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {data.items.map((one) => (
              <Row key={one.id} session={one} onEnd={() => end.mutate({ id: one.id })} />
            ))}
          </tbody>
        </table>
      )}
      {isAsking && (
        <Confirm
          title={tn(others.length, 'End # session', 'End # sessions')}
          verb={t('End {count}', { count: others.length })}
          onClose={() => setAsking(false)}
          onConfirm={() => end.mutate({})}
        >
          {t('Whoever has one of them has to sign in again. Yours goes on.')}
        </Confirm>
      )}
    </section>
  );
}

/** '8 h', where it is so to the minute. */
const round = (seconds: number): string => localFigures(formatDuration(seconds).replace(/ 0 \w+$/, ''));

function Row({ session, onEnd }: { session: OpenSession; onEnd: () => void }) {
  const { user, by, agent, address, created, used, current } = session;
  return (
    <tr data-key={session.id}>
      <td className="c-who">
        <b>
          <ForeignText text={user} />
        </b>
      </td>
      <td className="c-where muted" title={agent}>
        <ForeignText text={`${browserOf(agent)}, ${address}`} />
        {by !== 'password' && <span className="faint">{t('by {by}', { by })}</span>}
      </td>
      <td className="c-at num muted">
        <At at={created} />
      </td>
      <td className="c-used num muted">
        <Age at={used} />
      </td>
      <td className="c-act num">
        {current ? (
          <span className="faint">{t('this one')}</span>
        ) : (
          <Button aria-label={t('End this session of {user}', { user })} onClick={onEnd}>
            {t('End')}
          </Button>
        )}
      </td>
    </tr>
  );
}
