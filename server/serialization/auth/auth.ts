// The serializer `auth`: what another serializer wrote, with its sender's signature. RSA-PSS over the inner body, fields joined by
// bytes 00 01, the whole in base64. Celery before 5.3 joined the bare signer and signature; both are read.
// Not here: reading settings and files (app/security.ts), certificates (certificate.ts, store.ts).
// Holds: nothing of a body is decoded before its signature holds; the inner content type is not signed, so that none but plain
// formats is read; what is refused is a SecurityError that says why.
// Celery 5.6: security/serialization.py, security/key.py
import { constants, type KeyObject, sign, verify } from 'node:crypto';
import { EncodeError, SecurityError } from '../../errors.ts';
import type { Encoded, LazySerializer } from '../codec.ts';
import { type Certificate, shown, whyInvalid } from './certificate.ts';
import type { CertificateStore } from './store.ts';

/** How the fields of a message lie side by side: by Celery 5.3 and later, or as those before had it. */
export type AuthFraming = '5.3' | '5.2';

export interface AuthOptions {
  readonly key: KeyObject;
  readonly certificate: Certificate;
  readonly store: CertificateStore;
  /** As node:crypto names it. */
  readonly digest: string;
  readonly framing: AuthFraming;
  readonly inner: {
    load(): Promise<void> | null;
    encode(value: unknown): Encoded;
    /** @throws ContentDisallowed, DecodeError */
    decode(body: Uint8Array, contentType: string, contentEncoding: string): unknown;
  };
  now(): number;
}

interface Signed {
  readonly certificate: Certificate;
  readonly signature: Buffer;
  readonly contentType: string;
  readonly contentEncoding: string;
  readonly body: Buffer;
}

const SEPARATOR = Buffer.from([0, 1]);

export function authSerializer(options: AuthOptions): LazySerializer {
  return {
    name: 'auth',
    contentType: 'application/data',
    load: async () => {
      await options.inner.load();
      return {
        contentEncoding: 'utf-8',
        encode: (value) => seal(options, value),
        decode: (body) => open(options, body),
      };
    },
  };
}

function seal({ key, certificate, digest, framing, inner, now }: AuthOptions, value: unknown): string {
  const why = whyInvalid(certificate, now());
  if (why) throw new SecurityError(`Cannot sign: ${why}`);
  const { body, contentType, contentEncoding } = inner.encode(value);
  const signature = sign(digest, body, {
    key,
    padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength: constants.RSA_PSS_SALTLEN_MAX_SIGN,
  });
  const old = framing === '5.2';
  if (old && Buffer.from(body).includes(SEPARATOR))
    throw new EncodeError('Celery before 5.3 cannot read a signed body with the bytes 00 01 in it');
  const fields = [
    old ? Buffer.from(certificate.id) : base64(certificate.id),
    old ? signature : base64(signature),
    Buffer.from(contentType),
    Buffer.from(contentEncoding),
    body,
  ];
  return Buffer.concat(fields.flatMap((field, i) => (i === 0 ? [field] : [SEPARATOR, field]))).toString('base64');
}

function open({ store, digest, inner, now }: AuthOptions, bytes: Uint8Array): unknown {
  const { certificate, signature, body, contentType, contentEncoding } = unpack(bytes, store);
  const why = whyInvalid(certificate, now());
  if (why) throw new SecurityError(why);
  const key = {
    key: certificate.publicKey,
    padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength: constants.RSA_PSS_SALTLEN_AUTO,
  };
  if (!verify(digest, body, key, signature))
    throw new SecurityError(
      `Bad signature by ${shown(certificate.id)}: the message was changed, or signed with another key or another digest than ${digest} (security_digest)`,
    );
  return inner.decode(body, contentType, contentEncoding);
}

function unpack(bytes: Uint8Array, store: CertificateStore): Signed {
  const raw = Buffer.from(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1'), 'base64');
  const [first, rest] = cut(raw);
  const signer = first.toString();
  const named = Buffer.from(signer, 'base64').toString();
  const current = store.get(named);
  if (current) {
    const [signature, after] = cut(rest);
    return { certificate: current, signature: Buffer.from(signature.toString('latin1'), 'base64'), ...content(after) };
  }
  const older = store.get(signer);
  if (!older)
    throw new SecurityError(
      `Unknown certificate: ${shown(base64(named).equals(first) ? named : signer)} is not in security_cert_store`,
    );
  const { signatureBytes } = older;
  if (!rest.subarray(signatureBytes, signatureBytes + 2).equals(SEPARATOR)) throw notSigned();
  const signature = rest.subarray(0, signatureBytes);
  return { certificate: older, signature, ...content(rest.subarray(signatureBytes + 2)) };
}

function content(rest: Buffer): Pick<Signed, 'contentType' | 'contentEncoding' | 'body'> {
  const [contentType, after] = cut(rest);
  const [contentEncoding, body] = cut(after);
  return { contentType: contentType.toString(), contentEncoding: contentEncoding.toString(), body };
}

/** Up to the next separator, and what follows it. */
function cut(bytes: Buffer): [Buffer, Buffer] {
  const at = bytes.indexOf(SEPARATOR);
  if (at === -1) throw notSigned();
  return [bytes.subarray(0, at), bytes.subarray(at + SEPARATOR.length)];
}

const notSigned = () => new SecurityError('This is no signed message: fields are missing in it');
const base64 = (bytes: string | Buffer): Buffer => Buffer.from(Buffer.from(bytes).toString('base64'));
