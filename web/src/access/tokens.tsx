// API tokens: made, shown once, and revoked. First what looks wrong among them. Parts: token-*.tsx, new-token.tsx.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { ApiToken, TokenMade, TokenRequest } from '../../../shared/wire/tokens.ts';
import { del, post } from '../api/client.ts';
import { tokensQuery } from '../api/queries.ts';
import { useNow, usePicture } from '../live/hooks.ts';
import { useShortcuts } from '../shell/shortcuts.ts';
import { Button } from '../ui/button.tsx';
import { ErrorNote, LoadingBar, Skeleton } from '../ui/feedback.tsx';
import { ForeignText } from '../ui/foreign-text.tsx';
import { count } from '../ui/format.ts';
import { Icon } from '../ui/icon.tsx';
import { toast } from '../ui/toaster.tsx';
import { NewToken } from './new-token.tsx';
import { TokenOnce } from './token-once.tsx';
import { TokenTable } from './token-table.tsx';
import { worries } from './token-words.ts';
import './tokens.css';

export function Tokens() {
  const { data, error, isFetching, refetch } = useQuery(tokensQuery());
  const cluster = usePicture((picture) => picture.cluster);
  const client = useQueryClient();
  const [isAsking, setAsking] = useState(false);
  const [made, setMade] = useState<TokenMade | null>(null);
  const now = useNow();
  const settled = () => void client.invalidateQueries({ queryKey: ['tokens'] });
  const making = useMutation({
    mutationFn: (request: TokenRequest) => post('/tokens', request),
    onSuccess: (reply) => {
      setMade(reply);
      setAsking(false);
    },
    onSettled: settled,
  });
  const revoking = useMutation({
    mutationFn: ({ id }: ApiToken) => del('/tokens/:id', { params: { id } }),
    onSuccess: ({ name }) => toast(`${name} is revoked`),
    onError: (failure) => toast(`It could not be revoked. ${failure.message}`),
    onSettled: settled,
  });
  useShortcuts([{ keys: 'r', label: 'Refresh', group: 'Page', run: () => void refetch() }]);
  const tokens = data?.items ?? [];
  const inUse = tokens.filter(({ state }) => state === 'active').length;
  const role = cluster?.role ?? 'viewer';
  const refused = role === 'viewer' ? 'It takes the role operator: you may only look' : null;
  const found = worries(tokens, now);
  return (
    <>
      <LoadingBar on={isFetching} />
      {found.length > 0 && (
        <ul className="token-worries" aria-label="To look at">
          {found.map(({ id, name, text }) => (
            <li key={id}>
              <Icon name="key" />
              <span>
                <b>
                  <ForeignText text={name} />
                </b>{' '}
                {text}
              </span>
            </li>
          ))}
        </ul>
      )}
      <section className="card tokens" aria-labelledby="tokens">
        <div className="head">
          <h2 id="tokens">API tokens</h2>
          <p>
            {data
              ? `${count(inUse)} in use, ${count(tokens.length - inUse)} gone`
              : 'for programs that ask this dashboard'}
          </p>
          <Button
            icon="plus"
            refused={refused}
            onClick={() => {
              making.reset();
              setAsking(true);
            }}
          >
            New token
          </Button>
        </div>
        {made && <TokenOnce made={made} onDone={() => setMade(null)} />}
        {error && <ErrorNote what="The tokens could not be read" error={error} onRetry={() => void refetch()} />}
        {!data && !error && <Skeleton rows={3} />}
        {data && tokens.length === 0 && (
          <p className="quiet-note">
            None yet. A program sends its token with each request: <code>Authorization: Bearer umb_...</code>
          </p>
        )}
        {tokens.length > 0 && <TokenTable tokens={tokens} onRevoke={(token) => revoking.mutate(token)} />}
      </section>
      {isAsking && (
        <NewToken
          role={role}
          failure={making.error ? making.error.message : null}
          isMaking={making.isPending}
          onMake={(request) => making.mutate(request)}
          onClose={() => setAsking(false)}
        />
      )}
    </>
  );
}
