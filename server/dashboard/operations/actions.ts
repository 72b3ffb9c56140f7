// What an operator does: each request checked, recorded, sent to the workers, and answered with what they said.
// Not here: the commands' wire (control/control.ts), sending a task again (retry.ts), the record (access/audit.ts).
// Holds: success is what workers answered, never assumed; the new state of a task arrives by events, not by this reply.
import type { OperationRecord, OperationRequest, WorkerAnswer } from '../../../shared/wire/http.ts';
import type { Replies } from '../../control/control.ts';
import { audited, type Outcome } from '../access/audit.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Feed } from '../live/feed.ts';
import type { Waiting } from '../waiting/waiting.ts';
import type { Interventions } from './interventions.ts';
import { retryTasks } from './retry.ts';

/** How long a reply waits for what workers say after the action. */
const READ_BACK_MS = 1000;

/** The request is well formed and cannot be done: 409 or 404, with the reason. */
export class Refused extends Error {}

/** What operations are done with. */
export interface OperationDesk {
  readonly cluster: Cluster;
  readonly feed: Feed;
  readonly waiting: Waiting;
  readonly interventions: Interventions;
}

export async function perform(
  { cluster, feed, waiting, interventions }: OperationDesk,
  request: OperationRequest,
  who: string,
): Promise<OperationRecord> {
  refuse(cluster, request);
  const record = await audited(cluster.history, { at: cluster.now, who, subject: subjectOf(request), request }, () =>
    act(cluster, waiting, request),
  );
  interventions.note(record);
  feed.operation(record);
  // Read back what the workers now say, so that pages show facts and not the wish. Who did answer does so at once.
  const answered = record.answers.filter((a) => a.text !== 'no answer').map((a) => a.worker);
  if (answered.length > 0 && !['revoke', 'terminate', 'retry'].includes(request.action)) {
    const told = cluster.inspector.ask(answered).catch(() => {});
    await Promise.race([told, new Promise((done) => cluster.link.timer.after(READ_BACK_MS, () => done(null)))]);
  }
  if (request.action === 'purge') void cluster.probe.probe();
  return record;
}

function refuse(cluster: Cluster, request: OperationRequest): void {
  if (request.action === 'purge' && request.confirm !== request.queue)
    throw new Refused(
      `To purge ${request.queue}, 'confirm' must be its name. It was ${JSON.stringify(request.confirm)}.`,
    );
  if (request.action === 'rate_limit' && !/^\s*\d+(\.\d+)?\s*(\/\s*[smh])?\s*$/.test(request.rate_limit))
    throw new Refused(
      `The rate ${JSON.stringify(request.rate_limit)} is not understood. Write 10/s, 100/m, 50/h, or 0 for none.`,
    );
  if (request.action === 'time_limit') {
    const { soft = null, hard = null } = request;
    if ((soft !== null && soft < 0) || (hard !== null && hard < 0))
      throw new Refused('A time limit cannot be negative.');
    if (soft !== null && hard !== null && soft >= hard)
      throw new Refused(
        `The soft limit (${soft} s) must be shorter than the hard one (${hard} s), or the task cannot clean up.`,
      );
  }
  if (request.action === 'autoscale' && request.min > request.max)
    throw new Refused(`The least (${request.min}) must not be more than the most (${request.max}).`);
  if (request.action === 'retry' && request.queue !== undefined && request.queue.trim() === '')
    throw new Refused('The queue to send to must have a name.');
  const destination = 'destination' in request ? request.destination : undefined;
  for (const hostname of destination ?? [])
    if (!cluster.state.workers.has(hostname) && !cluster.inspector.workers.has(hostname))
      throw new Refused(`No worker named ${hostname} is known.`);
}

async function act(cluster: Cluster, waiting: Waiting, request: OperationRequest): Promise<Outcome> {
  const { control } = cluster.link;
  const timeout = cluster.options.inspect_timeout / 1000;
  const destination = 'destination' in request && request.destination ? request.destination : null;
  const expected = destination ?? cluster.onlineWorkers();
  const limit = expected.length > 0 ? expected.length : undefined;
  const all = { reply: true, timeout, destination, ...(limit === undefined ? {} : { limit }) };
  await cluster.link.asking.tryConnect();
  switch (request.action) {
    case 'revoke':
      return told(await control.revoke(request.task_ids, all), expected);
    case 'terminate':
      return told(
        await control.revoke(request.task_ids, { ...all, terminate: true, signal: request.signal ?? 'SIGTERM' }),
        expected,
      );
    case 'rate_limit':
      return told(await control.rateLimit(request.task_name, request.rate_limit, all), expected);
    case 'time_limit':
      return told(
        await control.timeLimit(request.task_name, { soft: request.soft ?? null, hard: request.hard ?? null }, all),
        expected,
      );
    case 'pool_grow':
      return told(await control.poolGrow(request.n, all), expected);
    case 'pool_shrink':
      return told(await control.poolShrink(request.n, all), expected);
    case 'add_consumer':
      return told(await control.addConsumer(request.queue, all), expected);
    case 'cancel_consumer':
      return told(await control.cancelConsumer(request.queue, all), expected);
    case 'autoscale':
      return told(await control.autoscale(request.max, request.min, all), expected);
    case 'pool_restart':
      return told(await control.poolRestart({}, all), expected);
    case 'enable_events': {
      const replies = await control.enableEvents(all);
      cluster.taskEvents.note(replies, true);
      return told(replies, expected);
    }
    case 'disable_events': {
      const replies = await control.disableEvents(all);
      cluster.taskEvents.note(replies, false);
      return told(replies, expected);
    }
    case 'heartbeat':
      await control.broadcast('heartbeat', { destination });
      return {
        outcome: 'ok',
        summary: `Asked ${expected.length || 'all'} workers to announce themselves`,
        answers: [],
      };
    case 'shutdown':
      await control.broadcast('shutdown', { destination });
      return {
        outcome: 'ok',
        summary: `Told ${request.destination.join(', ')} to shut down; workers do not answer this`,
        answers: [],
      };
    case 'purge': {
      const n = await cluster.probe.purge(request.queue);
      return {
        outcome: 'ok',
        summary: `${n} ${n === 1 ? 'message was' : 'messages were'} removed from ${request.queue}`,
        answers: [],
      };
    }
    case 'retry':
      return retryTasks(cluster, waiting, request.task_ids, {
        queue: request.queue,
        acceptDouble: request.accept_double === true,
      });
  }
}

/** What the workers answered, and who did not. */
export function told(replies: Replies, expected: readonly string[]): Outcome {
  const answers: WorkerAnswer[] = [];
  for (const reply of replies)
    for (const [worker, value] of Object.entries(reply)) {
      const v = value as { ok?: unknown; error?: unknown } | null;
      if (v !== null && typeof v === 'object' && v.error !== undefined)
        answers.push({ worker, ok: false, text: String(v.error) });
      else
        answers.push({
          worker,
          ok: true,
          text: v !== null && typeof v === 'object' && v.ok !== undefined ? String(v.ok) : 'done',
        });
    }
  const total = Math.max(expected.length, answers.length);
  for (const worker of expected)
    if (!answers.some((a) => a.worker === worker)) answers.push({ worker, ok: false, text: 'no answer' });
  const heard = replies.length;
  const failed = answers.filter((a) => !a.ok && a.text !== 'no answer');
  const plural = total === 1 ? 'worker' : 'workers';
  if (heard === 0)
    return {
      outcome: 'no-answer',
      summary: total === 0 ? 'No worker is online to answer' : `None of ${total} ${plural} answered`,
      answers,
    };
  const [only] = answers.length === 1 ? answers : [];
  const one = only?.ok && only.text !== 'done' && only.text.length <= 100 ? `: ${only.text}` : '';
  const summary = `${heard} of ${total} ${plural} answered${failed.length > 0 ? `; ${failed[0]!.text}` : one}`;
  if (failed.length === heard) return { outcome: 'failed', summary, answers };
  return { outcome: failed.length > 0 || heard < total ? 'partial' : 'ok', summary, answers };
}

function subjectOf(request: OperationRequest): string {
  switch (request.action) {
    case 'revoke':
    case 'terminate':
    case 'retry':
      return request.task_ids.length === 1 ? request.task_ids[0]! : `${request.task_ids.length} tasks`;
    case 'rate_limit':
      return `${request.task_name} at ${request.rate_limit}`;
    case 'time_limit':
      return `${request.task_name}: soft ${request.soft ?? 'none'}, hard ${request.hard ?? 'none'}`;
    case 'pool_grow':
    case 'pool_shrink':
      return `${request.n} on ${request.destination?.join(', ') ?? 'every worker'}`;
    case 'autoscale':
      return `${request.min} to ${request.max} on ${request.destination?.join(', ') ?? 'every worker'}`;
    case 'add_consumer':
    case 'cancel_consumer':
      return `${request.queue} on ${request.destination?.join(', ') ?? 'every worker'}`;
    case 'purge':
      return request.queue;
    default:
      return request.destination?.join(', ') ?? 'every worker';
  }
}
