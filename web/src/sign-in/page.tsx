// Signing in: the ways there are, and what came of the last try. No name of the cluster, no count, no list of who would be let in.
// Parts: password-form.tsx, notice.tsx. The server's part: access/sign-in.ts.

import { useEffect, useState } from 'react';
import type { SignInWays } from '../../../shared/wire/session.ts';
import { get } from '../api/client.ts';
import { t } from '../language/text.ts';
import { Outside } from '../shell/outside.tsx';
import { Ended, Notice, Said, Unreachable } from './notice.tsx';
import { PasswordForm } from './password-form.tsx';

/** @param search of the address: `next`, where to go on; `ended`, when a session did */
export function SignInPage({ search }: { search: URLSearchParams }) {
  const [ways, setWays] = useState<SignInWays | null>(null);
  const [failed, setFailed] = useState<unknown>(null);
  const next = search.get('next') ?? undefined;
  const ask = () => {
    setFailed(null);
    get('/session', {}).then(setWays, setFailed);
  };
  useEffect(ask, []);
  const denied = ways?.notice?.kind === 'denied' || ways?.notice?.kind === 'unverified';
  const ended = search.has('ended') && !ways?.notice;
  const title = denied ? t('No access') : ended ? t('Sign in again') : t('Sign in');
  return (
    <Outside className="signin" title={title}>
      <section className="door" aria-labelledby="sign-in">
        <h1 id="sign-in">{title}</h1>
        {failed !== null && <Unreachable error={failed} onRetry={ask} />}
        {ended && <Ended />}
        {ways?.notice && <Notice notice={ways.notice} ways={ways} />}
        {ways && (
          <>
            {ways.providers.length > 0 && (
              <div className="ways">
                {ways.providers.map(({ name, label }) => (
                  <a
                    key={name}
                    className={ways.password ? 'btn' : 'btn primary'}
                    href={providerUrl(name, next, denied)}
                  >
                    {denied ? t('Use another {label} account', { label }) : t('Continue with {label}', { label })}
                  </a>
                ))}
              </div>
            )}
            {ways.password && (
              <>
                {ways.providers.length > 0 && <p className="or">{t('or with a password')}</p>}
                <PasswordForm next={next} />
              </>
            )}
            {!ways.password && ways.providers.length === 0 && (
              <Said
                icon="stop"
                text={t('One does not sign in here.')}
                more={t('Open this dashboard by its proxy, which says who you are.')}
              />
            )}
            <p className="whisper">{t('No account? Ask whoever runs this dashboard.')}</p>
          </>
        )}
      </section>
    </Outside>
  );
}

/** @param another an account is to be chosen anew */
function providerUrl(name: string, next: string | undefined, another: boolean): string {
  const url = new URL(`login/${encodeURIComponent(name)}`, document.baseURI);
  if (next !== undefined) url.searchParams.set('next', next);
  if (another) url.searchParams.set('another', '1');
  return url.toString();
}
