// The log of a program that stays: standard error, or the file of --logfile.
// Not here: what becomes of lines that cannot be written (log-sink.ts).
import { createLogger, type Logger, type LogLevel } from '../log.ts';
import { appendText, fileSink } from '../log-sink.ts';
import { nodeFormat } from '../nodename.ts';
import { fileMode } from './daemon.ts';
import { CliError, EXIT, wantsColor } from './output.ts';

export interface LogOptions {
  readonly loglevel?: LogLevel;
  readonly logfile?: string;
  readonly umask?: number;
  readonly color?: boolean;
}

/** @param hostname what %n, %h and %d of the file's name stand for */
export function openLog(options: LogOptions, name: string, hostname: string): Logger {
  const level = options.loglevel ?? 'WARNING';
  const color = wantsColor(options.color, process.stderr);
  const onTerminal = createLogger({ level, color, name });
  if (!options.logfile) return onTerminal;
  const path = nodeFormat(options.logfile, { hostname });
  const mode = fileMode(options.umask);
  const sink = fileSink(path, {
    mode,
    onTrouble: (error) =>
      onTerminal.error(`Cannot write the log ${path}: ${error.message}. Work goes on; what is not written is counted`),
  });
  try {
    appendText(path, '', mode);
  } catch (error) {
    // A pipe whose reader is to come.
    if ((error as NodeJS.ErrnoException).code !== 'ENXIO')
      throw new CliError(`cannot write --logfile ${path}: ${(error as Error).message}`, EXIT.cannotCreate);
  }
  return createLogger({ level, sink, color: false, name });
}
