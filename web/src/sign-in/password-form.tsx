// Name and password. A wrong name and a wrong password get the same words; who has to wait sees until when, and what was typed as the name stays.

import { type FormEvent, useEffect, useRef, useState } from 'react';
import { ApiError, post } from '../api/client.ts';
import { fromServer, t } from '../language/text.ts';
import { Said } from './notice.tsx';

export function PasswordForm({ next }: { next: string | undefined }) {
  const [user, setUser] = useState('');
  const [password, setPassword] = useState('');
  const [isShown, setShown] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const [wait, setWait] = useWait();
  const field = useRef<HTMLInputElement>(null);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (isBusy || wait > 0) return;
    setBusy(true);
    setProblem(null);
    try {
      const reply = await post('/session', { user, password, ...(next !== undefined && { next }) });
      location.assign(new URL(reply.next, location.origin).toString());
    } catch (error) {
      setProblem(error);
      setWait(error instanceof ApiError && error.status === 429 ? (error.retryAfter ?? 1) : 0);
      setPassword('');
      setBusy(false);
      field.current?.focus();
    }
  };

  return (
    <>
      {problem !== null && <Wrong problem={problem} wait={wait} />}
      <form onSubmit={(event) => void submit(event)}>
        <label>
          {t('Name')}
          <input
            className="input"
            name="username"
            autoComplete="username"
            autoCapitalize="none"
            spellCheck={false}
            required
            // biome-ignore lint/a11y/noAutofocus: the page is for nothing else
            autoFocus
            value={user}
            onChange={({ target }) => setUser(target.value)}
          />
        </label>
        <div className="with">
          <label>
            {t('Password')}
            <input
              ref={field}
              className="input"
              name="password"
              type={isShown ? 'text' : 'password'}
              autoComplete="current-password"
              required
              value={password}
              onChange={({ target }) => setPassword(target.value)}
            />
          </label>
          <button
            type="button"
            aria-pressed={isShown}
            aria-label={t('Show the password')}
            onClick={() => setShown(!isShown)}
          >
            {isShown ? t('Hide') : t('Show')}
          </button>
        </div>
        <button type="submit" className="btn primary" aria-disabled={wait > 0 || isBusy ? true : undefined}>
          {wait > 0 ? t('Try again in {wait} s', { wait }) : isBusy ? t('Signing in') : t('Sign in')}
        </button>
      </form>
    </>
  );
}

function Wrong({ problem, wait }: { problem: unknown; wait: number }) {
  const status = problem instanceof ApiError ? problem.status : 0;
  if (status === 401) return <Said state="FAILURE" icon="FAILURE" text={t('Name or password is wrong.')} />;
  if (status === 429)
    return (
      <Said
        state="FAILURE"
        icon="FAILURE"
        text={problem instanceof ApiError ? fromServer(`${problem.title}.`) : ''}
        more={wait > 0 ? t('The next try has to wait.') : t('You can try again now.')}
      />
    );
  if (problem instanceof ApiError)
    return <Said icon="stop" text={fromServer(problem.title)} more={fromServer(problem.detail)} />;
  return <Said state="RETRY" icon="late" text={t('Signing in did not work')} more={String(problem)} />;
}

/** Seconds that are left. */
function useWait(): [number, (seconds: number) => void] {
  const [left, setLeft] = useState(0);
  useEffect(() => {
    if (left <= 0) return;
    const handle = setTimeout(() => setLeft(left - 1), 1000);
    return () => clearTimeout(handle);
  }, [left]);
  return [left, setLeft];
}
