// How the tests run. `umbel` and `umbel/worker` mean the sources here; only test/package.test.ts and test/e2e look at what was built.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('..', import.meta.url));
const { exports } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as {
  exports: Record<string, string | { 'umbel-source': string }>;
};

export default defineConfig({
  root,
  resolve: {
    conditions: ['umbel-source'],
    alias: Object.entries(exports).flatMap(([name, target]) =>
      typeof target === 'string'
        ? []
        : [{ find: new RegExp(`^umbel${name.slice(1)}$`), replacement: root + target['umbel-source'].slice(2) }],
    ),
  },
  ssr: { resolve: { conditions: ['umbel-source'] } },
  test: {
    include: ['test/**/*.test.{ts,tsx}'],
    environment: 'node',
    testTimeout: 30_000,
    hookTimeout: 30_000,
    teardownTimeout: 5_000,
  },
});
