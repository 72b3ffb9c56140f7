// Options of the server: where it listens, how it stands behind a proxy, what it writes to its log.
import { list, oneOf, orNull, type Read, text, yesOrNo } from '../../app/option-values.ts';
import { fileMode, frameAncestor, network, port, prefix } from '../option-values.ts';
import type { OptionRow } from './row.ts';

const LOGGING = ['debug', 'info', 'warning', 'error', 'none'] as const;

/** Flower's default of such options is an empty text. */
const emptyIsNone: Read<string | null> = (value, name) => (value === '' ? null : orNull(text)(value, name));

export const SERVING_OPTIONS: readonly OptionRow[] = [
  {
    name: 'port',
    kind: 'number',
    default: 5555,
    word: 'number',
    meaning: 'TCP port; 0 takes a free one',
    read: port,
    source: 'Flower',
  },
  {
    name: 'address',
    kind: 'text',
    default: '127.0.0.1',
    meaning: 'Address to bind. Wider than loopback only with basic_auth',
    read: text,
    source: 'Flower',
  },
  {
    name: 'url_prefix',
    kind: 'text',
    default: '',
    word: 'path',
    meaning:
      'Path in front of every route, whether a proxy takes it away or not. Without it X-Forwarded-Prefix says which one was taken away (xheaders)',
    read: prefix,
    source: 'Flower',
  },
  {
    name: 'unix_socket',
    kind: 'text',
    default: null,
    word: 'path',
    meaning:
      'Listen on this socket, which every user of the machine may open unless unix_socket_mode says otherwise, and on no port; without TLS',
    read: emptyIsNone,
    source: 'Flower',
  },
  {
    name: 'unix_socket_mode',
    kind: 'text',
    default: null,
    word: 'octal',
    meaning:
      'Who may open the unix_socket, as chmod has it: 0660 for its owner and group. Default: every user of the machine',
    read: orNull(fileMode),
    source: 'Umbel',
  },
  {
    name: 'certfile',
    kind: 'text',
    default: null,
    word: 'path',
    meaning: 'Certificate (PEM), with those of intermediate authorities below it: TLS, with keyfile',
    read: emptyIsNone,
    source: 'Flower',
  },
  {
    name: 'keyfile',
    kind: 'text',
    default: null,
    word: 'path',
    meaning: 'Private key (PEM) of the certificate',
    read: emptyIsNone,
    source: 'Flower',
  },
  {
    name: 'ca_certs',
    kind: 'text',
    default: null,
    word: 'path',
    meaning: 'Certificates of authorities (PEM) that complete the chain which is sent; clients are asked for none',
    read: emptyIsNone,
    source: 'Flower',
  },
  {
    name: 'xheaders',
    kind: 'switch',
    default: false,
    meaning:
      'Believe X-Forwarded-For, X-Real-Ip, X-Forwarded-Host and, without url_prefix, X-Forwarded-Prefix of the trusted_proxies; without those, of proxies on this machine',
    read: yesOrNo,
    source: 'Flower',
  },
  {
    name: 'trusted_proxies',
    kind: 'list',
    default: [],
    meaning: 'Addresses and networks of the proxies before it, such as 10.0.0.0/8; naming one turns xheaders on',
    read: (value, name) => list(value, name).map((one) => network(one, name)),
    source: 'Umbel',
  },
  {
    name: 'frame_ancestors',
    kind: 'list',
    default: [],
    word: 'origins',
    meaning: 'Origins whose pages may show these in a frame: https://wiki.example.com, or self; none without it',
    read: (value, name) => list(value, name).map((one) => frameAncestor(one, name)),
    source: 'Umbel',
  },
  {
    name: 'debug',
    kind: 'switch',
    default: false,
    meaning: 'Write everything to the log; as logging=debug. No stack trace is sent to a client',
    read: yesOrNo,
    source: 'Flower',
  },
  {
    name: 'logging',
    kind: 'text',
    default: 'warning',
    word: 'level',
    meaning: 'From which level on the log has lines: debug, info, warning, error, or none',
    read: (value, name) => oneOf(LOGGING)(typeof value === 'string' ? value.toLowerCase() : value, name),
    source: 'Flower',
  },
  {
    name: 'log_file_prefix',
    kind: 'text',
    default: null,
    word: 'path',
    meaning: 'File of the log, instead of standard error; opened for each line, so that it may be rotated',
    read: emptyIsNone,
    source: 'Flower',
  },
];
