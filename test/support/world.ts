// A small world for a test: an app on a broker of its own, and a worker when wanted, closed when the test ends.
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { Celery } from '../../server/app/celery.ts';
import type { SettingsInput } from '../../server/app/config.ts';
import { silentLogger } from '../../server/log.ts';
import { Worker, type WorkerOptions } from '../../server/worker/worker.ts';

export type BrokerKind = 'memory' | 'sqlite';

export interface WorldOptions {
  /** Default memory: one broker per world. */
  readonly broker?: BrokerKind;
  readonly settings?: SettingsInput;
}

/** An app with broker and result store of its own. */
export function makeApp(options: WorldOptions = {}): Celery {
  const url = options.broker === 'sqlite' ? sqliteUrl() : `memory://${randomUUID()}`;
  const app = new Celery('test', { broker: url, backend: url, ...options.settings }, { env: {}, log: silentLogger });
  onTestFinished(() => app.close());
  return app;
}

/** A file in a folder that goes when the test ends. */
export function sqliteUrl(): string {
  const folder = mkdtempSync(join(tmpdir(), 'umbel-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return `sqlite:///${join(folder, 'broker.db')}`;
}

/** A worker of `app`, ready. */
export async function startWorker(app: Celery, options: WorkerOptions = {}): Promise<Worker> {
  const worker = new Worker(app, { log: silentLogger, withoutGossip: true, withoutMingle: true, ...options });
  onTestFinished(async () => {
    await worker.stop('cold');
    await worker.done;
  });
  await worker.start();
  return worker;
}
