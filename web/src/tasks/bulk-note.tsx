// How far an action on more than 1,000 tasks is, and what came of it.
import { ApiError } from '../api/client.ts';
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
          {state === 'running' ? (
            <>
              {VERB[verb]}: {exactCount(sent)} of {exactCount(total)} sent{' '}
              <progress max={total} value={sent} aria-label="Sent so far" />
              <button type="button" className="link plain" onClick={onStop}>
                Stop
              </button>
            </>
          ) : (
            `${VERB[verb]}: ${exactCount(sent)} of ${exactCount(total)} sent${ending(bulk)}`
          )}
        </p>
        {summaries(bulk).map(([summary, times]) => (
          <p key={summary} className="muted">
            {summary}
            {times > 1 && ` (${exactCount(times)} times)`}
          </p>
        ))}
      </div>
      {state !== 'running' && (
        <button type="button" className="btn bare only" aria-label="Dismiss" onClick={onDismiss}>
          <Icon name="close" />
        </button>
      )}
    </div>
  );
}

function ending(bulk: Bulk): string {
  switch (bulk.state) {
    case 'stopped':
      return '. Stopped: the rest was not sent.';
    case 'failed':
      return `. The next request failed: ${bulk.error instanceof ApiError ? bulk.error.message : String(bulk.error)}`;
    case 'done':
    case 'running':
      return '.';
  }
}

/** What the requests were answered, each once. */
function summaries(bulk: Bulk): [string, number][] {
  const times = new Map<string, number>();
  for (const { summary } of bulk.records) times.set(summary, (times.get(summary) ?? 0) + 1);
  return [...times].slice(0, 5);
}
