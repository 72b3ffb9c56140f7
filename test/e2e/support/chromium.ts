// Where the system's Chromium is. Without one these tests are skipped by name, and `.build/needs.mjs` says how to get it.
import { existsSync } from 'node:fs';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** null: none. `.build/needs.mjs` says 0 when there is none and none could be installed. */
export const CHROMIUM: string | null =
  process.env['UMBEL_HAS_CHROMIUM'] === '0' ? null : (PLACES.find((path) => existsSync(path)) ?? null);
