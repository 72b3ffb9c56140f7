// The clusters of one dashboard on the wire: what the page of all of them shows of each, and where its own pages are.
import { type Static, Type } from 'typebox';
import { Knowledge } from './cluster.ts';
import { Bool, Int, NInt, Nullable, Str } from './schema.ts';

export const ClusterSummary = Type.Object({
  name: Str,
  /** Its pages, as the browser names them: '/c/orders/'. */
  path: Str,
  /** It is the one that was asked. */
  current: Bool,
  /** null: it is still being opened. What is not of now is as it was at its `as_of`. */
  figures: Nullable(
    Type.Object({
      /** Workers and tasks. */
      events: Knowledge,
      /** What waits. */
      broker: Knowledge,
      workers_online: Int,
      workers_total: Int,
      /** Slots taken; null: no worker told. */
      running: NInt,
      waiting: NInt,
      /** Within the last hour; null: nobody listened. */
      failed: NInt,
      /** What needs a person. */
      attention: Int,
    }),
  ),
});
export type ClusterSummary = Static<typeof ClusterSummary>;

/** As they are configured, without those that the reader may not see. */
export const ClustersReply = Type.Object({ items: Type.Array(ClusterSummary) });
export type ClustersReply = Static<typeof ClustersReply>;
