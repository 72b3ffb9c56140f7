// From the settings `security_*` to the serializer `auth` of an app: keys, certificates and what they may sign.
// Not here: the format of signed messages (serialization/auth/).
// Celery 5.6: security/__init__.py setup_security
import { createPrivateKey, getHashes, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ImproperlyConfigured, SecurityError } from '../errors.ts';
import { type AuthFraming, authSerializer } from '../serialization/auth/auth.ts';
import { readCertificate, whyInvalid } from '../serialization/auth/certificate.ts';
import { CertificateStore } from '../serialization/auth/store.ts';
import type { Codec, LazySerializer } from '../serialization/codec.ts';
import type { Timer } from '../timer.ts';
import type { Config } from './config.ts';

export interface SecurityOptions {
  /** File of the private key, PEM. Default `security_key` */
  key?: string;
  /** Default `security_key_password` */
  key_password?: string | Uint8Array;
  /** File of its certificate, PEM. Default `security_certificate` */
  cert?: string;
  /** Folder or pattern of the certificates to trust. Default `security_cert_store` */
  store?: string;
  /** Default `security_digest`, which is 'sha256' */
  digest?: string;
  /** What writes the body that is signed. Default 'json' */
  serializer?: string;
  /** '5.2': messages that Celery before 5.3 reads. Both kinds are always read. Default '5.3' */
  framing?: AuthFraming;
}

/** Plain formats: what is inside is not named by the signature. */
const INNER = ['json', 'msgpack', 'yaml'];

/** @throws ImproperlyConfigured, SecurityError */
export function authOf(
  { conf, codec, timer }: { readonly conf: Config; readonly codec: Codec; readonly timer: Timer },
  options: SecurityOptions,
): LazySerializer {
  const now = () => timer.now();
  if (conf.task_serializer !== 'auth' || conf.accept_content.join() !== 'auth')
    throw new ImproperlyConfigured(
      "Signed messages want task_serializer = 'auth' and accept_content = ['auth'] (and event_serializer and result_serializer = 'auth'): " +
        `signing is of no use when unsigned ones are taken as well. Given: ${JSON.stringify(conf.task_serializer)} and ${JSON.stringify(conf.accept_content)}`,
    );
  const key = options.key ?? conf.security_key;
  const cert = options.cert ?? conf.security_certificate;
  const path = options.store ?? conf.security_cert_store;
  if (!key || !cert || !path)
    throw new ImproperlyConfigured(
      'Signed messages want the settings security_key, security_certificate and security_cert_store; not given: ' +
        Object.entries({ security_key: key, security_certificate: cert, security_cert_store: path })
          .filter(([, value]) => !value)
          .map(([name]) => name)
          .join(', '),
    );
  const privateKey = readKey(key, options.key_password ?? conf.security_key_password);
  const certificate = readCertificate(fileOf(cert, 'security_certificate'), cert);
  const why = whyInvalid(certificate, now());
  if (why) throw new SecurityError(`${cert}: ${why}`);
  if (!certificate.x509.checkPrivateKey(privateKey))
    throw new SecurityError(`The key ${key} is not that of the certificate ${cert}`);
  const serializer = options.serializer ?? 'json';
  const names = [...new Set([...INNER, serializer])];
  const accept = codec.acceptSet(names);
  return authSerializer({
    key: privateKey,
    certificate,
    store: CertificateStore.load(path, now()),
    digest: digestOf(options.digest ?? conf.security_digest),
    framing: options.framing ?? '5.3',
    inner: {
      load: () => codec.load(names),
      encode: (value) => codec.encode(value, serializer),
      decode: (body, contentType, contentEncoding) => codec.decode(body, contentType, contentEncoding, accept),
    },
    now,
  });
}

function readKey(path: string, password: unknown): KeyObject {
  let key: KeyObject;
  try {
    const passphrase = password === null || password === undefined ? undefined : (password as string | Buffer);
    key = createPrivateKey({ key: fileOf(path, 'security_key'), format: 'pem', ...(passphrase ? { passphrase } : {}) });
  } catch (error) {
    if (error instanceof ImproperlyConfigured) throw error;
    const hint = password ? 'is security_key_password right?' : 'does it want a security_key_password?';
    throw new SecurityError(`The key ${path} cannot be read (${(error as Error).message}): ${hint}`, { cause: error });
  }
  if (key.asymmetricKeyType !== 'rsa')
    throw new SecurityError(`The key ${path} is ${key.asymmetricKeyType}: messages are signed with RSA, as by Celery`);
  return key;
}

function fileOf(path: string, setting: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new ImproperlyConfigured(`${setting}: ${(error as Error).message}`, { cause: error });
  }
}

/** cryptography's names: 'sha3_256' is OpenSSL's 'sha3-256'. */
function digestOf(name: string): string {
  const found = name.toLowerCase().replaceAll('_', '-');
  if (!getHashes().includes(found))
    throw new ImproperlyConfigured(
      `security_digest ${JSON.stringify(name)} is unknown: sha256, sha384, sha512 and others are known`,
    );
  return found;
}
