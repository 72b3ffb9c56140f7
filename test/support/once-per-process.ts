// What is looked up of the machine, once in a process of the tests: the files that share it have modules of their own, and each would ask
// again. To start a program costs a process of some hundred megabytes much more than the program.
import { spawnSync } from 'node:child_process';

const KNOWN = Symbol.for('umbel.once-per-process');
const home = globalThis as { [KNOWN]?: Map<string, unknown> };
home[KNOWN] ??= new Map();
const known = home[KNOWN];

/** @returns what `ask` gave to the first who asked for `what` */
export function oncePerProcess<T>(what: string, ask: () => T): T {
  if (!known.has(what)) known.set(what, ask());
  return known.get(what) as T;
}

/** Whether there is such a program. @param flag with which it says something and ends well */
export function runs(program: string, flag = '--version'): boolean {
  return oncePerProcess(program, () => spawnSync(program, [flag], { stdio: 'ignore' }).status === 0);
}
