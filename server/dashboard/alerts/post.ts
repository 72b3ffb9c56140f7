// One POST of JSON to an address that somebody configured: within a time, to an address that is allowed, and no further than that.
// Not here: what is sent (webhook.ts, slack.ts), trying again (sender.ts).
// Holds: redirects are not followed; of the answer the status alone is told, and its body is read by nobody; no message holds the address,
// which may be a secret.
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { AddressRefused, guardedLookup, isPublic, refusedLiteral } from './guard.ts';

/** For connecting, sending and the head of the answer together. @unit milliseconds */
const WITHIN_MS = 10_000;

/** What became of an attempt. `again`: another attempt may be better. */
export interface Attempt {
  readonly ok: boolean;
  /** 'answered 200', 'could not connect: ECONNREFUSED' */
  readonly detail: string;
  readonly again: boolean;
}

export interface Post {
  readonly url: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly allowPrivate: boolean;
  readonly signal?: AbortSignal;
}

/** Never rejects. */
export function postJson({ url, body, headers, allowPrivate, signal }: Post): Promise<Attempt> {
  const at = new URL(url);
  const literal = allowPrivate ? null : refusedLiteral(at.hostname);
  if (literal !== null) return Promise.resolve({ ok: false, detail: literal.message, again: false });
  const within = AbortSignal.timeout(WITHIN_MS);
  return new Promise((resolve) => {
    const failed = (error: Error & { code?: string }): void =>
      resolve(
        error instanceof AddressRefused
          ? { ok: false, detail: error.message, again: false }
          : { ok: false, detail: within.aborted ? `no answer within ${WITHIN_MS / 1000} s` : why(error), again: true },
      );
    const request = (at.protocol === 'https:' ? httpsRequest : httpRequest)(at, {
      method: 'POST',
      // A connection that is kept would be one that was judged before.
      agent: false,
      headers: {
        'content-type': 'application/json',
        'content-length': String(Buffer.byteLength(body)),
        'user-agent': 'umbel-alerts',
        connection: 'close',
        ...headers,
      },
      signal: signal === undefined ? within : AbortSignal.any([within, signal]),
      ...(allowPrivate ? {} : { lookup: guardedLookup }),
    });
    request.on('error', failed);
    request.on('socket', (socket) =>
      socket.on('connect', () => {
        if (!allowPrivate && !isPublic(socket.remoteAddress ?? ''))
          socket.destroy(new AddressRefused('its address is not allowed'));
      }),
    );
    request.on('response', (response) => {
      const status = response.statusCode ?? 0;
      response.on('error', () => {});
      response.destroy();
      resolve({
        ok: status >= 200 && status < 300,
        detail:
          status >= 300 && status < 400 ? `answered ${status}: it is not followed elsewhere` : `answered ${status}`,
        again: status >= 500 || [408, 425, 429].includes(status),
      });
    });
    request.end(body);
  });
}

function why({ code, name }: Error & { code?: string }): string {
  return `could not be reached: ${code ?? name}`;
}
