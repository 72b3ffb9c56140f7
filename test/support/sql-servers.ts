// Real PostgreSQL and MariaDB of the tests' own: private ports, folders of the run, nothing on the disk is waited for. All files of a run
// share one of each, where `freshDatabase` hands out databases nobody used yet; who ends and restarts one has one alone (OwnSqlServer).
// Holds: they run as ordinary users of the machine (PostgreSQL refuses root); they end with the run.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from 'vitest';
import { markOfRun } from './ends-with-run.ts';
import { oncePerRun } from './once-per-run.ts';
import { listens, OwnProcess, onFreePort, removeFolder, whenUp } from './server-process.ts';
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

interface Plan {
  readonly program: string;
  readonly user: { uid?: number; gid?: number };
  /** What it says goes there. */
  readonly log: string;
  /** Its Unix socket, or the folder of it. */
  readonly socket: string;
  readonly args: (port: number) => readonly string[];
}

function preparePostgres(folder: string): Plan {
  const bin = postgresBin()!;
  const user = userOf('postgres');
  const data = ownFolder(folder, user);
  const cluster = join(data, 'db');
  const made = ['-D', cluster, '-U', 'umbel', '--auth=trust', '--no-sync', '-E', 'UTF8', '--locale=C'];
  must(join(bin, 'initdb'), made, user);
  const plain = ['-D', cluster, '-k', data, '-c', 'listen_addresses=127.0.0.1', '-c', 'fsync=off'];
  return {
    program: join(bin, 'postgres'),
    user,
    log: join(folder, 'server.log'),
    socket: data,
    args: (port) => [...plain, '-p', String(port), '-c', 'max_connections=200'],
  };
}

function prepareMariadb(folder: string): Plan {
  const user = userOf('mysql');
  const data = ownFolder(folder, user);
  const cluster = join(data, 'db');
  // 2: what was committed outlives the server's process.
  const plain = ['--no-defaults', `--datadir=${cluster}`, '--innodb-flush-log-at-trx-commit=2'];
  must('mariadb-install-db', [...plain, '--auth-root-authentication-method=normal', '--skip-test-db'], user);
  const socket = join(data, 'db.sock');
  const small = ['--innodb-buffer-pool-size=32M', '--performance-schema=off', '--skip-name-resolve', '--skip-log-bin'];
  return {
    program: '/usr/sbin/mariadbd',
    user,
    log: join(folder, 'server.log'),
    socket,
    args: (port) => [...plain, ...small, `--port=${port}`, `--socket=${socket}`, '--bind-address=127.0.0.1'],
  };
}

/** Who asks over TCP has the password `secret`; over the socket root needs none. */
function grant(socket: string): void {
  const grants = "CREATE USER umbel@'127.0.0.1' IDENTIFIED BY 'secret'; GRANT ALL ON *.* TO umbel@'127.0.0.1'";
  must('mariadb', ['-uroot', '-S', socket, '-e', grants]);
}

/** Its superuser is `umbel`, who needs no password. */
export function postgres(): Promise<SqlServer> {
  return oncePerRun('postgres', (folder) => serve(preparePostgres(folder)));
}

/** Its user `umbel` has the password `secret`. */
export function mariadb(): Promise<SqlServer> {
  return oncePerRun('mariadb', async (folder) => {
    const server = await serve(prepareMariadb(folder));
    grant(server.socket);
    return server;
  });
}

/** It outlives the file that starts it, and carries the run's mark in its environment. */
function serve(plan: Plan): Promise<SqlServer> {
  return onFreePort(async (port) => {
    const child = await launch(plan, port, true);
    child.unref();
    return { host: '127.0.0.1', port, socket: plan.socket, pid: child.pid! };
  });
}

async function launch(plan: Plan, port: number, detached: boolean): Promise<ChildProcess> {
  const log = openSync(plan.log, 'a');
  const child = spawn(plan.program, plan.args(port), { cwd: '/', stdio: ['ignore', log, log], detached, ...plan.user });
  closeSync(log);
  await whenUp(child, () => listens(port), {
    what: `${plan.program} on port ${port}`,
    said: () => readFileSync(plan.log, 'utf8'),
  });
  return child;
}

/** A server of one test, to end and to start again, with one database. */
export class OwnSqlServer {
  /** For a store: of the kind and all that follows. */
  readonly url: string;
  readonly #folder: string;
  readonly #plan: Plan;
  readonly #port: number;
  readonly #process = new OwnProcess();

  private constructor(url: string, folder: string, plan: Plan, port: number, child: ChildProcess) {
    this.url = url;
    this.#folder = folder;
    this.#plan = plan;
    this.#port = port;
    this.#process.own(child);
  }

  static async open(kind: 'postgresql' | 'mysql'): Promise<OwnSqlServer> {
    const folder = mkdtempSync(join(tmpdir(), `umbel-${kind}-${markOfRun()}-`));
    const plan = kind === 'postgresql' ? preparePostgres(folder) : prepareMariadb(folder);
    const { port, child } = await onFreePort(async (port) => ({ port, child: await launch(plan, port, false) }));
    if (kind === 'mysql') grant(plan.socket);
    const url = await createDatabase(kind, { port, socket: plan.socket }, 'own');
    return new OwnSqlServer(url, folder, plan, port, child);
  }

  /** Also while what is left of the one before still ends. */
  async start(): Promise<void> {
    this.#process.own(await until(() => launch(this.#plan, this.#port, false), `${this.#plan.program} to start again`));
  }

  /** As a machine that loses power would, but for its disk. */
  kill(): Promise<void> {
    return this.#process.end('SIGKILL');
  }

  /** As an operator would who does not wait for clients. */
  stop(): Promise<void> {
    return this.#process.end(this.#plan.program.endsWith('postgres') ? 'SIGINT' : 'SIGTERM');
  }

  async close(): Promise<void> {
    await this.kill();
    // Processes of PostgreSQL end a moment after the first of them.
    await removeFolder(this.#folder);
  }
}

/** An empty database of the server that all tests of a run share, as a URL for Celery: of `kind` and all that follows. */
export async function freshDatabase(kind: 'postgresql' | 'mysql'): Promise<string> {
  const server = await (kind === 'postgresql' ? postgres() : mariadb());
  return createDatabase(kind, server, `t${randomUUID().replaceAll('-', '')}`);
}

async function createDatabase(
  kind: 'postgresql' | 'mysql',
  { port, socket }: { port: number; socket: string },
  name: string,
): Promise<string> {
  if (kind === 'mysql') {
    must('mariadb', ['-uroot', '-S', socket, '-e', `CREATE DATABASE ${name} CHARACTER SET utf8mb4`]);
    return `mysql://umbel:secret@127.0.0.1:${port}/${name}`;
  }
  const sql = ['-q', '-c', `CREATE DATABASE ${name}`, 'postgres'];
  // It listens before it takes anybody.
  await until(() => {
    must('psql', ['-h', socket, '-p', String(port), '-U', 'umbel', ...sql]);
    return true;
  }, 'PostgreSQL to answer');
  return `postgresql://umbel@127.0.0.1:${port}/${name}`;
}
