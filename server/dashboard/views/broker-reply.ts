// What the broker says of itself, with what its queues and workers add to it.
// Not here: the rules by which its settings are judged (broker.ts).
// Holds: a broker that is away, or says nothing, is an answer and no error; nothing of it is a secret.
import type { BrokerReply } from '../../../shared/wire/broker.ts';
import { toError } from '../../errors.ts';
import { queueRows } from '../cluster/rows.ts';
import type { ClusterView } from '../cluster/view.ts';
import { type BrokerKnown, brokerFindings, RULE_COUNT } from './broker.ts';

export async function brokerReply(cluster: ClusterView): Promise<BrokerReply> {
  const answer = await cluster.aboutBroker().then(
    (about) => ({ about, failure: null }),
    (error: unknown) => ({ about: null, failure: toError(error).message }),
  );
  const { about } = answer;
  const failure = answer.failure ?? cluster.broker.failure;
  const messages = failure === null ? counted(cluster) : { ready: null, unacked: null };
  const all = messages.ready === null ? null : messages.ready + (messages.unacked ?? 0);
  const { now } = cluster;
  const { clients, memory, traffic, unacked, waiting: ready } = cluster.trends;
  return {
    ...{ url: cluster.brokerUrl, at: now, failure, latency_ms: failure === null ? cluster.broker.latencyMs : null },
    ...{ product: about?.product ?? null, version: about?.version ?? null, uptime: about?.uptime ?? null },
    memory: about?.memory ?? { used: null, most: null },
    memory_parts: [...(about?.memoryParts ?? [])],
    file_bytes: about?.fileBytes ?? null,
    clients: about?.clients ?? { connected: null, most: null },
    named_clients: about?.named ? { of: about.named.of, groups: [...about.named.groups] } : null,
    traffic: about?.traffic ? { of: about.traffic.of, per_second: about.traffic.perSecond } : null,
    ...{ messages, hour: { memory, clients, traffic, ready, unacked }, facts: { ...about?.facts } },
    findings: about ? brokerFindings({ about, messages: all, longestHeld: longestHeld(cluster), now }) : [],
    rules: RULE_COUNT,
    workers: versions(cluster),
  };
}

/** Of all queues; null: of none it is known. */
function counted(cluster: ClusterView): BrokerReply['messages'] {
  const sum = (values: readonly (number | null)[]): number | null => {
    const known = values.filter((value) => value !== null);
    return known.length === 0 ? null : known.reduce((total, value) => total + value, 0);
  };
  const rows = queueRows(cluster);
  return { ready: sum(rows.map((row) => row.messages)), unacked: sum(rows.map((row) => row.unacked)) };
}

/** What a worker holds unacknowledged: until an ETA, or while a task with acks_late runs. */
function longestHeld(cluster: ClusterView): BrokerKnown['longestHeld'] {
  const { now } = cluster;
  let longest: BrokerKnown['longestHeld'] = null;
  const note = (seconds: number, task: string, why: 'eta' | 'runtime'): void => {
    if (longest === null || seconds > longest.seconds) longest = { seconds, task, why };
  };
  for (const { eta, name, received, state } of cluster.tasks.values()) {
    const due = eta === null ? Number.NaN : Date.parse(eta) / 1000;
    if (state === 'RECEIVED' && received !== null && due > received) note(due - received, name ?? 'A task', 'eta');
  }
  for (const [hostname, { active }] of cluster.inspected) {
    const record = cluster.workers.get(hostname);
    if (!record || cluster.statusOf(record) === 'offline') continue;
    for (const { acknowledged, name, time_start: began } of active)
      if (acknowledged === false && began) note(now - began, name, 'runtime');
  }
  return longest;
}

function versions(cluster: ClusterView): BrokerReply['workers'] {
  const found = new Map<string, BrokerReply['workers'][number]>();
  for (const worker of cluster.workers.values()) {
    if (cluster.statusOf(worker) === 'offline' || worker.sw_ident === null) continue;
    const { sw_ident: ident, sw_ver: version } = worker;
    const key = `${ident} ${version}`;
    found.set(key, { ident, version: version ?? '', count: (found.get(key)?.count ?? 0) + 1 });
  }
  return [...found.values()].sort((a, b) => b.count - a.count);
}
