// What comes with a request, checked once by the schema of its route. Here query and path, whose texts become the numbers and flags
// they stand for; bodies: body.ts.
// Holds: what a route does not know is refused by name; behind this, handlers rely on the types of their schemas.

import type { TSchema } from 'typebox';
import { Check, Errors } from 'typebox/value';
import { wrongBody } from './body.ts';
import { ProblemError } from './context.ts';

interface Described {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Described>>;
  readonly required?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly anyOf?: readonly { readonly const?: unknown }[];
}

type Verdict = true | { error: Error };
const refuse = (text: string): Verdict => ({ error: Object.assign(new Error(text), { statusCode: 400 }) });
/** Longer than any name and any query a person writes. @unit characters */
const MAX_TEXT = 16_384;

/** As one writes them: not hexadecimal, no spaces. */
const NUMBER = /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i;

/** For Fastify's `setValidatorCompiler`. @param part 'querystring', 'params', 'body' or 'headers' */
export function validatorOf(schema: unknown, part: string | undefined): (data: unknown) => Verdict {
  if (part === 'body') return bodyValidator(schema as TSchema);
  const described = schema as Described;
  const { properties = {}, required = [] } = described;
  return (data) => {
    const values = data as Record<string, unknown>;
    for (const name of Object.keys(values)) {
      const value = values[name];
      if (!Object.hasOwn(properties, name)) return refuse(unknown(name, Object.keys(properties)));
      if (Array.isArray(value)) return refuse(`'${name}' is given more than once.`);
      const problem = convert(values, name, properties[name]!);
      if (problem !== null) return refuse(problem);
    }
    for (const name of required)
      if (values[name] === undefined || values[name] === '') return refuse(`'${name}' is required.`);
    if (Check(schema as TSchema, values)) return true;
    const [first] = Errors(schema as TSchema, values);
    return refuse(`'${first?.instancePath.slice(1) ?? ''}' ${first?.message ?? 'is not as expected'}.`);
  };
}

function bodyValidator(schema: TSchema): (body: unknown) => Verdict {
  return (body) => {
    const wrong = wrongBody(schema, body);
    return wrong === null || { error: new ProblemError(400, wrong.title, wrong.detail, { field: wrong.field }) };
  };
}

function unknown(name: string, known: readonly string[]): string {
  const takes = known.length === 0 ? 'It takes none.' : `It takes: ${known.join(', ')}.`;
  return `There is no parameter '${name.slice(0, 100)}'. ${takes}`;
}

/** In place. */
function convert(values: Record<string, unknown>, name: string, rule: Described): string | null {
  const value = values[name];
  if (typeof value !== 'string') return null;
  const shown = JSON.stringify(value.slice(0, 100));
  if (value.length > (rule.maxLength ?? MAX_TEXT))
    return `'${name}' has ${value.length} characters; at most ${rule.maxLength ?? MAX_TEXT} are taken.`;
  if (rule.anyOf?.some((one) => one.const !== undefined)) {
    const choices = rule.anyOf.map((one) => one.const);
    return choices.includes(value) ? null : `'${name}' must be one of ${choices.join(', ')}, not ${shown}.`;
  }
  if (rule.type === 'boolean') {
    if (!/^(true|false|1|0)$/.test(value)) return `'${name}' must be true or false, not ${shown}.`;
    values[name] = value === 'true' || value === '1';
  } else if (rule.type === 'integer' || rule.type === 'number') {
    const number = Number(value);
    if (!NUMBER.test(value) || !Number.isFinite(number) || (rule.type === 'integer' && !Number.isSafeInteger(number)))
      return `'${name}' must be ${rule.type === 'integer' ? 'a whole number' : 'a number'}, not ${shown}.`;
    if (rule.minimum !== undefined && number < rule.minimum) return `'${name}' must be at least ${rule.minimum}.`;
    if (rule.maximum !== undefined && number > rule.maximum) return `'${name}' must be at most ${rule.maximum}.`;
    values[name] = number;
  }
  return null;
}
