// Start the tools of node_modules as child processes of this Node, with their output passed through.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from './entries.mjs';

/** @returns the exit code of `node node_modules/<script> ...args` */
export function command(script, args, options = {}) {
  return node([join(ROOT, 'node_modules', script), ...args], options);
}

/** @returns the exit code of `node ...args` */
export function node(args, { env = process.env, stdio = 'inherit' } = {}) {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, args, { cwd: ROOT, stdio, env });
    child.on('error', fail);
    child.on('close', (code, signal) => done(signal ? 1 : (code ?? 1)));
  });
}

/** @returns the exit code of `node node_modules/<script> ...args`, and what it wrote */
export function output(script, args) {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [join(ROOT, 'node_modules', script), ...args], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let text = '';
    child.stdout.on('data', (chunk) => (text += chunk));
    child.stderr.on('data', (chunk) => (text += chunk));
    child.on('error', fail);
    child.on('close', (code) => done({ code: code ?? 1, text }));
  });
}
