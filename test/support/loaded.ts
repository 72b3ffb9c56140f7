// What a fresh process has loaded after running one line of code: the way the house proves that a client stays light.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const LISTER = fileURLToPath(new URL('./list-loaded.mjs', import.meta.url));

/** The worker, the dashboard, the pools, and every package a client has no use for. */
export function isHeavy(path: string): boolean {
  return (
    /(^|\/)server\/(worker|pool|beat|dashboard|cli)\//.test(path) ||
    /node_modules\/(fastify|@fastify|ioredis|amqplib|typebox|commander|prom-client|pg|mysql2)\//.test(path)
  );
}

/** Files loaded by `code`. @param flags of node, before the code: conditions, a loader */
export function loadedBy(code: string, cwd: string, flags: readonly string[] = []): string[] {
  const output = execFileSync(process.execPath, [...flags, '--import', LISTER, '--input-type=module', '-e', code], {
    cwd,
    encoding: 'utf8',
  });
  return output
    .split('\n')
    .filter((line) => line.startsWith('loaded '))
    .map((line) => line.slice(7));
}
