// What OS signals do to `umbel worker`, from its first moment to its last.
// Not here: stopping itself (worker/worker.ts), being started again (restart.ts).
//
// SIGTERM warm. SIGINT warm, a second one cold. SIGQUIT cold. During a cold stop a further SIGINT or SIGQUIT leaves at once.
// With worker_soft_shutdown_timeout what would be cold is soft first: what runs has so long, or until the next of these, which is cold.
// SIGHUP warm, and then the same command anew, unless it is asked to end meanwhile; in a terminal, which is about to go, only warm.
// SIGUSR1 logs what runs. SIGUSR2 nothing.
// REMAP_SIGTERM=SIGQUIT in the environment makes SIGTERM cold.
// Whose supervisor is gone (`umbel up`, or the process before a restart) stops warm, then cold, and then leaves, however it stands: nobody
// is left who could end it.
// Before there is a worker nothing is held: it ends at once, with the code of that way of stopping.
// Celery 5.6: apps/worker.py install_worker_*_handler, install_cry_handler
import type { Logger } from '../log.ts';
import { createTimer } from '../timer.ts';
import type { Worker } from '../worker/worker.ts';
import { endEarlySignals } from './early-signals.ts';
import { EXIT } from './output.ts';
import { hasKeeper } from './restart.ts';
import { print } from './stdio.ts';

type How = 'running' | 'warm' | 'soft' | 'cold';

/** How long an orphan's warm stop may take where `worker_soft_shutdown_timeout` says nothing, and its cold one. */
const ORPHAN_WARM_MS = 60_000;
const ORPHAN_COLD_MS = 15_000;

export class WorkerSignals {
  /** SIGHUP asked for it: run the same command again when the worker has stopped. */
  restart = false;
  readonly #log: Logger;
  /** Of its own, since it must fire while everything else hangs. */
  readonly #timer = createTimer({ unref: true });
  readonly #undo: (() => void)[] = [];
  #how: How = 'running';
  #worker: Worker | null = null;

  constructor(log: Logger) {
    this.#log = log;
    const remapped = process.env['REMAP_SIGTERM'] === 'SIGQUIT';
    this.#on('SIGTERM', () => this.#stop(remapped ? 'cold' : 'warm', remapped));
    this.#on('SIGINT', () => this.#stop(this.#how === 'running' ? 'warm' : 'cold', true));
    if (hasKeeper) this.#on('disconnect', () => this.#orphaned());
    this.#on('SIGQUIT', () => this.#stop('cold', true));
    this.#on('SIGHUP', () => this.#hangUp());
    endEarlySignals();
    this.#on('SIGUSR1', () => this.#describe());
    this.#on('SIGUSR2', () => log.info('SIGUSR2 has no meaning here (in Celery it opens a debugger)'));
    // One task's forgotten await must not end the hundred that run beside it. After a throw that nobody could catch, nothing is
    // certain any more: what is held goes back to the broker, and who supervises this process starts it again.
    this.#on('unhandledRejection', (error: unknown) =>
      log.error('A promise was rejected and nobody awaited it; going on', { error }),
    );
    this.#on('uncaughtException', (error: unknown) => {
      log.critical('An error was thrown outside of any task, in a timer or an event handler; stopping', { error });
      this.#stop('cold', false);
    });
  }

  /** Somebody asked it to stop. */
  get stopping(): boolean {
    return this.#how !== 'running';
  }

  attach(worker: Worker): void {
    this.#worker = worker;
  }

  remove(): void {
    for (const undo of this.#undo.splice(0)) undo();
    if (process.connected) process.disconnect();
  }

  #on(event: string, handler: (...args: any[]) => void): void {
    process.on(event, handler);
    this.#undo.push(() => process.off(event, handler));
  }

  /** @param insists a further one of these leaves at once */
  #stop(asked: 'warm' | 'cold', insists: boolean): void {
    // Whoever wants it to end while it stops to be started again has the last word.
    this.restart = false;
    if (this.#how === 'cold') {
      if (insists) process.exit(EXIT.failure);
      return;
    }
    if (asked === this.#how || (asked === 'warm' && this.#how === 'soft')) return;
    const next = asked === 'cold' && insists && this.#softFirst() ? 'soft' : asked;
    this.#how = next;
    if (!this.#worker) process.exit(next === 'warm' ? EXIT.ok : EXIT.failure);
    if (next === 'warm' && process.stderr.isTTY)
      print(process.stderr, '\nfinishing what runs (Ctrl+C again: at once)\n');
    void this.#worker.stop(next).catch((error: unknown) => {
      this.#log.critical('the worker could not stop in order', { error });
      process.exit(EXIT.failure);
    });
  }

  /** Whoever insists once more during the soft stop means it. */
  #softFirst(): boolean {
    return this.#how !== 'soft' && (this.#worker?.app.conf.get('worker_soft_shutdown_timeout') ?? 0) > 0;
  }

  #orphaned(): void {
    this.#stop('warm', false);
    const softMs = (this.#worker?.app.conf.get('worker_soft_shutdown_timeout') ?? 0) * 1000;
    this.#timer.after(softMs > 0 ? softMs : ORPHAN_WARM_MS, () => {
      this.#log.warning(
        'The process that started this worker is gone, and the warm stop takes too long: stopping cold',
      );
      this.#stop('cold', false);
      this.#timer.after(ORPHAN_COLD_MS, () => process.exit(EXIT.failure));
    });
  }

  #hangUp(): void {
    if (this.#how !== 'running') return;
    if (process.stdout.isTTY) {
      this.#stop('warm', false);
      return;
    }
    // Before there is a worker it has only just been started.
    if (!this.#worker) return;
    this.#log.warning(`Restarting umbel worker (${process.argv.slice(2).join(' ')})`);
    this.#stop('warm', false);
    this.restart = true;
  }

  #describe(): void {
    const worker = this.#worker;
    if (!worker) {
      this.#log.warning('SIGUSR1: the worker is starting');
      return;
    }
    const running = [...worker.state.inPhase('active')].map(({ title }) => title);
    this.#log.warning(`SIGUSR1: ${running.length} tasks run`, { running, loop_delay: worker.loopDelay.stats() });
  }
}
