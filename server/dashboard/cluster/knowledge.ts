// How fresh the picture is: of each source whether it answers, when it last did, and since when what depends on it is not known.
// Not here: what needs a person of it (../attention/), the figures themselves (rows.ts).
// Holds: read from facts that carry their times; nothing is ok because nobody has asked it; what is not configured is not ok either.
import { formatCount } from '../../../shared/format/text.ts';
import type { Knowledge, KnowledgeBySource, SourceState } from '../../../shared/wire/cluster.ts';
import { safeUrl } from '../../transport/url.ts';
import type { ManagementApi } from './management-api.ts';
import { CALLER_ONLY, isCallerOnly } from './result-store.ts';
import type { ClusterView } from './view.ts';

/** So many tasks that wait to be written are worth a word. */
const SLOW = 20_000;
/** A source that was asked so many times without an answer is silent, even if it has not failed yet. */
const ROUNDS_MISSED = 3;
/** ... and never sooner. @unit seconds */
const SILENT_AFTER = 10;

export function knowledge(cluster: ClusterView): KnowledgeBySource {
  return {
    events: eventsKnown(cluster),
    broker: brokerKnown(cluster),
    control: controlKnown(cluster),
    history: historyKnown(cluster),
    results: resultsKnown(cluster),
  };
}

const known = (at: number): Knowledge => ({ ok: true, as_of: at, since: null, reason: null });
const unknown = (asOf: number | null, since: number, reason: string): Knowledge => ({
  ok: false,
  as_of: asOf,
  since,
  reason,
});
const neither = (reason: string): Knowledge => ({ ok: null, as_of: null, since: null, reason });

function eventsKnown(cluster: ClusterView): Knowledge {
  const { now, startedAt } = cluster;
  const { connected, gaps, lastEvent, neverHeard } = cluster.events;
  if (connected) return known(now);
  if (neverHeard) return neither('Not listening yet');
  const since = gaps.current?.since ?? lastEvent ?? startedAt;
  return unknown(Math.min(lastEvent ?? since, since), since, 'Not listening: the broker is away');
}

function brokerKnown(cluster: ClusterView): Knowledge {
  const { now, options, ranSince, startedAt } = cluster;
  const { blocked, failure, lastOk } = cluster.broker;
  if (failure !== null) return unknown(lastOk, lastOk ?? startedAt, failure);
  if (lastOk === null) {
    const isYoung = now - startedAt < SILENT_AFTER;
    return isYoung ? neither('Not reached yet') : unknown(null, startedAt, 'Not reached yet');
  }
  if (now - Math.max(lastOk, ranSince) > Math.max(SILENT_AFTER, ROUNDS_MISSED * options.queue_interval))
    return unknown(lastOk, lastOk, blocked ? `It takes no messages for now (${blocked})` : 'It does not answer');
  return known(lastOk);
}

function controlKnown(cluster: ClusterView): Knowledge {
  const { connected, inspector, now, options, ranSince, settled } = cluster;
  const { lastAnswer } = inspector;
  if (!connected)
    return unknown(lastAnswer, lastAnswer ?? cluster.startedAt, 'The broker is away: no worker can be asked');
  if (settled === null || cluster.onlineWorkers().length === 0) {
    const reason = settled === null ? 'Workers are being asked' : 'There is no worker to ask';
    return { ok: null, as_of: lastAnswer, since: null, reason };
  }
  const late = Math.max(SILENT_AFTER, ROUNDS_MISSED * options.inspect_interval) + options.inspect_timeout / 1000;
  const since = Math.max(lastAnswer ?? settled, settled);
  return now - Math.max(since, ranSince) > late
    ? unknown(lastAnswer, since, 'No worker answers')
    : { ...known(now), as_of: lastAnswer };
}

function historyKnown(cluster: ClusterView): Knowledge {
  const { history, historyOk, now, startedAt } = cluster;
  if (history.failure !== null) return unknown(historyOk, historyOk ?? startedAt, history.failure);
  return known(now);
}

function resultsKnown(cluster: ClusterView): Knowledge {
  const { options, startedAt } = cluster;
  const { failure, lastOk } = cluster.results;
  if (isCallerOnly(options.result_backend)) return neither(`No result store that can be read: ${CALLER_ONLY}`);
  if (!options.result_backend || options.result_backend.startsWith('disabled'))
    return neither('No result store is configured: results cannot be shown');
  if (failure !== null) return unknown(lastOk, lastOk ?? startedAt, failure);
  return lastOk === null ? neither('Not asked yet') : known(lastOk);
}

/** Of how fast messages move, and of queues that nobody consumes. */
function managementKnown({ now, startedAt }: ClusterView, { failure, lastOk }: ManagementApi): Knowledge {
  if (failure !== null) return unknown(lastOk, lastOk ?? startedAt, failure);
  return lastOk === null ? neither('Not asked yet') : known(Math.min(now, lastOk));
}

/** The rows of sources, as the rail and /readyz show them. */
export function sources(cluster: ClusterView): SourceState[] {
  const { broker, events, history, results } = knowledge(cluster);
  const { options } = cluster;
  const row = (name: string, label: string, of: Knowledge, latencyMs: number | null): SourceState => ({
    name,
    label,
    ok: of.ok === true,
    state: of.ok === null ? (name === 'results' && isNone(of) ? 'none' : 'unknown') : of.ok ? 'ok' : 'down',
    since: of.since,
    last_ok: of.as_of,
    // How fast it was before tells nothing.
    latency_ms: of.ok === true ? latencyMs : null,
    detail: of.reason,
  });
  const { waiting } = cluster.history.health;
  const behind = waiting > SLOW ? `${formatCount(waiting)} tasks wait to be written` : null;
  const isNone = ({ reason }: Knowledge) => reason?.startsWith('No result store') === true;
  const api = cluster.management;
  return [
    row('broker', cluster.brokerUrl, broker, cluster.broker.latencyMs),
    ...(api ? [row('broker_api', api.url, managementKnown(cluster, api), api.latencyMs)] : []),
    row('results', isNone(results) ? 'none' : safeUrl(options.result_backend!), results, cluster.results.latencyMs),
    { ...row('store', options.db, history, cluster.history.lastWriteMs), detail: history.reason ?? behind },
    { ...row('events', 'events', events, null), last_ok: cluster.events.lastEvent },
  ];
}
