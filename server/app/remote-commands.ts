// Remote commands of an app's own: what `umbel inspect` and `umbel control` know beside Celery's, and what its workers do when asked.
// Not here: Celery's own commands (control/commands.ts), who calls the handlers (worker/panel/registry.ts).
// Holds: a command has one name in an app, and takes none of Celery's; its arguments are described, so that words become what they are.
// Celery 5.6: worker/control.py control_command, inspect_command
import {
  type ArgumentType,
  type CommandAccess,
  type CommandArgument,
  findCommand,
  type RemoteCommand,
} from '../control/commands.ts';
import { AlreadyRegistered, ImproperlyConfigured } from '../errors.ts';
import type { Logger } from '../log.ts';
import { refuseUnknownOptions } from './option-names.ts';

export interface OwnArgument {
  /** What a word of a command line becomes, and what a handler may count on: workers refuse what it is not. Default: any, JSON where it is some. */
  readonly type?: ArgumentType;
  /** Given when nobody says it. Not there: it must be said. */
  readonly default?: unknown;
  readonly doc?: string;
}

export interface OwnCommandOptions {
  /** By name, in the order of a command line. */
  readonly args?: Readonly<Record<string, OwnArgument>>;
  /** The argument that takes all further words of a command line: it gets a list. */
  readonly variadic?: string;
  /** For `--list`: what it does, in a few words. */
  readonly doc?: string;
  /** For `--list`: how its arguments are written. Default: their names. */
  readonly signature?: string;
  /** False: `--list` leaves it out. Default true. */
  readonly visible?: boolean;
  /** How long a client waits for replies. @unit seconds  @default 1 */
  readonly timeout?: number;
}

/** What of its worker a handler may count on; it is the Worker itself (umbel/worker). */
export interface CommandWorker {
  readonly hostname: string;
  readonly log: Logger;
}

/** What it returns, or resolves to, is the reply; what it throws is the reply, too, as `{ error }`. */
export type OwnHandler<W> = (worker: W, args: any) => unknown;

export interface OwnCommand {
  readonly command: RemoteCommand;
  readonly handler: OwnHandler<any>;
}

const OPTIONS = ['args', 'variadic', 'doc', 'signature', 'visible', 'timeout'] satisfies (keyof OwnCommandOptions)[];
const TYPES: readonly ArgumentType[] = ['text', 'number', 'integer', 'boolean', 'list', 'table', 'any'];

/** By name. */
export class OwnCommands extends Map<string, OwnCommand> {
  /** A question of your own to workers: `umbel inspect NAME`. It changes nothing. */
  inspect<W = CommandWorker>(name: string, options: OwnCommandOptions, handler: OwnHandler<W>): void {
    this.set(name, ownCommand(this, 'inspect', name, options, handler));
  }

  /** An order of your own to workers: `umbel control NAME`. */
  control<W = CommandWorker>(name: string, options: OwnCommandOptions, handler: OwnHandler<W>): void {
    this.set(name, ownCommand(this, 'control', name, options, handler));
  }
}

/** @throws ImproperlyConfigured for what is no description of a command, AlreadyRegistered for a name that is taken */
function ownCommand(
  known: ReadonlyMap<string, OwnCommand>,
  kind: RemoteCommand['kind'],
  name: string,
  options: OwnCommandOptions,
  handler: OwnHandler<any>,
): OwnCommand {
  if (typeof name !== 'string' || !/^[A-Za-z_][\w.-]*$/.test(name))
    throw new ImproperlyConfigured(`A remote command is named like a function, such as 'flush_cache', not '${name}'.`);
  if (findCommand(name)) throw new AlreadyRegistered(`'${name}' is a command of Celery's: choose another name.`);
  if (known.has(name)) throw new AlreadyRegistered(`There is a remote command '${name}' in this app already.`);
  if (typeof handler !== 'function')
    throw new ImproperlyConfigured(`The remote command '${name}' needs a function (worker, args) => reply, last.`);
  refuseUnknownOptions(`The remote command '${name}'`, options, OPTIONS);
  const args = Object.entries(options.args ?? {}).map(([arg, given]) => argumentOf(name, arg, given));
  const { variadic, doc = '', timeout = 1, visible = true } = options;
  const usage = options.signature ?? args.map(usageOf).join(' ');
  if (variadic !== undefined && !args.some((arg) => arg.name === variadic))
    throw new ImproperlyConfigured(`variadic of the remote command '${name}' is none of its args: '${variadic}'.`);
  if (!(typeof timeout === 'number' && timeout > 0))
    throw new ImproperlyConfigured(`timeout of the remote command '${name}' is a number of seconds.`);
  const command: RemoteCommand = {
    ...{ name, kind, args, usage, doc, timeout, aliases: [], extra: false, visible, reply: 'its own' },
    access: (kind === 'inspect' ? 'viewer' : 'admin') satisfies CommandAccess,
    ...(variadic === undefined ? {} : { variadic }),
  };
  return { command, handler };
}

function argumentOf(command: string, name: string, given: OwnArgument): CommandArgument {
  const { type = 'any', doc = '' } = given;
  if (!TYPES.includes(type))
    throw new ImproperlyConfigured(
      `The argument '${name}' of the remote command '${command}' has no type '${type}': ${TYPES.join(', ')}.`,
    );
  const required = !('default' in given);
  return { name, type, doc, required, ...(required ? {} : { default: given.default }) };
}

function usageOf({ name, required, default: value }: CommandArgument): string {
  return required ? `<${name}>` : `[${name}=${JSON.stringify(value)}]`;
}
