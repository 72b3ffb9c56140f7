// /api/tasks, /api/task/types, /api/task/info and /tasks/datatable: tasks by filter, order and offset.
// Not here: finding them (history's window), one as it is told (task-object.ts).
// Holds: a list is no older than what is told of each of its tasks.
// Flower: api/tasks.py ListTasks, TaskTypes, TaskInfo; views/tasks.py TasksDataTable; utils/tasks.py iter_tasks
import { Readable } from 'node:stream';
import { jsonText } from '../../../../shared/json-text.ts';
import { parseQuery } from '../../../../shared/query/parser.ts';
import type { QueryTree } from '../../../../shared/query/tree.ts';
import type { ClusterView } from '../../cluster/view.ts';
import { QueryTooCostly, WINDOW_SORTS, type WindowAsk, type WindowSort } from '../../history/contract.ts';
import { WHOLE_PAGE, wholeTasks } from '../../views/task-window.ts';
import { hangUpOf } from '../context.ts';
import { badRequest, FlowerError, sendJson, sendJsonText } from './answer.ts';
import type { Parameters } from './parameters.ts';
import type { FlowerRequest, FlowerRoute } from './route.ts';
import { listedTask, taskObject } from './task-object.ts';

/** What Flower keeps (its max_tasks): older tasks are found by the pages and by /api/v2/tasks. */
const NEWEST = 100_000;
const SORTS = ['name', 'state', 'received', 'started'];
const EVERYTHING: WindowAsk = {
  newest: NEWEST,
  tree: null,
  name: null,
  worker: null,
  state: null,
  receivedFrom: null,
  receivedTo: null,
  sort: 'timestamp',
  descending: true,
  offset: 0,
  limit: null,
};

/** What is wrong with a search; both ways of listing tell it in a way of their own. */
class BadSearch extends Error {}

function readSearch(text: string | null, now: number): QueryTree | null {
  if (text === null || text === '') return null;
  const parsed = parseQuery(text, { nowS: now });
  if (!parsed.ok) throw new BadSearch(parsed.message);
  return parsed.tree;
}

/** `%Y-%m-%d %H:%M` by the clock of this server. @returns seconds since the epoch @throws FlowerError 400 */
function readMinute(parameters: Parameters, name: string): number | null {
  const text = parameters.text(name);
  if (text === null || text === '') return null;
  const [year, month, day, hour, minute] = (/^(\d{4})-(\d{1,2})-(\d{1,2}) (\d{1,2}):(\d{1,2})$/.exec(text) ?? [])
    .slice(1)
    .map(Number) as number[];
  const at = new Date(year!, month! - 1, day, hour, minute);
  const isReal = at.getMonth() === month! - 1 && at.getDate() === day && hour! < 24 && minute! < 60;
  if (year === undefined || Number.isNaN(at.getTime()) || !isReal)
    throw badRequest(`'${name}' must be a time such as 2026-11-29 14:30, not '${text.slice(0, 100)}'`);
  return at.getTime() / 1000;
}

/** @throws FlowerError 400, BadSearch */
function readList(parameters: Parameters, now: number): WindowAsk {
  const limit = parameters.text('limit') === '' ? null : parameters.int('limit');
  if (limit !== null && limit < 0) throw badRequest(`'limit' must not be negative`);
  const sortBy = parameters.text('sort_by') || null;
  const sort = sortBy?.replace(/^-/, '') ?? 'timestamp';
  if (sortBy !== null && !SORTS.includes(sort))
    throw badRequest(
      `'sort_by' must be one of ${SORTS.join(', ')}, with - in front for descending, not '${sortBy.slice(0, 100)}'`,
    );
  const any = (name: string): string | null => {
    const text = parameters.text(name);
    return text === null || text === '' || text === 'All' ? null : text;
  };
  return {
    newest: NEWEST,
    tree: readSearch(parameters.text('search'), now),
    name: any('taskname'),
    worker: any('workername'),
    state: any('state'),
    receivedFrom: readMinute(parameters, 'received_start'),
    receivedTo: readMinute(parameters, 'received_end'),
    sort: sort as WindowSort,
    descending: sortBy === null || sortBy.startsWith('-'),
    offset: Math.max(0, parameters.int('offset') ?? 0),
    limit: limit || null,
  };
}

async function list({ context: { cluster }, parameters, reply, request }: FlowerRequest): Promise<unknown> {
  let uuids: string[];
  await cluster.caughtUp();
  try {
    ({ uuids } = await cluster.history.window(readList(parameters, cluster.now), hangUpOf(reply)));
  } catch (error) {
    if (!(error instanceof BadSearch || error instanceof QueryTooCostly)) throw error;
    reply.code(400);
    return sendJson(request, reply, { error: error.message });
  }
  if (uuids.length > WHOLE_PAGE)
    return reply.type('application/json; charset=UTF-8').send(Readable.from(members(cluster, uuids)));
  let text = '';
  for await (const part of members(cluster, uuids)) text += part;
  return sendJsonText(request, reply, text);
}

/** An object of tasks by id, in this order whatever the ids are: JavaScript would put numbers first. */
async function* members(cluster: ClusterView, uuids: readonly string[]): AsyncGenerator<string> {
  let before = '{';
  for (let at = 0; at < uuids.length; at += WHOLE_PAGE) {
    let text = '';
    for (const whole of await wholeTasks(cluster, uuids.slice(at, at + WHOLE_PAGE))) {
      text += `${before}${JSON.stringify(whole.task.uuid)}:${jsonText(listedTask(whole))}`;
      before = ',';
    }
    yield text;
  }
  yield before === '{' ? '{}' : '}';
}

const ROWS = 10_000;

async function datatable({ context: { cluster }, parameters, reply }: FlowerRequest): Promise<unknown> {
  const draw = parameters.int('draw') ?? 0;
  const length = parameters.int('length') ?? 15;
  const column = parameters.int('order[0][column]');
  const sort = (column === null ? null : parameters.text(`columns[${column}][data]`)) ?? 'timestamp';
  if (!(WINDOW_SORTS as readonly string[]).includes(sort))
    throw badRequest(`Tasks cannot be sorted by '${sort.slice(0, 100)}'`);
  const ask = {
    ...EVERYTHING,
    sort: sort as WindowSort,
    descending: column === null || parameters.text('order[0][dir]') === 'desc',
    offset: Math.max(0, parameters.int('start') ?? 0),
    limit: length < 0 ? ROWS : Math.min(length, ROWS),
  };
  try {
    const tree = readSearch(parameters.text('search[value]'), cluster.now);
    await cluster.caughtUp();
    const found = await cluster.history.window({ ...ask, tree }, hangUpOf(reply));
    const data = (await wholeTasks(cluster, found.uuids)).map(taskObject);
    return { draw, data, recordsTotal: found.total, recordsFiltered: found.matching };
  } catch (error) {
    if (!(error instanceof BadSearch || error instanceof QueryTooCostly)) throw error;
    const { total } = await cluster.history.window({ ...EVERYTHING, limit: 0 });
    return { draw, data: [], recordsTotal: total, recordsFiltered: 0, searchError: error.message };
  }
}

export const TASK_ROUTES: readonly FlowerRoute[] = [
  { method: 'GET', path: '/api/tasks', access: 'viewer', errors: 'status', answer: list },
  {
    method: 'GET',
    path: '/api/task/types',
    access: 'viewer',
    errors: 'status',
    answer: async ({ context: { cluster } }) => ({ 'task-types': [...cluster.taskTypes].sort() }),
  },
  {
    method: 'GET',
    path: '/api/task/info/*',
    access: 'viewer',
    errors: 'status',
    async answer({ context: { cluster }, name: id }) {
      const [found] = await wholeTasks(cluster, [id]);
      if (!found) throw new FlowerError(404, `Unknown task '${id}'`);
      return taskObject(found);
    },
  },
  { method: 'GET, POST', path: '/tasks/datatable', access: 'viewer', answer: datatable },
];
