// What a call carried beside its arguments (priority, headers of its own, limits): kept as long as somebody may send it again.
// Not here: its arguments (known-call.ts), sending (retry.ts).
// Holds: bounded; only what was seen in a message, in a worker's answer or in an event, never a default; headers that were masked are
// not sent again as if they were true.
// Celery 5.6: worker/request.py Request.info (delivery_info.priority)
import { BoundedMap } from '../../../shared/bounded-map.ts';
import { holdsMask } from '../../../shared/masking.ts';
import type { TaskMessage } from '../../protocol/task-message.ts';
import type { ClusterView } from '../cluster/view.ts';

export type SendOptions = Partial<
  Pick<TaskMessage, 'timelimit' | 'shadow' | 'ignore_result' | 'headers' | 'stamped_headers' | 'stamps'>
> & {
  readonly priority?: number | null;
};

const MAX_KEPT = 20_000;

export class SeenOptions {
  readonly #kept = new BoundedMap<string, SendOptions>(MAX_KEPT);

  /** A message that was looked at. */
  note({ id, properties, timelimit, shadow, ignore_result, headers, stamped_headers, stamps }: TaskMessage): void {
    const priority = typeof properties.priority === 'number' ? properties.priority : null;
    this.#kept.set(id, { priority, timelimit, shadow, ignore_result, headers, stamped_headers, stamps });
  }

  /** What these workers said they hold: of each its priority. */
  noteAnswers(cluster: ClusterView, hostnames: readonly string[]): void {
    for (const hostname of hostnames) {
      const inspected = cluster.inspected.get(hostname);
      if (!inspected) continue;
      for (const request of [
        ...inspected.active,
        ...inspected.reserved,
        ...inspected.scheduled.map((s) => s.request),
      ]) {
        const priority = request.delivery_info?.priority;
        if (typeof priority === 'number' && !this.#kept.has(request.id)) this.#kept.set(request.id, { priority });
      }
    }
  }

  /** null: nothing of it was seen. @param extra fields of its events without a place of their own */
  of(uuid: string, extra: Readonly<Record<string, unknown>> | null): SendOptions | null {
    const seen = this.#kept.get(uuid) ?? null;
    const carried: { priority?: number; headers?: Record<string, unknown> } = {};
    if (typeof extra?.priority === 'number') carried.priority = extra.priority;
    const { headers } = extra ?? {};
    if (typeof headers === 'object' && headers !== null && !Array.isArray(headers) && !holdsMask(headers))
      carried.headers = headers as Record<string, unknown>;
    if (seen === null && Object.keys(carried).length === 0) return null;
    return { ...carried, ...seen };
  }
}
