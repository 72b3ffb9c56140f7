// How values become bodies and bodies values: one codec per app, with its serializers by name and content type, and the refusal of what
// is not accepted. JSON: json.ts. Compression: compression.ts.
// Others at hand, loaded when they are named: msgpack.ts, yaml.ts. Signed messages: auth.ts.
// Holds: nothing is shared between apps; a serializer that has to be loaded is, before the first connection of an app that names it;
// only content types in the accept set are decoded; pickle is known by name and never read; every failure is
// ContentDisallowed, DecodeError, EncodeError or SecurityError.
// kombu 5.6: serialization.py

import { nearest } from '../../shared/nearest.ts';
import { ContentDisallowed, DecodeError, EncodeError, ImproperlyConfigured, UmbelError } from '../errors.ts';
import { refuseUncarried } from './carried.ts';
import { decodeJson, decodeJsonExact, encodeJson, encodeJsonCall, encodeJsonFast } from './json.ts';

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
  /** The body of a call, when that is to be stricter than `encode`: what cannot arrive as it was given is an EncodeError. */
  encodeCall?(payload: unknown): Uint8Array | string;
  decode(body: Uint8Array, contentEncoding: string): unknown;
}

/** Content types of Celery that are recognised, and refused with a reason while no serializer for them is registered. */
const KNOWN: Readonly<Record<string, string>> = {
  pickle: 'application/x-python-serialize',
  auth: 'application/data',
};
const WHY_NOT: Readonly<Record<string, string>> = {
  pickle:
    'a pickle is a program, and reading one runs what its sender wrote. Send json, msgpack or yaml instead (task_serializer and result_serializer of the Python side)',
  auth: 'it has neither key nor certificates. Call app.setupSecurity() before anything is sent or received',
};

const JSON_SERIALIZER: Serializer = {
  name: 'json',
  contentType: 'application/json',
  contentEncoding: 'utf-8',
  encode: encodeJsonFast,
  encodeCall: encodeJsonCall,
  decode: (body, encoding) => decodeJson(text(body, encoding)),
};
const BUILTIN: readonly Serializer[] = [
  JSON_SERIALIZER,
  {
    name: 'raw',
    contentType: 'application/data',
    contentEncoding: 'binary',
    encode: (value) => {
      if (value instanceof Uint8Array || typeof value === 'string') return value;
      throw new EncodeError(`The raw serializer takes bytes or text, not ${typeof value}`);
    },
    decode: (body) => body,
  },
  {
    name: 'text/plain',
    contentType: 'text/plain',
    contentEncoding: 'utf-8',
    encode: (value) => {
      if (typeof value === 'string') return value;
      throw new EncodeError(`text/plain takes text, not ${typeof value}`);
    },
    decode: (body, encoding) => text(body, encoding),
  },
];
/** Their packages lie in chunks of their own, read when somebody names them. */
const AT_HAND: readonly LazySerializer[] = [
  { name: 'msgpack', contentType: 'application/x-msgpack', load: () => import('./msgpack.ts') },
  { name: 'yaml', contentType: 'application/x-yaml', load: () => import('./yaml.ts') },
];
/** kombu's text to the character, for who compares texts. */
const KOMBU_JSON: Serializer = {
  ...JSON_SERIALIZER,
  name: 'kombu-json',
  encode: encodeJson,
  encodeCall(payload) {
    refuseUncarried(payload);
    return encodeJson(payload);
  },
};

/** A serializer that is loaded when somebody names it. */
export interface LazySerializer {
  readonly name: string;
  readonly contentType: string;
  load(): Promise<Pick<Serializer, 'contentEncoding' | 'encode' | 'decode'>>;
}

export class Codec {
  readonly #byName = new Map<string, Serializer>();
  readonly #byContentType = new Map<string, Serializer>();
  readonly #lazy = new Map<string, LazySerializer>();
  readonly #loading = new Map<string, Promise<void>>();

  constructor() {
    for (const serializer of [...BUILTIN, ...AT_HAND]) this.register(serializer);
    this.#byName.set('kombu-json', KOMBU_JSON);
  }

  /** Make a serializer known under its name and content type. The last one registered wins. */
  register(serializer: Serializer | LazySerializer): void {
    if ('load' in serializer) {
      this.#lazy.set(serializer.name, serializer);
      // What had this content type reads it no more: nothing unsigned passes before `auth` is loaded.
      this.#byContentType.delete(serializer.contentType);
      return;
    }
    this.#lazy.delete(serializer.name);
    this.#byName.set(serializer.name, serializer);
    this.#byContentType.set(serializer.contentType, serializer);
  }

  /**
   * Loads those of these names, or content types, that have to be. Null: there is nothing to wait for.
   * Rejects with ImproperlyConfigured when one cannot be loaded.
   */
  load(names: Iterable<string | null | undefined>): Promise<void> | null {
    let found: LazySerializer[] | null = null;
    for (const name of names) {
      const lazy = name ? this.#lazyOf(name) : undefined;
      if (!lazy) continue;
      found ??= [];
      found.push(lazy);
    }
    if (!found) return null;
    return Promise.all(found.map((one) => this.#load(one))).then(() => {});
  }

  /** @param name or content type, which alone has a slash */
  #lazyOf(name: string): LazySerializer | undefined {
    const named = this.#lazy.get(name);
    if (named || !name.includes('/')) return named;
    return [...this.#lazy.values()].find((one) => one.contentType === name);
  }

  #load(lazy: LazySerializer): Promise<void> {
    const { name, contentType } = lazy;
    let loading = this.#loading.get(name);
    if (!loading) {
      loading = lazy
        .load()
        .then(
          (loaded) => this.register({ ...loaded, name, contentType }),
          (error: unknown) => {
            throw new ImproperlyConfigured(`The serializer ${name} could not be loaded: ${messageOf(error)}`);
          },
        )
        .finally(() => this.#loading.delete(name));
      this.#loading.set(name, loading);
    }
    return loading;
  }

  /** @throws EncodeError, or ImproperlyConfigured for an unknown serializer */
  encode(value: unknown, serializer: string): Encoded {
    return this.#encode(value, this.#find(serializer));
  }

  /** The body of a call. As `encode`; refuses what would not arrive as it was given. */
  encodeCall(payload: unknown, serializer: string): Encoded {
    const found = this.#find(serializer);
    return this.#encode(payload, found, found.encodeCall);
  }

  #find(serializer: string): Serializer {
    return this.#byName.get(serializer) ?? this.#byContentType.get(serializer) ?? this.#unknown(serializer);
  }

  #encode(value: unknown, found: Serializer, encode = found.encode): Encoded {
    let body: Uint8Array | string;
    try {
      body = encode.call(found, value);
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
  decode(body: Uint8Array, contentType: string, contentEncoding: string, accept: ReadonlySet<string>): unknown {
    if (!accept.has(contentType)) throw new ContentDisallowed(this.#refusal(contentType, accept));
    const found = this.#byContentType.get(contentType);
    if (!found) throw new ContentDisallowed(this.#unsupported(contentType));
    try {
      return found.decode(body, contentEncoding);
    } catch (error) {
      if (error instanceof UmbelError) throw error;
      throw new DecodeError(`Cannot read this as ${found.name}: ${messageOf(error)}`, { cause: error });
    }
  }

  /** As `decode`, but a float of JSON that is whole stays one: see decodeJsonExact. */
  decodeExact(body: Uint8Array, contentType: string, contentEncoding: string, accept: ReadonlySet<string>): unknown {
    if (contentType !== 'application/json' || !accept.has(contentType))
      return this.decode(body, contentType, contentEncoding, accept);
    return decodeJsonExact(text(body, contentEncoding));
  }

  /** @throws ImproperlyConfigured for a name, or content type, that no serializer has. @param owner begins the message */
  refuseUnknown(name: string, owner: string): void {
    if (this.#byName.has(name) || this.#byContentType.has(name) || this.#lazyOf(name)) return;
    // It may be set up later, before anything is sent.
    if (name === 'auth') return;
    this.#unknown(name, `${owner}: `);
  }

  /** Content types of `accept_content`: names ('json') and content types are both taken. */
  acceptSet(names: readonly string[]): ReadonlySet<string> {
    const set = new Set<string>();
    for (const name of names) {
      if (name.includes('/')) set.add(name);
      else if (name === 'auth' && !this.#byName.has(name) && !this.#lazy.has(name)) this.#unknown(name);
      else
        set.add(
          this.#byName.get(name)?.contentType ??
            this.#lazy.get(name)?.contentType ??
            KNOWN[name] ??
            this.#unknown(name),
        );
    }
    return set;
  }

  #unknown(name: string, owner = ''): never {
    const names = [...this.#byName.keys(), ...this.#lazy.keys()].filter((n) => n !== 'kombu-json');
    const known = names.join(', ');
    const near = nearest(name, names);
    if (Object.hasOwn(WHY_NOT, name))
      throw new ImproperlyConfigured(`${owner}The serializer ${name} is not available here: ${WHY_NOT[name]}`);
    throw new ImproperlyConfigured(
      this.#lazy.has(name)
        ? `${owner}The serializer ${name} is not loaded: name it in task_serializer, result_serializer, event_serializer or accept_content`
        : `${owner}Unknown serializer ${JSON.stringify(name)}. ${near ? `Did you mean '${near}'? ` : ''}Known: ${known}`,
    );
  }

  #refusal(contentType: string, accept: ReadonlySet<string>): string {
    const name = this.#nameOf(contentType);
    const why = name !== undefined && Object.hasOwn(WHY_NOT, name) ? `. As to ${name}: ${WHY_NOT[name]}` : '';
    return `Refusing to read untrusted content of type ${name ? `${name} (${contentType})` : shown(contentType)}: accept_content allows ${[...accept].join(', ') || 'nothing'}${why}`;
  }

  #unsupported(contentType: string): string {
    const name = this.#nameOf(contentType);
    const why = name ? ` (${name}): it is accepted by accept_content, but not available here` : '';
    const reason = name !== undefined && Object.hasOwn(WHY_NOT, name) ? `, for ${WHY_NOT[name]}` : '';
    return `No serializer for content type ${shown(contentType)}${why}${reason}`;
  }

  #nameOf(contentType: string): string | undefined {
    return (
      this.#byContentType.get(contentType)?.name ??
      this.#lazyOf(contentType)?.name ??
      Object.keys(KNOWN).find((name) => KNOWN[name] === contentType)
    );
  }
}

/** What those who write and read bodies need of it. */
export type BodyCodec = Pick<Codec, 'encode' | 'decode' | 'decodeExact' | 'acceptSet'>;

/** For who belongs to no app: JSON, text and bytes. Nobody registers anything with it. */
export const PLAIN_CODEC: BodyCodec = new Codec();

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
