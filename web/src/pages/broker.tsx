// The broker: whether it answers, its figures, which of its settings lose or double work, and what it says of itself.
// Parts: broker/. Queues one by one: the page of queues.

import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { brokerQuery } from '../api/queries.ts';
import { BrokerFacts, Versions } from '../broker/broker-facts.tsx';
import { BrokerFigures, BrokerHead } from '../broker/broker-head.tsx';
import { MemoryParts, NamedClients } from '../broker/broker-parts.tsx';
import { Findings } from '../broker/findings.tsx';
import { t } from '../language/text.ts';
import { Bar } from '../shell/layout.tsx';
import { useShortcuts } from '../shell/shortcuts.ts';
import { Button } from '../ui/button.tsx';
import { ErrorNote, LoadingBar, Skeleton } from '../ui/feedback.tsx';
import '../broker/broker.css';

export default function BrokerPage() {
  const { data: broker, error, isFetching, refetch } = useQuery(brokerQuery());
  const again = () => void refetch();
  useShortcuts([{ keys: 'r', label: t('Check again'), group: 'Page', run: again }]);
  return (
    <>
      <Bar title={t('Broker')} />
      <LoadingBar on={isFetching} />
      <main className="content broker-page" id="main">
        {broker ? (
          <>
            <BrokerHead broker={broker}>
              <Link to="/queues" className="btn">
                {t('Queues')}
              </Link>
              <Button icon="refresh" onClick={again} refused={isFetching ? t('It is being asked') : null}>
                {t('Check again')}
              </Button>
            </BrokerHead>
            {error && <ErrorNote what={t('The broker could not be asked again')} error={error} onRetry={again} />}
            <BrokerFigures broker={broker} />
            <div className="broker-columns">
              <Findings broker={broker} />
              <div>
                <MemoryParts broker={broker} />
                <NamedClients broker={broker} />
                <BrokerFacts facts={broker.facts} />
                <Versions workers={broker.workers} />
              </div>
            </div>
          </>
        ) : error ? (
          <ErrorNote what={t('The broker could not be asked about itself')} error={error} onRetry={again} />
        ) : (
          <Skeleton rows={8} />
        )}
      </main>
    </>
  );
}
