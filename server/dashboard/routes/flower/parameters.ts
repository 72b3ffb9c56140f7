// What comes with a request to Flower's paths: parameters of the address or of a form alike, and bodies that are JSON whatever they call
// themselves.
// Holds: the last of several values counts, those of a form after those of the address; what cannot be read is refused with 400 in Flower's
// words; texts stay as they came (Flower escapes them as HTML, and corrupts a queue named a&b).
// Flower: views/__init__.py get_argument; Tornado: web.py get_argument
import type { FastifyRequest } from 'fastify';
import { parseJsonSlowly } from '../../../serialization/json-reader.ts';
import { badRequest } from './answer.ts';

const YES = new Set(['y', 'yes', 't', 'true', 'on', '1']);
const NO = new Set(['n', 'no', 'f', 'false', 'off', '0']);
const INT = /^[+-]?\d{1,15}$/;
const FLOAT = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

export class Parameters {
  readonly #values: ReadonlyMap<string, string>;

  constructor(values: ReadonlyMap<string, string>) {
    this.#values = values;
  }

  /** Without space around it; null: not given. */
  text(name: string): string | null {
    return this.#values.get(name)?.trim() ?? null;
  }

  /** An empty one is none. @throws FlowerError 400 */
  needed(name: string): string {
    return this.text(name) || missing(name);
  }

  bool(name: string): boolean {
    const text = this.text(name);
    if (text === null) return false;
    const lower = text.toLowerCase();
    if (YES.has(lower)) return true;
    if (NO.has(lower)) return false;
    throw invalid(text, 'bool');
  }

  int(name: string): number | null {
    const text = this.text(name);
    if (text === null) return null;
    if (!INT.test(text)) throw invalid(text, 'int');
    return Number(text);
  }

  neededInt(name: string): number {
    return this.int(name) ?? missing(name);
  }

  float(name: string): number | null {
    const text = this.text(name);
    if (text === null) return null;
    const value = Number(text);
    if (!FLOAT.test(text) || !Number.isFinite(value)) throw invalid(text, 'float');
    return value;
  }
}

function missing(name: string): never {
  throw badRequest(`Missing argument '${name}'`);
}

function invalid(text: string, type: string): Error {
  return badRequest(`Invalid argument '${text.slice(0, 200)}' of type '${type}'`);
}

/** @throws FlowerError 400: a form that is none */
export async function parametersOf(request: FastifyRequest): Promise<Parameters> {
  const values = new Map<string, string>();
  const put = (given: Iterable<readonly [string, unknown]>): void => {
    for (const [name, value] of given) if (typeof value === 'string') values.set(name, value);
  };
  const query = request.url.indexOf('?');
  if (query >= 0) put(new URLSearchParams(request.url.slice(query + 1)));
  const type = request.headers['content-type'] ?? '';
  const body = bytesOf(request);
  if (body.byteLength > 0 && /^application\/x-www-form-urlencoded\b/i.test(type))
    put(new URLSearchParams(new TextDecoder().decode(body)));
  else if (body.byteLength > 0 && /^multipart\/form-data\b/i.test(type)) {
    const form = await new Response(body, { headers: { 'content-type': type } }).formData().catch(() => {
      throw badRequest('The body is no form that can be read');
    });
    put(form as unknown as Iterable<readonly [string, unknown]>);
  }
  return new Parameters(values);
}

/** Which objects a body holds: for options, and for arguments whose numbers are to arrive as they were written. */
export interface JsonBody {
  /** Numbers are numbers. */
  readonly plain: Readonly<Record<string, unknown>>;
  /** The same, with 1.0 told from 1, and integers of any size. */
  readonly exact: Readonly<Record<string, unknown>>;
}

/** Nothing is an empty object. @throws FlowerError 400 */
export function jsonBodyOf(request: FastifyRequest): JsonBody {
  const body = bytesOf(request);
  if (body.byteLength === 0) return { plain: {}, exact: {} };
  let plain: unknown;
  let exact: unknown;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(body);
    plain = JSON.parse(text);
    exact = parseJsonSlowly(text, true);
  } catch (error) {
    throw badRequest(`The body is no JSON: ${(error as Error).message.slice(0, 200)}`);
  }
  if (typeof plain !== 'object' || plain === null || Array.isArray(plain))
    throw badRequest('The body must be a JSON object, such as {"args": [1, 2]}');
  return { plain, exact } as JsonBody;
}

function bytesOf({ body }: FastifyRequest): Uint8Array<ArrayBuffer> {
  return body instanceof Uint8Array ? (body as Uint8Array<ArrayBuffer>) : new Uint8Array();
}
