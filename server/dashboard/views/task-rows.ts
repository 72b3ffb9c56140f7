// A stored or remembered task as lists, pages and live frames show it: its own fields, and what others know of it.
// Not here: its fields (../history/rows.ts), since when nobody knows of it (../cluster/held.ts), why it waits (../waiting/).
// Holds: cheap, for it is asked for each row of each frame.
import type { TaskRow } from '../../../shared/wire/tasks.ts';
import { unknownSince } from '../cluster/held.ts';
import type { ClusterView } from '../cluster/view.ts';
import type { Interventions } from '../operations/interventions.ts';

const NOT_BEGUN = new Set(['PENDING', 'RECEIVED', 'RETRY']);

export class TaskRows {
  readonly #cluster: ClusterView;
  readonly #interventions: Interventions;
  /** A worker may list 50,000 revoked ids: looked up, not searched. By the answer they came in. */
  readonly #revoked = new WeakMap<readonly string[], ReadonlySet<string>>();

  constructor(cluster: ClusterView, interventions: Interventions) {
    this.#cluster = cluster;
    this.#interventions = interventions;
  }

  /** The row, with `unknown_since` and `revoke_asked` where they hold. */
  shown<T extends TaskRow>(row: T): T {
    const unknown = unknownSince(this.#cluster, row);
    const revoked = this.#revokeAsked(row);
    if (unknown === null && revoked === null) return row;
    return {
      ...row,
      ...(unknown === null ? {} : { unknown_since: unknown }),
      ...(revoked === null ? {} : { revoke_asked: revoked }),
    };
  }

  #revokeAsked({ uuid, state, worker }: TaskRow): number | null {
    if (!NOT_BEGUN.has(state)) return null;
    const asked = this.#interventions.revokeOf(uuid);
    if (asked) return asked.at;
    const inspected = worker === null ? undefined : this.#cluster.inspected.get(worker);
    return inspected && this.#isListed(inspected.revoked, uuid) ? inspected.at : null;
  }

  #isListed(revoked: readonly string[], uuid: string): boolean {
    if (revoked.length === 0) return false;
    let ids = this.#revoked.get(revoked);
    if (!ids) {
      ids = new Set(revoked);
      this.#revoked.set(revoked, ids);
    }
    return ids.has(uuid);
  }
}
