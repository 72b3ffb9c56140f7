// Basic authentication: user and password from the Authorization header against the list of the option.
// Holds: comparing takes the same time whatever is wrong; every pair is compared, so that a user's existence does not show.
import { createHash, timingSafeEqual } from 'node:crypto';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** The user's name, or null when it is not one of them. */
export function checkBasic(
  header: string | undefined,
  pairs: readonly { user: string; password: string }[],
): string | null {
  const match = /^Basic ([A-Za-z0-9+/=_-]+)$/i.exec(header ?? '');
  const given = digest(match ? Buffer.from(match[1]!, 'base64').toString('utf8') : '');
  let who: string | null = null;
  for (const { user, password } of pairs)
    if (timingSafeEqual(given, digest(`${user}:${password}`)) && match) who = user;
  return who;
}
