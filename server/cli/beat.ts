// `umbel beat`: the schedule as a program, and the same embedded in a worker (-B).
// What is due and when: beat/. OS signals and exit codes: here.
// Celery 5.6: bin/beat.py, apps/beat.py
import type { Celery } from '../app/celery.ts';
import { Beat } from '../beat/beat.ts';
import { LineStyle, type Logger, type LogLevel } from '../log.ts';
import { hostFormat, nodeFormat } from '../nodename.ts';
import { type DaemonOptions, detach, endOnSignals, mustDetach, removePidfile, takeOn, writePidfile } from './daemon.ts';
import { logFatal, openLog } from './log.ts';
import { createOutput, EXIT } from './output.ts';
import { type GlobalOptions, openApp, warnOfOldNames } from './session.ts';
import { outliveReaders } from './stdio.ts';

export interface BeatCliOptions extends GlobalOptions, DaemonOptions {
  readonly detach?: boolean;
  /** The file beat remembers its last runs in. */
  readonly schedule?: string;
  readonly scheduler?: string;
  /** Seconds. */
  readonly maxInterval?: number;
  readonly loglevel?: LogLevel;
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
  const hostname = hostFormat('beat');
  const pidPath = options.pidfile ? nodeFormat(options.pidfile, { hostname }) : undefined;
  if (mustDetach(options)) return await detach(options, hostname, 'beat');
  const output = createOutput(options);
  outliveReaders();
  takeOn(options);
  const style = new LineStyle();
  const log = openLog(options, 'Beat', hostname, style);
  return await logFatal(log, options, async () => {
    const { ended, started } = endOnSignals();
    const app = await openApp(options);
    style.use(app.conf);
    app.log = log;
    warnOfOldNames(app, log);
    const pidfile = pidPath ? writePidfile(pidPath, options.umask) : null;
    const instance = startableBeat(app, options, log);
    try {
      if (!output.quiet) output.line(`umbel beat: ${app.name} is starting (Ctrl+C ends)`);
      await instance.start();
      started();
      await ended;
      return EXIT.ok;
    } finally {
      await instance.stop();
      if (pidfile) removePidfile(pidfile, log);
      await app.close();
    }
  });
}
