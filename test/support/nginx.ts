// A real nginx of the test's own, with what a guide says it needs: everything it writes is in a folder that goes with it.
// Holds: it is ended by its process id.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from 'vitest';
import { until } from './until.ts';

const NGINX = '/usr/sbin/nginx';
/** In CI what is missing is a failure, not a skip. */
export const describeNeedsNginx: typeof describe | typeof describe.skip =
  process.env.CI === 'true' || existsSync(NGINX) ? describe : describe.skip;

/** @param server what stands in `server { ... }`, or an `upstream` that stands beside it  @returns what nginx itself says of it; '': it can be used */
export function checkNginx(folder: string, server: string): string {
  const { status, stderr } = spawnSync(NGINX, [...argsOf(folder, server), '-t'], { encoding: 'utf8' });
  return status === 0 ? '' : stderr;
}

export async function startNginx(folder: string, server: string, port: number): Promise<{ stop(): Promise<void> }> {
  const child: ChildProcess = spawn(NGINX, argsOf(folder, `listen 127.0.0.1:${port};\n${server}`), { stdio: 'pipe' });
  let said = '';
  child.stderr!.on('data', (data: Buffer) => {
    said += data.toString();
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await until(
    async () =>
      child.exitCode !== null ||
      (await fetch(`http://127.0.0.1:${port}/`).then(
        () => true,
        () => false,
      )),
    'nginx to listen',
  );
  if (child.exitCode !== null) throw new Error(`nginx ended: ${said}`);
  return {
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

function argsOf(folder: string, server: string): string[] {
  mkdirSync(join(folder, 'logs'), { recursive: true });
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${join(folder, kind)};`,
  );
  const config = join(folder, 'nginx.conf');
  writeFileSync(
    config,
    `daemon off; master_process off; error_log stderr; pid ${join(folder, 'nginx.pid')};
events {}
http {
access_log off;
${temporary.join('\n')}
${server.startsWith('upstream ') ? server : `server {\n${server}\n}`}
}
`,
  );
  return ['-p', folder, '-e', 'stderr', '-c', config];
}
