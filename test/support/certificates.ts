// An authority of the test's own, with a certificate for a server at 127.0.0.1 and localhost, and one for a client; another authority
// that signed none of them. Made by openssl in a temporary folder, small keys so that it takes no time.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Certificates {
  readonly ca: string;
  readonly serverCert: string;
  readonly serverKey: string;
  /** The same authority, for a name nobody has: other.invalid */
  readonly otherCert: string;
  readonly otherKey: string;
  readonly clientCert: string;
  readonly clientKey: string;
  /** A file that holds certificate and key of the client. */
  readonly clientBoth: string;
  /** An authority that signed nothing. */
  readonly strangeCa: string;
  remove(): void;
}

export function makeCertificates(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), 'umbel-pem-'));
  const at = (name: string) => join(folder, name);
  const openssl = (...args: string[]) =>
    execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const authority = (name: string) => {
    openssl(
      'req',
      '-x509',
      ...newKey,
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.pem`,
      '-days',
      '2',
      '-subj',
      `/CN=${name}`,
    );
    return at(`${name}.pem`);
  };
  const signed = (name: string, names: string) => {
    openssl('req', ...newKey, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
    writeFileSync(at(`${name}.ext`), `subjectAltName=${names}\n`);
    const by = ['-CA', 'authority.pem', '-CAkey', 'authority.key', '-CAcreateserial', '-extfile', `${name}.ext`];
    openssl('x509', '-req', '-in', `${name}.csr`, ...by, '-out', `${name}.pem`, '-days', '2');
    return [at(`${name}.pem`), at(`${name}.key`)] as const;
  };
  const ca = authority('authority');
  const strangeCa = authority('stranger');
  const [serverCert, serverKey] = signed('server', 'DNS:localhost,IP:127.0.0.1');
  const [otherCert, otherKey] = signed('other', 'DNS:other.invalid');
  const [clientCert, clientKey] = signed('client', 'DNS:client.invalid');
  writeFileSync(at('both.pem'), execFileSync('cat', [clientCert, clientKey]));
  return {
    ...{ ca, strangeCa, serverCert, serverKey, otherCert, otherKey, clientCert, clientKey, clientBoth: at('both.pem') },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
