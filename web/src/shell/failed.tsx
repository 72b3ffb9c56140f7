// The page of an error: what failed in words, another try, a fresh load. Within the frame when a page fails, with bare links when the frame does.
// One row, card or panel that fails: ui/boundary.tsx.

import { BASE_PATH } from '../api/base.ts';
import { ApiError } from '../api/client.ts';
import { t } from '../language/text.ts';
import { Button } from '../ui/button.tsx';
import { ErrorNote } from '../ui/feedback.tsx';
import { Mark } from '../ui/icon.tsx';
import { Bar } from './layout.tsx';
import { ENTRIES } from './places.ts';

interface FailedProps {
  error: unknown;
  reset: () => void;
}

function Failed({ error, reset }: FailedProps) {
  return (
    <main className="content" id="main">
      <ErrorNote
        what={t('This page has failed')}
        error={error}
        onRetry={error instanceof ApiError ? undefined : reset}
      />
      <p className="more-rows">
        <Button icon="refresh" onClick={() => location.reload()}>
          {t('Load the page anew')}
        </Button>
      </p>
    </main>
  );
}

export function PageError(props: FailedProps) {
  return (
    <>
      <Bar title={t('Error')} />
      <Failed {...props} />
    </>
  );
}

export function BareShell(props: FailedProps) {
  return (
    <div className="shell">
      <nav className="rail" aria-label={t('Main')}>
        <div className="brand">
          <Mark />
          <strong>Umbel</strong>
        </div>
        <ul>
          {ENTRIES.map(({ to, label }) => (
            <li key={to}>
              <a href={BASE_PATH + to.slice(1)}>
                <span>{label}</span>
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <div className="main">
        <header className="topbar">
          <h1>{t('Error')}</h1>
        </header>
        <Failed {...props} />
      </div>
    </div>
  );
}
