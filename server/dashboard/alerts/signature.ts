// The signature of a webhook's body: who has the secret can tell that it is ours, whole, and not of long ago.
// `t=<seconds>,v1=<hex of HMAC-SHA256 over "<seconds>.<body>">`, in the header below.
import { createHmac } from 'node:crypto';

export const SIGNATURE_HEADER = 'x-umbel-signature';

/** @param at seconds since the epoch */
export function signatureOf(secret: string, body: string, at: number): string {
  const t = Math.floor(at);
  return `t=${t},v1=${createHmac('sha256', secret).update(`${t}.${body}`).digest('hex')}`;
}
