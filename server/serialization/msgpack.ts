// msgpack as kombu has it: text is str, bytes are bin, tuples are lists; dates, decimals and integers of more than 64 bits are refused.
// Holds: what a body claims to hold is checked against its size before anything is allocated for it; a text that is no UTF-8 is refused,
// which the library would bend; extension types are refused, but for the timestamp, which becomes a Date; an integer that is not exact as
// a number is a bigint.
// kombu 5.6: serialization.py register_msgpack (packb use_bin_type=True, unpackb raw=False)
import { isUtf8 } from 'node:buffer';
import { Decoder, decodeTimestampExtension, Encoder, EXT_TIMESTAMP, ExtensionCodec } from '@msgpack/msgpack';
import { PyFloat } from '../../shared/python-values.ts';
import { DecodeError, EncodeError } from '../errors.ts';
import { type Leaves, MAX_DEPTH, plainTree } from './plain-values.ts';

const LOWEST = -(2n ** 63n);
const HIGHEST = 2n ** 64n - 1n;
const LONE_SURROGATE = /\p{Surrogate}/u;

const LEAVES: Leaves = {
  format: 'msgpack',
  object: (value) => (value instanceof Uint8Array || value instanceof PyFloat ? value : undefined),
  number: (value) => {
    if (Object.is(value, -0)) return new PyFloat(value);
    // The library writes integers of 64 bits as such only when they are bigints.
    return Number.isSafeInteger(value) && (value > 0xffff_ffff || value < -0x8000_0000) ? BigInt(value) : value;
  },
  bigint: (value) => {
    if (value < LOWEST || value > HIGHEST)
      throw new EncodeError(
        'msgpack carries integers of 64 bits, and this one is larger: send its text, or use the serializer json',
      );
    return value;
  },
  text: (value) => {
    if (LONE_SURROGATE.test(value))
      throw new EncodeError('msgpack carries UTF-8, and this text has half of a surrogate pair');
    return value;
  },
};

const extensions = new ExtensionCodec();
extensions.register({
  type: EXT_TIMESTAMP,
  encode: () => null,
  decode: (bytes) => {
    const at = decodeTimestampExtension(bytes);
    if (Number.isNaN(at.getTime())) throw new DecodeError('A timestamp is further away than a Date can be');
    return at;
  },
});

const encoder = new Encoder({ extensionCodec: new ExtensionCodec(), useBigInt64: true, maxDepth: MAX_DEPTH + 10 });
/** Within the library's encoder, which would write a float that is whole as an integer. */
interface Within {
  encodeObject(value: unknown, depth: number): void;
  encodeNumberAsFloat(value: number): void;
}
const within = encoder as unknown as Within;
const { encodeObject } = within;
within.encodeObject = function withFloats(this: Within, value, depth) {
  if (value instanceof PyFloat) this.encodeNumberAsFloat(value.value);
  else encodeObject.call(this, value, depth);
};
const keyOf = (key: unknown): string => {
  if (typeof key === 'string') return key;
  throw new DecodeError(
    `A key of a map is ${typeof key === 'object' ? 'no text' : `a ${typeof key}`}: text was expected`,
  );
};

export const contentEncoding = 'binary';

export function encode(value: unknown): Uint8Array {
  return encoder.encode(plainTree(value, LEAVES));
}

export function decode(body: Uint8Array): unknown {
  checkFrame(body);
  const decoder = new Decoder({ extensionCodec: extensions, useBigInt64: true, mapKeyConverter: keyOf });
  return settled(decoder.decode(body));
}

/** 64 bits come as bigints: those that are exact as numbers become such. Bytes become one's own. */
function settled(value: unknown): unknown {
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  // Not a view of the body's memory.
  if (value instanceof Uint8Array) return new Uint8Array(value);
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) value[i] = settled(value[i]);
    return value;
  }
  const object = value as Record<string, unknown>;
  for (const key of Object.keys(object)) object[key] = settled(object[key]);
  return object;
}

/** Sizes of the types 0xc4 to 0xdf: bytes of the length that follows, or of the value itself. */
const LENGTH_BYTES: Readonly<Record<number, number>> = {
  196: 1,
  197: 2,
  198: 4,
  199: 1,
  200: 2,
  201: 4,
  217: 1,
  218: 2,
  219: 4,
  220: 2,
  221: 4,
  222: 2,
  223: 4,
};
const VALUE_BYTES: Readonly<Record<number, number>> = {
  202: 4,
  203: 8,
  204: 1,
  205: 2,
  206: 4,
  207: 8,
  208: 1,
  209: 2,
  210: 4,
  211: 8,
  212: 2,
  213: 3,
  214: 5,
  215: 9,
  216: 17,
};

/** Walks a body without making anything of it. @throws DecodeError for what is cut off, too deep, no text where one should be, or an extension */
function checkFrame(body: Uint8Array): void {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const cut = () => new DecodeError(`The body ends in the middle (${body.byteLength} bytes)`);
  const open: number[] = [];
  let at = 0;
  let left = 1;
  for (;;) {
    while (left === 0) {
      if (open.length === 0) return;
      left = open.pop()!;
    }
    left--;
    if (at >= body.byteLength) throw cut();
    const type = body[at++]!;
    let items = 0;
    if (type < 0x80 || type >= 0xe0 || type === 0xc0 || type === 0xc2 || type === 0xc3) continue;
    if (type < 0x90) items = 2 * (type & 15);
    else if (type < 0xa0) items = type & 15;
    else if (type < 0xc0) at = endOfText(body, at, type & 31);
    else if (VALUE_BYTES[type] !== undefined) {
      if (type >= 212) checkExtension(view, at);
      at += VALUE_BYTES[type]!;
    } else {
      const bytes = LENGTH_BYTES[type];
      if (bytes === undefined)
        throw new DecodeError(`Byte ${at - 1} is 0x${type.toString(16)}, which no value begins with`);
      if (at + bytes > body.byteLength) throw cut();
      const length = bytes === 1 ? view.getUint8(at) : bytes === 2 ? view.getUint16(at) : view.getUint32(at);
      at += bytes;
      if (type >= 222) items = 2 * length;
      else if (type >= 220) items = length;
      else if (type >= 199 && type <= 201) {
        checkExtension(view, at);
        at += length + 1;
      } else if (type >= 217) at = endOfText(body, at, length);
      else at += length;
    }
    // Whatever it holds takes a byte at least.
    if (at > body.byteLength || items > body.byteLength - at) throw cut();
    if (items > 0) {
      if (open.length >= MAX_DEPTH) throw new DecodeError(`Nested deeper than ${MAX_DEPTH} levels`);
      open.push(left);
      left = items;
    }
  }
}

/** Most are short and ASCII: those are looked at here. */
const LOOKED_AT = 32;

/** @throws DecodeError for a text that is no UTF-8 */
function endOfText(body: Uint8Array, start: number, length: number): number {
  const end = start + length;
  let at = start;
  if (length <= LOOKED_AT) while (at < end && body[at]! < 0x80) at++;
  // One that is cut off is told of by who asked.
  if (at < end && end <= body.byteLength && !isUtf8(body.subarray(at, end)))
    throw new DecodeError(`The text at byte ${start} is not UTF-8: bytes travel as bytes`);
  return end;
}

function checkExtension(view: DataView, at: number): void {
  if (at >= view.byteLength) throw new DecodeError('The body ends in the middle of an extension');
  const type = view.getInt8(at);
  if (type !== EXT_TIMESTAMP)
    throw new DecodeError(`The extension type ${type} of msgpack is not read: nobody says what it means`);
}
