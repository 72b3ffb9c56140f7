// Real PostgreSQL and MariaDB of the tests' own, each started once per run: private ports, folders of the run, nothing on the disk is
// waited for. `freshDatabase` hands out databases nobody used yet.
// Holds: they run as ordinary users of the machine (PostgreSQL refuses root); they end with the run.
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe } from 'vitest';
import { oncePerRun } from './once-per-run.ts';
import { freePort } from './redis-server.ts';
import { until } from './until.ts';

export interface SqlServer {
  readonly host: '127.0.0.1';
  readonly port: number;
  /** Its Unix socket, or the folder of it. */
  readonly socket: string;
  readonly pid: number;
}

const inCi = process.env.CI === 'true';
/** In CI what is missing is a failure, not a skip. */
export const hasPostgres: boolean = inCi || postgresBin() !== null;
export const hasMariadb: boolean = inCi || existsSync('/usr/sbin/mariadbd');
export const describeNeedsPostgres: typeof describe | typeof describe.skip = hasPostgres ? describe : describe.skip;
export const describeNeedsMariadb: typeof describe | typeof describe.skip = hasMariadb ? describe : describe.skip;

/** Debian keeps them apart by version. */
function postgresBin(): string | null {
  const all = '/usr/lib/postgresql';
  if (!existsSync(all)) return null;
  const newest = readdirSync(all)
    .filter((version) => existsSync(join(all, version, 'bin/initdb')))
    .sort((a, b) => Number(b) - Number(a))[0];
  return newest === undefined ? null : join(all, newest, 'bin');
}

/** As the user of Debian's package, when the tests run as root; else as who runs them. */
function userOf(name: string): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((one) => one.startsWith(`${name}:`));
  const [, , uid, gid] = line?.split(':') ?? [];
  return { uid: Number(uid), gid: Number(gid) };
}

function ownFolder(folder: string, user: { uid?: number; gid?: number }): string {
  const data = join(folder, 'data');
  chmodSync(folder, 0o755);
  mkdirSync(data);
  if (user.uid !== undefined) chownSync(data, user.uid, user.gid!);
  return data;
}

function must(command: string, args: readonly string[], options: object = {}): void {
  const { status, stderr, stdout } = spawnSync(command, args, { encoding: 'utf8', cwd: '/', ...options });
  if (status !== 0) throw new Error(`${command} ended with ${status}: ${stderr || stdout}`);
}

/** Its superuser is `umbel`, who needs no password. */
export function postgres(): Promise<SqlServer> {
  return oncePerRun('postgres', async (folder) => {
    const bin = postgresBin()!;
    const user = userOf('postgres');
    const data = ownFolder(folder, user);
    const cluster = join(data, 'db');
    must(
      join(bin, 'initdb'),
      ['-D', cluster, '-U', 'umbel', '--auth=trust', '--no-sync', '-E', 'UTF8', '--locale=C'],
      user,
    );
    const port = await freePort();
    const args = ['-D', cluster, '-p', String(port), '-k', data, '-c', 'listen_addresses=127.0.0.1', '-c', 'fsync=off'];
    return serve(join(bin, 'postgres'), [...args, '-c', 'max_connections=200'], { folder, user, port, socket: data });
  });
}

/** Its user `umbel` has the password `secret`; over the socket root needs none. */
export function mariadb(): Promise<SqlServer> {
  return oncePerRun('mariadb', async (folder) => {
    const user = userOf('mysql');
    const data = ownFolder(folder, user);
    const cluster = join(data, 'db');
    const plain = ['--no-defaults', `--datadir=${cluster}`, '--innodb-flush-log-at-trx-commit=0'];
    must('mariadb-install-db', [...plain, '--auth-root-authentication-method=normal', '--skip-test-db'], user);
    const port = await freePort();
    const socket = join(data, 'db.sock');
    const args = [...plain, `--port=${port}`, `--socket=${socket}`, '--bind-address=127.0.0.1', '--skip-log-bin'];
    const small = ['--innodb-buffer-pool-size=32M', '--performance-schema=off', '--skip-name-resolve'];
    const server = await serve('/usr/sbin/mariadbd', [...args, ...small], { folder, user, port, socket });
    const grants = "CREATE USER umbel@'127.0.0.1' IDENTIFIED BY 'secret'; GRANT ALL ON *.* TO umbel@'127.0.0.1'";
    must('mariadb', ['-uroot', '-S', socket, '-e', grants]);
    return server;
  });
}

interface Serve {
  readonly folder: string;
  readonly user: { uid?: number; gid?: number };
  readonly port: number;
  readonly socket: string;
}

/** It outlives the file that starts it, and carries the run's mark in its environment. */
async function serve(
  program: string,
  args: readonly string[],
  { folder, user, port, socket }: Serve,
): Promise<SqlServer> {
  const log = openSync(join(folder, 'server.log'), 'a');
  const child = spawn(program, args, { cwd: '/', stdio: ['ignore', log, log], detached: true, ...user });
  child.unref();
  let ended = false;
  child.once('exit', () => {
    ended = true;
  });
  await until(() => ended || listens(port), `${program} on port ${port}`);
  if (ended) throw new Error(`${program} ended: ${readFileSync(join(folder, 'server.log'), 'utf8').slice(-2000)}`);
  return { host: '127.0.0.1', port, socket, pid: child.pid! };
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const done = (up: boolean) => {
      socket.destroy();
      resolve(up);
    };
    socket.once('connect', () => done(true));
    socket.once('error', () => done(false));
  });
}

let databases = 0;

/** An empty database, as a URL for Celery: of `kind` and all that follows. */
export async function freshDatabase(kind: 'postgresql' | 'mysql'): Promise<string> {
  const name = `t${process.pid}_${++databases}`;
  if (kind === 'postgresql') {
    const { port, socket } = await postgres();
    const make = () =>
      must('psql', [
        '-h',
        socket,
        '-p',
        String(port),
        '-U',
        'umbel',
        '-q',
        '-c',
        `CREATE DATABASE ${name}`,
        'postgres',
      ]);
    await until(() => {
      make();
      return true;
    }, 'PostgreSQL to answer');
    return `postgresql://umbel@127.0.0.1:${port}/${name}`;
  }
  const { port, socket } = await mariadb();
  must('mariadb', ['-uroot', '-S', socket, '-e', `CREATE DATABASE ${name} CHARACTER SET utf8mb4`]);
  return `mysql://umbel:secret@127.0.0.1:${port}/${name}`;
}
