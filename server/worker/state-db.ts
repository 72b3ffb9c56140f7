// The file in which what was revoked and the logical clock outlive a restart (--statedb), and the step that reads and writes it.
// Not here: the ids and stamps themselves (revoked.ts).
// Holds: the file is whole or not there; a file that cannot be written is said and tried again, and work goes on; one that is damaged
// is put aside, never overwritten, and one of somebody else's is refused.
// Celery 5.6: worker/state.py Persistent, which forgets stamps. The file is our own, not Python's shelve.
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { ImproperlyConfigured, toError } from '../errors.ts';
import { nodeFormat } from '../nodename.ts';
import type { TimerHandle } from '../timer.ts';
import { Bootstep } from './blueprint.ts';
import type { RevokedSet } from './revoked.ts';
import type { Worker } from './worker.ts';

/** A file that could not be written is tried again after so long. */
const RETRY_MS = 10_000;

interface Stored {
  revoked: Record<string, number>;
  stamps: Record<string, Record<string, number>>;
  clock: number;
}

interface StateFile extends Stored {
  umbel: 1;
}

/** The --statedb file. */
export class StateDb {
  readonly path: string;
  constructor(path: string) {
    this.path = path;
  }

  /**
   * null: there is none yet, or it was put aside.
   * @param putAside told where a damaged file is now, and why
   */
  load(putAside?: (place: string, reason: string) => void): Stored | null {
    let text: string;
    try {
      text = readFileSync(this.path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw new ImproperlyConfigured(`Cannot read the state file ${this.path}: ${(error as Error).message}`);
    }
    try {
      const file = JSON.parse(text) as StateFile;
      const stamps = file.stamps ?? {};
      if (file.umbel !== 1 || ![file.revoked, ...Object.values(stamps)].every(isTable))
        throw new Error('no umbel state');
      return { revoked: file.revoked, stamps, clock: Number(file.clock) || 0 };
    } catch (error) {
      // A crash of the machine may leave it empty or cut off.
      if (text === '' || text.startsWith('{"umbel":1')) {
        const place = `${this.path}.unreadable-${process.pid}`;
        renameSync(this.path, place);
        putAside?.(place, toError(error).message);
        return null;
      }
      throw new ImproperlyConfigured(
        `${this.path} is not a state file of umbel (Python's shelve files cannot be read). Choose another --statedb.`,
      );
    }
  }

  /** Whole or not at all: written beside and moved over. */
  save(revoked: RevokedSet, clock: number): void {
    const file: StateFile = { umbel: 1, revoked: revoked.toRecord(), stamps: revoked.stampsRecord(), clock };
    const beside = `${this.path}.${process.pid}.tmp`;
    try {
      writeFileSync(beside, JSON.stringify(file), { mode: 0o600 });
      renameSync(beside, this.path);
    } catch (error) {
      rmSync(beside, { force: true });
      throw error;
    }
  }
}

function isTable(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

/** Step: what was revoked before the last stop, and again at the next. */
export class StateDbStep extends Bootstep<Worker> {
  static override label = 'StateDB';
  readonly #file: StateDb | null;
  #saving: TimerHandle | null = null;

  constructor(worker: Worker, options: Readonly<Record<string, unknown>>) {
    super(worker, options);
    const path = worker.options.statedb ?? worker.app.conf.get('worker_state_db');
    this.#file = path ? new StateDb(nodeFormat(path, { hostname: worker.hostname })) : null;
    this.enabled = this.#file !== null;
  }

  override start(worker: Worker): void {
    const { revoked } = worker.state;
    const stored = this.#file!.load((place, reason) =>
      worker.log.warning(
        `The state file ${this.#file!.path} cannot be read and was put aside as ${place}: what was revoked before is not known (${reason})`,
      ),
    );
    if (stored) {
      revoked.merge(stored.revoked);
      revoked.mergeStamps(stored.stamps);
      worker.app.clock.adjust(stored.clock);
    }
    // Not only at the end: a killed worker must not run what was revoked.
    revoked.onChange = () => {
      this.#saveAfter(worker, 500);
    };
    // One that cannot be written is told now, and not when something is revoked.
    this.#save(worker);
  }

  #saveAfter(worker: Worker, ms: number): void {
    this.#saving ??= worker.timer.after(ms, () => this.#save(worker));
  }

  override stop(worker: Worker): void {
    worker.state.revoked.onChange = null;
    this.#save(worker);
  }

  #save(worker: Worker): void {
    this.#saving?.cancel();
    this.#saving = null;
    worker.state.revoked.purge();
    try {
      this.#file!.save(worker.state.revoked, worker.app.clock.value);
    } catch (error) {
      worker.log.error(`Cannot write the state file ${this.#file!.path}: ${toError(error).message}`);
      if (worker.state.revoked.onChange) this.#saveAfter(worker, RETRY_MS);
    }
  }
}
