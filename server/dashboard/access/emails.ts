// Flower's option `auth`: which e-mail addresses may sign in: one, several with | between them, or one .* before the @.
// Holds: a pattern is for the whole address (Flower's later checks are not); a dot is a dot; letter case does not matter.
// Flower 2.0: views/auth.py authenticate, validate_auth_option
import { ImproperlyConfigured } from '../../errors.ts';

/** @throws ImproperlyConfigured */
export function readEmails(given: unknown, name: string): readonly string[] | null {
  if (given === null || given === undefined) return null;
  const all = typeof given === 'string' ? given.split('|').map((one) => one.trim().replaceAll('\\.', '.')) : [];
  if (
    all.length > 0 &&
    all.every(
      (one) =>
        /^[^\s@*()[\]{}^$?\\]*(\.\*)?[^\s@*()[\]{}^$?\\]*@[^\s@*()[\]{}^$?\\]+$/.test(one) && !one.startsWith('@'),
    )
  )
    return all.map((one) => one.toLowerCase());
  throw new ImproperlyConfigured(
    `The option ${name} takes e-mail addresses with | between them, such as ann@example.com|bob@example.com or .*@example.com: one .* each, before the @.`,
  );
}

/** @param allowed null: every address */
export function isAllowedEmail(email: string, allowed: readonly string[] | null): boolean {
  return allowed === null || allowed.some((one) => patternOf(one).test(email));
}

const patternOf = (address: string): RegExp =>
  new RegExp(
    `^${address
      .split('.*')
      .map((part) => part.replace(/[^\w@]/g, '\\$&'))
      .join('[^@\\s]+')}$`,
    'i',
  );
