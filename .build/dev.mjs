// `npm run dev`: `umbel up` from the sources, started again when they change, and Vite's dev server in front of it for the pages.
// Open http://localhost:5173; Vite passes /api and the live socket on to `umbel up`, on port 5555, --port, or the next that is free.
// Arguments go to `umbel up`.
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { ROOT } from './entries.mjs';

const start = (args, env = {}) =>
  spawn(process.execPath, args, { cwd: ROOT, stdio: 'inherit', env: { ...process.env, ...env } });
const modules = join(ROOT, 'node_modules');

/** The port is chosen here, once: both need it, and it stays the same when the server is started again. */
async function freePort(first) {
  for (let port = first; port < first + 20; port++) {
    const free = await new Promise((done) => {
      const probe = createServer();
      probe.once('error', () => done(false));
      probe.listen(port, '127.0.0.1', () => probe.close(() => done(true)));
    });
    if (free) return port;
  }
  return first;
}

const given = process.argv.slice(2);
const asked = given.findIndex((word) => /^--port(=|$)/.test(word));
const port =
  asked < 0 ? await freePort(5555) : Number(given[asked].includes('=') ? given[asked].slice(7) : given[asked + 1]);

const children = [
  start(
    [
      join(modules, 'tsx/dist/cli.mjs'),
      'watch',
      '--clear-screen=false',
      '--conditions=umbel-source',
      'server/cli/main.ts',
      'up',
      ...given,
      ...(asked < 0 ? [`--port=${port}`] : []),
    ],
    { NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --conditions=umbel-source`.trim() },
  ),
  start([join(modules, 'vite/bin/vite.js'), 'web', '--config', 'web/vite.config.ts'], {
    UMBEL_API: `http://127.0.0.1:${port}`,
  }),
];
// A second signal would mean "at once": each child is told once. Ctrl+C reaches the children by itself.
let stopping = false;
const stop = (except) => {
  if (stopping) return;
  stopping = true;
  for (const child of children) if (child !== except) child.kill('SIGTERM');
};
process.on('SIGINT', () => {
  stopping = true;
});
process.on('SIGTERM', () => stop());
for (const child of children) {
  child.on('exit', (code) => {
    if (!stopping) process.exitCode = code ?? 1;
    stop(child);
  });
}
