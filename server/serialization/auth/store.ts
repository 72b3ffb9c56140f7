// The certificates whose signatures are trusted: every file a folder or a pattern names, read once.
// Celery 5.6: security/certificate.py FSCertStore
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { isAbsolute, join, sep } from 'node:path';
import { fnmatchToRegExp } from '../../../shared/fnmatch.ts';
import { SecurityError } from '../../errors.ts';
import { type Certificate, readCertificate, shown, whyInvalid } from './certificate.ts';

export class CertificateStore {
  readonly #byId = new Map<string, Certificate>();

  /**
   * @param path a folder, or a pattern with `*`, `?` and `[...]`
   * @throws SecurityError for what is no certificate, one that has expired (Celery refuses to start, too), and two of one name
   */
  static load(path: string, nowMs: number): CertificateStore {
    const store = new CertificateStore();
    for (const file of filesOf(path)) {
      const certificate = readCertificate(readFileSync(file), file);
      // One that is not valid yet may lie here before its day; until then what it signs is refused.
      const why = nowMs < certificate.validFromMs ? null : whyInvalid(certificate, nowMs);
      if (why) throw new SecurityError(`${file}: ${why}. Take it out of the store.`);
      store.add(certificate, file);
    }
    if (store.#byId.size === 0)
      throw new SecurityError(
        `security_cert_store ${JSON.stringify(path)} names no certificate: nobody could be trusted`,
      );
    return store;
  }

  add(certificate: Certificate, source: string): void {
    const { id } = certificate;
    const known = this.#byId.get(id);
    if (known && !known.x509.raw.equals(certificate.x509.raw))
      throw new SecurityError(`${source}: there is another certificate named ${shown(id)} (issuer and serial number)`);
    this.#byId.set(id, certificate);
  }

  get(id: string): Certificate | undefined {
    return this.#byId.get(id);
  }
}

function filesOf(path: string): string[] {
  if (isFolder(path)) return filesOf(join(path, '*'));
  let found = [isAbsolute(path) ? sep : ''];
  for (const part of path.split(/[\\/]+/).filter((one) => one !== ''))
    found = found.flatMap((base) => matches(base, part));
  return found.filter((file) => !isFolder(file)).sort();
}

function matches(base: string, part: string): string[] {
  if (!/[*?[]/.test(part)) return exists(join(base, part)) ? [join(base, part)] : [];
  const pattern = fnmatchToRegExp(part);
  try {
    return readdirSync(base || '.')
      .filter((name) => (part.startsWith('.') || !name.startsWith('.')) && pattern.test(name))
      .map((name) => join(base, name));
  } catch {
    return []; // no folder
  }
}

const exists = (path: string): boolean => statSync(path, { throwIfNoEntry: false }) !== undefined;
const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
