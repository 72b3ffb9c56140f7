// Whether a worker is there and takes its messages, with what that is concluded from.
// Not here: what a stall is (../attention/stalled.ts), who is silent (../cluster/worker-watch.ts).
// Holds: 503 is said only when a restart of the worker would help, by what is known of it; when this dashboard itself cannot know (the
// broker is away, it has just begun) it is 200, so that a probe restarts nobody for it.
import { formatAge } from '../../../shared/format/time.ts';
import type { AliveReply } from '../../../shared/wire/workers.ts';
import type { Attention } from '../attention/attention.ts';
import { knowledge } from '../cluster/knowledge.ts';
import type { ClusterView } from '../cluster/view.ts';

export function aliveness(
  cluster: ClusterView,
  attention: Attention,
  worker: string,
): { code: 200 | 404 | 503; body: AliveReply } {
  const record = cluster.workers.get(worker);
  const body = (alive: boolean | null, reason: string, more: Partial<AliveReply> = {}): AliveReply => ({
    worker,
    alive,
    status: record ? cluster.statusOf(record) : null,
    reason,
    since: null,
    evidence: [],
    ...more,
  });
  const unknown = whyNotKnown(cluster);
  if (unknown !== null) return { code: 200, body: body(null, unknown) };
  if (!record) return { code: 404, body: body(null, `No worker named ${worker} has been heard by this dashboard`) };
  const since = record.last_heard;
  if (record.left) return { code: 503, body: body(false, 'It has said goodbye and was not heard since', { since }) };
  const silence = cluster.watch.silence(worker);
  const heard = silence === null ? 'It was never heard' : `It has not been heard for ${formatAge(silence)}`;
  if (cluster.statusOf(record) === 'offline') return { code: 503, body: body(false, heard, { since }) };
  const stall = attention.stallOf(worker);
  if (stall !== null) {
    const reason = `It is alive but ${stall.certain ? 'takes' : 'seems to take'} no messages`;
    return { code: 503, body: body(false, reason, { since: stall.since, evidence: [...stall.evidence] }) };
  }
  const hung = attention.hungOf(worker);
  if (hung !== null) {
    // A restart would end what runs there, which somebody may still want.
    const reason = 'It is heard, and all its slots are taken by tasks far past their usual runtime';
    return { code: 200, body: body(true, reason, { since: hung.since, evidence: [...hung.evidence] }) };
  }
  if (cluster.statusOf(record) === 'late') return { code: 200, body: body(true, `${heard}, and may come back`) };
  return { code: 200, body: body(true, 'It is heard, and nothing shows that it does not take its messages') };
}

/** Why this dashboard can say nothing of any worker; null: it can. */
function whyNotKnown(cluster: ClusterView): string | null {
  const { events } = knowledge(cluster);
  if (events.ok !== true) return `Not known: ${events.reason ?? 'no events are heard'}`;
  if (cluster.settled === null) return 'Not known yet: this dashboard is asking its workers';
  return null;
}
