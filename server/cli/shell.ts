// `umbel shell`: Node's prompt with the app, its tasks and what workflows are built of in reach, and `await` at hand. Lines from a pipe
// are run likewise.
// Not here: finding the app (app/load.ts).
// Celery 5.6: bin/shell.py
import { start } from 'node:repl';
import type { Celery } from '../app/celery.ts';
import * as umbel from '../index.ts';
import { endEarlySignals } from './early-signals.ts';
import { createOutput, EXIT } from './output.ts';
import { type GlobalOptions, impatient, openApp } from './session.ts';
import { packageVersion } from './version.ts';

export interface ShellOptions extends GlobalOptions {
  /** Celery's, which name shells of Python. */
  readonly ipython?: boolean;
  readonly bpython?: boolean;
  readonly python?: boolean;
  readonly eventlet?: boolean;
  readonly gevent?: boolean;
  readonly withoutTasks?: boolean;
}

export async function shell(options: ShellOptions): Promise<number> {
  const output = createOutput(options);
  if (options.ipython || options.bpython || options.python)
    output.note('the shell here is Node’s, whichever is asked for');
  if (options.eventlet || options.gevent)
    output.note('eventlet and gevent are Python’s: Node waits for nothing, `await` is enough');
  const app = await openApp(options);
  impatient(app);
  const names = shellNames(app, options.withoutTasks !== true);
  if (!output.quiet)
    output.note(
      `umbel ${packageVersion()}, Node ${process.versions.node}: app '${app.name}'\n${Object.keys(names).join(', ')}\n.exit or Ctrl+D ends`,
    );
  const isTerminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
  endEarlySignals();
  const repl = start({
    prompt: isTerminal ? 'umbel> ' : '',
    terminal: isTerminal,
    useColors: output.color,
    useGlobal: false,
  });
  Object.assign(repl.context, names);
  await new Promise<void>((resolve) => repl.once('exit', resolve));
  await app.close();
  return EXIT.ok;
}

/** What can be named at the prompt. A task goes by the last part of its name where that is a word nothing else has. */
export function shellNames(app: Celery, withTasks: boolean): Record<string, unknown> {
  const { AsyncResult, Celery, GroupResult, Signature, Task } = umbel;
  const { chain, chord, chunks, crontab, group, kwargs, signature, signals, starmap, states, xmap } = {
    ...umbel,
    states: umbel.STATES,
  };
  const names: Record<string, unknown> = {
    ...{ app, celery: app, umbel, AsyncResult, Celery, GroupResult, Signature, Task },
    ...{ chain, chord, chunks, crontab, group, kwargs, signature, signals, starmap, states, xmap },
  };
  if (!withTasks) return names;
  for (const [name, task] of app.tasks) {
    const short = name.split('.').at(-1)!;
    if (!name.startsWith('celery.') && /^[A-Za-z_$][\w$]*$/.test(short) && !Object.hasOwn(names, short))
      names[short] = task;
  }
  return names;
}
