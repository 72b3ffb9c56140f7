// API tokens: made, shown once, and revoked. First what looks wrong among them. Parts: token-*.tsx, new-token.tsx.

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { ApiToken, TokenMade, TokenRequest } from '../../../shared/wire/tokens.ts';
import { del, post } from '../api/client.ts';
import { tokensQuery } from '../api/queries.ts';
import { rich } from '../language/rich.tsx';
import { fromServer, t } from '../language/text.ts';
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
    onSuccess: ({ name }) => toast(t('{name} is revoked', { name })),
    onError: (failure) => toast(t('It could not be revoked. {message}', { message: fromServer(failure.message) })),
    onSettled: settled,
  });
  useShortcuts([{ keys: 'r', label: t('Refresh'), group: 'Page', run: () => void refetch() }]);
  const tokens = data?.items ?? [];
  const inUse = tokens.filter(({ state }) => state === 'active').length;
  const role = cluster?.role ?? 'viewer';
  const refused = role === 'viewer' ? t('It takes the role operator: you may only look') : null;
  const found = worries(tokens, now);
  return (
    <>
      <LoadingBar on={isFetching} />
      {found.length > 0 && (
        <ul className="token-worries" aria-label={t('To look at')}>
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
          <h2 id="tokens">{t('API tokens')}</h2>
          <p>
            {data
              ? t('{inUse} in use, {count} gone', { inUse: count(inUse), count: count(tokens.length - inUse) })
              : t('for programs that ask this dashboard')}
          </p>
          <Button
            icon="plus"
            refused={refused}
            onClick={() => {
              making.reset();
              setAsking(true);
            }}
          >
            {t('New token')}
          </Button>
        </div>
        {made && <TokenOnce made={made} onDone={() => setMade(null)} />}
        {error && <ErrorNote what={t('The tokens could not be read')} error={error} onRetry={() => void refetch()} />}
        {!data && !error && <Skeleton rows={3} />}
        {data && tokens.length === 0 && (
          <p className="quiet-note">
            {rich('None yet. A program sends its token with each request: <code>Authorization: Bearer umb_...</code>')}
          </p>
        )}
        {tokens.length > 0 && <TokenTable tokens={tokens} onRevoke={(token) => revoking.mutate(token)} />}
      </section>
      {isAsking && (
        <NewToken
          role={role}
          failure={making.error ? fromServer(making.error.message) : null}
          isMaking={making.isPending}
          onMake={(request) => making.mutate(request)}
          onClose={() => setAsking(false)}
        />
      )}
    </>
  );
}
