// `umbel hash-password`: reads a password and prints its hash, for basic_auth and basic_auth_file.
// Holds: the password is read from the terminal without showing it, or from standard input; never from a flag, which every process list shows.
import { hashPassword } from '../dashboard/access/password-hash.ts';
import { CliError, createOutput, EXIT } from './output.ts';
import type { GlobalOptions } from './session.ts';

/** @unit bytes */
const MAX_LENGTH = 4096;

/** @param user so that the line is as basic_auth_file has it */
export async function hashPasswordCommand(user: string | undefined, options: GlobalOptions): Promise<number> {
  const output = createOutput(options);
  if (user?.includes(':')) throw new CliError('A user has no colon in its name.', EXIT.usage);
  const password = process.stdin.isTTY ? await typed() : await piped();
  if (password === '')
    throw new CliError(
      'No password was given.',
      EXIT.usage,
      'type it, or: printf %s "$PASSWORD" | umbel hash-password',
    );
  const hash = await hashPassword(password);
  output.line(user === undefined ? hash : `${user}:${hash}`);
  return EXIT.ok;
}

/** The first line. */
async function piped(): Promise<string> {
  let text = '';
  for await (const chunk of process.stdin.setEncoding('utf8')) {
    text += chunk as string;
    if (text.length > MAX_LENGTH)
      throw new CliError(`A password of more than ${MAX_LENGTH} letters is not taken.`, EXIT.usage);
  }
  return text.split(/\r?\n/)[0]!;
}

async function typed(): Promise<string> {
  const { stdin, stderr } = process;
  stderr.write('Password: ');
  stdin.setRawMode(true);
  stdin.setEncoding('utf8');
  let text = '';
  try {
    for await (const chunk of stdin)
      for (const letter of chunk as string) {
        if (letter === '\r' || letter === '\n' || letter === '\u0004') return text;
        if (letter === '\u0003') throw new CliError('Aborted!');
        text = letter === '\u007f' || letter === '\b' ? text.slice(0, -1) : text + letter;
      }
    return text;
  } finally {
    stdin.setRawMode(false);
    stderr.write('\n');
  }
}
