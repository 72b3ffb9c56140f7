// Each file of a shared process (vitest.config.ts: quick) reads its modules anew: their registries, counters and hooks are its own.
import { vi } from 'vitest';

vi.resetModules();
