// /schedules: what beat sends and when, its runs, and writing entries where the store is shared; /scheduled: what workers hold for later.
// Not here: what a store takes (../../schedules/), shapes (../views/schedules.ts, schedule-runs.ts, recent-runs.ts, eta-tasks.ts).
// Holds: what somebody may not do is refused by the task and queue of the entry, as it stands and as it would stand, and recorded; every
// write is recorded first; a secret that is shown masked is kept when an entry is saved, and never written as its mask.
import { randomUUID } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { jsonText } from '../../../shared/json-text.ts';
import { holdsMask } from '../../../shared/masking.ts';
import type { ScheduleRequest } from '../../../shared/wire/schedules.ts';
import type { ApplyOptions } from '../../canvas/call-options.ts';
import { toError } from '../../errors.ts';
import {
  type EntryDefinition,
  EntryRefused,
  type ScheduleEditor,
  type ScheduleStore,
  type StoredEntry,
} from '../../schedules/contract.ts';
import { decodeJson } from '../../serialization/json.ts';
import type { Asked } from '../access/audit.ts';
import { refuseAct } from '../access/permit.ts';
import { etaTasks } from '../views/eta-tasks.ts';
import { sharedRecentRuns } from '../views/recent-runs.ts';
import { scheduleRuns } from '../views/schedule-runs.ts';
import { NO_STORE, onlyRead, schedulesOf } from '../views/schedules.ts';
import { notFound, ProblemError, type RouteContext } from './context.ts';
import { recorded, refusal } from './recorded.ts';
import type { Serve } from './serve.ts';

const STATUS = { exists: 409, unknown: 404, configured: 409, wrong: 400 } as const;

export function scheduleRoutes(serve: Serve): void {
  serve('GET /schedules', async ({ cluster, masking, schedules }) => schedulesOf(schedules, masking, cluster.now));

  serve('GET /schedules/runs', async ({ cluster, masking, schedules }, { query }) => {
    const all = await entriesOf(schedules);
    return scheduleRuns(cluster, all, query.name, entryOf(all, query.name), masking);
  });

  const recent = sharedRecentRuns();
  serve('GET /schedules/recent', async ({ cluster, masking, schedules }) =>
    recent(cluster, masking, async () => (schedules === null ? new Map() : entriesOf(schedules))),
  );

  serve('GET /scheduled', ({ cluster, masking }) => etaTasks(cluster, masking));

  serve('POST /schedules', async (context, request) => {
    const wanted = request.body;
    const before = wanted.create ? null : await seen(context, request, wanted.name);
    const definition = merged(wanted, before?.definition ?? null);
    const { args, kwargs, ...rest } = wanted;
    const shown = context.masking.value({ args, kwargs }) as object;
    const asked = { action: 'save_schedule', ...rest, ...shown } as const;
    await requireAct(context, request, wanted.name, asked, [before?.definition, definition]);
    for (const field of ['args', 'kwargs'] as const)
      if (holdsMask(wanted[field]))
        throw new ProblemError(
          400,
          'Not written',
          'A value in it is masked: write the true one in its place, or leave these as they are.',
          { field },
        );
    const { editor } = writable(context);
    const work = async () => {
      await refusing(wanted.create ? editor.create(wanted.name, definition) : editor.change(wanted.name, definition));
      return { name: wanted.name };
    };
    return recorded(context, request, wanted.name, asked, wanted.create ? 'Created' : 'Changed', work, wanted.task);
  });

  serve('POST /schedules/enable', async (context, request) => {
    const { name, enabled } = request.body;
    const { definition } = await seen(context, request, name);
    const asked = { action: 'save_schedule', name, enabled } as const;
    await requireAct(context, request, name, asked, [definition]);
    const { editor } = writable(context);
    if (definition === null)
      throw new ProblemError(409, 'Not written', `Of the entry ${name} only the runs are known.`);
    const work = async () => {
      await refusing(editor.change(name, { ...definition, enabled }));
      return { name };
    };
    return recorded(context, request, name, asked, enabled ? 'Resumed' : 'Paused', work, definition.task);
  });

  serve('POST /schedules/delete', async (context, request) => {
    const { name } = request.body;
    const { definition } = await seen(context, request, name);
    const asked = { action: 'delete_schedule', name } as const;
    await requireAct(context, request, name, asked, [definition]);
    const { editor } = writable(context);
    const work = async () => {
      await refusing(editor.remove(name));
      return { name };
    };
    return recorded(context, request, name, asked, 'Deleted', work, definition?.task ?? null);
  });

  serve('POST /schedules/run', async (context, request) => {
    const { name } = request.body;
    const { definition } = await seen(context, request, name);
    // Chosen here, so that the record tells which task was no beat's (views/schedule-runs.ts).
    const uuid = randomUUID();
    const asked = { action: 'run_schedule', name, task: definition?.task ?? null, task_id: uuid } as const;
    await requireAct(context, request, name, asked, [definition]);
    if (!definition?.args || !definition.kwargs || !definition.options || hasLazy(definition))
      throw new ProblemError(
        409,
        'Cannot be sent from here',
        `What ${name} sends is worked out by its app, or was not written down: only its beat can send it.`,
      );
    const { task } = definition;
    const [args, kwargs, options] = decodeJson(
      jsonText([definition.args, definition.kwargs, definition.options]),
    ) as Call;
    const work = async () => {
      await context.desk.actions.connect();
      await context.desk.actions.app.sendTask(task, args, kwargs, { ...options, task_id: uuid });
      return { name, uuid };
    };
    return recorded(context, request, name, asked, `Sent ${task}`, work, task);
  });
}

type Call = [unknown[], Record<string, unknown>, ApplyOptions];

/** An argument that its app works out at each sending (beat/entry.ts). */
function hasLazy({ args, kwargs }: EntryDefinition): boolean {
  return jsonText([args, kwargs]).includes('"BeatLazyFunc"');
}

/** What is refused stands in the record. @param definitions as it stands, and as it would @throws ProblemError 403 */
async function requireAct(
  context: RouteContext,
  request: FastifyRequest,
  name: string,
  asked: Asked['request'],
  definitions: readonly (EntryDefinition | null | undefined)[],
): Promise<void> {
  const known = definitions.filter((one) => one !== undefined);
  const touched = {
    tasks: known.map((one) => one?.task ?? null),
    queues: known.map((one) => (typeof one?.options?.queue === 'string' ? one.options.queue : null)),
  };
  const reason = refuseAct(request.identity, asked.action, 'operator', touched);
  if (reason !== null) throw await refusal(context, request, name, asked, reason);
}

/** @throws ProblemError 409 */
function writable({ schedules }: RouteContext): { store: ScheduleStore; editor: ScheduleEditor } {
  const refuse = (why: string) => new ProblemError(409, 'Nothing can be written', why);
  if (schedules === null) throw refuse(NO_STORE);
  if (!schedules.editor) throw refuse(onlyRead(schedules.description));
  return { store: schedules, editor: schedules.editor };
}

/** @throws ProblemError 404, 503 */
async function entriesOf(store: ScheduleStore | null): Promise<ReadonlyMap<string, StoredEntry>> {
  if (store === null) throw notFound(NO_STORE);
  return refusing(store.load());
}

/** @throws ProblemError 404 */
function entryOf(all: ReadonlyMap<string, StoredEntry>, name: string): StoredEntry {
  const entry = all.get(name);
  if (!entry) throw notFound(`There is no entry ${name} in the schedule. It may have been removed.`);
  return entry;
}

/** The entry, as far as who asks may know of it. @throws ProblemError 404, 503 */
async function seen({ schedules }: RouteContext, { identity }: FastifyRequest, name: string): Promise<StoredEntry> {
  const all = await entriesOf(schedules);
  const { sight } = identity.grant;
  const entry = all.get(name);
  return entryOf(entry && !sight.task(entry.definition?.task ?? null) ? new Map() : all, name);
}

/** @throws ProblemError */
async function refusing<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof EntryRefused)
      throw new ProblemError(STATUS[error.reason], 'Not written', error.message, { field: error.field });
    throw new ProblemError(503, 'The schedule cannot be used', toError(error).message);
  }
}

/** What a request does not say stays as it was. */
function merged(wanted: ScheduleRequest, before: EntryDefinition | null): EntryDefinition {
  const { task, schedule, timezone, enabled, one_off, queue } = wanted;
  const options: Record<string, unknown> = { ...before?.options };
  if (queue === '') delete options.queue;
  else if (queue !== null) options.queue = queue;
  return {
    ...{ task, schedule, enabled, one_off, options },
    timezone: timezone ?? before?.timezone ?? null,
    args: wanted.args ?? (before ? before.args : []),
    kwargs: wanted.kwargs ?? (before ? before.kwargs : {}),
    ...(before?.start_time === undefined ? {} : { start_time: before.start_time }),
  };
}
