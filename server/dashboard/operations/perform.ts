// Does an operation: permitted, judged, recorded, done, read back, and followed until its effect is seen.
// Not here: what each one is (table.ts), the record (access/audit.ts), how effects are followed (follow.ts).
// Holds: success is what workers answered, never assumed; whatever a page has judged is judged again here.

import type { OperationRecord, OperationRequest } from '../../../shared/wire/operations.ts';
import type { Replies } from '../../control/control.ts';
import { within } from '../../timer.ts';
import { type Asker, audited, recordOutcome, recordRefusal } from '../access/audit.ts';
import type { Identity } from '../access/identity.ts';
import { isNarrow, namedIn, refuseAct, type Touched } from '../access/permit.ts';
import { Forbidden, type Operation, type OperationDesk, type Reach, Refused, type Watch } from './contract.ts';
import { notePause } from './on-pauses.ts';
import { NO_ANSWER, withLate } from './outcome.ts';
import { eachOnce, operationOf } from './table.ts';

/** How long a reply waits for what workers say after the action. */
const READ_BACK_MS = 1000;

/** @throws Forbidden, Refused */
export async function perform(
  desk: OperationDesk,
  wanted: OperationRequest,
  by: Asker,
  identity: Identity,
): Promise<OperationRecord> {
  const request = eachOnce(wanted);
  const { actions, cluster, feed, follower, masking, records } = desk;
  const row = operationOf(request.action);
  await requireAct(desk, request, by, identity);
  const late = new LateReplies(desk, row);
  const reach = reachOf(desk, request, row.reaches?.(desk, request as never), late);
  row.check?.(desk, request);
  const watch: { current: Watch | null } = { current: null };
  const kept = row.recorded?.(request, masking) ?? request;
  const asked = {
    at: cluster.now,
    ...by,
    subject: row.subject(request),
    task_name: nameOf(desk, request),
    request: kept,
  };
  let record = await audited(records, asked, async () => {
    await actions.connect();
    watch.current = (await row.watch?.(desk, request, reach).catch(() => null)) ?? null;
    return row.run(desk, request, reach, by.who);
  });
  bear(desk, record, request);
  // Read back what the workers now say, so that pages show facts and not the wish. Who did answer does so at once.
  const answered = record.answers.filter((a) => a.text !== NO_ANSWER).map((a) => a.worker);
  if (row.readsBack && answered.length > 0) {
    await within(cluster.timer, READ_BACK_MS, actions.inspect(answered)).catch(() => {});
  }
  // What was looked at is for who asked, and for nobody else.
  const { messages, ...withoutMessages } = record;
  record = withoutMessages;
  if (watch.current && record.outcome !== 'failed') record = await follower.follow(record, watch.current);
  record = late.amendFrom(record);
  feed.operation(record);
  return messages ? { ...record, messages } : record;
}

/** What it was done to shows it from now on. */
function bear({ actions, interventions }: OperationDesk, record: OperationRecord, request: OperationRequest): void {
  interventions.note(record);
  notePause(actions, record);
  // Their rows say now that they are revoked, or in another queue.
  if ('task_ids' in request) for (const id of request.task_ids ?? []) actions.touchTask(id);
}

/** The name of the tasks it is about; null: it names none, they have several, or it is not known. */
function nameOf({ cluster }: OperationDesk, request: OperationRequest): string | null {
  if (!('task_ids' in request) || request.task_ids === undefined) return null;
  const names = new Set(request.task_ids.map((id) => cluster.tasks.get(id)?.name ?? null));
  return names.size === 1 ? [...names][0]! : null;
}

/** Replies after `inspect_timeout`: a worker that was busy answers late, and what it says is the outcome then. */
class LateReplies {
  readonly #desk: OperationDesk;
  readonly #row: Operation;
  #expected: readonly string[] = [];
  #early: Replies = [];
  #record: OperationRecord | null = null;

  constructor(desk: OperationDesk, row: Operation) {
    this.#desk = desk;
    this.#row = row;
  }

  expect(workers: readonly string[]): void {
    this.#expected = workers;
  }

  /** From now on replies change this record. @returns it, with those that came while it was made */
  amendFrom(record: OperationRecord): OperationRecord {
    this.#record = record;
    const early = this.#early;
    this.#early = [];
    return early.length > 0 ? this.#amend(record, early) : record;
  }

  readonly hear = (reply: Record<string, unknown>): void => {
    if (this.#record === null) this.#early.push(reply);
    else this.#desk.feed.operation(this.#amend(this.#record, [reply]));
  };

  #amend(record: OperationRecord, replies: Replies): OperationRecord {
    const desk = this.#desk;
    const amended = desk.follower.amend({ ...record, ...withLate(record, replies, this.#expected, desk.masking) });
    this.#record = amended;
    this.#row.heardLate?.(desk, amended.request as never, replies);
    bear(desk, amended, amended.request as OperationRequest);
    // A history that cannot be written says so elsewhere; pages have it.
    recordOutcome(desk.records, amended).catch(() => {});
    return amended;
  }
}

/** What is refused stands in the record too. @throws Forbidden */
async function requireAct(
  desk: OperationDesk,
  request: OperationRequest,
  by: Asker,
  identity: Identity,
): Promise<void> {
  const { cluster, feed, masking, records } = desk;
  const row = operationOf(request.action);
  const reason = await forbidden(desk, request, identity);
  if (reason === null) return;
  const asked = {
    at: cluster.now,
    ...by,
    subject: row.subject(request),
    task_name: nameOf(desk, request),
    request: row.recorded?.(request, masking) ?? request,
  };
  feed.operation(await recordRefusal(records, asked, reason));
  throw new Forbidden(reason);
}

/** Why they may not; null: they may. */
async function forbidden(desk: OperationDesk, request: OperationRequest, identity: Identity): Promise<string | null> {
  const { access } = operationOf(request.action);
  return refuseAct(identity, request.action, access, await touched(desk, request, identity));
}

/**
 * As far as it can be told without doing it: nothing is recorded.
 * @throws Forbidden, Refused
 */
export async function rehearse(desk: OperationDesk, request: OperationRequest, identity: Identity): Promise<void> {
  const reason = await forbidden(desk, request, identity);
  if (reason !== null) throw new Forbidden(reason);
  const row = operationOf(request.action);
  reachOf(desk, request, row.reaches?.(desk, request as never), new LateReplies(desk, row));
  row.check?.(desk, request as never);
}

/** Looked up only for whom it decides. What they may not see is not named to them in a refusal either. */
async function touched({ cluster }: OperationDesk, request: OperationRequest, { grant }: Identity): Promise<Touched> {
  const named = namedIn(request);
  if (!isNarrow(grant)) return named;
  if (!('task_ids' in request) || request.task_ids === undefined) return named;
  const stored = await cluster.history.rows(request.task_ids.filter((id) => !cluster.tasks.has(id)));
  const known = new Map(stored.map((task) => [task.uuid, task]));
  const tasks = request.task_ids.map((id) => {
    const task = cluster.tasks.get(id) ?? known.get(id);
    return task && grant.sight.row(task) ? task : null;
  });
  return {
    tasks: tasks.map((task) => task?.name ?? null),
    queues: [...named.queues, ...tasks.map((task) => task?.queue ?? null)],
  };
}

/** @throws Refused for a worker nobody has heard of, and for nobody at all */
function reachOf(
  { cluster }: OperationDesk,
  request: OperationRequest,
  itself: string[] | undefined,
  late: LateReplies,
): Reach {
  const given = 'destination' in request ? request.destination : undefined;
  if (given?.length === 0)
    throw new Refused("'destination' is empty: that is nobody. Leave it out to reach every worker.");
  const destination = itself ?? (given ? [...given] : null);
  for (const hostname of destination ?? [])
    if (!cluster.workers.has(hostname) && !cluster.inspected.has(hostname))
      throw new Refused(`No worker named ${hostname} is known.`);
  const expected = destination ?? cluster.onlineWorkers();
  late.expect(expected);
  return {
    destination,
    expected,
    control: {
      reply: true,
      timeout: cluster.options.inspect_timeout / 1000,
      destination,
      onLate: late.hear,
      ...(expected.length > 0 ? { limit: expected.length } : {}),
    },
  };
}
