// What the package is made of: every file of dist/ that is an entry, from which source. The exports map of package.json names the same.
// Everything lies flat in dist/ and shared code in chunks beside it, so that `new URL('./x.js', import.meta.url)` means the same in each.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** dist name -> source. `thread` is the history's own thread, started as ./thread.js. `shop` and `shop-traffic` are what `umbel up` runs when no app is named. */
export const ENTRIES = {
  index: 'server/index.ts',
  worker: 'server/worker/worker.ts',
  beat: 'server/beat/beat.ts',
  dashboard: 'server/dashboard/dashboard.ts',
  transport: 'server/transport/registry.ts',
  backend: 'server/backends/registry.ts',
  pool: 'server/pool/contract.ts',
  otel: 'server/app/otel.ts',
  testing: 'server/testing/testing.ts',
  cli: 'server/cli/main.ts',
  thread: 'server/dashboard/history/sqlite/thread.ts',
  shop: 'examples/shop/app.ts',
  'shop-traffic': 'examples/shop/traffic.ts',
};

/** Native, or only wanted by some: left to Node to find when they are asked for. */
export const EXTERNAL = [
  '@bokuweb/zstd-wasm',
  '@napi-rs/lzma',
  '@photostructure/sqlite',
  'ioredis',
  'amqplib',
  'pg',
  'mysql2',
  'nodemailer',
  'tsx',
  'tsx/esm/api',
];

export function missingEntries() {
  return Object.values(ENTRIES).filter((path) => !existsSync(ROOT + path));
}
