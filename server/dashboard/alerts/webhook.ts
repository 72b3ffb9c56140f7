// A notice as a signed JSON body, to an address of one's own.
// Not here: the request (post.ts), the signature (signature.ts).
import type { Channel } from './channel.ts';
import type { ResolvedChannel } from './config.ts';
import { postJson } from './post.ts';
import { SIGNATURE_HEADER, signatureOf } from './signature.ts';

/** @param now seconds since the epoch: an attempt is signed when it is made */
export function webhook(config: ResolvedChannel & { type: 'webhook' }, now: () => number): Channel {
  const { name, severity, remind, url, secret, allowPrivate } = config;
  return {
    ...{ name, type: 'webhook', to: new URL(url).origin, severity, remind },
    send(notice, signal) {
      const body = JSON.stringify(notice);
      const headers: Record<string, string> = { 'x-umbel-notice': notice.id };
      if (secret !== null) headers[SIGNATURE_HEADER] = signatureOf(secret, body, now());
      return postJson({ url, body, headers, allowPrivate, signal });
    },
  };
}
