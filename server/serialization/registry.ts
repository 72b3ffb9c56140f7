// Serializers by name and content type, and the refusal of what is not accepted. JSON: json.ts. Compression: compression.ts.
// Holds: only content types in the accept set are decoded; pickle is known by name and never read; every failure is
// ContentDisallowed, DecodeError or EncodeError.
// kombu 5.6: serialization.py
import { ContentDisallowed, DecodeError, EncodeError, ImproperlyConfigured, UmbelError } from '../errors.ts';
import { decodeJson, decodeJsonExact, encodeJson, encodeJsonFast } from './json.ts';

export interface Encoded {
  readonly body: Uint8Array;
  readonly contentType: string;
  readonly contentEncoding: string;
}

export interface Serializer {
  readonly name: string;
  readonly contentType: string;
  /** 'utf-8' for text, 'binary' for bytes. */
  readonly contentEncoding: string;
  encode(value: unknown): Uint8Array | string;
  decode(body: Uint8Array, contentEncoding: string): unknown;
}

const byName = new Map<string, Serializer>();
const byContentType = new Map<string, Serializer>();

/** Content types of Celery that are recognised, and refused with a reason while no serializer for them is registered. */
const KNOWN: Readonly<Record<string, string>> = {
  pickle: 'application/x-python-serialize',
  yaml: 'application/x-yaml',
  msgpack: 'application/x-msgpack',
};

/** Make a serializer known under its name and content type. The last one registered wins. */
export function registerSerializer(serializer: Serializer): void {
  byName.set(serializer.name, serializer);
  byContentType.set(serializer.contentType, serializer);
}

registerSerializer({
  name: 'json',
  contentType: 'application/json',
  contentEncoding: 'utf-8',
  encode: encodeJsonFast,
  decode: (body, encoding) => decodeJson(text(body, encoding)),
});
// kombu's text to the character, for who compares texts.
byName.set('kombu-json', {
  name: 'kombu-json',
  contentType: 'application/json',
  contentEncoding: 'utf-8',
  encode: encodeJson,
  decode: (body, encoding) => decodeJson(text(body, encoding)),
});
registerSerializer({
  name: 'raw',
  contentType: 'application/data',
  contentEncoding: 'binary',
  encode: (value) => {
    if (value instanceof Uint8Array || typeof value === 'string') return value;
    throw new EncodeError(`The raw serializer takes bytes or text, not ${typeof value}`);
  },
  decode: (body) => body,
});
registerSerializer({
  name: 'text/plain',
  contentType: 'text/plain',
  contentEncoding: 'utf-8',
  encode: (value) => {
    if (typeof value === 'string') return value;
    throw new EncodeError(`text/plain takes text, not ${typeof value}`);
  },
  decode: (body, encoding) => text(body, encoding),
});

/** @throws EncodeError, or ImproperlyConfigured for an unknown serializer */
export function encode(value: unknown, serializer: string): Encoded {
  const found = find(serializer);
  let body: Uint8Array | string;
  try {
    body = found.encode(value);
  } catch (error) {
    if (error instanceof UmbelError) throw error;
    throw new EncodeError(`Cannot write this as ${found.name}: ${messageOf(error)}`, { cause: error });
  }
  return {
    body: typeof body === 'string' ? Buffer.from(body, 'utf8') : body,
    contentType: found.contentType,
    contentEncoding: found.contentEncoding,
  };
}

/** @throws ContentDisallowed when the type is not accepted, DecodeError when the body is not what it says */
export function decode(
  body: Uint8Array,
  contentType: string,
  contentEncoding: string,
  accept: ReadonlySet<string>,
): unknown {
  if (!accept.has(contentType)) throw new ContentDisallowed(refusal(contentType, accept));
  const found = byContentType.get(contentType);
  if (!found)
    throw new ContentDisallowed(`No serializer for content type ${shown(contentType)}${unsupported(contentType)}`);
  try {
    return found.decode(body, contentEncoding);
  } catch (error) {
    if (error instanceof UmbelError) throw error;
    throw new DecodeError(`Cannot read this as ${found.name}: ${messageOf(error)}`, { cause: error });
  }
}

/** As `decode`, but a float of JSON that is whole stays one: see decodeJsonExact. */
export function decodeExact(
  body: Uint8Array,
  contentType: string,
  contentEncoding: string,
  accept: ReadonlySet<string>,
): unknown {
  if (contentType !== 'application/json' || !accept.has(contentType))
    return decode(body, contentType, contentEncoding, accept);
  return decodeJsonExact(text(body, contentEncoding));
}

/** Content types of `accept_content`: names ('json') and content types are both taken. */
export function acceptSet(names: readonly string[]): ReadonlySet<string> {
  const set = new Set<string>();
  for (const name of names) {
    if (name.includes('/')) set.add(name);
    else set.add(byName.get(name)?.contentType ?? KNOWN[name] ?? unknownSerializer(name));
  }
  return set;
}

function find(name: string): Serializer {
  const found = byName.get(name) ?? byContentType.get(name);
  return found ?? unknownSerializer(name);
}

function unknownSerializer(name: string): never {
  const known = [...byName.keys()].filter((n) => n !== 'kombu-json').join(', ');
  throw new ImproperlyConfigured(
    name in KNOWN
      ? `The serializer ${name} is not available here. Available: ${known}`
      : `Unknown serializer ${JSON.stringify(name)}. Known: ${known}`,
  );
}

function refusal(contentType: string, accept: ReadonlySet<string>): string {
  const name = nameOf(contentType);
  return `Refusing to read untrusted content of type ${name ? `${name} (${contentType})` : shown(contentType)}: accept_content allows ${[...accept].join(', ') || 'nothing'}`;
}

function unsupported(contentType: string): string {
  const name = nameOf(contentType);
  return name ? ` (${name}): it is accepted by accept_content, but not available here` : '';
}

function nameOf(contentType: string): string | undefined {
  return byContentType.get(contentType)?.name ?? Object.keys(KNOWN).find((name) => KNOWN[name] === contentType);
}

function shown(contentType: unknown): string {
  return JSON.stringify(String(contentType).slice(0, 100));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const decoders = new Map<string, InstanceType<typeof TextDecoder>>();
const MAX_DECODERS = 16;

function text(body: Uint8Array, encoding: string): string {
  if (encoding === 'utf-8' || encoding === 'binary' || encoding === '') {
    const buffer = Buffer.isBuffer(body) ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    const value = buffer.toString('utf8');
    // A replacement character may be data; look again strictly only then.
    return value.includes('\ufffd') ? strict('utf-8', body) : value;
  }
  return strict(encoding, body);
}

function strict(encoding: string, body: Uint8Array): string {
  try {
    let decoder = decoders.get(encoding);
    if (!decoder) {
      // Python's spelling, which the platform does not know.
      decoder = new TextDecoder(encoding.replace(/^latin-1$/i, 'latin1'), { fatal: true, ignoreBOM: true });
      if (decoders.size < MAX_DECODERS) decoders.set(encoding, decoder);
    }
    return decoder.decode(body);
  } catch (error) {
    throw new DecodeError(`The body is not ${shown(encoding)} text`, { cause: error });
  }
}
