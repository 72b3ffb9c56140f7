// `umbel beat`: the schedule as a program, and the same embedded in a worker (-B).
// What is due and when: beat/. OS signals and exit codes: here.
// Celery 5.6: bin/beat.py, apps/beat.py
import { rmSync } from 'node:fs';
import type { Celery } from '../app/celery.ts';
import { Beat } from '../beat/beat.ts';
import { createLogger, type Logger, type LogLevel } from '../log.ts';
import { takeOn, writePidfile } from './daemon.ts';
import { createOutput, EXIT, wantsColor } from './output.ts';
import { type GlobalOptions, openApp } from './session.ts';

export interface BeatCliOptions extends GlobalOptions {
  /** The file beat remembers its last runs in. */
  readonly schedule?: string;
  readonly scheduler?: string;
  /** Seconds. */
  readonly maxInterval?: number;
  readonly loglevel?: LogLevel;
  readonly pidfile?: string;
  readonly uid?: string;
  readonly gid?: string;
  readonly umask?: string;
}

export function startableBeat(app: Celery, options: BeatCliOptions, log: Logger, embedded = false): Beat {
  return new Beat(app, {
    ...(options.schedule ? { schedule: options.schedule } : {}),
    ...(options.scheduler ? { scheduler: options.scheduler } : {}),
    ...(options.maxInterval === undefined ? {} : { maxInterval: options.maxInterval }),
    embedded,
    log,
  });
}

export async function beat(options: BeatCliOptions): Promise<number> {
  const output = createOutput(options);
  takeOn(options);
  const level = options.loglevel ?? 'WARNING';
  const log = createLogger({ level, color: wantsColor(options.color, process.stderr), name: 'Beat' });
  const app = await openApp(options);
  app.log = log;
  const pidfile = options.pidfile ? writePidfile(options.pidfile) : null;
  const instance = startableBeat(app, options, log);
  const ended = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGQUIT'] as const) process.once(signal, () => resolve());
  });
  try {
    if (!output.quiet) output.line(`umbel beat: ${app.name} is starting (Ctrl+C ends)`);
    await instance.start();
    await ended;
    return EXIT.ok;
  } finally {
    await instance.stop();
    if (pidfile) rmSync(pidfile, { force: true });
    await app.close();
  }
}
