// Where a RabbitMQ is, who asks and how: the URL of a broker and `broker_transport_options`, read once into what amqplib takes.
// amqp://[user:password@]host[:port]/vhost, amqps:// (TLS), and kombu's names of the same, pyamqp:// and pyamqps://. The virtual host `/`
// is meant by nothing, by `/` after the slash, and by `%2F`. Certificates: ../tls.ts.
// Holds: no secret is in `safeUrl` or an error; what cannot be taken apart is refused.
// Kombu 5.6: transport/pyamqp.py Transport, SSLTransport; py-amqp: connection.py Connection
import { credentials, type Options, type SocketOptions } from 'amqplib';
import { ImproperlyConfigured } from '../../errors.ts';
import type { TransportContext } from '../contract.ts';
import { readTls } from '../tls.ts';
import { isUrl, parseUrl, safeUrl } from '../url.ts';
import { messageSizeLimit } from '../virtual/declaration.ts';

type Given = Readonly<Record<string, unknown>>;

export interface AmqpOptions {
  /** For errors and logs: no secrets. */
  readonly safeUrl: string;
  /** Same server and virtual host: the same broker. */
  readonly identity: string;
  readonly vhost: string;
  readonly user: string;
  readonly loginMethod: LoginMethod;
  readonly secure: boolean;
  readonly address: Options.Connect;
  readonly socket: SocketOptions;
  /** What its owner should hear, once. */
  readonly warning: string | null;
  /** A publish resolves when the broker says that it has the message; else when it is on its way. */
  readonly confirms: boolean;
  /** @unit bytes */
  readonly sizeLimit: number;
}

const LOGIN_METHODS = ['PLAIN', 'AMQPLAIN', 'EXTERNAL'] as const;
export type LoginMethod = (typeof LOGIN_METHODS)[number];

/** As py-amqp, which reads no larger ones either. @unit bytes */
const FRAME_MAX = 131_072;
/** What the broker's pages and logs show of this client. */
const PRODUCT = {
  product: 'umbel',
  platform: `Node.js ${process.version}`,
  information: 'A task queue that speaks the wire of Celery',
};

export function readOptions(context: TransportContext): AmqpOptions {
  const { options: given, ssl } = context;
  const url = parseUrl(context.url);
  const shown = safeUrl(context.url);
  // All of it would be the virtual host, which errors name, and a password in it.
  if (!isUrl(context.url) && url.path !== '') {
    throw new ImproperlyConfigured(
      `The URL of the broker, ${shown}, cannot be read: write amqp://[user:password@]host:port/virtual-host, with percent escapes for / ? # @ : % ` +
        'in user and password (encodeURIComponent).',
    );
  }
  const { client: tls, warning } = readTls({ ...url, of: 'broker', shown, kind: 'host', options: ssl });
  // Kombu takes no user from a URL without one for 'guest', whoever the password would be of.
  const user = url.username ?? 'guest';
  const password = url.password ?? 'guest';
  const loginMethod = login(given.login_method ?? context.loginMethod ?? url.query.login_method);
  const hostname = url.host || 'localhost';
  const port = url.port ?? (tls ? 5671 : 5672);
  const vhost = url.path || '/';
  const connectTimeout = number(given, 'connect_timeout', 0);
  const heartbeat = url.query.heartbeat === undefined ? (context.heartbeatMs ?? 0) / 1000 : Number(url.query.heartbeat);
  return {
    safeUrl: shown,
    identity: JSON.stringify([hostname, port, vhost]),
    vhost,
    user,
    loginMethod,
    secure: tls !== null,
    warning,
    address: {
      protocol: tls ? 'amqps' : 'amqp',
      hostname,
      port,
      // It is decoded once more.
      vhost: encodeURIComponent(vhost),
      frameMax: number(given, 'frame_max', FRAME_MAX),
      channelMax: number(given, 'channel_max', 0),
      heartbeat: wholeSeconds(heartbeat, shown),
    },
    socket: {
      ...tls,
      noDelay: true,
      keepAlive: true,
      timeout: connectTimeout > 0 ? connectTimeout * 1000 : context.connectTimeoutMs || 10_000,
      credentials: secretsOf(loginMethod, user, password),
      clientProperties: { ...PRODUCT, ...dict(given, 'client_properties') },
    },
    confirms: given.confirm_publish !== false,
    sizeLimit: messageSizeLimit(given),
  };
}

function login(given: unknown): LoginMethod {
  const method = given === undefined || given === null ? 'PLAIN' : String(given).toUpperCase();
  const known = LOGIN_METHODS.find((one) => one === method);
  if (known) return known;
  throw new ImproperlyConfigured(`broker_login_method is ${LOGIN_METHODS.join(', ')}, not ${JSON.stringify(given)}.`);
}

function secretsOf(method: LoginMethod, user: string, password: string): SocketOptions['credentials'] {
  if (method === 'EXTERNAL') return credentials.external();
  return method === 'PLAIN' ? credentials.plain(user, password) : credentials.amqplain(user, password);
}

/** AMQP counts whole seconds. A fraction is one: 0 would turn it off. */
function wholeSeconds(heartbeat: number, shown: string): number {
  if (!(heartbeat >= 0)) throw new ImproperlyConfigured(`The broker ${shown} has a heartbeat that is no number.`);
  return Math.min(Math.ceil(heartbeat), 0xffff);
}

function number(given: Given, name: string, standard: number): number {
  const value = given[name] ?? standard;
  if (typeof value === 'number' && value >= 0) return value;
  throw new ImproperlyConfigured(`The transport option ${name} is a number, not ${show(value)}.`);
}

function dict(given: Given, name: string): Given {
  const value = given[name] ?? {};
  if (typeof value === 'object' && !Array.isArray(value)) return value as Given;
  throw new ImproperlyConfigured(`The transport option ${name} is an object, not ${show(value)}.`);
}

const show = (value: unknown) => JSON.stringify(value) ?? String(value);
