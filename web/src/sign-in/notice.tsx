// What is said above the ways to sign in. Red is for what one did, amber for a provider that did not answer: only the first is one's own to mend.

import type { ReactNode } from 'react';
import type { SignInNotice, SignInWays } from '../../../shared/wire/session.ts';
import { ApiError } from '../api/client.ts';
import { rich } from '../language/rich.tsx';
import { fromServer, t } from '../language/text.ts';
import { Icon, type IconName } from '../ui/icon.tsx';

export function Said({
  state,
  icon,
  text,
  more,
}: {
  state?: 'FAILURE' | 'RETRY';
  icon: IconName;
  text: ReactNode;
  more?: ReactNode;
}) {
  return (
    <div className="said" role="alert" data-state={state}>
      <Icon name={icon} />
      <p>{text}</p>
      {more && <p>{more}</p>}
    </div>
  );
}

export function Ended() {
  return (
    <Said
      icon="PENDING"
      text={t('You are not signed in any more.')}
      more={t('You will return to the page you were on.')}
    />
  );
}

export function Notice({ notice, ways }: { notice: SignInNotice; ways: SignInWays }) {
  const label = ways.providers.find(({ name }) => name === notice.provider)?.label ?? notice.provider;
  const { as, kind, record } = notice;
  switch (kind) {
    case 'denied':
      return <Said icon="REVOKED" text={<Known as={as} label={label} />} more={<Reference record={record} />} />;
    case 'unverified':
      return (
        <Said
          icon="REVOKED"
          text={
            as === null
              ? t('{label} has not verified your e-mail address.', { label })
              : rich('{label} has not verified the e-mail address of <b>{as}</b>.', { label, as })
          }
          more={rich('Verify it at {label}, then sign in again. {reference}', {
            label,
            reference: <Reference record={record} />,
          })}
        />
      );
    case 'declined':
      return (
        <Said
          icon="PENDING"
          text={t('You were not signed in at {label}.', { label })}
          more={t('Signing in was cancelled, or {label} does not let your account use this dashboard.', { label })}
        />
      );
    case 'stale':
      return (
        <Said
          icon="PENDING"
          text={t('Signing in with {label} was not finished.', { label })}
          more={t('It took too long, or was begun in another browser. Begin again here.')}
        />
      );
    case 'expired':
      return (
        <Said
          icon="PENDING"
          text={t('{label} does not take this sign-in any more.', { label })}
          more={t('Its code has expired, or was used before. Begin again here.')}
        />
      );
    case 'silent':
      return (
        <Said
          state="RETRY"
          icon="late"
          text={t('{label} did not answer.', { label })}
          more={
            ways.password
              ? t('Nothing is wrong with your account. Try again, or use another way.')
              : t('Nothing is wrong with your account. Try again.')
          }
        />
      );
    case 'clock':
      return (
        <Said
          state="RETRY"
          icon="late"
          text={t('The clocks of {label} and of this server differ.', { label })}
          more={t('Nothing is wrong with your account. Ask whoever runs this dashboard to set its clock.')}
        />
      );
    case 'broken':
      return (
        <Said
          state="RETRY"
          icon="late"
          text={t('{label} and this dashboard do not understand each other.', { label })}
          more={t(
            'Nothing is wrong with your account. The reason stands in the log of this dashboard: ask whoever runs it.',
          )}
        />
      );
  }
}

function Known({ as, label }: { as: string | null; label: string }) {
  if (as === null) return t('{label} did not say who you are.', { label });
  return <>{rich('{label} knows you as <b>{as}</b>. That account may not open this dashboard.', { label, as })}</>;
}

function Reference({ record }: { record: number | null }) {
  if (record === null) return t('Ask whoever runs it.');
  return (
    <>
      {rich(
        'Ask whoever runs this dashboard, and give them the reference <code>{record}</code>. The reason stands in their audit log.',
        { record: String(record) },
      )}
    </>
  );
}

export function Unreachable({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  return (
    <>
      <Said
        state="RETRY"
        icon="late"
        text={error instanceof ApiError ? fromServer(error.title) : t('The dashboard server cannot be reached')}
        more={error instanceof ApiError ? fromServer(error.detail) : String(error)}
      />
      <button type="button" className="btn" onClick={onRetry}>
        {t('Try again')}
      </button>
    </>
  );
}
