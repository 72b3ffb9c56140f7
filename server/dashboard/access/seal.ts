// Values that a browser or a file keeps for us, and can neither read nor change: AES-256-GCM under a key of their own purpose.
// Also the secret that all such keys come from: the option cookie_secret, or a random one that is kept with what people own.
// Holds: what one purpose sealed no other opens; what is not ours opens as null.
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import type { UserDataStore } from '../user-data/contract.ts';

export class Seal {
  readonly #key: Buffer;

  constructor(secret: Buffer, purpose: string) {
    this.#key = derivedKey(secret, purpose);
  }

  /** @returns letters of base64url */
  seal(value: unknown): string {
    const iv = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.#key, iv);
    const body = Buffer.concat([cipher.update(JSON.stringify(value), 'utf8'), cipher.final()]);
    return Buffer.concat([iv, cipher.getAuthTag(), body]).toString('base64url');
  }

  open(text: string): unknown {
    const bytes = Buffer.from(text, 'base64url');
    if (bytes.length < 29) return null;
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.#key, bytes.subarray(0, 12));
      decipher.setAuthTag(bytes.subarray(12, 28));
      return JSON.parse(Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8'));
    } catch {
      return null;
    }
  }
}

export const derivedKey = (secret: Buffer, purpose: string): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, Buffer.alloc(0), `umbel ${purpose}`, 32));

/** The same after a restart. @param given the option cookie_secret */
export async function secretOf(given: string | null, store: () => Promise<UserDataStore>): Promise<Buffer> {
  if (given !== null) return Buffer.from(given, 'utf8');
  const kept = (await (await store()).records('key')).find(({ id }) => id === 'cookies')?.value;
  if (typeof kept === 'string') return Buffer.from(kept, 'base64url');
  const made = randomBytes(32);
  await (await store()).putRecord('key', { id: 'cookies', value: made.toString('base64url') });
  return made;
}
