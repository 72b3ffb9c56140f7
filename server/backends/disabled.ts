// No result store configured: results are dropped, and asking for one says how to configure a store.
// Celery 5.6: backends/base.py DisabledBackend
import { NotImplementedError } from '../errors.ts';
import type { ResultMeta } from '../protocol/result-meta.ts';
import type { Backend } from './contract.ts';
import { DISABLED } from './flags.ts';

export function createDisabledBackend(): Backend {
  return new DisabledBackend();
}

class DisabledBackend implements Backend {
  readonly driver = 'disabled';
  readonly flags = DISABLED;
  readonly enabled = false;

  async store(): Promise<void> {}
  async get(): Promise<ResultMeta | null> {
    throw disabled('read a result');
  }
  async getMany(): Promise<Map<string, ResultMeta>> {
    throw disabled('read results');
  }
  async wait(): Promise<ResultMeta> {
    throw disabled('wait for a result');
  }
  watch(): AsyncIterable<ResultMeta> {
    throw disabled('wait for results');
  }
  subscribe(): () => void {
    throw disabled('wait for results');
  }
  async forget(): Promise<void> {}
  async saveGroup(): Promise<void> {
    throw disabled('save a group');
  }
  async restoreGroup(): Promise<unknown | null> {
    throw disabled('restore a group');
  }
  async forgetGroup(): Promise<void> {}
  async cleanup(): Promise<number> {
    return 0;
  }
  async close(): Promise<void> {}
}

function disabled(what: string): NotImplementedError {
  return new NotImplementedError(
    `Cannot ${what}: no result store is configured. Give the app one, for instance backend: 'sqlite:///results.db' ` +
      `(shared by processes) or 'memory://' (this process alone), or set result_backend.`,
  );
}
