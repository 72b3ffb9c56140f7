// Who is signed in, from where and since when; each session can be ended, by its user or by an admin.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { EndSessionsRequest, OpenSession } from '../../../shared/wire/session.ts';
import { post } from '../api/client.ts';
import { sessionsQuery } from '../api/queries.ts';
import { Button } from '../ui/button.tsx';
import { Confirm } from '../ui/confirm.tsx';
import { Empty, ErrorNote, Skeleton } from '../ui/feedback.tsx';
import { ForeignText } from '../ui/foreign-text.tsx';
import { duration, plural } from '../ui/format.ts';
import { Age, At } from '../ui/time.tsx';
import { toast } from '../ui/toaster.tsx';
import { browserOf } from './browser-of.ts';

export function Sessions() {
  const { data, error, refetch } = useQuery(sessionsQuery());
  const [isAsking, setAsking] = useState(false);
  const client = useQueryClient();
  const end = useMutation({
    mutationFn: (which: EndSessionsRequest) => post('/sessions/end', which),
    onSuccess: ({ ended }) => toast(`${plural(ended, 'session')} ended`),
    onError: (cause) => toast(`Not ended: ${cause.message}`),
    onSettled: () => client.invalidateQueries({ queryKey: ['sessions'] }),
  });
  if (error && !data)
    return <ErrorNote what="The sessions could not be read" error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton rows={4} />;
  const others = data.items.filter(({ current }) => !current);
  return (
    <section className="card sessions" aria-labelledby="sessions">
      <div className="head">
        <h2 id="sessions">Sessions</h2>
        <p>
          each ends after {round(data.idle)} without use, {round(data.max)} in all
        </p>
        {others.length > 1 && (
          <Button kind="danger" onClick={() => setAsking(true)}>
            End {others.length} others
          </Button>
        )}
      </div>
      {data.items.length === 0 ? (
        <Empty title="Nobody is signed in on the sign-in page" />
      ) : (
        <table className="table">
          <caption className="sr">Open sessions</caption>
          <thead>
            <tr>
              <th className="c-who">Person</th>
              <th className="c-where">Where</th>
              <th className="c-at num">Signed in</th>
              <th className="c-used num">Used</th>
              <th className="c-act">
                <span className="sr">End</span>
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
          title={`End ${plural(others.length, 'session')}`}
          verb={`End ${others.length}`}
          onClose={() => setAsking(false)}
          onConfirm={() => end.mutate({})}
        >
          Whoever has one of them has to sign in again. Yours goes on.
        </Confirm>
      )}
    </section>
  );
}

/** '8 h', where it is so to the minute. */
const round = (seconds: number): string => duration(seconds).replace(/ 0 \w+$/, '');

function Row({ session, onEnd }: { session: OpenSession; onEnd: () => void }) {
  const { user, by, agent, address, created, used, current } = session;
  return (
    <tr>
      <td className="c-who">
        <b>
          <ForeignText text={user} />
        </b>
      </td>
      <td className="c-where muted" title={agent}>
        <ForeignText text={`${browserOf(agent)}, ${address}`} />
        {by !== 'password' && <span className="faint"> by {by}</span>}
      </td>
      <td className="c-at num muted">
        <At at={created} />
      </td>
      <td className="c-used num muted">
        <Age at={used} />
      </td>
      <td className="c-act num">
        {current ? (
          <span className="faint">this one</span>
        ) : (
          <Button aria-label={`End this session of ${user}`} onClick={onEnd}>
            End
          </Button>
        )}
      </td>
    </tr>
  );
}
