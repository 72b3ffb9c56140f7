// All clusters that the reader may see, a row each: how it is, in a few figures, and the way to its pages.
// The server's part: server/dashboard/several.ts. From one cluster to another: shell/cluster-switch.tsx.
// Holds: a figure whose source is silent is dimmed, and its row says since when nothing is known.

import { useEffect, useState } from 'react';
import type { ClusterSummary } from '../../../shared/wire/clusters.ts';
import { get } from '../api/client.ts';
import { fromServer, t } from '../language/text.ts';
import { Outside } from '../shell/outside.tsx';
import { clock, count, exactTime } from '../ui/format.ts';
import { Icon } from '../ui/icon.tsx';

const EVERY_MS = 5000;

export function ClustersPage() {
  const { items, failed } = useClusters();
  return (
    <Outside className="clusters" title={t('Clusters')}>
      <h1>{t('Clusters')}</h1>
      {failed !== null && (
        <p className="failed" role="alert" data-state="FAILURE">
          <Icon name="FAILURE" />
          {fromServer(failed)}
        </p>
      )}
      {items && (
        <div className={failed === null ? 'card' : 'card is-stale'}>
          <table className="table">
            <thead>
              <tr>
                <th scope="col">{t('Cluster')}</th>
                <th scope="col">{t('State')}</th>
                <th scope="col" className="num">
                  {t('Workers online')}
                </th>
                <th scope="col" className="num">
                  {t('Running')}
                </th>
                <th scope="col" className="num">
                  {t('Waiting')}
                </th>
                <th scope="col" className="num">
                  {t('Failed, last hour')}
                </th>
                <th scope="col" className="num">
                  {t('Needs attention')}
                </th>
              </tr>
            </thead>
            <tbody>
              {items.map((one) => (
                <Row key={one.name} of={one} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Outside>
  );
}

function Row({ of: { name, path, figures } }: { of: ClusterSummary }) {
  const events = figures?.events.ok === true;
  const broker = figures?.broker.ok === true;
  return (
    <tr>
      <th scope="row">
        <a href={path}>{name}</a>
      </th>
      <td>
        <State figures={figures} />
      </td>
      <Figure label={t('Workers online')} isKnown={events}>
        {figures ? t('{online} of {total}', { online: figures.workers_online, total: figures.workers_total }) : '-'}
      </Figure>
      <Figure label={t('Running')} isKnown={events}>
        {count(figures?.running)}
      </Figure>
      <Figure label={t('Waiting')} isKnown={broker}>
        {count(figures?.waiting)}
      </Figure>
      <Figure label={t('Failed, last hour')} isKnown={events}>
        {count(figures?.failed)}
      </Figure>
      <Figure label={t('Needs attention')} isKnown>
        {figures && figures.attention > 0 ? (
          <b data-state="FAILURE">{count(figures.attention)}</b>
        ) : (
          count(figures?.attention)
        )}
      </Figure>
    </tr>
  );
}

/** @param isKnown as of now */
function Figure({ label, isKnown, children }: { label: string; isKnown: boolean; children: React.ReactNode }) {
  return (
    <td className={isKnown ? 'num' : 'num is-old'} data-label={label}>
      {children}
    </td>
  );
}

function State({ figures }: Pick<ClusterSummary, 'figures'>) {
  const silent = [figures?.events, figures?.broker].find((one) => one?.ok === false);
  if (silent) {
    const { reason, since } = silent;
    return (
      <span className="alive" data-state="offline" title={fromServer(reason ?? '')}>
        <Icon name="offline" />
        {since === null ? (
          t('not known any more')
        ) : (
          <span title={exactTime(since)}>{t('not known since {time}', { time: clock(since).slice(0, 8) })}</span>
        )}
      </span>
    );
  }
  const isHeard = figures?.events.ok === true;
  return (
    <span className="alive" data-state={isHeard ? 'online' : 'late'}>
      <Icon name={isHeard ? 'online' : 'late'} />
      {isHeard ? t('heard') : t('connecting')}
    </span>
  );
}

/** Asked again and again; what was known stays while the server does not answer. */
function useClusters(): { items: readonly ClusterSummary[] | null; failed: string | null } {
  const [known, setKnown] = useState<{ items: readonly ClusterSummary[] | null; failed: string | null }>({
    items: null,
    failed: null,
  });
  useEffect(() => {
    let timer = 0;
    let isOver = false;
    const ask = async (): Promise<void> => {
      try {
        const { items } = await get('/clusters', {});
        if (!isOver) setKnown({ items, failed: null });
      } catch (error) {
        if (!isOver)
          setKnown(({ items }) => ({ items, failed: error instanceof Error ? error.message : String(error) }));
      }
      if (!isOver) timer = window.setTimeout(() => void ask(), EVERY_MS);
    };
    void ask();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, []);
  return known;
}
