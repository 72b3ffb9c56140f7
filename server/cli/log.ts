// The log of a program that stays: standard error, or the file of --logfile.
// Not here: what becomes of lines that cannot be written (log-sink.ts).
import { maskText } from '../../shared/masking.ts';
import { toError } from '../errors.ts';
import { createLogger, LineStyle, type Logger, type LogLevel } from '../log.ts';
import { appendText, fileSink, type LogSink } from '../log-sink.ts';
import { nodeFormat } from '../nodename.ts';
import { fileMode } from './daemon.ts';
import { CliError, EXIT, wantsColor } from './output.ts';

export interface LogOptions {
  readonly loglevel?: LogLevel;
  readonly logfile?: string;
  readonly umask?: number;
  readonly color?: boolean;
}

/**
 * @param hostname what %n, %h, %d and %p of the file's name stand for. With %i or %I each child of a pool has a file of its own
 * @param style of its lines, which is told the app's settings when it is loaded
 */
export function openLog(options: LogOptions, name: string, hostname: string, style = new LineStyle()): Logger {
  const level = options.loglevel ?? 'WARNING';
  const color = wantsColor(options.color, process.stderr);
  // What was forbidden here no setting allows.
  const common = { level, name, style, ...(options.color === false && { color: false }) };
  style.color = options.logfile ? false : color;
  const onTerminal = createLogger(options.logfile ? { level, name, color } : common);
  if (!options.logfile) return onTerminal;
  const mode = fileMode(options.umask);
  const pathOf = (processIndex: number) => nodeFormat(options.logfile!, { hostname, processIndex });
  const sinkTo = (path: string) =>
    fileSink(path, {
      mode,
      onTrouble: (error) =>
        onTerminal.error(
          `Cannot write the log ${path}: ${error.message}. Work goes on; what is not written is counted`,
        ),
    });
  const path = pathOf(0);
  try {
    appendText(path, '', mode);
  } catch (error) {
    // A pipe whose reader is to come.
    if ((error as NodeJS.ErrnoException).code !== 'ENXIO')
      throw new CliError(`cannot write --logfile ${path}: ${(error as Error).message}`, EXIT.cannotCreate);
  }
  if (pathOf(1) === path) return createLogger({ ...common, sink: sinkTo(path) });
  const sinks = new Map<number, LogSink>([[0, sinkTo(path)]]);
  const sinkOfChild = (processIndex: number): LogSink => {
    const sink = sinks.get(processIndex) ?? sinkTo(pathOf(processIndex));
    sinks.set(processIndex, sink);
    return sink;
  };
  return createLogger({ ...common, sink: sinkOfChild(0), sinkOfChild });
}

/** What ends a program stands in its log file, too: who starts it in the background reads nothing else. @param run the program */
export async function logFatal<T>(log: Logger, { logfile }: LogOptions, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (logfile) log.critical(maskText(toError(error).message));
    throw error;
  }
}
