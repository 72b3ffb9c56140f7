// Before each file of the pages' tests, which share processes (vitest.config.ts): modules of its own, and globals as they were.
import { afterAll, vi } from 'vitest';

vi.resetModules();
afterAll(() => vi.unstubAllGlobals());
