// A certificate as Celery names it: the values of its issuer, a space, its serial number in decimal. Read from the DER itself, for what
// OpenSSL prints of a name is escaped.
// Celery 5.6: security/certificate.py Certificate
import { type KeyObject, X509Certificate } from 'node:crypto';
import { SecurityError } from '../../errors.ts';

export interface Certificate {
  /** 'XX My CA host.example 4711' */
  readonly id: string;
  readonly publicKey: KeyObject;
  /** Bytes of a signature made with its key. @unit bytes */
  readonly signatureBytes: number;
  /** @unit milliseconds since the epoch */
  readonly validFromMs: number;
  readonly validToMs: number;
  readonly x509: X509Certificate;
}

/** @param source what to call it in errors. @throws SecurityError */
export function readCertificate(pem: string | Uint8Array, source: string): Certificate {
  let x509: X509Certificate;
  let id: string;
  try {
    x509 = new X509Certificate(pem);
    id = idOf(x509.raw);
  } catch (error) {
    throw new SecurityError(`${source} is no X.509 certificate in PEM: ${(error as Error).message}`, { cause: error });
  }
  const { publicKey } = x509;
  if (publicKey.asymmetricKeyType !== 'rsa')
    throw new SecurityError(
      `${source}: the key of a certificate that signs messages has to be RSA, as Celery's; this one is ${publicKey.asymmetricKeyType}`,
    );
  return {
    id,
    publicKey,
    signatureBytes: publicKey.asymmetricKeyDetails!.modulusLength! >> 3,
    validFromMs: Date.parse(x509.validFrom),
    validToMs: Date.parse(x509.validTo),
    x509,
  };
}

/** Why it may not be used now; null: it may. */
export function whyInvalid({ id, validFromMs, validToMs }: Certificate, nowMs: number): string | null {
  if (nowMs >= validToMs)
    return `Expired certificate: ${shown(id)} was valid until ${new Date(validToMs).toISOString()}`;
  if (nowMs < validFromMs)
    return `Certificate not valid yet: ${shown(id)} is from ${new Date(validFromMs).toISOString()} (is the clock of this machine right?)`;
  return null;
}

export const shown = (id: string): string => JSON.stringify(id.slice(0, 200));

interface Element {
  readonly tag: number;
  readonly bytes: Buffer;
}

/** The elements that lie one after the other in these bytes. @throws RangeError */
function elements(bytes: Buffer): Element[] {
  const found: Element[] = [];
  for (let at = 0; at < bytes.length; ) {
    const tag = bytes.readUInt8(at++);
    let length = bytes.readUInt8(at++);
    if (length > 0x7f) {
      const size = length & 0x7f;
      length = bytes.readUIntBE(at, size);
      at += size;
    }
    if (at + length > bytes.length) throw new RangeError('an element is longer than what holds it');
    found.push({ tag, bytes: bytes.subarray(at, at + length) });
    at += length;
  }
  return found;
}

/** Certificate > TBSCertificate > [0] version, serial number, algorithm, issuer > sets of pairs of type and value. */
function idOf(der: Buffer): string {
  const [certificate] = elements(der);
  const [toBeSigned] = elements(certificate!.bytes);
  const fields = elements(toBeSigned!.bytes);
  if (fields[0]!.tag === 0xa0) fields.shift();
  const [serial, , issuer] = fields;
  const values = elements(issuer!.bytes).flatMap((set) =>
    elements(set.bytes).map((pair) => textOf(elements(pair.bytes)[1]!)),
  );
  return `${values.join(' ')} ${integerOf(serial!.bytes)}`;
}

function integerOf(bytes: Buffer): bigint {
  return BigInt.asIntN(bytes.length * 8, BigInt(`0x${bytes.toString('hex')}`));
}

/** UTF8String, PrintableString, IA5String and the like; BMPString and UniversalString are UTF-16 and UTF-32. */
function textOf({ tag, bytes }: Element): string {
  if (tag === 0x1e) return Buffer.from(bytes).swap16().toString('utf16le');
  if (tag === 0x1c) {
    let text = '';
    for (let at = 0; at < bytes.length; at += 4) text += String.fromCodePoint(bytes.readUInt32BE(at));
    return text;
  }
  return bytes.toString(tag === 0x14 ? 'latin1' : 'utf8');
}
