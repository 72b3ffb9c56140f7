// What bodies print (console.log, process.stdout) goes to the log, with the task's name and id before it.
// Not here: what a line looks like (log.ts). What is printed outside of tasks, and the log's own writing, stays as it is.
// Celery 5.6: app/log.py redirect_stdouts_to_logger, LoggingProxy
import { currentTask } from '../app/context.ts';
import { LOG_LEVELS, type LogLevel } from '../log.ts';
import { isLogWriting } from '../log-sink.ts';

type Write = typeof process.stdout.write;

/**
 * From now on, in this process or thread.
 * @param level `worker_redirect_stdouts_level`; what is no level of the log is WARNING
 * @returns what puts it back
 */
export function redirectOutput(level: string): () => void {
  const known = LOG_LEVELS.find((one) => one === level.toUpperCase()) ?? 'WARNING';
  const streams = [process.stdout, process.stderr];
  const undo = streams.map((stream) => redirect(stream, known));
  return () => {
    for (const one of undo) one();
  };
}

function redirect(stream: NodeJS.WriteStream, level: LogLevel): () => void {
  const { write } = stream;
  const method = level.toLowerCase() as Lowercase<LogLevel>;
  let isLogging = false;
  const redirected = (chunk: string | Uint8Array, encoding?: unknown, done?: unknown): boolean => {
    const task = isLogging || isLogWriting() ? undefined : currentTask();
    if (!task) return (write as (...args: unknown[]) => boolean).call(stream, chunk, encoding, done);
    const text = typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
    isLogging = true;
    try {
      for (const line of text.split(/\r?\n/)) if (line.trim() !== '') task.log[method](line);
    } finally {
      isLogging = false;
    }
    const callback = typeof encoding === 'function' ? encoding : done;
    if (typeof callback === 'function') process.nextTick(callback as () => void);
    return true;
  };
  stream.write = redirected as Write;
  return () => {
    if (stream.write === redirected) stream.write = write;
  };
}
