// Thousands of messages nobody should send, among good ones: the worker neither falls nor loses a good one.
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Celery } from '../../server/app/celery.ts';
import { silentLogger } from '../../server/log.ts';
import type { Channel } from '../../server/transport/contract.ts';
import type { OutgoingMessage } from '../../server/transport/message.ts';
import { Worker } from '../../server/worker/worker.ts';
import { until } from '../support/until.ts';

/** UMBEL_LONG=1: 100,000 messages. */
const ROUNDS = process.env['UMBEL_LONG'] ? 500 : 30;
const BAD_A_ROUND = 200;
const GOOD_A_ROUND = 5;

const name = `fuzz-${process.pid}`;
const app = new Celery(
  'fuzz',
  { broker: `memory://${name}`, backend: `cache+memory://${name}` },
  { env: {}, log: silentLogger },
);
const ran = new Map<string, number>();
app.task({ name: 'fuzz.good', params: ['id'] }, (id: string) => {
  ran.set(id, (ran.get(id) ?? 0) + 1);
  return id;
});
app.task({ name: 'fuzz.any' }, (...args: unknown[]) => args.length);
app.task({ name: 'fuzz.late', acks_late: true, rate_limit: '1000000/s' }, () => 1);

const worker = new Worker(app, { hostname: 'fuzz@test', taskEvents: true, log: silentLogger, withoutMingle: true });
const connection = app.connection('read');
let channel: Channel;
const uncaught: unknown[] = [];
const onUncaught = (error: unknown) => uncaught.push(error);

beforeAll(async () => {
  process.on('unhandledRejection', onUncaught);
  process.on('uncaughtException', onUncaught);
  await worker.start();
  channel = await connection.channel();
});

afterAll(async () => {
  await worker.stop('cold');
  await connection.close();
  await app.close();
  process.off('unhandledRejection', onUncaught);
  process.off('uncaughtException', onUncaught);
});

const odd = fc.oneof(
  { depthSize: 'small' },
  fc.constantFrom(null, undefined, true, 0, -1, 1.5, 1e308, '', '0', 'null', [], {}, [[]], '__proto__'),
  fc.string({ maxLength: 12 }),
  fc.integer(),
  fc.constantFrom('2024-05-06T07:08:09', '2020-01-01T00:00:00+00:00', '9999-12-31T23:59:59', 'tomorrow', '-1', 'T'),
  fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<unknown>,
);

const TASKS = ['fuzz.any', 'fuzz.late', 'fuzz.good', 'fuzz.unknown', 'celery.chord_unlock'];
const HEADERS = [
  'lang', 'task', 'id', 'shadow', 'eta', 'expires', 'group', 'group_index', 'retries', 'timelimit', 'root_id', 'parent_id',
  'argsrepr', 'kwargsrepr', 'origin', 'ignore_result', 'replaced_task_nesting', 'stamped_headers', 'stamps', 'compression',
  '__proto__', 'constructor', 'x',
]; // biome-ignore format: a table
const SIGNATURE = { task: 'fuzz.any', args: [], kwargs: {}, options: {}, subtask_type: null, immutable: false };

const headers = fc
  .tuple(
    fc.constantFrom(...TASKS),
    fc.array(fc.tuple(fc.constantFrom(...HEADERS), odd), { maxLength: 4 }),
    fc.array(fc.constantFrom(...HEADERS), { maxLength: 2 }),
  )
  .map(([task, changes, removed]) => {
    const table: Record<string, unknown> = { lang: 'py', task, id: `bad-${task}`, retries: 0, timelimit: [null, null] };
    for (const [key, value] of changes)
      Object.defineProperty(table, key, { value, enumerable: true, configurable: true, writable: true });
    for (const key of removed) delete table[key];
    return table;
  });

const embed = fc.oneof(
  fc.constant({ callbacks: null, errbacks: null, chain: null, chord: null }),
  fc.record({ callbacks: odd, errbacks: odd, chain: odd, chord: odd }),
  fc.constantFrom({ errbacks: [SIGNATURE] }, { chord: SIGNATURE }, { callbacks: [{ ...SIGNATURE, options: null }] }),
);
const values = fc.oneof(
  fc.tuple(fc.array(odd, { maxLength: 2 }), fc.dictionary(fc.string({ maxLength: 4 }), odd, { maxKeys: 1 }), embed),
  fc.tuple(odd, odd, odd),
  fc.record({
    task: fc.constantFrom(...TASKS),
    id: odd,
    args: odd,
    kwargs: odd,
    eta: odd,
    expires: odd,
    utc: odd,
    timelimit: odd,
  }),
  odd,
);
const bodies = fc
  .tuple(
    values,
    fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 3 }),
    fc.option(fc.nat(), { freq: 4 }),
  )
  .map(([value, flips, cut]) => {
    const bytes = Buffer.from(JSON.stringify(value) ?? '');
    for (const [at, byte] of flips) if (bytes.length > 0) bytes[at % bytes.length] = byte;
    return cut === null ? bytes : bytes.subarray(0, cut % (bytes.length + 1));
  });

const JSON_TYPE = 'application/json';
const message: fc.Arbitrary<OutgoingMessage> = fc.record({
  exchange: fc.constant(''),
  routingKey: fc.constant('celery'),
  body: bodies,
  contentType: fc.constantFrom(
    JSON_TYPE,
    JSON_TYPE,
    JSON_TYPE,
    'application/x-python-serialize',
    'text/plain',
    '',
    'x/y',
    '__proto__',
  ),
  contentEncoding: fc.constantFrom('utf-8', 'utf-8', 'utf-8', 'binary', 'latin1', '', 'no-such'),
  headers: fc.oneof({ weight: 5, arbitrary: headers }, { weight: 1, arbitrary: fc.constant({}) }),
  properties: fc.oneof(
    fc.constant({ delivery_mode: 2 as const }),
    fc.record({
      correlation_id: odd,
      reply_to: odd,
      priority: fc.integer({ min: 0, max: 9 }),
    }) as unknown as fc.Arbitrary<Record<string, never>>,
  ),
});

let good = 0;
async function publishGood(): Promise<string> {
  const id = `good-${++good}`;
  await channel.publish({
    exchange: '',
    routingKey: 'celery',
    body: Buffer.from(JSON.stringify([[id], {}, null])),
    contentType: JSON_TYPE,
    contentEncoding: 'utf-8',
    headers: { lang: 'py', task: 'fuzz.good', id },
    properties: {},
  });
  return id;
}

/** Nothing waits but what has an ETA. */
async function settled(): Promise<boolean> {
  const status = (await channel.queueStatus('celery'))!;
  const scheduled = [...worker.state.inPhase('scheduled')].length;
  return status.messages === 0 && status.unacked === scheduled && worker.state.requests.size === scheduled;
}

it(`a worker survives ${ROUNDS * BAD_A_ROUND} mutated messages and runs every good one among them once`, async () => {
  let bad = 0;
  const rounds = fc.asyncProperty(
    fc.array(message, { minLength: BAD_A_ROUND, maxLength: BAD_A_ROUND }),
    async (messages) => {
      const ids: string[] = [];
      for (const [i, one] of messages.entries()) {
        await channel.publish(one);
        bad++;
        if (i % (BAD_A_ROUND / GOOD_A_ROUND) === 0) ids.push(await publishGood());
      }
      await until(settled, 'every message to be settled', { everyMs: 1 });
      expect(uncaught).toEqual([]);
      expect(ids.map((id) => ran.get(id))).toEqual(ids.map(() => 1));
      // What waits for an ETA is put aside, or the prefetch count would grow with every round.
      for (const request of [...worker.state.inPhase('scheduled')]) {
        worker.state.revoked.add(request.id);
        request.revoked();
      }
    },
  );
  await fc.assert(rounds, { numRuns: ROUNDS, endOnFailure: true });
  expect(bad).toBeGreaterThanOrEqual(ROUNDS * BAD_A_ROUND);
  expect(worker.mode).toBe('running');
  expect({}.constructor).toBe(Object);
});
