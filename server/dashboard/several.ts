// Several clusters below one prefix: each whole at /c/NAME, and at the root the page of all of them, with the first one's API beside it,
// so that programs written for one cluster go on.
// Not here: one of them (plugin.ts), which there are (clusters.ts), who may see which (access/).
// Holds: a cluster whom its rules do not let see is not named to anybody; none waits for another.
import type { FastifyPluginAsync, FastifyRequest } from 'fastify';
import type { Readiness } from '../../shared/wire/cluster.ts';
import type { ClusterSummary, ClustersReply } from '../../shared/wire/clusters.ts';
import { nameOf } from './access/identity.ts';
import { knowledge } from './cluster/knowledge.ts';
import { figures, queueRows, workerRows } from './cluster/rows.ts';
import type { OneCluster } from './one-cluster.ts';
import { dashboardPlugin, type PluginParts, registerTransport } from './plugin.ts';
import type { RouteContext } from './routes/context.ts';
import { readinessOf } from './routes/health.ts';

const mountOf = ({ options }: OneCluster): string => `/c/${options.name}`;

export function severalPlugin(
  clusters: readonly OneCluster[],
  partsOf: (cluster: OneCluster) => PluginParts,
): FastifyPluginAsync {
  const listAt =
    (mount: string) =>
    ({ identity, outerPrefix }: FastifyRequest): ClustersReply => {
      const root = outerPrefix.slice(0, outerPrefix.length - mount.length);
      const seen = clusters.filter(({ rules }) => rules.grantOf(nameOf(identity), identity.groups) !== null);
      return {
        items: seen.map((one) => ({
          name: one.options.name,
          path: `${root}${mountOf(one)}/`,
          current: mountOf(one) === mount,
          figures: one.opened && summaryOf(one.opened),
        })),
      };
    };
  const readiness = (): Readiness => {
    const ready = clusters.filter(({ opened }) => opened !== null && readinessOf(opened).ready).length;
    return { ready: ready > 0, sources: {}, clusters: { ready, total: clusters.length } };
  };
  return async (root) => {
    await registerTransport(root);
    const first = clusters[0]!;
    await root.register(
      dashboardPlugin(partsOf(first), { mount: '', pagesAt: mountOf(first), list: listAt(''), readiness }),
    );
    for (const one of clusters) {
      const mount = mountOf(one);
      await root.register(
        dashboardPlugin(partsOf(one), { mount, pagesAt: null, list: listAt(mount), readiness: null }),
        { prefix: mount },
      );
    }
  };
}

function summaryOf({ attention, cluster }: RouteContext): NonNullable<ClusterSummary['figures']> {
  const { broker, events } = knowledge(cluster);
  const {
    busy: running,
    waiting,
    workers_online,
    workers_total,
  } = figures(cluster, queueRows(cluster), workerRows(cluster));
  const { needs, more } = attention.needs();
  const heard = cluster.trends.failed.filter((n) => n !== null);
  const failed = heard.length === 0 ? null : heard.reduce((sum, n) => sum + n, 0);
  return { events, broker, workers_online, workers_total, running, waiting, failed, attention: needs.length + more };
}
