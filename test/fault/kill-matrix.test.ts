// What becomes of a task whose child, worker or broker is killed: each cell of the table in docs/guides/delivery.md, which is read here.
// Without UMBEL_LONG=1 the rows of the worker on SQLite, with it all of them, on Redis and RabbitMQ too, and with these themselves killed.
// Children that are killed are in test/flow/pools.test.ts and test/server/pool/children.test.ts, too.
// Killed under load, with workers of both languages: worker-killed.test.ts, redis-restarts.test.ts, rabbitmq-broker.test.ts.
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { Celery } from '../../server/app/celery.ts';
import type { SettingsInput } from '../../server/app/config.ts';
import { silentLogger } from '../../server/log.ts';
import { hasRabbit, rabbitServer } from '../support/rabbitmq-server.ts';
import { hasRedis, redisServer } from '../support/redis-server.ts';
import { type Running, startUmbel } from '../support/umbel.ts';
import { until } from '../support/until.ts';
import { PATIENT } from './world.ts';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));
const GUIDE = readFileSync(new URL('../../docs/guides/delivery.md', import.meta.url), 'utf8');
const LONG = Boolean(process.env['UMBEL_LONG']);

/** As many as stand somewhere at a time: what is sent after them waits. */
const CHILDREN = ['-P', 'prefork', '-c', '4'];

type When = 'taken' | 'running' | 'stored';
const WHEN: readonly When[] = ['taken', 'running', 'stored'];

/** What a cell says, as what is to be seen. */
const MEANS: Readonly<Record<string, { readonly runs: number; readonly state: string }>> = {
  'runs once': { runs: 1, state: 'SUCCESS' },
  'runs again': { runs: 2, state: 'SUCCESS' },
  WorkerLostError: { runs: 1, state: 'FAILURE' },
  'lost: STARTED': { runs: 1, state: 'STARTED' },
};

/** The cells of a row of the guide's table, for tasks acknowledged early and late. */
function cellsOf(killed: string, when: When): { early: string; late: string } {
  const rows = GUIDE.split('\n').filter((line) => line.startsWith('| '));
  const cells = rows.map((row) => row.split('|').map((cell) => cell.replaceAll('`', '').trim()));
  const row = cells.find(([, who, at]) => who === killed && at?.startsWith(when));
  if (!row) throw new Error(`delivery.md has no row for ${killed}, ${when}`);
  return { early: row[3]!, late: row[4]! };
}

interface Broker {
  readonly settings: SettingsInput;
  kill(): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
}

class Matrix implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'umbel-matrix-'));
  readonly #broker: Broker;
  readonly app: Celery;
  readonly #workers: Running[] = [];
  readonly #ids = new Map<string, string>();

  constructor(broker: (folder: string) => Broker) {
    this.#broker = broker(this.folder);
    this.app = new Celery('matrix', this.#broker.settings, { env: {}, log: silentLogger });
    writeFileSync(join(this.folder, 'diary'), '');
  }

  get broker(): Broker {
    return this.#broker;
  }

  async worker(name: string, pool: readonly string[] = CHILDREN): Promise<Running> {
    const settings = JSON.stringify(this.#broker.settings);
    const running = startUmbel(['-A', join(FOLDER, 'matrix.mjs'), 'worker', '-n', name, '-l', 'DEBUG', ...pool], {
      cwd: this.folder,
      env: { MATRIX_FOLDER: this.folder, MATRIX_SETTINGS: settings },
    });
    this.#workers.push(running);
    await running.says(' ready.');
    return running;
  }

  /** @param stopsIn it goes no further before the gate is open */
  async send(kind: string, key: string, stopsIn: 'body' | 'end' | null, gate: string): Promise<void> {
    const { id } = await this.app.sendTask(`matrix.${kind}`, [key, stopsIn, gate]);
    this.#ids.set(key, id);
  }

  open(gate: string): void {
    writeFileSync(join(this.folder, `${gate}.open`), '');
  }

  /** Process ids, as the diary has them. */
  #marks(what: 'begun' | 'stored', key: string): number[] {
    const lines = readFileSync(join(this.folder, 'diary'), 'utf8').split('\n');
    return lines.flatMap((line) => (line.startsWith(`${what} ${key} `) ? [Number(line.split(' ')[2])] : []));
  }

  /** Every one of them stands where its name says, and its worker knows: the process it stands in. */
  async stands(worker: Running, keys: readonly string[]): Promise<number[]> {
    const said = (text: string) => worker.stderr().includes(text) || worker.stdout().includes(text);
    const pids: number[] = [];
    for (const key of keys) {
      const id = this.#ids.get(key)!;
      const when = WHEN.find((one) => key.includes(one))!;
      if (when === 'taken') {
        await until(() => said(`[${id}] received`), `${key} to be taken`, PATIENT);
        continue;
      }
      const mark = when === 'running' ? 'begun' : 'stored';
      await until(() => this.#marks(mark, key).length > 0, `${key} to be ${when}`, PATIENT);
      // With early acknowledgement the broker has heard of it by then.
      await until(() => said(`[${id}] pid:`), `${key} to be accepted`, PATIENT);
      pids.push(this.#marks(mark, key)[0]!);
    }
    return pids;
  }

  /** What came of them is what the guide says, and stays so when a task sent after them is done. */
  async expectCells(keys: readonly (readonly [key: string, cell: string])[]): Promise<void> {
    const backend = await this.app.backend();
    const seen = async () => {
      const metas = await backend.getMany(keys.map(([key]) => this.#ids.get(key)!));
      return keys.map(([key, cell]) => {
        const { status, result } = metas.get(this.#ids.get(key)!) ?? { status: 'PENDING', result: null };
        if (status === 'FAILURE') expect((result as { exc_type: string }).exc_type).toBe(cell);
        return { key, runs: this.#marks('begun', key).length, state: status };
      });
    };
    const wanted = keys.map(([key, cell]) => {
      if (!MEANS[cell]) throw new Error(`delivery.md says '${cell}' of ${key}, which means nothing here`);
      return { key, ...MEANS[cell] };
    });
    await expect.poll(seen, { timeout: PATIENT.timeoutMs }).toEqual(wanted);
    const last = await this.app.sendTask('matrix.early', [`after-${keys[0]![0]}`, null, '']);
    await last.get({ timeout: 120 });
    expect(await seen()).toEqual(wanted);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const one of this.#workers) await one[Symbol.asyncDispose]();
    await this.app.close();
    await this.#broker.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Gone, though nobody may have waited for it. */
const isGone = (pid: number) =>
  !existsSync(`/proc/${pid}/stat`) || /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
const allGone = (pids: readonly number[]) => until(() => pids.every(isGone), 'the processes to be gone', PATIENT);

const STORE = (folder: string) => `sqlite:///${join(folder, 'results.db')}`;
const COMMON = { task_track_started: true } satisfies SettingsInput;
const nothing = async () => {};

/** @param visibility of Redis: after so many seconds what a dead worker held is delivered again */
type Make = (visibility: number) => Promise<(folder: string) => Broker>;
const BROKERS: readonly (readonly [name: string, there: boolean, make: Make])[] = [
  [
    'SQLite',
    true,
    async () => (folder) => ({
      settings: { ...COMMON, broker: `sqlite:///${join(folder, 'broker.db')}`, backend: STORE(folder) },
      kill: nothing,
      start: nothing,
      close: nothing,
    }),
  ],
  [
    'Redis',
    hasRedis,
    async (visibility) => {
      const redis = await redisServer({ durable: true });
      return () => ({
        settings: {
          ...COMMON,
          broker: redis.url(),
          backend: redis.url(1),
          broker_transport_options: { visibility_timeout: visibility },
        },
        kill: () => redis.kill(),
        start: () => redis.start(),
        close: () => redis.close(),
      });
    },
  ],
  [
    'RabbitMQ',
    hasRabbit,
    async () => {
      const rabbit = await rabbitServer();
      return (folder) => ({
        settings: { ...COMMON, broker: rabbit.url(), backend: STORE(folder) },
        kill: () => rabbit.kill(),
        start: () => rabbit.start(),
        close: () => rabbit.close(),
      });
    },
  ],
];

let opened: Matrix | null = null;
afterEach(async () => {
  await opened?.[Symbol.asyncDispose]();
  opened = null;
});

/** 'worker-taken-late' of all moments, with the cell of each. */
function keysOf(prefix: string, row: string, kinds: readonly [early: string, late: string]) {
  return WHEN.flatMap((when) => {
    const { early, late } = cellsOf(row, when);
    return [[`${prefix}-${when}-${kinds[0]}`, early] as const, [`${prefix}-${when}-${kinds[1]}`, late] as const];
  });
}

/** Sent so that those that are to stand in a child get one, and the others wait behind them. */
async function sendAll(matrix: Matrix, prefix: string, kinds: readonly string[]): Promise<void> {
  for (const [when, stopsIn] of [
    ['running', 'body'],
    ['stored', 'end'],
    ['taken', null],
  ] as const)
    for (const kind of kinds) await matrix.send(kind, `${prefix}-${when}-${kind}`, stopsIn, prefix);
}

for (const [name, there, make] of BROKERS) {
  if (name !== 'SQLite' && !LONG) continue;
  describe.skipIf(!there)(`on ${name}`, () => {
    it('what becomes of the tasks of a killed worker, and of a killed child, is as the guide says', async () => {
      const matrix = new Matrix(await make(3));
      opened = matrix;
      const plain = ['early', 'late'] as const;
      const first = await matrix.worker('first@matrix');
      await sendAll(matrix, 'worker', plain);
      const ofWorker = keysOf('worker', 'the worker', plain);
      const held = await matrix.stands(
        first,
        ofWorker.map(([key]) => key),
      );
      first.child.kill('SIGKILL');
      await Promise.all([once(first.child, 'exit'), allGone(held)]);
      matrix.open('worker');
      const second = await matrix.worker('second@matrix', LONG ? CHILDREN : ['-P', 'async']);
      await matrix.expectCells(ofWorker);

      if (!LONG) return;
      for (const [row, kinds] of [
        ['a child', plain],
        ['a child, reject_on_worker_lost', ['early-reject', 'late-reject']],
      ] as const) {
        await sendAll(matrix, kinds[0], kinds);
        const ofChild = keysOf(kinds[0], row, kinds);
        const pids = await matrix.stands(
          second,
          ofChild.map(([key]) => key),
        );
        for (const pid of pids) process.kill(pid, 'SIGKILL');
        await allGone(pids);
        matrix.open(kinds[0]);
        await matrix.expectCells(ofChild);
      }
    });

    // It is in the workers: nobody can kill it alone.
    if (name === 'SQLite') return;
    it('what becomes of the tasks of a worker whose broker is killed is as the guide says', async () => {
      const matrix = new Matrix(await make(3600));
      opened = matrix;
      const worker = await matrix.worker('w@matrix');
      await sendAll(matrix, 'broker', ['early', 'late']);
      const ofBroker = keysOf('broker', name, ['early', 'late']);
      await matrix.stands(
        worker,
        ofBroker.map(([key]) => key),
      );
      await matrix.broker.kill();
      await worker.says('Connection to broker lost');
      await matrix.broker.start();
      matrix.open('broker');
      await matrix.expectCells(ofBroker);
    });
  });
}
