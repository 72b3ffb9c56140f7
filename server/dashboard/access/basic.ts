// Basic authentication: user and password from the Authorization header.
// Not here: whether they are right (logins.ts), where the list comes from (credentials.ts).
import { createHash } from 'node:crypto';

export interface Login {
  readonly user: string;
  readonly password: string;
}

/** What an Authorization header says; null: nothing that is a user and a password. */
export function readLogin(header: string | undefined): Login | null {
  const match = /^Basic ([A-Za-z0-9+/=_-]{1,4096})$/i.exec(header ?? '');
  if (!match) return null;
  const text = Buffer.from(match[1]!, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 1 ? null : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

export const digestOf = (user: string, password: string): Buffer =>
  createHash('sha256').update(`${user}:${password}`).digest();
