// Before each file of those that share a process (vitest.config.ts): what it leaves in the environment goes with it, as what a command that was
// tried in the process has set there, and globals it has stubbed.
import { afterAll, vi } from 'vitest';

const before = { ...process.env };

afterAll(() => {
  vi.unstubAllGlobals();
  for (const name of Object.keys(process.env)) if (!Object.hasOwn(before, name)) delete process.env[name];
  Object.assign(process.env, before);
});
