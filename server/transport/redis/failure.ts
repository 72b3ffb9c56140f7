// What errors of a Redis connection mean, in words that say what to do: for the broker and the result store.
// Holds: an error handed on carries no command: what was sent may hold passwords, and what tasks were given.

import type { Redis } from 'ioredis';

/** Adds to the error of a connection that was broken off, or silent, before it was ready what about TLS may be the reason. */
export function hintAtTls(client: Redis): void {
  const { tls } = client.options;
  let ready = false;
  client.on('ready', () => {
    ready = true;
  });
  client.on('error', (error: Error & { code?: string }) => {
    if (ready) return;
    if (tls && error.code === 'ETIMEDOUT') error.message += ': does it speak TLS on that port?';
    if (!/ECONNRESET|EPIPE/.test(error.code ?? '')) return;
    if (!tls) error.message += ': does it speak TLS only (rediss://)?';
    else if (!tls.cert) error.message += ': does it want a certificate of this client (ssl_certfile, ssl_keyfile)?';
  });
}

/** The server refused the database: the driver only tells so, and would go on in database 0. */
export function isOtherDatabase(error: unknown): boolean {
  return (error as { command?: { name?: unknown } } | undefined)?.command?.name === 'select';
}

/** Take from the driver's error what it was about to send. The same error. */
export function withoutCommand<E>(error: E): E {
  if (error instanceof Error && 'command' in error) delete error.command;
  return error;
}

/** The server is at its maxmemory and refuses what needs memory. */
export function isOutOfMemory(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return /^OOM/.test(error.message) || (error.cause !== undefined && isOutOfMemory(error.cause));
}

/** As the end of "The Redis server at ... "; null: nothing is known but the error's own text. */
export function explanation(error: Error): string | null {
  const { message: text } = error;
  const code = (error as { code?: unknown }).code;
  const hint = MEANINGS.find(([sign]) => sign.test(text) || (typeof code === 'string' && sign.test(code)));
  return hint?.[1] ?? null;
}

const MEANINGS: readonly (readonly [sign: RegExp, meaning: string])[] = [
  [
    /to sentinel .*(NOAUTH|WRONGPASS)/,
    'is not known: its sentinels refused the user name or password in sentinel_kwargs',
  ],
  [/to sentinel /, 'is not known: no sentinel can tell where it is'],
  [/no sentinel knows a master/, 'is not known: is master_name right?'],
  [/^(NOAUTH|WRONGPASS)|invalid password|AUTH failed|Authentication required/i, 'refused the user name or password'],
  [/^NOPERM/, 'does not allow this account to do that'],
  [/^READONLY/, 'is a replica that can only be read: name its master'],
  [
    /^OOM/,
    'is out of memory (maxmemory): it takes nothing new. Give it more; workers of this package still work off what waits there',
  ],
  [/^MISCONF/, 'takes no writes, for it cannot save them to disk'],
  [/^DENIED|protected mode/, 'is in protected mode: it wants a password, or lets in nobody but its own machine'],
  [/max number of clients/, 'has no place for another connection (maxclients)'],
  [
    /\b(EMFILE|ENFILE)\b/,
    'cannot be reached: this process has no file descriptor left for another connection (ulimit -n)',
  ],
  [/^LOADING/, 'is still loading its data'],
  [/DB index is out of range/, 'has no database of that number'],
  [/ALTNAME_INVALID/, 'has a certificate for other names: write the name it is for, or ssl_check_hostname=false'],
  [/CERT_HAS_EXPIRED|CERT_NOT_YET_VALID/, 'has a certificate that is not valid now'],
  [
    /SELF_SIGNED|UNABLE_TO_(VERIFY|GET_ISSUER)/,
    'has a certificate of an authority that is not trusted here: name its file with ssl_ca_certs, or do not check (ssl_cert_reqs=none)',
  ],
  [
    /wrong.version.number|packet.length.too.long|unexpected.message/i,
    'does not speak TLS there: write redis://, or the port where it does',
  ],
  [/certificate.required|handshake.failure/i, 'wants a certificate of this client (ssl_certfile, ssl_keyfile)'],
  [/alert.(unknown.ca|bad.certificate)/i, 'does not trust the certificate of this client (ssl_certfile)'],
  [
    /^WRONGTYPE/,
    'has a value of another type under a key that is needed here (a queue is a list, unacked a hash, unacked_index a sorted set, _kombu.binding.* are sets): look with TYPE, make room with DEL',
  ],
  [/^(ERR|EXECABORT|BUSY|NOREPLICAS|MASTERDOWN)/, 'refused a command'],
];
