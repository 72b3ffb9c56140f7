// An error that reached the top of a command: one line for those that were foreseen, a stack for the others, and the exit code.

import { escapeLines } from '../../shared/format/escape.ts';
import { BackendError, OperationalError, UmbelError } from '../errors.ts';
import { CliError, EXIT } from './output.ts';
import { print } from './stdio.ts';

/** @returns the exit code */
export function tellError(error: unknown): number {
  // What another program answered may be part of it.
  const say = (text: string) => print(process.stderr, `${escapeLines(text)}\n`);
  if (error instanceof CliError) {
    say(`umbel: ${error.message}`);
    if (error.hint) say(`       ${error.hint}`);
    return error.exitCode;
  }
  if (error instanceof OperationalError || error instanceof BackendError) {
    say(`umbel: ${error.message}`);
    return EXIT.unavailable;
  }
  if (error instanceof UmbelError) {
    say(`umbel: ${error.message}`);
    return EXIT.failure;
  }
  say(`umbel: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  return EXIT.failure;
}
