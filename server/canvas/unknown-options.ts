// Call options that do not exist: a misspelt one would do nothing.
// Not here: which there are (call-option-table.ts), what their values may be (app/call-checks.ts).
import { nearest } from '../../shared/nearest.ts';
import { ImproperlyConfigured } from '../errors.ts';
import { CALL_OPTION_ROWS } from './call-option-table.ts';
import type { ApplyOptions } from './call-options.ts';

/** @throws ImproperlyConfigured with the one that was probably meant */
export function refuseUnknownCallOptions(options: ApplyOptions): void {
  const stamps = options.stamped_headers ?? [];
  for (const name of Object.keys(options)) {
    if (CALL_OPTION_ROWS.has(name) || stamps.includes(name)) continue;
    const near = nearest(name, CALL_OPTION_ROWS.keys());
    throw new ImproperlyConfigured(
      `There is no call option '${name}'. ${near ? `Did you mean '${near}'?` : `There are: ${[...CALL_OPTION_ROWS.keys()].join(', ')}.`}`,
    );
  }
}
