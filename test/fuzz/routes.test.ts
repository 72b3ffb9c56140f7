// Every route of the dashboard asked by its own schema and past it: what it takes, what it nearly takes, and nonsense. Flower's paths too.
// Each answers, and none with a failure of its own.
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDashboard, type Dashboard } from '../../server/dashboard/dashboard.ts';
import { FLOWER_ROUTES } from '../../server/dashboard/routes/flower/flower.ts';
import { createLogger } from '../../server/log.ts';
import { describeRoute, ROUTES, type RouteKey } from '../../shared/wire/routes.ts';
import { eventsOf } from '../support/events-of.ts';
import { until } from '../support/until.ts';

const RUNS = process.env['UMBEL_LONG'] ? 300 : 8;

interface Schema {
  readonly type?: string;
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly minimum?: number;
  readonly maximum?: number;
}

/** Names that are there, and names that are not. */
const NAMES = ['t1', 'shop.add', 'w@h', 'celery', '__proto__', 'constructor', '..', '%', 'a&b', '😀', '\u0000', 'ž"\\'];
const text = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...NAMES) },
  fc.string({ maxLength: 30 }),
  fc.string({ unit: 'binary', maxLength: 10 }),
  fc.constantFrom('', 'x'.repeat(5000), '((((', 'name:/(a+)+$/', 'runtime:>1s OR (', '-1', 'NaN', '1e999', 'true'),
);
/** Of integers this size JSON.stringify writes every digit, and readers of them have a bigint; a lone surrogate is text in no encoding. */
const hard = fc.constantFrom<unknown>(2 ** 53, 2 ** 64, -(2 ** 64), 1e20, 1e308, '\ud800');
const nonsense: fc.Arbitrary<unknown> = fc.oneof(
  ...[fc.jsonValue({ maxDepth: 2 }), text, fc.double(), hard, fc.array(hard, { maxLength: 2 })],
  fc.dictionary(fc.constantFrom(...NAMES), hard, { maxKeys: 2 }),
);

/** Mostly what a schema takes; now and then what it does not. */
function takenBy(schema: Schema): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 8, arbitrary: fitting(schema) }, { weight: 1, arbitrary: nonsense });
}
function fitting({
  type,
  anyOf,
  items,
  properties,
  minimum = -5,
  maximum = 1e6,
  ...rest
}: Schema): fc.Arbitrary<unknown> {
  if (anyOf) return fc.oneof(...anyOf.map(takenBy));
  if ('const' in rest) return fc.constant(rest.const);
  switch (type) {
    case 'string':
      return text;
    case 'integer':
      return fc.integer({ min: minimum, max: Math.min(maximum, 100) });
    case 'number':
      return fc.oneof(fc.double({ min: minimum, max: maximum }), fc.constantFrom(0, 0.5, 1e308));
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array':
      return fc.array(items ? takenBy(items) : nonsense, { maxLength: 3 });
    case 'object':
      return fc.record(Object.fromEntries(Object.entries(properties ?? {}).map(([key, of]) => [key, takenBy(of)])), {
        requiredKeys: (rest.required ?? []) as never,
      });
    default:
      return nonsense;
  }
}

/** What Flower's paths take, all together. */
const FLOWERS = [
  ...['refresh', 'status', 'workername', 'taskname', 'state', 'search', 'sort_by', 'limit', 'offset', 'json'],
  ...['received_start', 'received_end', 'n', 'min', 'max', 'queue', 'terminate', 'signal', 'soft', 'hard', 'ratelimit'],
  ...['draw', 'start', 'length', 'search[value]', 'order[0][column]', 'order[0][dir]', 'columns[0][data]'],
];

let dashboard: Dashboard;
const errors: string[] = [];
beforeAll(async () => {
  const log = createLogger({ level: 'ERROR', color: false, write: (line) => errors.push(line) });
  const broker = `memory://${randomUUID()}`;
  dashboard = createDashboard(
    { broker, result_backend: broker, db: ':memory:', port: 0, inspect_timeout: 20, queue_interval: 0.1 },
    { log, pages: null },
  );
  const { cluster, publish } = await eventsOf(dashboard, { hostname: 'w@h', pid: 7 });
  await publish(
    ['task-received', 'task-started', 'task-failed'].map((type) => ({
      type,
      uuid: 't1',
      name: 'shop.add',
      args: '(1,)',
    })),
  );
  await until(() => cluster.state.tasks.get('t1')?.state === 'FAILURE', 'the task');
});
afterAll(() => dashboard?.close());

type Method = 'GET' | 'POST' | 'DELETE';
async function ask(method: Method, path: string, query: Record<string, unknown>, payload?: string): Promise<void> {
  const params = new URLSearchParams(
    Object.entries(query).map(([key, value]): [string, string] => [
      key,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  );
  const url = `${path}?${params}`;
  const headers = payload === undefined ? {} : { 'content-type': 'application/json' };
  const reply = await dashboard.app.inject({ method, url, headers, ...(payload !== undefined && { payload }) });
  // Each call's own: what one fault logs is no other's.
  const logged = errors.splice(0);
  const what = `${method} ${url.slice(0, 300)} ${payload?.slice(0, 300) ?? ''}: ${reply.statusCode} ${reply.body.slice(0, 300)}`;
  // 503: the broker is asked for what it has not, or the history's question costs too much; it says so.
  expect(reply.statusCode === 503 ? 200 : reply.statusCode, what).toBeLessThan(500);
  expect(logged, what).toEqual([]);
  expect(reply.body, what).not.toMatch(/\n\s+at .*\.ts:\d+/);
}
const filled = (path: string, name: string): string =>
  path.replace(/:\w+|\*/g, encodeURIComponent(name).replace(/^\.+$/, '~$&'));
const encodable = text.filter((name) => name !== '' && name.length < 500 && !/\p{Surrogate}/u.test(name));

describe('asked by its schema and past it', () => {
  it.each((Object.keys(ROUTES) as RouteKey[]).filter((key) => key !== 'GET /live' && key !== 'GET /events'))(
    '%s answers',
    async (key) => {
      const { method, path, query, body } = describeRoute(key);
      const payload = fc.oneof({ weight: 6, arbitrary: body ? takenBy(body as Schema) : nonsense }, nonsense);
      await fc.assert(
        fc.asyncProperty(encodable, fitting(query as Schema), payload, fc.boolean(), async (name, asked, sent, cut) => {
          const json = JSON.stringify(sent);
          const given = method === 'POST' ? json.slice(0, cut ? json.length / 2 : undefined) : undefined;
          await ask(method, filled(path, name), asked as Record<string, unknown>, given);
        }),
        { numRuns: RUNS },
      );
    },
  );

  it.each(FLOWER_ROUTES.map(({ method, path }) => [method.split(', ').at(-1) as Method, path] as const))(
    'Flower: %s %s answers',
    async (method, path) => {
      const parameters = fc.record(Object.fromEntries(FLOWERS.map((name) => [name, text])), { requiredKeys: [] });
      const call = fc.oneof(
        fc.record(
          { args: fc.array(nonsense, { maxLength: 2 }), kwargs: nonsense, queue: text, countdown: nonsense, eta: text },
          { requiredKeys: [] },
        ),
        nonsense,
      );
      await fc.assert(
        fc.asyncProperty(encodable, parameters, call, async (name, asked, sent) => {
          // It waits for the result, as Flower does, and nobody works here.
          if (path.startsWith('/api/task/apply/') && name === 'shop.add') return;
          await ask(method, filled(path, name), asked, method === 'POST' ? JSON.stringify(sent) : undefined);
        }),
        { numRuns: RUNS },
      );
    },
  );
});
