// Call options given where keyword arguments belong: `applyAsync(['a@b.c'], { countdown: 60 })`, the first slip of everybody.
// Not here: options that are misspelt or of the wrong kind (app/call-checks.ts).
import { CALL_OPTION_ROWS } from './call-option-table.ts';

/**
 * Refuses `applyAsync(['a@b.c'], { countdown: 60 })`, which would send `countdown` to the task. Only where nothing but call options is
 * given, none of them likely to be an argument, and no third object says that the second is meant as it stands.
 * @param call how the message writes the call, up to its arguments: "add.applyAsync([...]"
 * @param accepts keyword arguments the task is known to take
 */
export function refuseMisplacedOptions(kwargs: unknown, accepts: readonly string[], call: string): void {
  const names = optionsAlone(kwargs, accepts);
  if (names === null) return;
  const list = names.join(', ');
  throw new TypeError(
    `${list}: ${names.length === 1 ? 'this is a call option' : 'these are call options'}, given where keyword arguments belong. ` +
      `Options come after them: ${call}, {}, { ${list}: ... }). ` +
      `If the task takes ${names.length === 1 ? 'an argument of that name' : 'arguments of these names'}, say so with options of its own: ${call}, { ${list}: ... }, {}).`,
  );
}

/** `add.delay(2, 3, { countdown: 60 })`: one argument more than the task takes, and it is call options. @param name of the task's function */
export function refuseTrailingOptions(args: readonly unknown[], name: string, method: 'delay' | 's'): void {
  const names = optionsAlone(args.at(-1), []);
  if (names === null) return;
  const list = names.join(', ');
  throw new TypeError(
    `${list}: ${names.length === 1 ? 'this is a call option' : 'these are call options'}, given as an argument that '${name}' does not take. ` +
      `Say it first: ${name}.with({ ${list}: ... }).${method}(...).`,
  );
}

/** Their names, where nothing but call options is given, and not all of them are likely to be arguments; else null. */
function optionsAlone(given: unknown, accepts: readonly string[]): string[] | null {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return null;
  const names = Object.keys(given);
  if (names.length === 0 || names.some((name) => accepts.includes(name) || !CALL_OPTION_ROWS.has(name))) return null;
  const isLikely = (name: string) => CALL_OPTION_ROWS.get(name)!.asKeyword === 'often' && !isCallback(name, given);
  return names.every(isLikely) ? null : names;
}

/** { link: add.s(1) } */
function isCallback(name: string, given: object): boolean {
  if (CALL_OPTION_ROWS.get(name)?.takes !== 'signatures') return false;
  const value = (given as Readonly<Record<string, unknown>>)[name];
  return [value].flat().some((one) => typeof one === 'object' && one !== null && 'subtask_type' in one);
}
