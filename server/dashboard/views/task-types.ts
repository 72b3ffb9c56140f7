// Every task name seen, with the last hour of each and the workers it ran on; and whether there is a task of a name.
import type { TaskType } from '../../../shared/wire/tasks.ts';
import type { Baselines } from '../cluster/baselines.ts';
import type { ClusterView } from '../cluster/view.ts';

export async function taskTypes(cluster: ClusterView, baselines: Baselines): Promise<TaskType[]> {
  const now = cluster.now;
  const [byName, pairs] = await Promise.all([
    baselines.lastHour(),
    cluster.history.keyStats('pair', now - 3600, now + 60, null),
  ]);
  const workers = new Map<string, string[]>();
  for (const { key } of pairs) {
    const [name, worker] = key.split('\n') as [string, string];
    workers.set(name, [...(workers.get(name) ?? []), worker]);
  }
  const names = new Set([...cluster.taskTypes, ...byName.keys()].filter((n) => n !== ''));
  return [...names].sort().map((name) => {
    const s = byName.get(name);
    return {
      name,
      finished: s?.finished ?? 0,
      failed: s?.failed ?? 0,
      p50: s?.p50 ?? null,
      p95: s?.p95 ?? null,
      p99: s?.p99 ?? null,
      workers: workers.get(name) ?? [],
    };
  });
}

/** Has a worker registered it, or was one seen? Those that are online are asked anew before it is said that there is none. */
export async function isTaskKnown(cluster: ClusterView, name: string): Promise<boolean> {
  if (name === '') return false;
  const isKnown = () => cluster.taskTypes.has(name) || isRegistered(cluster, name);
  if (isKnown()) return true;
  const online = cluster.onlineWorkers();
  // Just started, it has heard of nobody.
  await cluster.inspector.askAbout(online.length > 0 ? online : null, ['registered']);
  return isKnown();
}

function isRegistered(cluster: ClusterView, name: string): boolean {
  for (const { registered } of cluster.inspected.values())
    if (registered.some((one) => one === name || one.startsWith(`${name} [`))) return true;
  return false;
}
