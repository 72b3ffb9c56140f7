// inspect, control and status: one remote command to the workers, and what each of them answered.
// Which commands there are, and their arguments: control/commands.ts. The tables: remote-table.ts. The wire: messaging/mailbox.ts.
// Celery 5.6: bin/control.py
import { nearest } from '../../shared/nearest.ts';
import type { Celery } from '../app/celery.ts';
import { COMMANDS, findCommand, type RemoteCommand } from '../control/commands.ts';
import type { BroadcastOptions } from '../control/control.ts';
import { CliError, createOutput, EXIT, type Output, oneLine, plural } from './output.ts';
import { compile } from './remote-args.ts';
import { describeReplies } from './remote-table.ts';
import { type GlobalOptions, withApp } from './session.ts';

export interface RemoteOptions extends GlobalOptions {
  /** Seconds. */
  readonly timeout?: number;
  readonly destination?: readonly string[];
  /** 'w*@host', or '/w[0-9]+@.+/'. */
  readonly pattern?: string;
  readonly list?: boolean;
}

type Kind = RemoteCommand['kind'];

/** `umbel inspect COMMAND [ARGS]`, `umbel control COMMAND [ARGS]` */
export async function remote(
  kind: Kind,
  name: string | undefined,
  words: string[],
  options: RemoteOptions,
): Promise<number> {
  if (options.list || !name) {
    const own = options.app ? await withApp(options, async (app) => void listCommands(kind, app)) : null;
    if (own === null) listCommands(kind);
    return options.list ? EXIT.ok : EXIT.usage;
  }
  const known = findCommand(name);
  if (known ? known.kind !== kind : !options.app) throw unknownCommand(kind, name, known);
  // Said before an app is loaded, where it can be.
  const early = known ? compile(known, words) : null;
  return withApp(options, async (app, output) => {
    const command = known ?? app.commands.get(name)?.command;
    if (!command || command.kind !== kind) throw unknownCommand(kind, name, command, app);
    const args = early ?? compile(command, words);
    const replies = await app.control.broadcast(command.name, {
      arguments: args,
      reply: true,
      timeout: options.timeout ?? Math.max(command.timeout, 1),
      ...addressed(options),
    });
    if (command.name === 'shutdown' && replies.length === 0) {
      // A worker that shuts down does not answer.
      output.note('shutdown sent');
      return EXIT.ok;
    }
    return show(command, replies, output);
  });
}

/** `umbel status` */
export function status(options: RemoteOptions): Promise<number> {
  return withApp(options, async (app, output) => {
    const replies = await app.control.broadcast('ping', {
      reply: true,
      timeout: options.timeout ?? 1,
      ...addressed(options),
    });
    return show(findCommand('ping')!, replies, output);
  });
}

/** Who is meant: by name, else by pattern, else everyone. A pattern between slashes is a regular expression. */
function addressed({ destination, pattern }: RemoteOptions): Partial<BroadcastOptions> {
  // Words that name nobody are not everybody.
  if (destination?.length === 0) throw new CliError('--destination names no node', EXIT.usage);
  if (destination) return { destination };
  if (!pattern) return {};
  const regex = /^\/(.*)\/$/s.exec(pattern)?.[1];
  return regex === undefined ? { pattern, matcher: 'glob' } : { pattern: regex, matcher: 'pcre' };
}

function show(command: RemoteCommand, replies: readonly Record<string, unknown>[], output: Output): number {
  if (replies.length === 0) throw new CliError('No nodes replied within time constraint', EXIT.unavailable);
  const byNode = Object.assign({}, ...replies) as Record<string, unknown>;
  const twice = replies.flatMap(Object.keys).filter((node, i, all) => all.indexOf(node) < i);
  // Celery 5.6, app/control.py W_DUPNODE
  if (twice.length > 0) output.warn(`several workers are named ${oneLine(twice[0]!)}: give each its own name with -n`);
  if (output.json) {
    // As Celery's commands print them: a list of replies, one for each worker, or all of them as one.
    output.value(command.kind === 'control' ? replies : byNode);
    return EXIT.ok;
  }
  output.line(describeReplies({ command: command.name, byNode, now: Date.now() / 1000 }, output));
  if (!output.quiet && command.kind === 'inspect')
    output.line(`\n${plural(Object.keys(byNode).length, 'node')} online.`);
  return EXIT.ok;
}

/** Celery's, and those of the app. */
function commandsOf(kind: Kind, app?: Celery): RemoteCommand[] {
  const own = [...(app?.commands.values() ?? [])].map(({ command }) => command);
  return [...COMMANDS, ...own].filter((command) => command.kind === kind);
}

function listCommands(kind: Kind, app?: Celery): void {
  process.stdout.write(`${commandList(commandsOf(kind, app).filter(({ visible }) => visible))}\n`);
}

function commandList(commands: readonly RemoteCommand[]): string {
  const rows = commands.map((command) => [`${command.name} ${command.usage}`.trimEnd(), command.doc]);
  const width = Math.max(...rows.map(([usage]) => usage!.length));
  const longest = Math.max(...rows.map(([, doc]) => doc!.length));
  const page = createOutput().width ?? Number.POSITIVE_INFINITY;
  if (4 + width + longest <= page) return rows.map(([usage, doc]) => `  ${usage!.padEnd(width)}  ${doc}`).join('\n');
  return rows.map(([usage, doc]) => `  ${usage}\n      ${doc}`).join('\n');
}

function unknownCommand(kind: Kind, name: string, found: RemoteCommand | undefined, app?: Celery): CliError {
  if (found) return new CliError(`'${name}' is not an ${kind} command; try: umbel ${found.kind} ${name}`, EXIT.usage);
  const names = commandsOf(kind, app).flatMap(({ name: main, aliases }) => [main, ...aliases]);
  const near = nearest(name, names);
  return new CliError(
    `there is no ${kind} command '${name}'${near ? `. Did you mean '${near}'?` : ''}`,
    EXIT.usage,
    `umbel ${kind} --list names them all`,
  );
}
