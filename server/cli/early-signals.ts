// SIGTERM and SIGINT from the first line of the command until the program it becomes has handlers of its own: nothing is open yet, so it
// ends at once. Without it Node's default would end a worker that is asked to stop while its modules load with a failure (143).
// SIGHUP asks a worker to start anew: it has only just begun. Where its terminal is about to go it ends, as other programs do.
// So does a worker whose supervisor (`umbel up`) dies meanwhile: nobody would be left to end it.
// Not here: what they do later (worker-signals.ts, daemon.ts endOnSignals, up.ts, session.ts). Imports nothing: it must stand first.
// Before the first line of a script runs, in Node's own start, no handler can stand: then the signal itself ends the process.

const STAY = new Set(['worker', 'beat', 'dashboard', 'up']);

let listening: (() => void) | null = null;

/** Once, before anything else is loaded. A program that was asked to stay ends with 0, a command without its answer with 128 + signal. */
export function exitOnEarlySignals(argv: readonly string[]): void {
  const stays = argv.some((word) => STAY.has(word));
  const onTerm = () => process.exit(stays ? 0 : 143);
  const onInt = () => process.exit(stays ? 0 : 130);
  const onHangUp = () => {
    if (!argv.includes('worker') || process.stdout.isTTY) onTerm();
  };
  process.on('SIGTERM', onTerm).on('SIGINT', onInt);
  if (stays) process.on('SIGHUP', onHangUp);
  // Given a channel by supervisor.ts or restart.ts, which closes with them.
  const isSupervised = Boolean(process.env['UMBEL_SUPERVISED'] || process.env['UMBEL_RESTARTED']) && process.connected;
  if (isSupervised) process.on('disconnect', onTerm);
  listening = () =>
    process.off('SIGTERM', onTerm).off('SIGINT', onInt).off('SIGHUP', onHangUp).off('disconnect', onTerm);
}

/** Whoever has put up handlers of its own calls this after it: there is no moment without any. */
export function endEarlySignals(): void {
  listening?.();
  listening = null;
}
