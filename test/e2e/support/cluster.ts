// A cluster of real processes for one test file: the built `umbel worker` and `umbel dashboard` on a broker file of their own.
// The app they run: ../app/tasks.mjs. Looking at it: browser.ts.
// Holds: everything lives in one temporary folder and on ports the system chose; all of it ends with the file.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';
import type { Celery, chain, chord } from '../../../server/index.ts';
import type { TaskDetail } from '../../../shared/wire/tasks.ts';
import type { Running } from '../../support/umbel.ts';
import { until } from '../../support/until.ts';

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
export const APP = join(ROOT, 'test/e2e/app/tasks.mjs');
/** The machine may be busy with other tests. @unit milliseconds */
export const LONG = 120_000;

// Always what is shipped, never the sources.
process.env['UMBEL_BUILT'] = '1';
if (!existsSync(join(ROOT, 'dist/web/index.html'))) throw new Error('the package is not built: npm run build');
const { startUmbel, umbel } = await import('../../support/umbel.ts');
const built = (await import(join(ROOT, 'dist/index.js'))) as {
  Celery: typeof Celery;
  chain: typeof chain;
  chord: typeof chord;
};

export { startUmbel, umbel };

export interface Dashboard {
  readonly address: string;
  readonly process: Running;
  get<T>(path: string): Promise<T>;
}

export interface SendOptions {
  readonly kwargs?: Record<string, unknown>;
  readonly queue?: string;
  readonly countdown?: number;
  readonly priority?: number;
}

export class Cluster {
  readonly folder = mkdtempSync(join(tmpdir(), 'umbel-e2e-'));
  readonly broker: string;
  readonly #app: Celery;
  readonly #running: Running[] = [];

  /** @param broker Default: a file in its folder. */
  constructor(broker?: string) {
    this.broker = broker ?? `sqlite:///${join(this.folder, 'broker.db')}`;
    const settings = { broker: this.broker, result_backend: this.broker, task_send_sent_event: true };
    this.#app = new built.Celery('client', settings);
  }

  /** @returns once it is ready for tasks */
  async startWorker(name: string, ...flags: string[]): Promise<Running> {
    const args = ['worker', '-A', APP, '-b', this.broker, '--result-backend', this.broker, '-n', name, '-E'];
    const worker = startUmbel([...args, '-l', 'INFO', ...flags], { cwd: this.folder });
    this.#running.push(worker);
    await worker.says(/ready/, LONG);
    return worker;
  }

  /** @param schedule where it is kept */
  async startBeat(schedule: string): Promise<Running> {
    const args = ['beat', '-A', APP, '-b', this.broker, '--result-backend', this.broker, '--schedule', schedule];
    const beat = startUmbel([...args, '-l', 'INFO'], { cwd: this.folder });
    this.#running.push(beat);
    await beat.says(/Starting with/, LONG);
    return beat;
  }

  async startDashboard(...flags: string[]): Promise<Dashboard> {
    // One of several says its broker itself.
    const of = flags.includes('--cluster') ? [] : ['-b', this.broker, '--result-backend', this.broker];
    const args = ['dashboard', ...of, '--json'];
    const often = ['--inspect-interval', '1', '--queue-interval', '1'];
    const port = flags.includes('--port') ? [] : ['--port', '0'];
    const process = startUmbel([...args, ...often, ...port, '--db', join(this.folder, 'history.db'), ...flags], {
      cwd: this.folder,
    });
    this.#running.push(process);
    await process.says(/"address".*\n/, LONG);
    const address = addressOf(process);
    // What happens before it listens to events it hears of late, or never.
    const ready = async () => (await fetch(`${address}/readyz`)).ok;
    await until(ready, 'the dashboard to listen', { timeoutMs: LONG, everyMs: 50 });
    return { address, process, get: (path) => getJson(`${address}/api/v2/${path}`) };
  }

  /** @returns the task's id */
  async send(name: string, args: readonly unknown[], options: SendOptions = {}): Promise<string> {
    const { kwargs = {}, ...rest } = options;
    const result = await this.#app.sendTask(name, [...args], kwargs, rest);
    return result.id;
  }

  async sendMany(name: string, count: number, options: SendOptions = {}): Promise<string[]> {
    return Promise.all(Array.from({ length: count }, (_, i) => this.send(name, [i], options)));
  }

  /** @returns ids of the header's tasks */
  async chord(header: readonly (readonly [name: string, args: readonly unknown[]])[], body: string): Promise<string[]> {
    const parts = header.map(([name, args]) => this.#app.signature(name, args));
    for (const part of parts) part.freeze();
    await built.chord(parts, this.#app.signature(body)).applyAsync();
    return parts.map(({ id }) => id!);
  }

  /** One after the other, none with the result of another. @returns the id of the first */
  async chain(steps: readonly (readonly [name: string, args: readonly unknown[]])[]): Promise<string> {
    const parts = steps.map(([name, args]) => this.#app.signature(name, args, {}, { immutable: true }));
    for (const part of parts) part.freeze();
    await built.chain(...parts).applyAsync();
    return parts[0]!.id!;
  }

  /** Writes an empty file into its folder, where its workers run: what a task may wait for. */
  write(name: string): void {
    writeFileSync(join(this.folder, name), '');
  }

  async close(): Promise<void> {
    await this.#app.close();
    for (const running of this.#running) await running[Symbol.asyncDispose]();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** What a program started with --json said it listens at. */
export function addressOf(program: Running): string {
  const line = program
    .stdout()
    .split('\n')
    .find((text) => text.includes('"address"'));
  return (JSON.parse(line!) as { address: string }).address;
}

/** A cluster for the tests of this file. */
export function useCluster(): Cluster {
  const cluster = new Cluster();
  afterAll(() => cluster.close(), LONG);
  return cluster;
}

export async function getJson<T>(url: string, init?: RequestInit): Promise<T> {
  const reply = await fetch(url, init);
  if (!reply.ok) throw new Error(`${reply.status} of ${url}: ${await reply.text()}`);
  return (await reply.json()) as T;
}

/** Waits until the dashboard knows the task in one of these states. */
export function inState(dashboard: Dashboard, id: string, ...states: string[]): Promise<TaskDetail> {
  return until(
    async () => {
      const task = await dashboard.get<TaskDetail>(`tasks/${id}`);
      return states.includes(task.state) && task;
    },
    `task ${id} to be ${states.join(' or ')}`,
    { timeoutMs: LONG, everyMs: 50 },
  );
}
