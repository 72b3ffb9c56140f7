// What the declarations of commands are put together from: the global options, those of daemons, and how a command is run when asked for.
// Which commands there are: program.ts, operating-commands.ts.
// Celery 5.6: bin/base.py, bin/celery.py
import { type Command, Option } from 'commander';
import { globalFromEnvironment, takeFromEnvironment } from './environment.ts';
import * as parse from './parse.ts';
import type { GlobalOptions } from './session.ts';

/** Flags, what they say, the variable that stands for them. */
export const GLOBAL: readonly (readonly [flags: string, description: string, variable?: string])[] = [
  ['-A, --app <module>', "the app: a module, a file, or 'module:name'", 'APP'],
  ['-b, --broker <url>', 'the broker, instead of the one the app names', 'BROKER_URL'],
  ['--result-backend <url>', 'where results are kept, instead of where the app says', 'RESULT_BACKEND'],
  ['--config <file>', 'settings from a JSON file or a module', 'CONFIG_MODULE'],
  ['--workdir <path>', 'go there first', 'WORKDIR'],
  ['-C, --no-color', 'no colours'],
  ['-q, --quiet', 'less words'],
];

/** Celery's, which have nothing to do here: taken and dropped. */
const WITHOUT_EFFECT: readonly string[] = ['--loader <name>', '--skip-checks'];

/** They may stand before or after the subcommand. */
export function addGlobals(command: Command): Command {
  command.optionsGroup('Global options:');
  for (const [flags, description] of GLOBAL) command.addOption(new Option(flags, description));
  for (const flags of WITHOUT_EFFECT) command.addOption(new Option(flags, 'without effect').hideHelp());
  return command;
}

/** What was said after the subcommand, before it, in the environment; in this order. */
function globalsOf(command: Command): GlobalOptions {
  const levels: Record<string, unknown>[] = [];
  for (let one: Command | null = command; one; one = one.parent) levels.push(one.opts());
  const result: Record<string, unknown> = {};
  for (const [flags, , variable] of GLOBAL) {
    const key = new Option(flags).attributeName();
    const said = levels.map((options) => options[key]).find((value) => value !== undefined);
    const value =
      key === 'color'
        ? levels.every((options) => options['color'] !== false)
        : (said ?? ((variable && process.env[variable]) || globalFromEnvironment(new Option(flags))));
    if (value !== undefined) result[key] = value;
  }
  return result as GlobalOptions;
}

export type Run = (...words: any[]) => Promise<number>;

/** What the last command that ran ended with; null: none has. */
let code: number | null = null;

/** As `code` of the command line; read once. */
export function takeExitCode(): number | null {
  const taken = code;
  code = null;
  return taken;
}

/** A command's code is loaded when it is the one asked for. */
export function action(load: () => Promise<Run>): (...given: unknown[]) => Promise<void> {
  return async (...given) => {
    const command = given.pop() as Command;
    given.pop();
    takeFromEnvironment(
      command,
      GLOBAL.map(([flags]) => flags),
    );
    const run = await load();
    code = await run(...given, { ...command.opts(), ...globalsOf(command) });
  };
}

/** Celery's worker and beat take settings as words, after `--`. */
export function settingWords(command: Command): Command {
  return command.argument('[settings...]', "settings as name=value, after '--'");
}

export function withSettings(load: () => Promise<Run>): () => Promise<Run> {
  return async () => {
    const run = await load();
    return (settings: string[], options: object) => run({ ...options, settings });
  };
}

export const LOG_LEVELS = 'DEBUG, INFO, WARNING, ERROR or CRITICAL';

export function daemonOptions(command: Command): void {
  command
    .optionsGroup('Daemonization options:')
    .option(
      '-f, --logfile <path>',
      'write the log there; %n, %h, %d, %p stand for name, host, domain and name@host, %i and %I for the process',
    )
    .option('--pidfile <path>', 'write the process id there; refuses to start when it is held by a live process')
    .option('--uid <user>', 'become this user')
    .option('--gid <group>', 'become this group')
    .option('--umask <octal>', 'umask, for log and pid file too, which are 0600 without it', parse.octal)
    .option('--executable <path>', 'with --detach: the Node that runs it, instead of this one');
}

export function remoteOptions(command: Command): void {
  command
    .option('-t, --timeout <seconds>', 'how long to wait for replies at most (default 1)', parse.amount)
    .option('-d, --destination <nodes>', 'only these nodes, by commas', parse.names)
    .option('--pattern <glob>', "only nodes with such names: 'w*@host', or '/regex/'")
    .option('-j, --json', 'answer as JSON');
}

/** Makes a subcommand. */
export type Sub = (name: string, description: string) => Command;
