// The rules table: who gets in, as what, and what narrows that. The first row that fits decides; whom no row fits does not get in.
// Not here: who it is (gate.ts), whether an operation is within a grant (permit.ts), what a narrowed reader sees (sight.ts).
// Holds: a table that cannot be read whole is refused at the start, with the row and what is wrong in it; without a table everybody who
// gets in is an admin.
import { readFileSync } from 'node:fs';
import { fnmatchSource, fnmatchToRegExp } from '../../../shared/fnmatch.ts';
import { checkRegex } from '../../../shared/query/regex.ts';
import { ImproperlyConfigured, toError } from '../../errors.ts';
import { type Grant, plainGrant, type Role } from './identity.ts';
import { Sight } from './sight.ts';

/** A row as it is written. A pattern is as Python's fnmatch has it; one text stands for a list of one. */
export interface AccessRule {
  /** Patterns of user names and e-mail addresses, and 'group:NAME' for those of a group, team or role. */
  who: string | readonly string[];
  role: Role;
  /** Looks only, whatever the role. Default false. */
  read_only?: boolean;
  /** The only actions that are allowed, of those the role may: 'retry', 'rate_limit', 'pool_*'. Default: all of them. */
  actions?: string | readonly string[];
  /** Actions that are not. */
  except?: string | readonly string[];
  /** Acts on these tasks and queues only. What is done to workers as such has to be named in `actions` then. Default: any. */
  tasks?: string | readonly string[];
  queues?: string | readonly string[];
  /** Sees these only, and of the audit log what one did oneself. Default: everything. */
  sees_tasks?: string | readonly string[];
  sees_queues?: string | readonly string[];
  /** Arguments, results, exceptions, tracebacks, bodies of messages. Default true. */
  sees_values?: boolean;
}

const PATTERNS = ['actions', 'except', 'tasks', 'queues', 'sees_tasks', 'sees_queues'] as const;
const LISTS = ['who', ...PATTERNS] as const;
const FLAGS = ['read_only', 'sees_values'] as const;
const KEYS: readonly string[] = [...LISTS, ...FLAGS, 'role'];
const ROLES: readonly string[] = ['viewer', 'operator', 'admin'];

interface Row {
  readonly who: readonly RegExp[];
  readonly groups: readonly RegExp[];
  readonly grant: Grant;
}

/** Whether somebody gets in, and as what. */
export interface Admitting {
  /** null: this one does not get in. @param name 'anonymous' where nobody logs in */
  grantOf(name: string, groups?: readonly string[]): Grant | null;
}

export class Rules implements Admitting {
  /** As they were written; null: there are none. */
  readonly table: readonly AccessRule[] | null;
  readonly #rows: readonly Row[] | null;
  readonly #plain: Grant;

  /** @param readOnly for everybody  @throws ImproperlyConfigured */
  constructor(table: readonly AccessRule[] | null, readOnly: boolean) {
    this.table = table;
    this.#plain = plainGrant(readOnly);
    this.#rows = table?.map((rule, i) => rowOf(rule, i + 1, readOnly)) ?? null;
  }

  grantOf(name: string, groups: readonly string[] = []): Grant | null {
    if (this.#rows === null) return this.#plain;
    const row = this.#rows.find(
      ({ who, groups: of }) =>
        who.some((pattern) => pattern.test(name)) || of.some((pattern) => groups.some((group) => pattern.test(group))),
    );
    return row?.grant ?? null;
  }
}

export const listOf = (given: string | readonly string[]): readonly string[] =>
  typeof given === 'string' ? [given] : given;

function rowOf(rule: AccessRule, number: number, readOnly: boolean): Row {
  const who = listOf(rule.who);
  return {
    who: who.filter((one) => !one.startsWith('group:')).map(fnmatchToRegExp),
    groups: who.filter((one) => one.startsWith('group:')).map((one) => fnmatchToRegExp(one.slice(6))),
    grant: { ...grantOfScope(rule), read_only: readOnly || rule.read_only === true, rule: number },
  };
}

/** What a row gives, of a rule as of a token. */
export function grantOfScope(rule: Omit<AccessRule, 'who'>): Grant {
  const list = (key: (typeof PATTERNS)[number]) => (rule[key] === undefined ? null : listOf(rule[key]));
  const sight = new Sight({
    tasks: list('sees_tasks'),
    queues: list('sees_queues'),
    values: rule.sees_values ?? true,
  });
  return {
    role: rule.role,
    read_only: rule.read_only === true,
    actions: list('actions'),
    except: list('except') ?? [],
    tasks: list('tasks'),
    queues: list('queues'),
    sight,
    rule: null,
  };
}

/**
 * The option as rows.
 * @param given rows, the path of a JSON file with them, or their JSON
 * @param actions the names that rows may speak of
 * @throws ImproperlyConfigured
 */
export function readRules(given: unknown, name: string, actions: readonly string[]): readonly AccessRule[] | null {
  if (given === null || given === undefined) return null;
  const [rows, where] = typeof given === 'string' ? fromText(given, name) : [given, `The option ${name}`];
  if (!Array.isArray(rows) || rows.length === 0)
    throw new ImproperlyConfigured(
      `${where} must be a list of rules, at least one, like [{"who": "ann", "role": "admin"}].`,
    );
  for (const [i, row] of rows.entries()) {
    const wrong = wrongIn(row, actions);
    if (wrong !== null) throw new ImproperlyConfigured(`${where}, rule ${i + 1}: ${wrong}`);
  }
  return rows as AccessRule[];
}

function fromText(given: string, name: string): [unknown, string] {
  const isJson = /^\s*\[/.test(given);
  const where = isJson ? `The option ${name}` : `The file ${given} of ${name}`;
  try {
    return [JSON.parse(isJson ? given : readFileSync(given, 'utf8')), where];
  } catch (error) {
    throw new ImproperlyConfigured(`${where} cannot be read as JSON: ${toError(error).message}`);
  }
}

function wrongIn(row: unknown, actions: readonly string[]): string | null {
  if (typeof row !== 'object' || row === null || Array.isArray(row)) return 'it must be an object.';
  const rule = row as Record<string, unknown>;
  for (const key of Object.keys(rule))
    if (!KEYS.includes(key)) return `there is no ${JSON.stringify(key)}. It takes ${KEYS.join(', ')}.`;
  if (!ROLES.includes(rule.role as string))
    return `'role' must be one of ${ROLES.join(', ')}, not ${JSON.stringify(rule.role) ?? 'missing'}.`;
  if (rule.who === undefined) return "'who' is missing: names, addresses or group:NAME; '*' is everybody.";
  for (const key of FLAGS)
    if (rule[key] !== undefined && typeof rule[key] !== 'boolean') return `'${key}' must be true or false.`;
  return wrongPatterns(rule, actions, LISTS);
}

/** A sentence about the first that cannot be used; null: all can. @param actions the names that patterns of actions may speak of */
export function wrongPatterns(
  rule: Readonly<Record<string, unknown>>,
  actions: readonly string[],
  keys: readonly string[] = PATTERNS,
): string | null {
  for (const key of keys) {
    if (rule[key] === undefined) continue;
    const all = typeof rule[key] === 'string' ? [rule[key]] : rule[key];
    if (!Array.isArray(all) || all.length === 0 || all.some((one) => typeof one !== 'string' || one === ''))
      return `'${key}' must be a text or a list of texts, none of them empty.`;
    for (const one of all as string[]) {
      const unusable = checkRegex(fnmatchSource(one));
      if (unusable !== null)
        return `the pattern ${JSON.stringify(one.slice(0, 100))} of '${key}' cannot be used: ${unusable}`;
      const pattern = fnmatchToRegExp(one);
      if ((key === 'actions' || key === 'except') && !actions.some((action) => pattern.test(action)))
        return `'${key}' names ${JSON.stringify(one)}, which is no action. There are ${actions.join(', ')}.`;
    }
  }
  return null;
}
