// Basic authentication: user and password from the Authorization header against the list of the option.
// Not here: where the list comes from (credentials.ts), who tried too often (wrong-logins.ts).
// Holds: comparing takes the same time whatever is wrong; every pair is compared, so that a user's existence does not show.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Credential } from './credentials.ts';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

export interface Login {
  readonly user: string;
  /** Of user and password. */
  readonly digest: Buffer;
}

/** What an Authorization header says; null: nothing that is a user and a password. */
export function readLogin(header: string | undefined): Login | null {
  const match = /^Basic ([A-Za-z0-9+/=_-]{1,4096})$/i.exec(header ?? '');
  if (!match) return null;
  const text = Buffer.from(match[1]!, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 1 ? null : { user: text.slice(0, colon), digest: digest(text) };
}

/** The user's name, or null when it is not one of them. */
export function checkLogin(login: Login, credentials: readonly Credential[]): string | null {
  let who: string | null = null;
  for (const { user, password } of credentials)
    if (timingSafeEqual(login.digest, digest(`${user}:${password}`))) who = user;
  return who;
}
