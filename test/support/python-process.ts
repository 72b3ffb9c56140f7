// A Python interpreter for a test: a fork of one that has imported Celery, once a run (python-forks.py). As a fresh one it would cost a
// second of CPU each time.
// Holds: it behaves as a child process does, and leads a process group of its own; it ends with the process that asked for it.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { constants } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { oncePerRun } from './once-per-run.ts';
import { until } from './until.ts';

export interface PythonOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

/** Tells of its end by 'exit', and by 'close' when its output is over too; both with its exit code, null after a signal. */
export class PythonProcess extends EventEmitter {
  readonly stdin = new PassThrough();
  readonly stdout = new PassThrough();
  readonly stderr = new PassThrough();
  exitCode: number | null = null;
  signalCode: NodeJS.Signals | null = null;
  /** null: it has not begun. */
  #pid: number | null = null;
  /** Asked for before it had begun. */
  readonly #early: [signal: NodeJS.Signals, all: boolean][] = [];

  /** @param args as python3 takes them: [-u] -m module, or a script, with its arguments */
  constructor(args: readonly string[], options: PythonOptions) {
    super();
    this.#start(JSON.stringify({ args, ...options })).catch((error: unknown) => this.emit('error', error));
  }

  get hasEnded(): boolean {
    return this.exitCode !== null || this.signalCode !== null;
  }

  kill(signal: NodeJS.Signals): void {
    this.#signal(signal, false);
  }

  /** With all that it started. */
  killGroup(): void {
    this.#signal('SIGKILL', true);
  }

  #signal(signal: NodeJS.Signals, all: boolean): void {
    if (this.#pid === null) this.#early.push([signal, all]);
    else if (!this.hasEnded) {
      try {
        process.kill(all ? -this.#pid : this.#pid, signal);
      } catch {
        // It has ended.
      }
    }
  }

  async #start(order: string): Promise<void> {
    const path = await interpreter();
    const whose = randomBytes(16);
    const [stdin, stdout, stderr, orders] = [0, 1, 2, 3].map((which) => {
      const socket = connect({ path, allowHalfOpen: true });
      // It may end, and be killed, in the middle of anything.
      socket.on('error', () => {});
      socket.write(Buffer.concat([Buffer.from([which]), whose]));
      return socket;
    }) as [Socket, Socket, Socket, Socket];
    this.stdin.pipe(stdin);
    stdout.pipe(this.stdout);
    stderr.pipe(this.stderr);
    const size = Buffer.alloc(4);
    size.writeUInt32BE(Buffer.byteLength(order));
    orders.write(Buffer.concat([size, Buffer.from(order)]));
    const silent = Promise.all([stdout, stderr].map((stream) => new Promise((done) => stream.once('close', done))));
    for (const stream of [stdout, stderr]) stream.once('end', () => stream.end());
    createInterface({ input: orders }).on('line', (line) => this.#hear(JSON.parse(line) as object));
    orders.once('end', () => orders.end());
    await new Promise((done) => orders.once('close', done));
    if (!this.hasEnded) this.#end(-constants.signals.SIGKILL);
    stdin.destroy();
    await silent;
    // What was read last is with those who listen.
    setImmediate(() => this.emit('close', this.exitCode));
  }

  #hear(said: { pid?: number; code?: number }): void {
    if (said.code !== undefined) this.#end(said.code);
    if (said.pid === undefined) return;
    this.#pid = said.pid;
    for (const [signal, all] of this.#early.splice(0)) this.#signal(signal, all);
  }

  /** @param code below zero: the signal that ended it */
  #end(code: number): void {
    if (code >= 0) this.exitCode = code;
    else {
      const names = Object.entries(constants.signals) as [NodeJS.Signals, number][];
      this.signalCode = names.find(([, number]) => number === -code)?.[0] ?? 'SIGKILL';
    }
    this.emit('exit', this.exitCode);
  }
}

/** Where the run's interpreter takes orders. */
function interpreter(): Promise<string> {
  return oncePerRun('python', async (folder) => {
    const path = join(folder, 'orders');
    const script = fileURLToPath(new URL('./python-forks.py', import.meta.url));
    const log = join(folder, 'output');
    const output = openSync(log, 'w');
    const child = spawn('/usr/bin/python3', [script, path], {
      cwd: folder,
      stdio: ['ignore', output, output],
      detached: true,
    });
    closeSync(output);
    child.unref();
    await until(() => existsSync(path) || child.exitCode !== null, 'an interpreter with Celery');
    if (child.exitCode !== null) throw new Error(`The interpreter ended: ${readFileSync(log, 'utf8')}`);
    return path;
  });
}
