// Which random cases a test tries, and how many. The same ones in every usual run, which fails again as it failed; before a release one run tries
// more, and others each time: what fails names its seed.
import fc from 'fast-check';

/** Any number: every property draws from it. */
const SEED = 20_261_130;
if (!process.env['UMBEL_LONG']) fc.configureGlobal({ seed: SEED });

/** @param all with UMBEL_LONG=1; a quarter of them without */
export function cases(all: number): number {
  return process.env['UMBEL_LONG'] ? all : Math.ceil(all / 4);
}
