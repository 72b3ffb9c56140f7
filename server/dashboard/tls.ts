// Certificate and key of the server, from the files of the options certfile, keyfile and ca_certs.
// Not here: TLS towards brokers and stores (transport/tls.ts).
// Holds: what is wrong with them is found at the start, by the option's name; nothing of a key is shown.
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { ImproperlyConfigured } from '../errors.ts';
import type { Resolved } from './options.ts';

export interface ServerTls {
  readonly cert: Buffer;
  readonly key: Buffer;
  /** Authorities whose certificates complete the chain that is sent. Clients are asked for none, as in Flower. */
  readonly ca?: Buffer;
}

/** null: no TLS. @throws ImproperlyConfigured */
export function readTls({
  certfile,
  keyfile,
  ca_certs,
}: Pick<Resolved, 'certfile' | 'keyfile' | 'ca_certs'>): ServerTls | null {
  if (certfile === null && keyfile === null && ca_certs === null) return null;
  if (certfile === null || keyfile === null)
    throw new ImproperlyConfigured(
      `TLS needs both certfile and keyfile: ${certfile === null ? 'certfile' : 'keyfile'} is missing.`,
    );
  const tls = {
    cert: read('certfile', certfile),
    key: read('keyfile', keyfile),
    ...(ca_certs === null ? {} : { ca: read('ca_certs', ca_certs) }),
  };
  try {
    createSecureContext(tls);
  } catch (error) {
    throw new ImproperlyConfigured(
      `The certificate ${certfile} of certfile and the key ${keyfile} of keyfile cannot be used together: ${(error as Error).message}. ` +
        'Both are PEM files, and the key is without a password.',
    );
  }
  return tls;
}

function read(option: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new ImproperlyConfigured(`The file ${path} of ${option} cannot be read: ${(error as Error).message}`);
  }
}
