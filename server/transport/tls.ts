// Encryption of a connection to Redis or RabbitMQ: certificates and how strict to be, out of a URL's query or a setting, in redis-py's words.
// ssl_cert_reqs (none, optional, required; CERT_NONE ...; 0, 1, 2), ssl_ca_certs, ssl_certfile, ssl_keyfile (files), ssl_ca_data (PEM),
// ssl_check_hostname, ssl_password, ssl_ciphers. Settings may leave the `ssl_` out, as Celery's for RabbitMQ do.
// Who asks for it and what they are told: as Celery. A broker or a schedule at rediss:// without any of these is encrypted but not checked, with a
// warning; a result store has to say ssl_cert_reqs; amqps:// and `true` as a setting: checked with the authorities this machine trusts.
// Where this differs: whose certificate is checked has to have the host's name in it, unless ssl_check_hostname is false.
// Kombu 5.6: utils/url.py parse_url, connection.py _init_params; Celery 5.6: backends/redis.py; redis-py: connection.py SSLConnection;
// py-amqp: transport.py SSLTransport
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { type ConnectionOptions, createSecureContext } from 'node:tls';
import { ImproperlyConfigured, toError } from '../errors.ts';

export type TlsOptions = ConnectionOptions;

export interface TlsSource {
  readonly of: 'broker' | 'result store' | 'schedule';
  /** The URL without its secrets. */
  readonly shown: string;
  readonly kind: 'host' | 'socket' | 'sentinel';
  readonly scheme: string;
  readonly host: string;
  readonly query: Readonly<Record<string, unknown>>;
  /** What the setting says: true, or an object. */
  readonly options: unknown;
}

type Given = Readonly<Record<string, unknown>>;
type Refuse = (why: string) => never;

/** Schemes that ask for it. */
const SECURE = ['rediss', 'amqps', 'pyamqps'];
const KNOWN = ['cert_reqs', 'ca_certs', 'ca_data', 'certfile', 'keyfile', 'check_hostname', 'password', 'ciphers'];
const SETTING = {
  broker: 'broker_use_ssl',
  'result store': 'redis_backend_use_ssl',
  schedule: 'broker_use_ssl',
} as const;

/** `client` is null for a connection that is not encrypted. */
export function readTls(source: TlsSource): { readonly client: TlsOptions | null; readonly warning: string | null } {
  const { of, shown, kind, scheme, host, options } = source;
  const refuse: Refuse = (why) => {
    throw new ImproperlyConfigured(`The ${of} ${shown} ${why}`);
  };
  if (typeof options === 'string' || typeof options === 'number') {
    refuse(`cannot be encrypted as asked: ${SETTING[of]} is true, or an object of ssl_cert_reqs, ssl_ca_certs ...`);
  }
  const given = { ...named(options), ...named(source.query, true) };
  const wanted = Object.keys(given).length > 0 || options === true;
  if (!SECURE.includes(scheme) && !wanted) return { client: null, warning: null };
  if (kind === 'socket') refuse('is a Unix socket, which is not encrypted: leave the certificates out.');
  if (of === 'result store' && scheme === 'redis') refuse('has certificates, but a URL without TLS: write rediss://.');
  const unknown = Object.keys(given).find((name) => !KNOWN.includes(name));
  if (unknown) refuse(`has the option ssl_${unknown}. Known are ${KNOWN.map((name) => `ssl_${name}`).join(', ')}.`);

  const { requirement, warning } = strictness(source, given, wanted, refuse);
  const context = certificates(given, refuse);
  const unnamed = /^(false|no|n|f|0)$/i.test(String(given.check_hostname ?? 'true'));
  return {
    client: {
      ...context,
      rejectUnauthorized: requirement !== 'none',
      ...(kind === 'host' && host !== '' && isIP(host) === 0 ? { servername: host } : {}),
      ...(unnamed ? { checkServerIdentity: () => undefined } : {}),
    },
    warning,
  };
}

/** How its certificate is checked, and what is to be said about that. */
function strictness(
  { of, shown, scheme, options }: TlsSource,
  given: Given,
  wanted: boolean,
  refuse: Refuse,
): { requirement: string; warning: string | null } {
  const words = { '0': 'none', '1': 'optional', '2': 'required', null: 'none' } as Record<string, string>;
  const said =
    'cert_reqs' in given
      ? String(given.cert_reqs)
          .toLowerCase()
          .replace(/^(ssl\.)?cert_/, '')
      : null;
  let requirement = said === null ? 'required' : (words[said] ?? said);
  let warning: string | null = null;
  if (!['none', 'optional', 'required'].includes(requirement)) {
    refuse(`has ssl_cert_reqs ${JSON.stringify(given.cert_reqs)}: write required, optional or none.`);
  }
  if (said === null && !wanted && of !== 'result store' && scheme === 'rediss') {
    requirement = 'none';
    warning =
      `The connection to the ${of} ${shown} is encrypted, but anybody may pose as it: its certificate is not checked. ` +
      'Write ?ssl_cert_reqs=required after the URL, with &ssl_ca_certs=/path/of/ca.pem for an authority of your own.';
  } else if (said === null && of === 'result store' && options !== true) {
    refuse('has to say how its certificate is checked: write ?ssl_cert_reqs=required (or none) after the URL.');
  } else if (requirement === 'none' && of === 'result store') {
    warning = `The certificate of the result store ${shown} is not checked (ssl_cert_reqs=none): anybody may pose as it.`;
  }
  return { requirement, warning };
}

function certificates(given: Given, refuse: Refuse): TlsOptions {
  const file = (name: string): Buffer | undefined => {
    const path = given[name];
    if (path === undefined || path === null || path === '') return undefined;
    try {
      return readFileSync(String(path));
    } catch (error) {
      return refuse(`needs ssl_${name}, which cannot be read: ${toError(error).message}`);
    }
  };
  const text = (name: string): string | undefined => (given[name] ? String(given[name]) : undefined);
  const cert = file('certfile');
  const context: TlsOptions = {
    ca: file('ca_certs') ?? text('ca_data'),
    cert,
    // One file may hold both, as for Python.
    key: file('keyfile') ?? cert,
    passphrase: text('password'),
    ciphers: text('ciphers'),
  };
  try {
    createSecureContext(context);
  } catch (error) {
    refuse(`cannot use its certificates (ssl_ca_certs, ssl_certfile, ssl_keyfile): ${toError(error).message}`);
  }
  return Object.fromEntries(Object.entries(context).filter(([, value]) => value !== undefined));
}

/** The options in `given` without their `ssl_`; of a query only those that have it. */
function named(given: unknown, prefixed = false): Record<string, unknown> {
  if (typeof given !== 'object' || given === null) return {};
  return Object.fromEntries(
    Object.entries(given)
      .filter(([name]) => !prefixed || name.startsWith('ssl_'))
      .map(([name, value]) => [name.replace(/^ssl_/, ''), value]),
  );
}
