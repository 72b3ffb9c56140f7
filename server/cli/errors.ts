// An error that reached the top of a command: one line for those that were foreseen, a stack for the others, and the exit code.

import { escapeLines } from '../../shared/format/escape.ts';
import { maskText } from '../../shared/masking.ts';
import { BackendError, OperationalError, UmbelError } from '../errors.ts';
import { openFilesProblem } from './open-files.ts';
import { CliError, EXIT } from './output.ts';
import { print } from './stdio.ts';

/** @returns the exit code */
export function reportError(error: unknown): number {
  // What another program answered, or a module of the user's threw, may be part of it.
  const write = (text: string) => print(process.stderr, `${escapeLines(maskText(text))}\n`);
  if (error instanceof CliError) {
    write(`umbel: ${error.message}`);
    if (error.hint) write(`       ${error.hint}`);
    return error.exitCode;
  }
  if (error instanceof OperationalError || error instanceof BackendError) {
    write(`umbel: ${error.message}`);
    return EXIT.unavailable;
  }
  if (error instanceof UmbelError) {
    write(`umbel: ${error.message}`);
    return EXIT.failure;
  }
  const openFiles = openFilesProblem(error);
  if (openFiles !== null) {
    write(`umbel: ${openFiles}`);
    return EXIT.failure;
  }
  write(`umbel: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  return EXIT.failure;
}
