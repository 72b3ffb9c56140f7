// A logger of the user's own, taken as it is: pino's (fields before the text), or what speaks as console does (winston, consola, console itself).
// Holds: what it throws ends no work. Its own levels decide what is written.
import { ImproperlyConfigured } from './errors.ts';
import type { Logger } from './log.ts';

type Say = (...args: never[]) => unknown;

/** At least these three; `debug`, and `fatal` or `critical` are used where they are there. */
export interface ForeignLogger {
  readonly info: Say;
  readonly warn: Say;
  readonly error: Say;
  readonly debug?: Say;
  readonly fatal?: Say;
  readonly child?: Say;
}

export type GivenLogger = Logger | ForeignLogger;

/** @throws ImproperlyConfigured */
export function adoptLogger(given: GivenLogger): Logger {
  const has = (name: string) => typeof (given as unknown as Record<string, unknown> | null)?.[name] === 'function';
  if (has('warning') && has('critical') && has('child')) return given as Logger;
  if (!has('info') || !has('warn') || !has('error'))
    throw new ImproperlyConfigured(
      `'log' is no logger: it has to have info, warn and error, as console and pino have, or to be one of createLogger.`,
    );
  return has('fatal') && has('child') ? ofPino(given as Pino) : ofConsole(given as Console, '');
}

type Fields = Record<string, unknown>;

type Pino = Record<'debug' | 'info' | 'warn' | 'error' | 'fatal', (fields: Fields, text: string) => void> & {
  child(bindings: Fields): Pino;
};

function ofPino(pino: Pino): Logger {
  const say =
    (method: 'debug' | 'info' | 'warn' | 'error' | 'fatal') =>
    (text: string, fields: Fields = {}) =>
      safely(() => {
        // Errors are written whole under this name alone.
        const { error, ...others } = fields;
        pino[method](error instanceof Error ? { ...others, err: error } : fields, text);
      });
  return {
    debug: say('debug'),
    info: say('info'),
    warning: say('warn'),
    error: say('error'),
    critical: say('fatal'),
    child: (name, task) => ofPino(pino.child(task ? { task_name: task.name, task_id: task.id } : { name })),
  };
}

type Console = Record<'info' | 'warn' | 'error', (...said: unknown[]) => void> & {
  debug?(...said: unknown[]): void;
};

function ofConsole(target: Console, prefix: string): Logger {
  const say = (method: 'debug' | 'info' | 'warn' | 'error') => (text: string, fields?: Fields) =>
    safely(() => {
      const line = prefix + text;
      if (fields) target[method]?.(line, fields);
      else target[method]?.(line);
    });
  return {
    debug: say('debug'),
    info: say('info'),
    warning: say('warn'),
    error: say('error'),
    critical: say('error'),
    child: (name) => ofConsole(target, `${name}: `),
  };
}

function safely(work: () => void): void {
  try {
    work();
  } catch {
    // A log that fails is nobody's reason to stop.
  }
}
