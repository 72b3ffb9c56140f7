// The body of a request: read, and judged by the schema of its route. What it says that the schema does not have is refused by name, at
// any depth.
// Not here: query and path (validation.ts), what may be asked for and cannot be done (its handler).
// Holds: behind this a handler relies on the type of its body; an integer of any size arrives as it was written (bigint).
import type { FastifyInstance } from 'fastify';
import type { TSchema } from 'typebox';
import { Check, Errors } from 'typebox/value';
import { jsonText } from '../../../shared/json-text.ts';
import { toError } from '../../errors.ts';
import { parseJsonExactly } from '../../serialization/json-reader.ts';
import { ProblemError } from './context.ts';

/** For the routes of this scope. */
export function readBodies(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, text, done) => {
    parse(request, text, (error, value) => {
      if (error) return done(error, value);
      try {
        return done(null, parseJsonExactly(text));
      } catch (broken) {
        return done(new ProblemError(400, 'Bad request', toError(broken).message));
      }
    });
  });
}

/** As far as a schema is walked. */
interface Shape {
  /** What the body is, in a word: 'view'. */
  readonly title?: string;
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly anyOf?: readonly Shape[];
}

export interface WrongBody {
  /** 'Bad view' */
  readonly title: string;
  readonly detail: string;
  /** The part that is wrong: 'scope.role'. */
  readonly field: string | undefined;
}

/** null: it is as the schema says. */
export function wrongBody(schema: TSchema, body: unknown): WrongBody | null {
  const { title = 'request' } = schema as Shape;
  const wrong =
    wrongKey(schema, body, [], `${/^[aeio]/.test(title) ? 'An' : 'A'} ${title}`) ??
    wrongValue(variantOf(schema, body) ?? schema, body);
  return wrong && { title: `Bad ${title}`, ...wrong };
}

type Wrong = Omit<WrongBody, 'title'>;

const shown = (value: unknown): string => (value === undefined ? 'missing' : jsonText(value).slice(0, 100));

/** @param subject whose keys they are, as a sentence begins */
function wrongKey(shape: Shape, value: unknown, path: readonly string[], subject: string): Wrong | null {
  const kind = kindOf(shape);
  if (kind !== null) {
    const said = (value as Record<string, unknown> | null | undefined)?.[kind.key];
    const variant = kind.variants.get(said);
    if (variant) return wrongKey(variant, value, path, path.length === 0 ? String(said) : subject);
    const field = [...path, kind.key].join('.');
    return { field, detail: `'${field}' must be one of ${[...kind.variants.keys()].join(', ')}, not ${shown(said)}.` };
  }
  const { properties } = shape;
  if (!properties || typeof value !== 'object' || value === null) return null;
  for (const [key, inner] of Object.entries(value)) {
    const at = [...path, key];
    if (!Object.hasOwn(properties, key))
      return {
        field: at.join('.').slice(0, 100),
        detail: `${subject} has no ${JSON.stringify(key.slice(0, 100))}. It takes ${Object.keys(properties).join(', ')}.`,
      };
    const deeper = wrongKey(properties[key]!, inner, at, `'${at.join('.')}'`);
    if (deeper) return deeper;
  }
  return null;
}

function wrongValue(schema: TSchema, body: unknown): Wrong | null {
  if (Check(schema, body)) return null;
  const [first] = Errors(schema, body);
  const field = first?.instancePath.slice(1).replaceAll('/', '.') || undefined;
  return { field, detail: `${field ? `'${field}' ` : ''}${first?.message ?? 'is not as expected'}` };
}

/** Of variants that are told apart by one key: which key, and which variant by which value. */
function kindOf({ anyOf = [] }: Shape): { key: string; variants: ReadonlyMap<unknown, Shape> } | null {
  const [first] = anyOf;
  const key = Object.entries(first?.properties ?? {}).find(([, inner]) => inner.const !== undefined)?.[0];
  return key === undefined ? null : { key, variants: new Map(anyOf.map((one) => [one.properties?.[key]?.const, one])) };
}

function variantOf(schema: TSchema, body: unknown): TSchema | undefined {
  const kind = kindOf(schema as Shape);
  return kind?.variants.get((body as Record<string, unknown>)[kind.key]) as TSchema | undefined;
}
