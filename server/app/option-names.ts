// Options given as an object: a name that is none is refused, with the one that was probably meant. A misspelt option would do nothing.
// Not here: settings (config.ts), task options and call options, which check kinds too (task-options.ts, publisher.ts).
import { nearest } from '../../shared/nearest.ts';
import { ImproperlyConfigured } from '../errors.ts';

/**
 * @param owner begins the message: 'A worker', 'The dashboard'
 * @throws ImproperlyConfigured naming the first unknown option
 */
export function refuseUnknownOptions(owner: string, given: object, known: readonly string[]): void {
  if (typeof given !== 'object' || given === null)
    throw new ImproperlyConfigured(`${owner} takes its options as an object, not ${String(given)}.`);
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue;
    // 'task_events' for 'taskEvents', as the flag and the setting are written.
    const camel = name.replace(/[-_](\w)/g, (_, letter: string) => letter.toUpperCase());
    const near = known.includes(camel) ? camel : nearest(name, known);
    throw new ImproperlyConfigured(
      `${owner} has no option '${name}'. ${near ? `Did you mean '${near}'?` : `It knows: ${known.join(', ')}.`}`,
    );
  }
}
