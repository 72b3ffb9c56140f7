// Users and passwords from the options basic_auth and basic_auth_file.
// Not here: comparing them (basic.ts).
// Holds: what can be read in two ways, is empty or is no pair is refused, and no message shows any of it.
import { readFileSync } from 'node:fs';
import { ImproperlyConfigured } from '../../errors.ts';
import { readPasswordHash } from './password-hash.ts';

/** Of whatever method: nobody's password looks so. */
const LIKE_A_HASH = /^\$(2[abxy]|scrypt|argon2\w*|pbkdf2[\w-]*|apr1|5|6|y)\$/;

export interface Credential {
  readonly user: string;
  /** As it is, or its hash (password-hash.ts). */
  readonly password: string;
}

const HOW =
  'Give each user by itself (--basic-auth ann:secret --basic-auth bob:other; a list in code), or a file with one user:password a line (--basic-auth-file).';

/**
 * @param given one 'user:password', or a list of them; each is taken as it is, with further colons and commas in its password
 * @throws ImproperlyConfigured
 */
export function readCredentials(given: unknown, file: unknown): Credential[] {
  const found: Credential[] = [];
  if (given !== null && given !== undefined) found.push(...fromOption(given));
  if (file !== null && file !== undefined) found.push(...fromFile(file));
  const users = new Set(found.map(({ user }) => user));
  if (users.size < found.length) throw new ImproperlyConfigured(`A user is given twice in basic_auth. ${HOW}`);
  return found;
}

function fromOption(given: unknown): Credential[] {
  if (typeof given === 'string') {
    // Flower's form of several: 'a:b,c:d' is also the one user a with the password 'b,c:d'.
    if (/,[^:]*:/.test(given.slice(given.indexOf(':') + 1)))
      throw new ImproperlyConfigured(
        `The option basic_auth can be read in two ways: as several users, or as one whose password holds a comma and a colon. ${HOW}`,
      );
    return [pair(given, 'The option basic_auth')];
  }
  if (!Array.isArray(given) || given.length === 0)
    throw new ImproperlyConfigured(`The option basic_auth is there and names no user. ${HOW}`);
  return given.map((one) => pair(one, 'The option basic_auth'));
}

function fromFile(path: unknown): Credential[] {
  if (typeof path !== 'string' || path === '')
    throw new ImproperlyConfigured('The option basic_auth_file must be the path of a file.');
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new ImproperlyConfigured(`The file ${path} of basic_auth_file cannot be read: ${(error as Error).message}`);
  }
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '' && !line.startsWith('#'));
  if (lines.length === 0) throw new ImproperlyConfigured(`The file ${path} of basic_auth_file names no user. ${HOW}`);
  return lines.map((line) => pair(line, `The file ${path} of basic_auth_file`));
}

function pair(text: unknown, where: string): Credential {
  const colon = typeof text === 'string' ? text.indexOf(':') : -1;
  if (typeof text !== 'string' || colon < 1 || colon === text.length - 1)
    throw new ImproperlyConfigured(
      `${where} takes user:password. One of those given has no colon, no user or no password.`,
    );
  const password = text.slice(colon + 1);
  if (LIKE_A_HASH.test(password) && readPasswordHash(password) === null)
    throw new ImproperlyConfigured(
      `${where} has a hash of a password that cannot be used here: it must be scrypt's, as umbel hash-password prints it.`,
    );
  return { user: text.slice(0, colon), password };
}
