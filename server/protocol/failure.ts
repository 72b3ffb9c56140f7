// Exceptions on the wire, both ways: exc_type, exc_message, exc_module and the traceback's text.
// Which errors there are: errors.ts. Where the record goes: result-meta.ts.
// Holds: what came from another Celery goes back unchanged (type, module, arguments, traceback); decoding never throws and never
// creates anything but errors.
// Celery 5.6: backends/base.py prepare_exception, exception_to_python; utils/serialization.py
import { reprOf, saferepr } from '../../shared/python-repr.ts';
import * as errors from '../errors.ts';
import { encodeJsonFast } from '../serialization/json.ts';

export interface WireFailure {
  exc_type: string;
  exc_message: unknown[];
  exc_module: string;
}

/** @param module where a class of the user's own is said to live; Python makes a class of that name when it has none */
export function encodeFailure(error: Error, module = 'builtins'): WireFailure {
  return {
    exc_type: typeName(error),
    exc_message: exceptionArgs(error).map(storable),
    exc_module: moduleOf(error) ?? module,
  };
}

/** The typed error of errors.ts or JavaScript's own when the name is known here, else RemoteError. */
export function decodeFailure(value: unknown, traceback: string | null): Error {
  if (value instanceof Error) return value;
  const record = typeof value === 'object' && value !== null ? (value as Partial<Record<string, unknown>>) : {};
  const type = own(record, 'exc_type');
  if (typeof type !== 'string' || type === '') {
    return new errors.RemoteError('Exception', [value], { remoteTraceback: traceback });
  }
  const message = own(record, 'exc_message');
  const args: unknown[] = Array.isArray(message) ? message : message === null || message === undefined ? [] : [message];
  const rawModule = own(record, 'exc_module');
  const module = typeof rawModule === 'string' ? rawModule : null;
  const error = construct(type, module, args);
  if (!error) return new errors.RemoteError(type, args, { excModule: module, remoteTraceback: traceback });
  remember(error, { args, module, traceback });
  return error;
}

/** The exception's arguments as Python would have them. */
function exceptionArgs(error: Error): readonly unknown[] {
  const remembered = origins.get(error);
  if (remembered) return remembered.args;
  if (error instanceof errors.NotRegistered) return [error.taskName];
  if (error instanceof errors.TimeLimitExceeded) return [error.limit];
  // Celery's pools raise it without arguments.
  if (error instanceof errors.SoftTimeLimitExceeded) return error.limit > 0 ? [error.limit] : [];
  if (error instanceof errors.Reject) return [error.reason, error.requeue];
  const given = (error as { args?: unknown }).args;
  if (Array.isArray(given)) return given;
  return error.message === '' ? [] : [error.message];
}

/** ValueError('x'), as Python would write it. */
export function exceptionRepr(error: Error): string {
  return `${typeName(error)}(${exceptionArgs(error)
    .map((arg) => reprOf(arg))
    .join(', ')})`;
}

/** The traceback the remote side stored, when the error came from there. */
export function remoteTraceback(error: Error): string | null {
  return error instanceof errors.RemoteError ? error.remoteTraceback : (origins.get(error)?.traceback ?? null);
}

/** 'Traceback (most recent call last):\n  File "...", line N, in fn\n...\nExcType: message\n', causes before what they caused. */
export function pythonTraceback(error: Error): string {
  const chain: Error[] = [];
  let current: unknown = error;
  while (current instanceof Error && !chain.includes(current) && chain.length < MAX_CAUSES) {
    chain.unshift(current);
    // What came over the wire carries its whole history in its text.
    if (remoteTraceback(current) !== null) break;
    current = current.cause;
  }
  return chain.map(oneTraceback).join('\nThe above exception was the direct cause of the following exception:\n\n');
}

const MAX_CAUSES = 10;
const MAX_FRAMES = 50;

function oneTraceback(error: Error): string {
  const remote = remoteTraceback(error);
  if (remote !== null) return remote.endsWith('\n') ? remote : `${remote}\n`;
  const frames = stackFrames(error);
  const head = frames.length > 0 ? `Traceback (most recent call last):\n${frames.join('')}` : '';
  return `${head}${lastLine(error)}\n`;
}

function lastLine(error: Error): string {
  const module = moduleOf(error);
  const name = module && module !== 'builtins' ? `${module}.${typeName(error)}` : typeName(error);
  if (error instanceof errors.Retry) return `${name}: ${retryText(error)}`;
  return error.message === '' ? name : `${name}: ${error.message}`;
}

function retryText(error: errors.Retry): string {
  return error.exc ? `${error.message}: ${exceptionRepr(error.exc)}` : error.message;
}

// '    at async Object.run (file:///app/tasks.ts:12:5)', '    at /app/tasks.ts:12:5'
const FRAME = /^\s+at (?:(async )?(.*?) \()?((?:file:\/\/|[a-z]+:)?[^()]*?):(\d+):(\d+)\)?$/;

/** V8's frames, oldest first; Node's inner ones are left out. */
function stackFrames(error: Error): string[] {
  const stack = typeof error.stack === 'string' ? error.stack : '';
  const frames: string[] = [];
  for (const line of stack.split('\n')) {
    if (frames.length >= MAX_FRAMES) break;
    const match = FRAME.exec(line.length > 2000 ? '' : line);
    if (!match) continue;
    const file = match[3]!.replace(/^async /, '');
    if (file.startsWith('node:') || file === 'native') continue;
    const name = (match[2] ?? '').replace(/^(?:async |new |Object\.)/, '') || '<anonymous>';
    frames.push(`  File "${filePath(file)}", line ${match[4]}, in ${name}\n`);
  }
  return frames.reverse();
}

function filePath(file: string): string {
  if (!file.startsWith('file://')) return file;
  try {
    return decodeURIComponent(new URL(file).pathname);
  } catch {
    return file;
  }
}

function typeName(error: Error): string {
  if (error instanceof errors.RemoteError) return error.excType;
  const name = error.name;
  if (typeof name === 'string' && name !== '' && name !== 'Error') return name;
  // A class of the user's own that did not set `name`.
  return error.constructor?.name || 'Error';
}

/** null: a class of the user's own. */
function moduleOf(error: Error): string | null {
  if (error instanceof errors.RemoteError) return error.excModule;
  const origin = origins.get(error);
  if (origin?.module) return origin.module;
  // What a class says of itself: `static exc_module = 'shop.errors'`.
  const said = (error.constructor as { exc_module?: unknown }).exc_module;
  if (typeof said === 'string') return said;
  const name = typeName(error);
  const known = Object.hasOwn(MODULES, name) && error.constructor === (errors as Record<string, unknown>)[name];
  if (known) return MODULES[name]!;
  return error.constructor === (globalThis as Record<string, unknown>)[name] ? 'builtins' : null;
}

function storable(value: unknown): unknown {
  try {
    encodeJsonFast(value);
    return value;
  } catch {
    return saferepr(value, 1024);
  }
}

interface Origin {
  readonly args: readonly unknown[];
  readonly module: string | null;
  readonly traceback: string | null;
}

/** What a decoded error was on the wire, beside what its class can hold. */
const origins = new WeakMap<Error, Origin>();

function remember(error: Error, origin: Origin): void {
  origins.set(error, origin);
  if (origin.traceback === null) return;
  const text = `${error.stack ?? `${error.name}: ${error.message}`}\n\nRemote traceback:\n${origin.traceback}`;
  Object.defineProperty(error, 'stack', { value: text, configurable: true, writable: true });
}

const CELERY = 'celery.exceptions';
const KOMBU = 'kombu.exceptions';
const BILLIARD = 'billiard.exceptions';

/** Where the classes of errors.ts live in Python. */
const MODULES: Readonly<Record<string, string>> = {
  ImproperlyConfigured: CELERY,
  OperationalError: KOMBU,
  BackendError: CELERY,
  BackendStoreError: CELERY,
  QueueNotFound: CELERY,
  AlreadyRegistered: CELERY,
  NotRegistered: CELERY,
  InvalidTaskError: CELERY,
  SerializationError: KOMBU,
  ContentDisallowed: KOMBU,
  DecodeError: KOMBU,
  EncodeError: KOMBU,
  MessageStateError: KOMBU,
  TaskError: CELERY,
  Ignore: CELERY,
  Reject: CELERY,
  Retry: CELERY,
  MaxRetriesExceededError: CELERY,
  TaskRevokedError: CELERY,
  TimeLimitExceeded: BILLIARD,
  SoftTimeLimitExceeded: BILLIARD,
  WorkerLostError: BILLIARD,
  Terminated: BILLIARD,
  ChordError: CELERY,
  TimeoutError: CELERY,
  NotImplementedError: 'builtins',
};

const BUILTINS: Readonly<Record<string, new (message: string) => Error>> = {
  Error,
  TypeError,
  RangeError,
  SyntaxError,
  ReferenceError,
  EvalError,
  URIError,
};

/** undefined: no class of that name here, or it means something else there. */
function construct(type: string, module: string | null, args: readonly unknown[]): Error | undefined {
  const first = args.length === 0 ? '' : textOf(args[0]);
  if (Object.hasOwn(BUILTINS, type) && (module === null || module === 'builtins')) return new BUILTINS[type]!(first);
  if (!Object.hasOwn(MODULES, type) || !isTheirs(type, module)) return undefined;
  switch (type) {
    case 'NotRegistered':
      return new errors.NotRegistered(first);
    case 'TimeLimitExceeded':
      return new errors.TimeLimitExceeded(Number(args[0] ?? 0) || 0);
    case 'SoftTimeLimitExceeded':
      return new errors.SoftTimeLimitExceeded(Number(args[0] ?? 0) || 0);
    case 'Terminated':
      return new errors.Terminated(first);
    case 'Reject':
      return new errors.Reject(args[0] ?? null, args[1] === true);
    case 'Retry':
      return new errors.Retry(first);
    case 'OperationalError':
      return new errors.OperationalError('', first);
    case 'BackendStoreError':
      return new errors.BackendStoreError('', '', first);
  }
  const Class = (errors as unknown as Record<string, new (message: string) => Error>)[type];
  return Class && new Class(first);
}

/** Python's TimeoutError of builtins is another one than celery's; others have one home, spelled variously by versions. */
function isTheirs(type: string, module: string | null): boolean {
  const home = MODULES[type]!;
  if (module === null || module === home) return true;
  return home !== 'builtins' && /^(celery|kombu|billiard)\./.test(module);
}

function own(record: Partial<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : saferepr(value, 1024);
}
