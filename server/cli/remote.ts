// inspect, control and status: one remote command to the workers, and what each of them answered.
// Which commands there are, and their arguments: control/commands.ts. The wire: messaging/mailbox.ts.
// Celery 5.6: bin/control.py
import { COMMANDS, findCommand, type RemoteCommand } from '../control/commands.ts';
import { nearest } from './nearest.ts';
import { CliError, EXIT, type Output, plural, toJson } from './output.ts';
import { compile } from './remote-args.ts';
import { type GlobalOptions, withApp } from './session.ts';

export interface RemoteOptions extends GlobalOptions {
  /** Seconds. */
  readonly timeout?: number;
  readonly destination?: readonly string[];
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
    process.stdout.write(`${commandList(kind)}\n`);
    return options.list ? EXIT.ok : EXIT.usage;
  }
  const command = findCommand(name);
  if (!command || command.kind !== kind) throw unknownCommand(kind, name, command);
  const args = compile(command, words);
  return withApp(options, async (app, output) => {
    const replies = await app.control.broadcast(command.name, {
      arguments: args,
      reply: true,
      timeout: options.timeout ?? command.timeout,
      ...(options.destination ? { destination: options.destination } : {}),
    });
    if (command.name === 'shutdown' && replies.length === 0) {
      // A worker that shuts down does not answer.
      output.note('shutdown sent');
      return EXIT.ok;
    }
    return show(replies, output, true);
  });
}

/** `umbel status` */
export function status(options: RemoteOptions): Promise<number> {
  return withApp(options, async (app, output) => {
    const replies = await app.control.broadcast('ping', {
      reply: true,
      timeout: options.timeout ?? 1,
      ...(options.destination ? { destination: options.destination } : {}),
    });
    return show(replies, output, false);
  });
}

function show(replies: readonly Record<string, unknown>[], output: Output, withBody: boolean): number {
  if (replies.length === 0) throw new CliError('No nodes replied within time constraint', EXIT.unavailable);
  const byNode = Object.assign({}, ...replies) as Record<string, unknown>;
  if (output.json) {
    output.value(byNode);
    return EXIT.ok;
  }
  for (const [node, reply] of Object.entries(byNode).sort(([a], [b]) => a.localeCompare(b))) {
    const { state, body } = pretty(reply);
    const painted = state === 'ERROR' ? output.paint(state, 'red', 'bold') : output.paint(state, 'green', 'bold');
    output.line(`->  ${output.paint(`${node}:`, 'cyan', 'bold')} ${painted}`);
    if (withBody && body) output.line(body.replace(/^/gm, '    '));
  }
  if (!output.quiet) output.line(`\n${plural(Object.keys(byNode).length, 'node')} online.`);
  return EXIT.ok;
}

/** A reply as Celery's command shows it: OK or ERROR, and the rest below. */
function pretty(reply: unknown): { state: string; body: string } {
  if (Array.isArray(reply)) {
    if (reply.length === 0) return { state: 'OK', body: '- empty -' };
    return { state: 'OK', body: reply.map((one) => `* ${bodyOf(one).replaceAll('\n', '\n  ')}`).join('\n') };
  }
  if (typeof reply === 'object' && reply !== null) {
    const record = reply as Record<string, unknown>;
    if ('error' in record) return { state: 'ERROR', body: bodyOf(record['error']) };
    if ('ok' in record && Object.keys(record).length === 1) return { state: 'OK', body: bodyOf(record['ok']) };
  }
  return { state: 'OK', body: reply === null || reply === undefined ? '' : bodyOf(reply) };
}

const bodyOf = (value: unknown): string => (typeof value === 'string' ? value : toJson(value, 2));

function commandList(kind: Kind): string {
  const rows = COMMANDS.filter((command) => command.kind === kind && command.visible).map((command) => [
    `${command.name} ${command.usage}`.trimEnd(),
    command.doc,
  ]);
  const width = Math.max(...rows.map(([usage]) => usage!.length));
  return rows.map(([usage, doc]) => `  ${usage!.padEnd(width)}  ${doc}`).join('\n');
}

export function commandHelp(kind: Kind): string {
  return `\n${kind === 'inspect' ? 'What can be asked' : 'What can be told'}:\n${commandList(kind)}`;
}

function unknownCommand(kind: Kind, name: string, found: RemoteCommand | undefined): CliError {
  if (found) return new CliError(`'${name}' is not an ${kind} command; try: umbel ${found.kind} ${name}`, EXIT.usage);
  const names = COMMANDS.filter((command) => command.kind === kind).flatMap(({ name: main, aliases }) => [
    main,
    ...aliases,
  ]);
  const near = nearest(name, names);
  return new CliError(
    `there is no ${kind} command '${name}'${near ? `. Did you mean '${near}'?` : ''}`,
    EXIT.usage,
    `umbel ${kind} --list names them all`,
  );
}
