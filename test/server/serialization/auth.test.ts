// Signed messages: those recorded from Celery 5.6 are read, ours are read again, and nothing else is.
import { createPrivateKey } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Celery } from '../../../server/app/celery.ts';
import type { SecurityOptions } from '../../../server/app/security.ts';
import { ContentDisallowed, ImproperlyConfigured, SecurityError } from '../../../server/errors.ts';
import golden from '../../golden/auth-serializer.json' with { type: 'json' };
import { ManualTimer } from '../../support/clock.ts';
import { signingKeys } from '../../support/signing-keys.ts';

interface Case {
  readonly name: string;
  readonly kind: string;
  readonly digest: string;
  readonly serializer?: string;
  readonly payload: unknown;
  readonly serialized: string;
}
const [keys, ...all] = golden.cases as unknown as [
  { private_key_pem: string; certificate_pem: string; cert_id: string },
  ...Case[],
];

describe('signed messages', () => {
  let folder: string;
  let other: ReturnType<typeof signingKeys>;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'umbel-auth-'));
    for (const name of ['certs', 'others', 'none']) mkdirSync(join(folder, name));
    writeFileSync(join(folder, 'a.key'), keys.private_key_pem);
    writeFileSync(join(folder, 'certs/a.pem'), keys.certificate_pem);
    other = signingKeys(join(folder, 'others'), 'other');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const AUTH = { task_serializer: 'auth', accept_content: ['auth'] };
  async function signing(options: SecurityOptions = {}, { now = Date.now(), ...settings } = {}) {
    const timer = new ManualTimer(now);
    const paths = { security_key: join(folder, 'a.key'), security_certificate: join(folder, 'certs/a.pem') };
    const conf = { ...AUTH, ...paths, security_cert_store: join(folder, 'certs'), ...settings };
    const app = new Celery('signed', { broker: 'memory://signed', ...conf }, { env: {}, timer });
    app.setupSecurity(options);
    await app.codec.load(['auth']);
    return { app, timer };
  }
  const read = (app: Celery, text: string | Uint8Array) => app.decode(Buffer.from(text), 'application/data', 'utf-8');

  test.each(all.filter(({ kind, serializer }) => kind === 'signed' && serializer !== 'pickle'))(
    'of Celery: $name',
    async ({ digest, payload, serialized }) => {
      const { app } = await signing({ digest });
      expect(read(app, serialized)).toEqual(payload);
    },
  );

  test.each(all.filter(({ serializer }) => serializer === 'pickle'))(
    'of Celery: $name, whose signature holds, is refused for what it is',
    async ({ digest, serialized }) => {
      const { app } = await signing({ digest });
      expect(() => read(app, serialized)).toThrow(ContentDisallowed);
      expect(() => read(app, serialized)).toThrow(/a pickle is a program/);
    },
  );

  test('a message that was changed is refused', async () => {
    const { digest, serialized } = all.find(({ kind }) => kind === 'tampered')!;
    const { app } = await signing({ digest });
    expect(() => read(app, serialized)).toThrow(SecurityError);
    expect(() => read(app, serialized)).toThrow(/Bad signature by "XX Vectors Test CA vectors.test \d+"/);
  });

  test.each(['5.3', '5.2'] as const)('ours are read again, in the framing of Celery %s', async (framing) => {
    for (const serializer of ['json', 'msgpack', 'yaml']) {
      const { app } = await signing({ framing, serializer });
      const { body, contentType, contentEncoding } = app.encode(['ž', 1]);
      expect([contentType, contentEncoding]).toEqual(['application/data', 'utf-8']);
      expect(read(app, body)).toEqual(['ž', 1]);
      const fields = Buffer.from(Buffer.from(body).toString(), 'base64');
      const signer = framing === '5.2' ? keys.cert_id : Buffer.from(keys.cert_id).toString('base64');
      expect(fields.subarray(0, signer.length).toString()).toBe(signer);
      // Not a byte of it may change: signer, signature, or what was signed.
      for (const at of [2, signer.length + 20, fields.length - 2]) {
        const changed = Buffer.from(fields);
        changed[at]! ^= 1;
        expect(() => read(app, changed.toString('base64'))).toThrow(SecurityError);
      }
    }
  });

  test('an unknown certificate is refused by name', async () => {
    const stranger = await signing({ key: other.key, cert: other.cert, store: other.cert });
    const { app } = await signing();
    const { body } = stranger.app.encode([1]);
    expect(() => read(app, body)).toThrow(
      /Unknown certificate: "XX Umbel, tests other \d+" is not in security_cert_store/,
    );
    const both = await signing({ store: join(folder, '*/*.pem') });
    expect(read(both.app, body)).toEqual([1]);
  });

  test('a certificate holds from its first day to its last', async () => {
    const { body } = (await signing()).app.encode([1]);
    const { app, timer } = await signing();
    timer.setWallClock(Date.parse('2124-06-01') - timer.now());
    expect(() => read(app, body)).toThrow(/Expired certificate: .* was valid until 2124-01-01/);
    expect(() => app.encode([1])).toThrow(/Cannot sign: Expired certificate/);
    await expect(signing({}, { now: Date.parse('2124-06-01') })).rejects.toThrow(/Expired certificate/);
    // In the store before its day, it is not trusted yet.
    const early = await signing({ store: join(folder, '*/*.pem') }, { now: Date.parse('2024-06-01') });
    const stranger = await signing({ key: other.key, cert: other.cert, store: other.cert });
    expect(() => read(early.app, stranger.app.encode([1]).body)).toThrow(/Certificate not valid yet/);
  });

  test('what is no signed message is refused', async () => {
    const { app } = await signing();
    const fields = (...given: string[]) => Buffer.from(given.join('\0\x01')).toString('base64');
    const id = Buffer.from(keys.cert_id).toString('base64');
    for (const body of [
      '',
      'x',
      '[1]',
      fields('x'),
      fields(id),
      fields(id, 'AA=='),
      fields(id, '', 'application/json', 'utf-8', '1'),
      fields(keys.cert_id, 'short'),
      '\0'.repeat(99),
    ])
      expect(() => read(app, body)).toThrow(SecurityError);
    expect(() => app.decode(Buffer.from('[1]'), 'application/json', 'utf-8')).toThrow(ContentDisallowed);
  });

  test('a key with a password', async () => {
    const file = join(folder, 'locked.key');
    writeFileSync(
      file,
      createPrivateKey(keys.private_key_pem).export({
        type: 'pkcs8',
        format: 'pem',
        cipher: 'aes-256-cbc',
        passphrase: 'pässword',
      }),
    );
    const { app } = await signing({ key: file, key_password: 'pässword' });
    expect(read(app, app.encode([1]).body)).toEqual([1]);
    const wrong = await signing({ key: file, key_password: 'other' }).catch((error: Error) => error as Error);
    expect(wrong).toBeInstanceOf(SecurityError);
    expect((wrong as Error).message).toMatch(/is security_key_password right\?/);
    expect((wrong as Error).message).not.toContain('other');
    await expect(signing({ key: file })).rejects.toThrow(/does it want a security_key_password/);
  });

  test('what is missing or does not fit is said when it is set up', async () => {
    const refused = (
      options: SecurityOptions,
      settings: object,
      text: RegExp,
      type: typeof SecurityError | typeof ImproperlyConfigured,
    ) =>
      Promise.all([
        expect(signing(options, settings)).rejects.toThrow(text),
        expect(signing(options, settings)).rejects.toBeInstanceOf(type),
      ]);
    await refused({}, { accept_content: ['auth', 'json'] }, /accept_content = \['auth'\]/, ImproperlyConfigured);
    await refused({}, { task_serializer: 'json' }, /task_serializer = 'auth'/, ImproperlyConfigured);
    await refused({}, { security_key: null }, /not given: security_key$/, ImproperlyConfigured);
    await refused({ key: join(folder, 'nowhere') }, {}, /security_key: ENOENT/, ImproperlyConfigured);
    await refused({ digest: 'sha257' }, {}, /security_digest "sha257" is unknown/, ImproperlyConfigured);
    await refused({ serializer: 'jsn' }, {}, /Unknown serializer "jsn"/, ImproperlyConfigured);
    await refused({ key: other.key }, {}, /is not that of the certificate/, SecurityError);
    await refused({ cert: join(folder, 'a.key') }, {}, /is no X.509 certificate/, SecurityError);
    await refused({ store: join(folder, 'none') }, {}, /names no certificate/, SecurityError);
    await refused({ store: join(folder, '*/*.key') }, {}, /other.key is no X.509 certificate/, SecurityError);
  });
});
