// Words of `umbel inspect` and `umbel control` into the keyword arguments of a remote command, by the table of control/commands.ts.
// Celery 5.6: bin/control.py _compile_arguments
import { argumentValue } from '../control/argument-values.ts';
import type { CommandArgument, RemoteCommand } from '../control/commands.ts';
import { CliError, EXIT, plural } from './output.ts';

/** Each word in its place; `name=value` for an argument of that name may stand anywhere. */
export function compile(command: RemoteCommand, words: readonly string[]): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  const single = command.args.filter((arg) => arg.name !== command.variadic);
  const rest: string[] = [];
  for (const word of words) {
    const named = /^([a-z_]+)=(.*)$/s.exec(word);
    const arg = named ? single.find(({ name }) => name === (ALSO[named[1]!] ?? named[1])) : undefined;
    if (arg) result[arg.name] = convert(command, arg, named![2]!);
    else rest.push(word);
  }
  // What follows the variadic argument's words could not be told from them: only by name.
  for (const arg of command.variadic ? single.filter(({ required }) => required) : single) {
    if (result[arg.name] !== undefined) continue;
    const word = rest.shift();
    if (word === undefined) break;
    result[arg.name] = convert(command, arg, word);
  }
  if (command.variadic && rest.length > 0) result[command.variadic] = rest;
  else if (rest.length > 0) throw usage(command, `does not take ${plural(words.length, 'argument')}`);
  for (const arg of command.args) {
    if (arg.required && result[arg.name] === undefined) throw usage(command, `needs ${arg.name}: ${arg.doc}`);
  }
  return result;
}

/** As Celery's help calls it. */
const ALSO: Readonly<Record<string, string>> = { include_defaults: 'with_defaults' };

function convert(command: RemoteCommand, arg: CommandArgument, word: string): unknown {
  try {
    return argumentValue(arg, word);
  } catch (error) {
    throw usage(command, (error as Error).message);
  }
}

function usage(command: RemoteCommand, problem: string): CliError {
  const line = `usage: umbel ${command.kind} ${command.name} ${command.usage}`.trimEnd();
  return new CliError(`${command.name} ${problem}`, EXIT.usage, line);
}
