// Where the system's Chromium is: its headless shell when there is one, since it opens a page for two thirds of the CPU time.
// Without either these tests are skipped by name, and `.build/needs.mjs` says how to get one.
import { existsSync } from 'node:fs';

const PLACES = [
  '/usr/bin/chromium-headless-shell',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];

/** null: none. `.build/needs.mjs` says 0 when there is none and none could be installed. */
export const CHROMIUM: string | null =
  process.env['UMBEL_HAS_CHROMIUM'] === '0' ? null : (PLACES.find((path) => existsSync(path)) ?? null);
