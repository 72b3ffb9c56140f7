// Options of Celery's commands that the environment says: CELERY_WORKER_CONCURRENCY=4 is `worker --concurrency 4`.
// Not here: variables of the dashboard, UMBEL_... (dashboard-options.ts).
// Holds: what is said on the command line goes before it, and it is checked as that is.
// Celery 5.6: bin/celery.py auto_envvar_prefix; click 8: core.py Option.resolve_envvar_value
import { type Command, InvalidArgumentError, type Option } from 'commander';

/** They have variables of their own; and a Kubernetes service named celery-dashboard sets CELERY_DASHBOARD_PORT in every pod. */
const WITHOUT: readonly string[] = ['dashboard', 'up'];

/** What click takes for true. */
const YES = /^\s*(1|t|true|y|yes|on)\s*$/i;

/** Gives a command that has been parsed what the environment says of its options. @param except flags of options that are none of its own */
export function takeFromEnvironment(command: Command, except: readonly string[]): void {
  const path = pathOf(command);
  if (WITHOUT.includes(path[0] ?? '')) return;
  for (const option of command.options) {
    const key = option.attributeName();
    const source = command.getOptionValueSource(key);
    const name = variableOf(path, option);
    const text = process.env[name];
    if (!text || except.includes(option.flags) || (source !== undefined && source !== 'default')) continue;
    if (!option.isBoolean() && !option.negate) {
      command.setOptionValueWithSource(key, parsed(command, option, name, text), 'env');
    } else if (YES.test(text)) command.setOptionValueWithSource(key, !option.negate, 'env');
  }
}

/** Of an option that may stand before or after every command: CELERY_WORKDIR. */
export function globalFromEnvironment(option: Option): string | true | undefined {
  const text = process.env[variableOf([], option)] || undefined;
  return option.isBoolean() ? YES.test(text ?? '') || undefined : text;
}

function parsed(command: Command, option: Option, name: string, text: string): unknown {
  try {
    return option.parseArg ? option.parseArg(text, undefined) : text;
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    return command.error(
      `error: option '${option.flags}' value '${text}' from env '${name}' is invalid. ${error.message}`,
      { code: error.code },
    );
  }
}

/** ['worker'], --max-tasks-per-child: 'CELERY_WORKER_MAX_TASKS_PER_CHILD' */
function variableOf(path: readonly string[], option: Option): string {
  return ['celery', ...path, option.name()].join('_').replace(/[-. ]/g, '_').toUpperCase();
}

/** 'upgrade settings': its names without that of the program. */
function pathOf(command: Command): string[] {
  return command.parent ? [...pathOf(command.parent), command.name()] : [];
}
