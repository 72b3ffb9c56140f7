// Is the cluster well? First what needs a person, then four figures, throughput beside runtime, failures, queues, workers.
// Each card of the lower half: overview-cards.tsx. Charts: charts/.
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import type { Attention, Figures, Overview, Range } from '../../../shared/wire/http.ts';
import { overviewQuery } from '../api/queries.ts';
import { fittingRange, lastValue } from '../charts/axis.ts';
import {
  ChartBody,
  MissedLegend,
  RangePicker,
  TableToggle,
  throughputSummary,
  useSeries,
} from '../charts/chart-card.tsx';
import { Spark } from '../charts/spark.tsx';
import { useFigures, useNow, usePicture, useQueues, useWorkers } from '../live/hooks.ts';
import { EventsOff } from '../operations/events-off.tsx';
import { Bar } from '../shell/layout.tsx';
import { useShortcuts } from '../shell/shortcuts.ts';
import { ErrorNote, LoadingBar, Skeleton, Stale } from '../ui/feedback.tsx';
import { Icon, type IconName } from '../ui/icon.tsx';
import { PathLink } from '../ui/path-link.tsx';
import { age, count, exactCount, plural, rate, roughly } from '../ui/words.ts';
import { FailuresCard, FleetCard, QueuesCard } from './overview-cards.tsx';

const route = getRouteApi('/');

export default function OverviewPage() {
  const overview = useQuery(overviewQuery());
  useShortcuts([{ keys: 'r', label: 'Refresh', group: 'Page', run: () => void overview.refetch() }]);
  return (
    <>
      <Bar title="Overview" />
      <LoadingBar on={overview.isFetching && !overview.data} />
      <main className="content overview" id="main">
        {overview.data ? (
          <Body overview={overview.data} />
        ) : overview.isError ? (
          <ErrorNote
            what="The overview could not be read"
            error={overview.error}
            onRetry={() => void overview.refetch()}
          />
        ) : (
          <Skeleton rows={12} />
        )}
      </main>
    </>
  );
}

function Body({ overview }: { overview: Overview }) {
  const figures = useFigures() ?? overview.figures;
  const workers = useWorkers();
  const queues = useQueues();
  return (
    <>
      <Health attention={overview.attention} />
      <EventsOff card />
      <FiguresCard figures={figures} />
      <Traffic fitting={fittingRange(figures.spark.finished)} />
      <FailuresCard failures={overview.failures} />
      <QueuesCard queues={queues.length > 0 ? queues : overview.queues} />
      <FleetCard workers={workers.size > 0 ? [...workers.values()] : overview.workers} figures={figures} />
    </>
  );
}

const LOOK: Record<Attention['kind'], { icon: IconName; state?: string }> = {
  failure: { icon: 'FAILURE', state: 'FAILURE' },
  'queue-growing': { icon: 'rising' },
  'queue-unconsumed': { icon: 'offline', state: 'FAILURE' },
  'worker-silent': { icon: 'late', state: 'late' },
  'worker-stalled': { icon: 'late', state: 'late' },
  'loop-blocked': { icon: 'late', state: 'late' },
  'clock-drift': { icon: 'late', state: 'late' },
  'no-workers': { icon: 'offline', state: 'offline' },
  'events-off': { icon: 'pause' },
  'events-lost': { icon: 'events', state: 'RETRY' },
  'source-down': { icon: 'offline', state: 'offline' },
};

const SHOWN = 4;

function Health({ attention }: { attention: readonly Attention[] }) {
  if (attention.length === 0) {
    return (
      <section className="health" aria-label="Health">
        <h2>Nothing needs you</h2>
      </section>
    );
  }
  return (
    <section className="health" aria-label="Health">
      <h2>{attention.length === 1 ? 'One thing needs you' : `${attention.length} things need you`}</h2>
      <ul>
        {attention.slice(0, SHOWN).map((item) => {
          const look = LOOK[item.kind] ?? LOOK['source-down'];
          return (
            <li key={`${item.kind} ${item.subject}`}>
              <PathLink href={item.href}>
                <span data-state={look.state}>
                  <Icon name={look.icon} />
                </span>
                <b>{item.subject}</b> <span className="detail-words clip">{item.detail}</span>
              </PathLink>
            </li>
          );
        })}
        {attention.length > SHOWN && <li className="muted and-more">and {attention.length - SHOWN} more below</li>}
      </ul>
    </section>
  );
}

function FiguresCard({ figures }: { figures: Figures }) {
  const now = useNow();
  const heardAt = usePicture((p) => p.heardAt + p.skewMs) / 1000;
  const usualRate = figures.usual_finished_per_min;
  const times =
    figures.failed_percent && figures.usual_failed_percent
      ? figures.failed_percent / figures.usual_failed_percent
      : null;
  const failed = figures.failed_percent ?? 0;
  // With nothing to compare with, only what is much by any measure is red.
  const bad = figures.usual_failed_percent === null ? failed >= 10 : failed >= 1 && (times === null || times >= 2);
  const around = (v: number | null, part = 0.15) => (v === null ? null : { from: v * (1 - part), to: v * (1 + part) });
  return (
    <section className="card figures" aria-label="Now">
      <div>
        <h3>Finished</h3>
        <p className="value">
          <Stale at={heardAt}>
            {count(Math.round(figures.finished_per_min))}
            <small>/min</small>
          </Stale>
        </p>
        <p className="note">{comparedRate(figures.finished_per_min, usualRate)}</p>
        <Spark
          values={figures.spark.finished}
          height={32}
          usual={around(usualRate)}
          label="Finished per minute, last hour"
          fromZero
        />
      </div>
      <div data-state={bad ? 'FAILURE' : undefined}>
        <h3>Failed</h3>
        <p className="value">
          {figures.failed_percent === null ? '-' : rate(figures.failed_percent)}
          <small>%</small>
        </p>
        <p className="note">
          {figures.usual_failed_percent === null || figures.failed_percent === null ? (
            'no usual to compare with yet'
          ) : bad && times !== null ? (
            <>
              <b>{rate(times)} times</b> its usual {rate(figures.usual_failed_percent)} %
            </>
          ) : (
            `usual ${rate(figures.usual_failed_percent)} %`
          )}
        </p>
        <Spark
          values={figures.spark.failed_percent}
          height={32}
          usual={around(figures.usual_failed_percent, 0.5)}
          label="Failures in percent, last hour"
          fromZero
        />
      </div>
      <div>
        <h3>Waiting</h3>
        <p className="value" title={exactCount(figures.waiting)}>
          {count(figures.waiting)}
        </p>
        <p className="note clip">
          {figures.oldest_waiting !== null
            ? `oldest ${age(now - figures.oldest_waiting)}${figures.oldest_queue ? `, in ${figures.oldest_queue}` : ''}`
            : figures.waiting === null
              ? 'this broker could not be asked'
              : figures.waiting > 0
                ? 'since when is not told'
                : 'nothing waits'}
        </p>
        <Spark values={figures.spark.waiting} height={32} label="Waiting messages, last hour" fromZero />
      </div>
      <div>
        <h3>Busy slots</h3>
        <p className="value">
          {count(figures.busy)}
          <small>of {count(figures.slots)}</small>
        </p>
        <p className="note">
          {figures.unknown_slots > 0
            ? `${plural(figures.unknown_slots, 'more slot')} unknown`
            : `${plural(figures.workers_online, 'worker')} online`}
        </p>
        <Spark values={figures.spark.busy} height={32} label="Busy slots, last hour" fromZero />
      </div>
    </section>
  );
}

function comparedRate(now: number, usual: number | null): string {
  if (usual === null || usual === 0) return 'no usual to compare with yet';
  const times = now / usual;
  if (times > 0.8 && times < 1.25) return 'as usual';
  return times < 1 ? `below the usual ${rate(usual)}` : `above the usual ${rate(usual)}`;
}

function Traffic({ fitting }: { fitting: Range }) {
  const { range = fitting } = route.useSearch();
  const navigate = useNavigate({ from: '/' });
  const [asTable, setAsTable] = useState(false);
  const throughput = useSeries({ metric: 'throughput', range });
  const runtime = useSeries({ metric: 'runtime', range });
  const totals = throughput.data?.totals;
  return (
    <section className="card traffic" aria-label="Traffic">
      <div className="head">
        <h2>Throughput</h2>
        <ul className="legend">
          <li data-state="SUCCESS">
            <i className="swatch soft" />
            succeeded <b title={exactCount(totals?.SUCCESS)}>{count(totals?.SUCCESS)}</b>
          </li>
          <li data-state="RETRY">
            <i className="swatch" />
            retried <b title={exactCount(totals?.RETRY)}>{count(totals?.RETRY)}</b>
          </li>
          <li data-state="FAILURE">
            <i className="swatch hatched" />
            failed <b title={exactCount(totals?.FAILURE)}>{count(totals?.FAILURE)}</b>
          </li>
          <MissedLegend series={throughput.data} />
        </ul>
        <div className="tools">
          <TableToggle on={asTable} onChange={setAsTable} />
          <RangePicker value={range} onChange={(next) => void navigate({ search: { range: next }, replace: true })} />
        </div>
      </div>
      <div className="plot">
        <ChartBody kind="throughput" query={throughput} summary={throughputSummary} asTable={asTable} height={232} />
      </div>
      <div className="head runtime-head">
        <h2>Runtime</h2>
        <p>of finished tasks, log scale</p>
      </div>
      <div className="plot runtime">
        <ChartBody
          kind="percentiles"
          query={runtime}
          asTable={asTable}
          height={232}
          summary={(s) =>
            `Runtime over the last ${s.range}: now p50 ${roughly(lastValue(s.lines.p50))}, p95 ${roughly(lastValue(s.lines.p95))}, p99 ${roughly(lastValue(s.lines.p99))}`
          }
        />
      </div>
    </section>
  );
}
