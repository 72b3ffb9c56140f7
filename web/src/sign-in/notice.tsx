// What is said above the ways to sign in. Red is for what one did, amber for a provider that did not answer: only the first is one's own to mend.
import type { ReactNode } from 'react';
import type { SignInNotice, SignInWays } from '../../../shared/wire/session.ts';
import { ApiError } from '../api/client.ts';
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
  return <Said icon="PENDING" text="You are not signed in any more." more="You will return to the page you were on." />;
}

export function Notice({ notice, ways }: { notice: SignInNotice; ways: SignInWays }) {
  const label = ways.providers.find(({ name }) => name === notice.provider)?.label ?? notice.provider;
  if (notice.kind === 'silent')
    return (
      <Said
        state="RETRY"
        icon="late"
        text={`${label} did not answer.`}
        more={`Nothing is wrong with your account. Try again${ways.password ? ', or use another way' : ''}.`}
      />
    );
  if (notice.kind === 'failed')
    return (
      <Said
        icon="PENDING"
        text={`Signing in with ${label} was not finished.`}
        more="It took too long, or was begun in another browser. Begin again here."
      />
    );
  return (
    <Said
      icon="REVOKED"
      text={
        notice.as === null ? (
          `${label} did not say who you are.`
        ) : (
          <>
            {label} knows you as <b>{notice.as}</b>. That account may not open this dashboard.
          </>
        )
      }
      more={
        notice.record === null ? (
          'Ask whoever runs it.'
        ) : (
          <>
            Ask whoever runs it, and give them the reference <code>{notice.record}</code>. The reason stands in their
            audit log.
          </>
        )
      }
    />
  );
}

export function Unreachable({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  return (
    <>
      <Said
        state="RETRY"
        icon="late"
        text={error instanceof ApiError ? error.title : 'The dashboard server cannot be reached'}
        more={error instanceof ApiError ? error.detail : String(error)}
      />
      <button type="button" className="btn" onClick={onRetry}>
        Try again
      </button>
    </>
  );
}
