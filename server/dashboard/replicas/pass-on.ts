// The end of the line at a dashboard that stands by: requests and WebSockets go on to the one that has the history, as they came.
// Not here: what is answered without it (stand-in.ts).
// Holds: bodies are streamed either way; an answer that has not begun when that one ends is a 503, one that has is cut off; each request
// has a connection of its own, since it begins with whose it is.
import { type ClientRequest, type IncomingMessage, request as requestOf } from 'node:http';
import { connect, type Socket } from 'node:net';
import { type Duplex, pipeline } from 'node:stream';
import { errorCodes, type FastifyReply, type FastifyRequest } from 'fastify';
import { isWebSocket } from '../access/upgrade.ts';
import { ProblemError } from '../routes/context.ts';
import { introductionOf, isOurs, lineOf } from './line.ts';

/** Said of one connection, not of what goes over it. */
const OF_A_CONNECTION: ReadonlySet<string> = new Set(
  'connection keep-alive proxy-connection transfer-encoding upgrade te trailer expect http2-settings'.split(' '),
);
/** Which dashboard answers. */
export const REPLICA = 'umbel-replica';
export const OWNER_ANSWERS = 'standby; owner=answers';
export const OWNER_SILENT = 'standby; owner=silent';
/** @unit seconds */
const RETRY_AFTER = 2;
/** Readiness and liveness probes give up after a second. @unit milliseconds */
const PROBE_MS = 500;

export class PassOn {
  /** null: there is none, the history is in no file. */
  readonly #file: string | null;
  readonly #onSilent: () => void;
  readonly #open = new Set<Duplex>();

  /** @param file of the history  @param onSilent the one that has it may be gone */
  constructor(file: string | null, onSilent: () => void) {
    this.#file = file;
    this.#onSilent = onSilent;
  }

  /** Resolves when the answer has begun. @throws ProblemError 503 */
  async answer(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { raw, originalUrl } = request;
    const isSocket = raw.headers.upgrade !== undefined && isWebSocket(raw.headers.upgrade);
    const upstream = this.#request(raw, originalUrl, isSocket);
    reply.raw.once('close', () => upstream.destroy());
    if (isSocket) upstream.end();
    else raw.pipe(upstream);
    let answered: Answered;
    try {
      answered = await answerTo(upstream);
    } catch {
      raw.unpipe(upstream);
      raw.resume();
      // Who is sent too much ends the connection, and may do so before its answer is read.
      const sent = Math.max(Number(raw.headers['content-length'] ?? 0), upstream.socket?.bytesWritten ?? 0);
      if (sent > (request.routeOptions.bodyLimit ?? Number.POSITIVE_INFINITY))
        throw new errorCodes.FST_ERR_CTP_BODY_TOO_LARGE();
      throw this.#silent(raw);
    }
    reply.hijack();
    if (answered.socket !== null) {
      this.#join(raw.socket, answered);
      return;
    }
    const { message } = answered;
    // What it has not waited for is read and thrown away.
    message.once('end', () => {
      raw.unpipe(upstream);
      raw.resume();
    });
    reply.raw.writeHead(message.statusCode ?? 502, message.statusMessage, [
      ...kept(message.rawHeaders),
      ...[REPLICA, OWNER_ANSWERS],
      // Of a connection that was to be upgraded nobody reads a second request.
      ...(raw.headers.upgrade === undefined ? [] : ['connection', 'close']),
    ]);
    reply.raw.flushHeaders();
    pipeline(message, reply.raw, () => upstream.destroy());
  }

  /** Whether the one that has the history answers anything. */
  async probe({ raw }: FastifyRequest, path: string): Promise<boolean> {
    let upstream: ClientRequest;
    try {
      upstream = this.#request(raw, path, false);
    } catch {
      return false;
    }
    const timer = setTimeout(() => upstream.destroy(), PROBE_MS);
    try {
      upstream.end();
      (await answerTo(upstream)).message.resume();
      return true;
    } catch {
      this.#onSilent();
      return false;
    } finally {
      clearTimeout(timer);
    }
  }

  close(): void {
    for (const socket of this.#open) socket.destroy();
  }

  /** @throws ProblemError 503 when there is no line */
  #request(raw: IncomingMessage, path: string, isSocket: boolean): ClientRequest {
    const line = this.#line();
    if (line === null) throw this.#silent(raw);
    const { 'content-length': length, 'transfer-encoding': coding } = raw.headers;
    const headers = kept(raw.rawHeaders);
    if (isSocket) headers.push('connection', 'Upgrade', 'upgrade', 'websocket');
    // Otherwise it would end with its answer, though there is more of the body, which nobody may want.
    else headers.push('connection', 'keep-alive');
    if (coding !== undefined) headers.push('transfer-encoding', 'chunked');
    else if (length === undefined && !isSocket) headers.push('content-length', '0');
    return requestOf({
      ...{ method: raw.method, path, headers },
      createConnection: () => {
        const socket = connect(line);
        socket.write(introductionOf(raw.socket));
        return socket;
      },
    });
  }

  #line(): string | null {
    if (this.#file === null) return null;
    try {
      const line = lineOf(this.#file);
      return isOurs(this.#file, line) ? line : null;
    } catch {
      return null;
    }
  }

  #silent({ method, socket }: IncomingMessage): ProblemError {
    // Unless it is the client that is gone.
    if (!socket.destroyed) this.#onSilent();
    const detail =
      method === 'GET' || method === 'HEAD'
        ? 'The dashboard that has the history does not answer. This one takes its place when it has ended.'
        : 'The dashboard that has the history ended before it answered. Whether it did what was asked is not known: look before you ask again.';
    return new ProblemError(503, 'Standing by', detail, {
      headers: { 'retry-after': String(RETRY_AFTER), [REPLICA]: OWNER_SILENT },
    });
  }

  #join(client: Socket, { message, socket, head }: Upgraded): void {
    const lines = pairs(message.rawHeaders).map(([name, value]) => `${name}: ${value}\r\n`);
    client.write(
      `HTTP/1.1 101 ${message.statusMessage}\r\n${lines.join('')}${REPLICA}: ${OWNER_ANSWERS}\r\n\r\n`,
      'latin1',
    );
    client.write(head);
    for (const [one, other] of [
      [client, socket],
      [socket, client],
    ] as const) {
      this.#open.add(one);
      one.once('close', () => {
        this.#open.delete(one);
        other.destroy();
      });
      one.on('error', () => one.destroy());
      one.pipe(other);
    }
    if (client.destroyed) socket.destroy();
  }
}

interface Upgraded {
  readonly message: IncomingMessage;
  readonly socket: Socket;
  readonly head: Buffer;
}
type Answered = Upgraded | { readonly message: IncomingMessage; readonly socket: null };

/** Rejects when it ends without an answer. */
function answerTo(upstream: ClientRequest): Promise<Answered> {
  return new Promise((resolve, reject) => {
    upstream.once('response', (message) => resolve({ message, socket: null }));
    upstream.once('upgrade', (message, socket, head) => resolve({ message, socket: socket as Socket, head }));
    // It stays: once the answer has begun it is its stream that tells.
    upstream.on('error', reject);
  });
}

function pairs(raw: readonly string[]): (readonly [string, string])[] {
  return raw.flatMap((name, i) => (i % 2 === 0 ? [[name, raw[i + 1]!] as const] : []));
}

const kept = (raw: readonly string[]): string[] =>
  pairs(raw)
    .filter(([name]) => !OF_A_CONNECTION.has(name.toLowerCase()))
    .flat();
