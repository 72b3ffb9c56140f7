// `npm run dev`: `umbel up` from the sources, started again when they change, and Vite's dev server in front of it for the pages.
// Open http://localhost:5173; Vite passes /api, /metrics and the live socket on to port 5555. Arguments go to `umbel up`.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from './entries.mjs';

const start = (args, env = {}) =>
  spawn(process.execPath, args, { cwd: ROOT, stdio: 'inherit', env: { ...process.env, ...env } });
const modules = join(ROOT, 'node_modules');

const children = [
  start(
    [
      join(modules, 'tsx/dist/cli.mjs'),
      'watch',
      '--clear-screen=false',
      '--conditions=umbel-source',
      'server/cli/main.ts',
      'up',
      ...process.argv.slice(2),
    ],
    { NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --conditions=umbel-source`.trim() },
  ),
  start([join(modules, 'vite/bin/vite.js'), 'web', '--config', 'web/vite.config.ts']),
];
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    for (const child of children) child.kill('SIGTERM');
  });
}
for (const child of children) {
  child.on('exit', (code) => {
    process.exitCode ||= code ?? 1;
    for (const other of children) other.kill('SIGTERM');
  });
}
