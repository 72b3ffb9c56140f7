// How fresh the picture is: of each source whether it answers, when it last did, and since when what depends on it is not known.
// Not here: what needs a person of it (../attention/), the figures themselves (rows.ts).
// Holds: read from facts that carry their times; nothing is ok because nobody has asked it; what is not configured is not ok either.
import { formatCount } from '../../../shared/format/text.ts';
import type { Knowledge, KnowledgeBySource, SourceState } from '../../../shared/wire/cluster.ts';
import { safeUrl } from '../../transport/url.ts';
import type { Cluster } from './cluster.ts';

/** So many tasks that wait to be written are worth a word. */
const SLOW = 20_000;
/** A source that was asked so many times without an answer is silent, even if it has not failed yet. */
const ROUNDS_MISSED = 3;
/** ... and never sooner. @unit seconds */
const SILENT_AFTER = 10;

export function knowledge(cluster: Cluster): KnowledgeBySource {
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

function eventsKnown(cluster: Cluster): Knowledge {
  const { lastEvent, now, receiver, startedAt } = cluster;
  if (receiver.connected) return known(now);
  if (cluster.neverHeard) return neither('Not listening yet');
  const since = cluster.listening.gaps.current?.since ?? lastEvent ?? startedAt;
  return unknown(Math.min(lastEvent ?? since, since), since, 'Not listening: the broker is away');
}

function brokerKnown(cluster: Cluster): Knowledge {
  const { now, options, probe, startedAt } = cluster;
  const { failure, lastOk } = probe;
  if (failure !== null) return unknown(lastOk, lastOk ?? startedAt, failure);
  if (lastOk === null) {
    const isYoung = now - startedAt < SILENT_AFTER;
    return isYoung ? neither('Not reached yet') : unknown(null, startedAt, 'Not reached yet');
  }
  if (now - lastOk > Math.max(SILENT_AFTER, ROUNDS_MISSED * options.queue_interval))
    return unknown(lastOk, lastOk, 'It does not answer');
  return known(lastOk);
}

function controlKnown(cluster: Cluster): Knowledge {
  const { inspector, link, now, options, settled } = cluster;
  const { lastAnswer } = inspector;
  if (!link.asking.connected)
    return unknown(lastAnswer, lastAnswer ?? cluster.startedAt, 'The broker is away: no worker can be asked');
  if (settled === null || cluster.onlineWorkers().length === 0) {
    const reason = settled === null ? 'Workers are being asked' : 'There is no worker to ask';
    return { ok: null, as_of: lastAnswer, since: null, reason };
  }
  const late = Math.max(SILENT_AFTER, ROUNDS_MISSED * options.inspect_interval) + options.inspect_timeout / 1000;
  const since = Math.max(lastAnswer ?? settled, settled);
  return now - since > late ? unknown(lastAnswer, since, 'No worker answers') : { ...known(now), as_of: lastAnswer };
}

function historyKnown(cluster: Cluster): Knowledge {
  const { history, historyOk, now, startedAt } = cluster;
  if (history.failure !== null) return unknown(historyOk, historyOk ?? startedAt, history.failure);
  return known(now);
}

function resultsKnown(cluster: Cluster): Knowledge {
  const { link, options, startedAt } = cluster;
  if (!options.result_backend || options.result_backend.startsWith('disabled'))
    return neither('No result store is configured: results cannot be shown');
  if (link.backendFailure !== null)
    return unknown(link.backendLastOk, link.backendLastOk ?? startedAt, link.backendFailure);
  return link.backendLastOk === null ? neither('Not asked yet') : known(link.backendLastOk);
}

/** The rows of sources, as the rail and /readyz show them. */
export function sources(cluster: Cluster): SourceState[] {
  const { broker, events, history, results } = knowledge(cluster);
  const { link, options, probe } = cluster;
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
  return [
    row('broker', link.asking.url, broker, probe.latencyMs),
    row('results', isNone(results) ? 'none' : safeUrl(options.result_backend!), results, link.backendLatencyMs),
    { ...row('store', options.db, history, cluster.history.lastWriteMs), detail: history.reason ?? behind },
    { ...row('events', 'events', events, null), last_ok: cluster.lastEvent },
  ];
}
