// An RSA key and a certificate of its own for signed messages, made by openssl; a small one, which takes a tenth of the time to find.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** @returns paths of key and certificate in the folder */
export function signingKeys(folder: string, name: string, subject = `/C=XX/O=Umbel, tests/CN=${name}`) {
  const [key, cert] = [join(folder, `${name}.key`), join(folder, `${name}.pem`)];
  const made = ['-newkey', 'rsa:1024', '-nodes', '-keyout', key, '-out', cert, '-days', '2', '-subj', subject];
  execFileSync('openssl', ['req', '-x509', ...made], { stdio: ['ignore', 'pipe', 'pipe'] });
  return { key, cert };
}
