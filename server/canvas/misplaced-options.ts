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
  if (typeof kwargs !== 'object' || kwargs === null || Array.isArray(kwargs)) return;
  const names = Object.keys(kwargs);
  if (names.length === 0 || names.some((name) => accepts.includes(name) || !CALL_OPTION_ROWS.has(name))) return;
  if (names.every((name) => CALL_OPTION_ROWS.get(name)!.asKeyword === 'often')) return;
  const list = names.join(', ');
  throw new TypeError(
    `${list}: ${names.length === 1 ? 'this is a call option' : 'these are call options'}, given where keyword arguments belong. ` +
      `Options come after them: ${call}, {}, { ${list}: ... }). ` +
      `If the task takes ${names.length === 1 ? 'an argument of that name' : 'arguments of these names'}, say so with options of its own: ${call}, { ${list}: ... }, {}).`,
  );
}
