// One asks what the rules say of somebody who wants something; the server answers as its gate would. For admins, below the rules.

import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useId, useState } from 'react';
import { RULED_ACTIONS } from '../../../shared/wire/operation-categories.ts';
import type { RuleTrial, RuleTrialQuery } from '../../../shared/wire/rules.ts';
import { get } from '../api/client.ts';
import { tokensQuery } from '../api/queries.ts';
import { rich } from '../language/rich.tsx';
import { fromServer, t } from '../language/text.ts';
import { Button } from '../ui/button.tsx';
import { Icon } from '../ui/icon.tsx';

/** What the select of who asks has for a person. */
const PERSON = '';

export function TryRule() {
  const id = useId();
  const { data: tokens } = useQuery(tokensQuery());
  const [fields, setFields] = useState({ token: PERSON, who: '', groups: '', action: '', task: '', queue: '' });
  const [asked, setAsked] = useState<RuleTrialQuery | null>(null);
  const { data, error } = useQuery({
    queryKey: ['rules', 'try', asked],
    queryFn: ({ signal }) => get('/rules/try', { query: asked! }, signal),
    enabled: asked !== null,
    gcTime: 0,
  });
  const isPerson = fields.token === PERSON;
  const set = (change: Partial<typeof fields>) => {
    setFields({ ...fields, ...change });
    setAsked(null);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const given = Object.entries(fields).map(([key, value]) => [key, value.trim()] as const);
    const wanted = given.filter(([key, value]) => value !== '' && (isPerson || (key !== 'who' && key !== 'groups')));
    setAsked(Object.fromEntries(wanted));
  };
  const text = (key: 'who' | 'groups' | 'task' | 'queue', label: string) => (
    <label htmlFor={`${id}-${key}`}>
      {label}
      <input
        id={`${id}-${key}`}
        className="input"
        value={fields[key]}
        autoComplete="off"
        spellCheck={false}
        maxLength={1024}
        onChange={(event) => set({ [key]: event.target.value })}
      />
    </label>
  );
  return (
    <form className="try-rule" aria-label={t('Try a rule')} onSubmit={submit}>
      <label htmlFor={`${id}-as`}>
        {t('Who asks')}
        <select
          id={`${id}-as`}
          className="input"
          value={fields.token}
          onChange={(event) => set({ token: event.target.value })}
        >
          <option value={PERSON}>{t('a person')}</option>
          {tokens?.items.map((one) => (
            <option key={one.id} value={one.id}>
              {t('token {token}', { token: one.name })}
            </option>
          ))}
        </select>
      </label>
      {isPerson && text('who', t('rule|Name'))}
      {isPerson && text('groups', t('Groups'))}
      <label htmlFor={`${id}-action`}>
        {t('For what')}
        <select
          id={`${id}-action`}
          className="input"
          value={fields.action}
          onChange={(event) => set({ action: event.target.value })}
        >
          <option value="">{t('to see it')}</option>
          {RULED_ACTIONS.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
      {text('task', t('Task'))}
      {text('queue', t('Queue'))}
      <Button type="submit" refused={isPerson && fields.who.trim() === '' ? t('Give a name first') : null}>
        {t('Try it')}
      </Button>
      <p role="status">{asked !== null && (error ? fromServer(error.message) : data && <Verdict of={data} />)}</p>
    </form>
  );
}

export function Verdict({ of: { allowed, reason, role, rule } }: { of: RuleTrial }) {
  // A sentence that names it says it.
  const by = rule === null || reason?.includes('(rule ') ? '' : t('by rule {rule}', { rule });
  return (
    <>
      <span className="state" data-state={allowed ? 'SUCCESS' : 'REVOKED'}>
        <Icon name={allowed ? 'SUCCESS' : 'REVOKED'} />
      </span>{' '}
      {allowed
        ? rich('<b>Yes,</b> as {role} {by}', { role: role ?? '', by })
        : rich('<b>No.</b> {reason} <i>{by}</i>', { reason: fromServer(reason!), by })}
    </>
  );
}
