// Making an API token: its name, what it may, how long it lasts. What comes back is shown once (token-once.tsx).

import { type FormEvent, useState } from 'react';
import type { TokenRequest, TokenScope } from '../../../shared/wire/tokens.ts';
import { t } from '../language/text.ts';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { patternsIn } from './token-words.ts';

const DAY = 86_400;
const LASTING = [
  [t('30 days'), 30 * DAY],
  [t('90 days'), 90 * DAY],
  [t('1 year'), 365 * DAY],
  [t('it never expires'), null],
] as const;
const ROLES = ['viewer', 'operator', 'admin'] as const;
const MAY: Readonly<Record<TokenScope['role'], string>> = {
  viewer: t('read (viewer)'),
  operator: t('act on tasks and queues (operator)'),
  admin: t('everything (admin)'),
};
const FIELDS = [
  ['actions', t('Only these actions'), 'retry, revoke'],
  ['tasks', t('On these tasks only'), 'shop.*'],
  ['queues', t('On these queues only'), 'reports'],
] as const;

export function NewToken({
  role: own,
  failure,
  isMaking,
  onMake,
  onClose,
}: {
  /** Of who makes it: a token has no more. */
  role: TokenScope['role'];
  /** Why the last try was refused. */
  failure: string | null;
  isMaking: boolean;
  onMake: (request: TokenRequest) => void;
  onClose: () => void;
}) {
  const [name, setName] = useState('');
  const [role, setRole] = useState<TokenScope['role']>('viewer');
  const [lasting, setLasting] = useState(1);
  const [limits, setLimits] = useState<Partial<Record<(typeof FIELDS)[number][0], string>>>({});
  const mayHave = ROLES.slice(0, ROLES.indexOf(own) + 1);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (name.trim() === '' || isMaking) return;
    const scope: TokenScope = { role };
    if (role !== 'viewer')
      for (const [key] of FIELDS) {
        const patterns = patternsIn(limits[key] ?? '');
        if (patterns) scope[key] = patterns;
      }
    onMake({ name: name.trim(), scope, expires_in: LASTING[lasting]![1] });
  };
  return (
    <Dialog title={t('New API token')} className="new-token" onClose={onClose}>
      <form onSubmit={submit}>
        <label className="confirm" htmlFor="token-name">
          {t('token|Name')}
        </label>
        <input
          id="token-name"
          className="input"
          value={name}
          maxLength={60}
          placeholder="cron-reports"
          autoComplete="off"
          onChange={(event) => setName(event.target.value)}
        />
        <label className="confirm" htmlFor="token-role">
          {t('It may')}
        </label>
        <select
          id="token-role"
          className="input"
          value={role}
          onChange={(event) => setRole(event.target.value as TokenScope['role'])}
        >
          {mayHave.map((one) => (
            <option key={one} value={one}>
              {MAY[one]}
            </option>
          ))}
        </select>
        {role !== 'viewer' &&
          FIELDS.map(([key, label, example]) => (
            <label key={key} className="confirm" htmlFor={`token-${key}`}>
              {label}
              <input
                id={`token-${key}`}
                className="input"
                value={limits[key] ?? ''}
                placeholder={t('any; or patterns: {example}', { example })}
                autoComplete="off"
                onChange={(event) => setLimits((before) => ({ ...before, [key]: event.target.value }))}
              />
            </label>
          ))}
        <label className="confirm" htmlFor="token-lasting">
          {t('For how long')}
        </label>
        <select
          id="token-lasting"
          className="input"
          value={lasting}
          onChange={(event) => setLasting(Number(event.target.value))}
        >
          {LASTING.map(([label], i) => (
            <option key={label} value={i}>
              {label}
            </option>
          ))}
        </select>
        <p className="muted">
          {t(
            'It never may more than you, and is good for nothing once you have no access here. A provider that you sign in with is not asked about you again for it.',
          )}
        </p>
        {failure && (
          <p className="failed" role="alert">
            {failure}
          </p>
        )}
        <footer>
          <Button onClick={onClose}>{t('Cancel')}</Button>
          <Button type="submit" kind="primary" refused={name.trim() === '' ? t('Give it a name first') : null}>
            {t('Make the token')}
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}
