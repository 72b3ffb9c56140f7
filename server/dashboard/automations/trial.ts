// What an automation would have done: tried on the failed tasks of the last day, or on what is so now. Nothing is done, nothing remembered.
// Not here: acting (automations.ts).
import type { AutomationRequest, AutomationTrial } from '../../../shared/wire/automations.ts';
import type { Alerts } from '../alerts/alerts.ts';
import type { ClusterView } from '../cluster/view.ts';
import { operationOf } from '../operations/table.ts';
import { decide, noted, Pace } from './decide.ts';
import { because, type Fact, ofAlert, ofFailure, ofOffline } from './fact.ts';
import { Lineage } from './lineage.ts';

/** @unit seconds */
const DAY = 86_400;
const MAX_TASKS = 1000;
const LISTED = 100;

interface Looked {
  readonly since: number | null;
  /** Oldest first. */
  readonly facts: readonly Fact[];
  readonly isCut: boolean;
}

export async function trial(
  spec: AutomationRequest,
  cluster: ClusterView,
  alerts: Pick<Alerts, 'firesOf'>,
): Promise<AutomationTrial> {
  const { since, facts, isCut } = await factsOf(spec, cluster, alerts);
  const [pace, lineage] = [new Pace(), new Lineage()];
  const acts: AutomationTrial['acts'] = [];
  let left = 0;
  for (const fact of facts) {
    const decided = decide(spec, fact, pace, lineage);
    if (decided === null) continue;
    if ('left' in decided) {
      left++;
      continue;
    }
    const { request } = decided;
    noted(decided, fact.at, pace, lineage);
    const subject = operationOf(request.action).subject(request as never);
    acts.push({ at: fact.at, because: because(fact), action: request.action, subject });
  }
  return {
    ...{ since, facts: facts.length, is_cut: isCut },
    ...{ acts: acts.slice(0, LISTED), acts_total: acts.length, left },
  };
}

async function factsOf(
  { when }: AutomationRequest,
  cluster: ClusterView,
  alerts: Pick<Alerts, 'firesOf'>,
): Promise<Looked> {
  const { now } = cluster;
  if (when.on === 'task-failed') return failures(cluster);
  if (when.on === 'worker-offline') {
    const offline = [...cluster.workers.values()].filter((one) => cluster.statusOf(one) === 'offline');
    return { since: null, facts: offline.map(({ hostname }) => ofOffline(hostname, now)), isCut: false };
  }
  const { on } = when;
  const facts = (await alerts.firesOf(when.rule)).map(([rule, subject]) => ofAlert(on, rule, subject, now));
  return { since: null, facts, isCut: false };
}

async function failures(cluster: ClusterView): Promise<Looked> {
  const since = cluster.now - DAY;
  await cluster.caughtUp();
  const { items, next } = await cluster.history.tasks({
    ...{ tree: null, states: ['FAILURE'], from: since, to: null },
    ...{ sort: 'first_seen', descending: true, cursor: null, limit: MAX_TASKS },
  });
  const facts = items.map((row) => ofFailure(row, row.failed ?? row.timestamp)).sort((a, b) => a.at - b.at);
  return { since, facts, isCut: next !== null };
}
