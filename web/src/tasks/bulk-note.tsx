// How far an action on more than 1,000 tasks is, and what came of it.

import { ApiError } from '../api/client.ts';
import { rich } from '../language/rich.tsx';
import { fromServer, t } from '../language/text.ts';
import { exactCount } from '../ui/format.ts';
import { Icon } from '../ui/icon.tsx';
import { VERB } from './applies.ts';
import type { Bulk } from './use-bulk.ts';

export function BulkNote({ bulk, onStop, onDismiss }: { bulk: Bulk; onStop: () => void; onDismiss: () => void }) {
  const { verb, total, sent, state } = bulk;
  const bad = bulk.records.filter((record) => record.outcome !== 'ok');
  const look = state === 'failed' ? 'FAILURE' : state === 'done' && bad.length === 0 ? 'SUCCESS' : 'RETRY';
  return (
    <div className="op-note bulk-note" role="status" data-state={look}>
      {state !== 'running' && <Icon name={look === 'RETRY' ? 'late' : look} />}
      <div className="grow">
        <p>
          {state === 'running'
            ? rich('{verb}: {sent} of {total} sent {progress}<button>Stop</button>', {
                verb: VERB[verb],
                sent: exactCount(sent),
                total: exactCount(total),
                progress: <progress max={total} value={sent} aria-label={t('Sent so far')} />,
                button: (inside) => (
                  <button type="button" className="link plain" onClick={onStop}>
                    {inside}
                  </button>
                ),
              })
            : ending(bulk)}
        </p>
        {summaries(bulk).map(([summary, times]) => (
          <p key={summary} className="muted">
            {fromServer(summary)}
            {times > 1 && t(' ({times} times)', { times: exactCount(times) })}
          </p>
        ))}
      </div>
      {state !== 'running' && (
        <button type="button" className="btn bare only" aria-label={t('Dismiss')} onClick={onDismiss}>
          <Icon name="close" />
        </button>
      )}
    </div>
  );
}

function ending({ state, error, ...bulk }: Bulk): string {
  const values = { verb: VERB[bulk.verb], sent: exactCount(bulk.sent), total: exactCount(bulk.total) };
  if (state === 'stopped') return t('{verb}: {sent} of {total} sent. Stopped: the rest was not sent.', values);
  if (state === 'failed')
    return t('{verb}: {sent} of {total} sent. The next request failed: {why}', {
      ...values,
      why: fromServer(error instanceof ApiError ? error.message : String(error)),
    });
  return t('{verb}: {sent} of {total} sent.', values);
}

/** What the requests were answered, each once. */
function summaries(bulk: Bulk): [string, number][] {
  const times = new Map<string, number>();
  for (const { summary } of bulk.records) times.set(summary, (times.get(summary) ?? 0) + 1);
  return [...times].slice(0, 5);
}
