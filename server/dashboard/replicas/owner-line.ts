// The end of the line at the dashboard that has the history: connections of those that stand by become connections of its own server.
// Not here: what they are sent (pass-on.ts), who may come in (line.ts).
// Holds: such a connection has the address of the client it was made for, and is as encrypted as that one's, so that whatever asks for
// either is told of the client. Who does not begin with an introduction is cut off.
import { lstatSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { toError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import { type Introduction, lineOf } from './line.ts';

/** @unit bytes */
const LONGEST_INTRODUCTION = 500;

export class OwnerLine {
  readonly #log: Logger;
  readonly #take: (socket: Socket) => void;
  readonly #waiting = new Set<Socket>();
  #server: Server | null = null;

  /** @param take what a connection becomes one of */
  constructor(log: Logger, take: (socket: Socket) => void) {
    this.#log = log;
    this.#take = take;
  }

  /** Whoever has the history has its line as well: what lies there is of a process that has ended. @param file of the history */
  open(file: string): void {
    const failed = (error: unknown): void =>
      this.#log.warning(
        `Those that stand by cannot pass requests on to this dashboard, and answer 503: ${toError(error).message}`,
      );
    try {
      const path = lineOf(file);
      if (lstatSync(path, { throwIfNoEntry: false })?.isSocket()) rmSync(path);
      const server = createServer({ allowHalfOpen: true }, (socket) => this.#introduced(socket));
      server.on('error', failed);
      this.#server = server;
      // From its first moment on it is for this user alone.
      const mask = process.umask(0o177);
      try {
        server.listen(path);
      } finally {
        process.umask(mask);
      }
    } catch (error) {
      failed(error);
    }
  }

  /** Nobody comes in any more; who has come in is of the server that took it. */
  close(): void {
    this.#server?.close();
    for (const socket of this.#waiting) socket.destroy();
  }

  #introduced(socket: Socket): void {
    this.#waiting.add(socket);
    let read = Buffer.alloc(0);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#waiting.delete(socket));
    const onReadable = (): void => {
      for (let chunk = socket.read(); chunk !== null; chunk = socket.read()) {
        read = Buffer.concat([read, chunk]);
        const end = read.indexOf('\n');
        if (end < 0 && read.length < LONGEST_INTRODUCTION) continue;
        socket.off('readable', onReadable);
        this.#waiting.delete(socket);
        const said = readIntroduction(read.subarray(0, end));
        if (said === null) {
          socket.destroy();
          return;
        }
        if (end + 1 < read.length) socket.unshift(read.subarray(end + 1));
        Object.defineProperty(socket, 'remoteAddress', { value: said.address ?? undefined });
        Object.defineProperty(socket, 'encrypted', { value: said.isSecure });
        this.#take(socket);
        return;
      }
    };
    socket.on('readable', onReadable);
  }
}

function readIntroduction(line: Buffer): Introduction | null {
  try {
    const { address, isSecure } = JSON.parse(line.toString('utf8')) as Partial<Introduction>;
    if (typeof isSecure !== 'boolean' || (address !== null && typeof address !== 'string')) return null;
    return { address, isSecure };
  } catch {
    return null;
  }
}
