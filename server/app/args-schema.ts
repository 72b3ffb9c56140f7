// A task's arguments checked by a schema of the user's (zod, valibot, arktype ...), by Standard Schema v1: `args_schema`.
// Not here: Python's check of a call's arguments (arguments.ts); when it is asked (task.ts: where it is sent and before the body runs).
// Holds: what is sent is what was given, and the body gets what the schema makes of it (defaults, dates), so that no step is done twice.
// https://standardschema.dev

/** The part of Standard Schema v1 that is read here. */
export interface StandardSchema<Input = unknown, Output = unknown> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** The list of arguments that a caller gives, by a schema; unknown[] where it is no list. */
export type SchemaInput<S> = S extends StandardSchema<infer Input> ? ListOf<Input> : unknown[];
/** The list of arguments that the body gets. */
export type SchemaOutput<S> = S extends StandardSchema<unknown, infer Output> ? ListOf<Output> : unknown[];
type ListOf<T> = T extends readonly unknown[] ? [...T] : unknown[];

export function isStandardSchema(value: unknown): boolean {
  // Those of arktype are functions.
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  const standard = (value as Partial<StandardSchema>)['~standard'];
  return standard?.version === 1 && typeof standard.validate === 'function';
}

/**
 * What the schema makes of the arguments; a promise where the schema is asynchronous.
 * @throws TypeError which names the task and, by its place, everything that is wrong; `issues` has them as the schema said them
 */
export function checkedArguments(
  task: string,
  schema: StandardSchema,
  args: readonly unknown[],
): readonly unknown[] | Promise<readonly unknown[]> {
  const result = schema['~standard'].validate(args);
  return result instanceof Promise ? result.then((one) => listOf(task, one)) : listOf(task, result);
}

function listOf(task: string, result: SchemaResult<unknown>): readonly unknown[] {
  const fn = `${task.slice(task.lastIndexOf('.') + 1)}()`;
  if (result.issues) {
    const wrong = result.issues.map(({ path, message }) => (path?.length ? `${placeOf(path)}: ${message}` : message));
    throw Object.assign(new TypeError(`${fn} got arguments that its args_schema refuses: ${wrong.join('; ')}`), {
      issues: result.issues,
    });
  }
  if (Array.isArray(result.value)) return result.value;
  throw new TypeError(`${fn}: its args_schema must give a list of arguments: args_schema: z.tuple([z.string()])`);
}

/** [1, 'cents'] is 'argument 2, cents'. */
function placeOf(path: NonNullable<SchemaIssue['path']>): string {
  const [first, ...rest] = path.map((step) => (typeof step === 'object' ? step.key : step));
  const place = /^\d+$/.test(String(first)) ? `argument ${Number(first) + 1}` : String(first);
  return rest.length === 0 ? place : `${place}, ${rest.map(String).join('.')}`;
}
