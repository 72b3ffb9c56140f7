// What operators did that tasks and limits still bear: ids revoked, queues emptied, rate limits changed, with when and by whom.
// Not here: doing it (actions.ts), the record of it (access/audit.ts).
// Holds: bounded, the oldest leave first; brought back from the audit log at start, so that a restart forgets nothing of the last day.
import { BoundedMap } from '../../../shared/bounded-map.ts';
import type { OperationRecord, OperationRequest } from '../../../shared/wire/operations.ts';

export interface Intervention {
  readonly at: number;
  readonly who: string;
  /** Id in the audit log. */
  readonly operation: number;
}

const MAX_IDS = 50_000;
const MAX_NAMES = 2_000;

export class Interventions {
  readonly #revoked = new BoundedMap<
    string,
    Intervention & { readonly terminate: boolean; readonly answered: boolean }
  >(MAX_IDS);
  readonly #purged = new BoundedMap<string, Intervention>(MAX_NAMES);
  readonly #limited = new BoundedMap<string, Intervention>(MAX_NAMES);

  /** @param proven by the task itself: then a revoke that no worker answered counts, too */
  revokeOf(uuid: string, proven = false): (Intervention & { readonly terminate: boolean }) | null {
    const revoke = this.#revoked.get(uuid);
    return revoke && (revoke.answered || proven) ? revoke : null;
  }
  purgeOf(queue: string): Intervention | null {
    return this.#purged.get(queue) ?? null;
  }
  /** When the rate limit of a task was last changed on a worker. */
  limitOf(hostname: string, task: string): Intervention | null {
    return this.#limited.get(`${hostname}\n${task}`) ?? null;
  }

  /** Every change of a rate limit that is remembered, by worker and task. */
  *limits(): Iterable<{ hostname: string; task: string; at: number }> {
    for (const [key, { at }] of this.#limited) {
      const [hostname, task] = key.split('\n') as [string, string];
      yield { hostname, task, at };
    }
  }

  /** An operation that was done. What no worker took is none. */
  note(record: OperationRecord): void {
    if (record.outcome === 'failed') return;
    const { id: operation, at, who } = record;
    const request = record.request as OperationRequest;
    switch (request.action) {
      case 'revoke':
      case 'terminate':
        for (const id of request.task_ids) {
          const answered = record.outcome !== 'no-answer' || this.revokeOf(id) !== null;
          this.#revoked.set(id, { at, who, operation, terminate: request.action === 'terminate', answered });
        }
        return;
      case 'purge':
        this.#purged.set(request.queue, { at, who, operation });
        return;
      case 'rate_limit':
        for (const { worker, ok } of record.answers)
          if (ok) this.#limited.set(`${worker}\n${request.task_name}`, { at, who, operation });
        return;
      default:
    }
  }
}
