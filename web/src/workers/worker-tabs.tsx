// More of a worker, by tab: limits, queues, reserved, scheduled, revoked, stats, configuration. Limits: limits.tsx.

import type { KeyboardEvent } from 'react';
import type { WorkerDetail } from '../../../shared/wire/workers.ts';
import { fromServer, t } from '../language/text.ts';
import { Stale } from '../ui/feedback.tsx';
import { count, exactCount } from '../ui/format.ts';
import { countRoom } from '../ui/steady-count.tsx';
import { Limits } from './limits.tsx';
import { PoolTab } from './pool-tab.tsx';
import { Facts } from './worker-facts.tsx';
import { WorkerQueues } from './worker-queues.tsx';
import { Requests, Revoked } from './worker-requests.tsx';

export const TABS = ['tasks', 'queues', 'reserved', 'scheduled', 'revoked', 'pool', 'stats', 'conf'] as const;
export type Tab = (typeof TABS)[number];
const WORD: Record<Tab, string> = {
  tasks: t('Registered'),
  queues: t('Queues'),
  reserved: t('Reserved'),
  scheduled: t('Scheduled'),
  revoked: t('Revoked'),
  pool: t('Pool'),
  stats: t('Statistics'),
  conf: t('Configuration'),
};

export function WorkerTabs({ worker, tab, onTab }: { worker: WorkerDetail; tab: Tab; onTab: (tab: Tab) => void }) {
  const counts: Partial<Record<Tab, number>> = {
    tasks: worker.registered.length,
    queues: worker.active_queues.length,
    ...(worker.unlisted_reason === null && { reserved: worker.reserved.length, scheduled: worker.scheduled.length }),
    revoked: worker.revoked.length,
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const at = TABS.indexOf(tab);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = TABS.at(to % TABS.length)!;
    onTab(next);
    document.getElementById(`tab-${next}`)?.focus();
  };
  return (
    <section className="card limits">
      <div className="tabs" role="tablist" aria-label={t('More of this worker')} onKeyDown={onKeyDown}>
        {TABS.map((name) => (
          <button
            key={name}
            id={`tab-${name}`}
            type="button"
            role="tab"
            aria-selected={name === tab}
            aria-controls="worker-tab"
            tabIndex={name === tab ? 0 : -1}
            onClick={() => onTab(name)}
          >
            {WORD[name]}
            <Count of={counts[name]} />
          </button>
        ))}
        <p>
          <Stale at={worker.inspected}>{worker.inspected === null ? t('it has not answered yet') : ''}</Stale>
        </p>
      </div>
      <div id="worker-tab" role="tabpanel" aria-labelledby={`tab-${tab}`}>
        {tab === 'tasks' && <Limits worker={worker} />}
        {tab === 'queues' && <WorkerQueues worker={worker} />}
        {tab === 'reserved' && (
          <Requests
            requests={worker.reserved}
            caption={t('Tasks reserved')}
            none={fromServer(worker.unlisted_reason) ?? t('It holds no task beyond those that run.')}
          />
        )}
        {tab === 'scheduled' && (
          <Requests
            requests={worker.scheduled}
            caption={t('Tasks scheduled')}
            none={fromServer(worker.unlisted_reason) ?? t('No task waits here for its ETA.')}
            eta
          />
        )}
        {tab === 'revoked' && <Revoked ids={worker.revoked} />}
        {tab === 'pool' && <PoolTab worker={worker} />}
        {tab === 'stats' && <Facts value={worker.stats} label={t('Statistics')} />}
        {tab === 'conf' && <Facts value={worker.conf} label={t('Configuration')} note={t('Secrets are masked.')} />}
      </div>
    </section>
  );
}

/** It grows while one looks, and moves no other tab. */
function Count({ of }: { of: number | undefined }) {
  if (of === undefined) return null;
  const text = count(of);
  return (
    <span title={exactCount(of)} style={{ minWidth: `${countRoom(text)}ch` }}>
      {text}
    </span>
  );
}
