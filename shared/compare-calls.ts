// Two tasks of one name side by side: what differs between one that failed and one that succeeded, and how telling each difference is,
// by others of both kinds.
// Not here: which tasks are compared (server/dashboard/views/task-comparison.ts).
// Holds: pure; arguments that were cut or cannot be read are compared as the texts they are; a share counts only tasks whose value is known.
import { parsePythonLiteral } from './python-literal.ts';
import { reprOf } from './python-repr.ts';
import { PyTuple } from './python-values.ts';
import type { Difference } from './wire/comparison.ts';
import type { TaskRow } from './wire/tasks.ts';

/** Values longer than this are cut. */
const LONGEST = 200;
/** Of one task: what nests deeper or is longer is compared as one value. */
const MAX_FIELDS = 200;
const MAX_DEPTH = 4;

/** What a task was called with and how it went, each under the name it is shown by. */
export function fieldsOf(row: TaskRow): Map<string, string> {
  const fields = new Map<string, string>();
  const put = (name: string, value: unknown): void => {
    if (fields.size < MAX_FIELDS) fields.set(name, cut(typeof value === 'string' ? value : String(value)));
  };
  spread('args', row.args, put);
  spread('kwargs', row.kwargs, put);
  for (const name of ['worker', 'queue'] as const) if (row[name] !== null) put(name, row[name]);
  put('retries', row.retries ?? 0);
  return fields;
}

function spread(name: 'args' | 'kwargs', repr: string | null, put: (name: string, value: string) => void): void {
  if (repr === null || repr === '') return;
  const read = parsePythonLiteral(repr);
  if (!read.ok) {
    put(name, repr);
    return;
  }
  const walk = (path: string, value: unknown, depth: number): void => {
    const parts = depth > MAX_DEPTH ? null : partsOf(value);
    if (parts === null || parts.length === 0) put(path, reprOf(value));
    else for (const [key, part] of parts) walk(`${path}${key}`, part, depth + 1);
  };
  const parts = partsOf(read.value);
  if (parts?.length === 0) return;
  const whole = name === 'kwargs' ? parts : null;
  // Keyword arguments go by their own names.
  if (whole) for (const [key, part] of whole) walk(key.slice(1), part, 1);
  else walk(name, read.value, 0);
}

/** null: it has none. */
function partsOf(value: unknown): [string, unknown][] | null {
  const items = value instanceof PyTuple ? value.items : value;
  if (Array.isArray(items)) return items.map((one, i) => [`[${i}]`, one]);
  if (items !== null && typeof items === 'object' && Object.getPrototypeOf(items) === Object.prototype)
    return Object.entries(items).map(([key, one]) => [`.${key}`, one]);
  return null;
}

/** So many of both kinds have to be there before a difference is called telling. */
export const ENOUGH = 5;
/** Of the failures at least, of the successes at most. */
const IN_FAILURES = 0.9;
const IN_SUCCESSES = 0.6;

/**
 * What differs, the telling ones first.
 * @param failures others that failed in the same way, with this one  @param successes others that succeeded
 */
export function differencesOf(
  task: TaskRow,
  success: TaskRow,
  failures: readonly TaskRow[],
  successes: readonly TaskRow[],
): { differences: Difference[]; same: number } {
  const [here, there] = [fieldsOf(task), fieldsOf(success)];
  const [failed, succeeded] = [failures.map(fieldsOf), successes.map(fieldsOf)];
  const differences: Difference[] = [];
  let same = 0;
  for (const name of new Set([...here.keys(), ...there.keys()])) {
    const value = here.get(name);
    if (value === there.get(name)) {
      same++;
      continue;
    }
    const shareOf = (some: readonly Map<string, string>[]) =>
      some.filter((fields) => fields.get(name) === value).length;
    const [n, m] = [shareOf(failed), shareOf(succeeded)];
    const enough = failed.length >= ENOUGH && succeeded.length >= ENOUGH;
    differences.push({
      name,
      here: value ?? null,
      there: there.get(name) ?? null,
      in_failures: n,
      in_successes: m,
      telling: enough && n >= failed.length * IN_FAILURES && m <= succeeded.length * IN_SUCCESSES,
    });
  }
  differences.sort((a, b) => Number(b.telling) - Number(a.telling));
  return { differences, same };
}

const cut = (text: string): string => (text.length > LONGEST ? `${text.slice(0, LONGEST)}...` : text);
