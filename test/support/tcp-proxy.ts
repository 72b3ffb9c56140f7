// A bad line: a TCP proxy in front of a server, whose connections a test cuts, delays, splits, slows down or lets fall silent.
// Holds: bytes keep their order; what is not read any more is not fetched either, so that the sender feels it; its port stays the same.
import { connect, createServer, type Server, type Socket } from 'node:net';

export interface LineOptions {
  /** How long each byte travels, each way. Default 0. @unit milliseconds */
  delayMs?: number;
  /** Bytes are handed on in pieces of 1 to 7. Default false. */
  split?: boolean;
  /** From the server to the client. Default: no limit. @unit bytes a second */
  perSecond?: number;
}

const HIGH_WATER = 256 * 1024;

export class TcpProxy {
  /** May be changed at any time; holds for what arrives from then on. */
  readonly line: LineOptions;
  /** Connections made so far. */
  made = 0;
  /** Pieces that came from clients so far: what is sent together, or while an earlier piece is on its way, comes as few. */
  trips = 0;
  readonly #target: { host: string; port: number };
  readonly #open = new Set<Pair>();
  readonly #server: Server;
  #refusing = false;
  #swallowing = false;
  #cutAt: string | null = null;

  constructor(target: { host: string; port: number }, line: LineOptions = {}) {
    this.#target = target;
    this.line = line;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => this.#accept(near));
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  /** Connections open now. */
  get open(): number {
    return this.#open.size;
  }

  listen(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  /** Ends what is open: 'rst' as a crash or a firewall does, 'fin' as a server that leaves. */
  cut(how: 'rst' | 'fin' = 'rst'): void {
    for (const pair of this.#open) pair.cut(how);
  }

  /** Ends one of those that are open, any one. */
  cutOne(): void {
    const all = [...this.#open];
    all[Math.floor(Math.random() * all.length)]?.cut('rst');
  }

  /** Ends the next connection whose client sends a text with this in it, instead of handing it on. */
  cutAt(text: string): void {
    this.#cutAt = text;
  }

  /** `cutAt` has cut. */
  get hasCut(): boolean {
    return this.#cutAt === null;
  }

  /** New connections are refused until `accept`. */
  refuse(): void {
    this.#refusing = true;
  }

  accept(): void {
    this.#refusing = false;
  }

  /** What is open carries nothing any more and is not closed: half-open. New connections are as good as ever. */
  silence(): void {
    for (const pair of this.#open) pair.silence();
  }

  /** Clients lose what is open at once, and the server is told nothing of it. */
  abandon(): void {
    for (const pair of this.#open) pair.abandon();
  }

  /** As `silence`, of the one connection that the server sees come from this port. @returns whether there was one */
  silenceFrom(port: number): boolean {
    const found = [...this.#open].find((pair) => pair.farPort === port);
    found?.silence();
    return found !== undefined;
  }

  /** As `silence`, and new connections are accepted and carry nothing, too, until `restore`. */
  swallow(): void {
    this.#swallowing = true;
    this.silence();
  }

  restore(): void {
    this.#swallowing = false;
  }

  async close(): Promise<void> {
    this.cut('rst');
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(near: Socket): void {
    this.made++;
    if (this.#refusing) {
      near.resetAndDestroy();
      return;
    }
    const far = connect({ ...this.#target, allowHalfOpen: true, noDelay: true });
    near.on('data', (data: Buffer) => {
      this.trips++;
      if (this.#cutAt === null || !data.toString('latin1').includes(this.#cutAt)) return;
      this.#cutAt = null;
      pair.silence();
      pair.cut('rst');
    });
    const pair = new Pair(near, far, this.line);
    if (this.#swallowing) pair.silence();
    this.#open.add(pair);
    pair.onEnd = () => this.#open.delete(pair);
  }
}

/** A proxy that listens, in front of a port of this machine. */
export async function tcpProxy(port: number, line: LineOptions = {}): Promise<TcpProxy> {
  const proxy = new TcpProxy({ host: '127.0.0.1', port }, line);
  await proxy.listen();
  return proxy;
}

class Pair {
  onEnd: () => void = () => {};
  readonly #near: Socket;
  readonly #far: Socket;
  #silent = false;
  #open = 2;

  constructor(near: Socket, far: Socket, line: LineOptions) {
    this.#near = near;
    this.#far = far;
    this.#carry(near, far, line, false);
    this.#carry(far, near, line, true);
  }

  get farPort(): number | undefined {
    return this.#far.localPort;
  }

  cut(how: 'rst' | 'fin'): void {
    for (const socket of [this.#near, this.#far]) {
      if (how === 'rst') socket.resetAndDestroy();
      else {
        socket.end();
        socket.destroySoon();
      }
    }
  }

  silence(): void {
    this.#silent = true;
    this.#near.pause();
    this.#far.pause();
  }

  abandon(): void {
    this.silence();
    this.#near.resetAndDestroy();
  }

  #carry(from: Socket, to: Socket, line: LineOptions, isDown: boolean): void {
    /** null: the sender said that it is done. */
    const waiting: { data: Buffer | null; dueMs: number }[] = [];
    let queued = 0;
    let pumping = false;
    const pump = async () => {
      if (pumping) return;
      pumping = true;
      for (let next = waiting[0]; next && !to.destroyed; next = waiting[0]) {
        const restMs = next.dueMs - Date.now();
        if (restMs > 0) await pause(restMs);
        if (this.#silent) return;
        if (next.data === null) to.end();
        else await hand(next.data, to, line, isDown);
        waiting.shift();
        queued -= next.data?.length ?? 0;
        if (queued < HIGH_WATER && !this.#silent) from.resume();
      }
      pumping = false;
    };
    const put = (data: Buffer | null) => {
      waiting.push({ data, dueMs: Date.now() + (line.delayMs ?? 0) });
      queued += data?.length ?? 0;
      if (queued >= HIGH_WATER) from.pause();
      void pump();
    };
    from.on('data', put);
    from.on('end', () => put(null));
    from.on('error', () => {
      if (!this.#silent) to.resetAndDestroy();
    });
    from.on('close', () => {
      if (--this.#open === 0) this.onEnd();
      // A server that is gone is not felt through a line that carries nothing.
      else if (from.destroyed && !this.#silent && waiting.length === 0) to.destroySoon();
    });
  }
}

async function hand(data: Buffer, to: Socket, line: LineOptions, isDown: boolean): Promise<void> {
  const { split } = line;
  if (split) {
    for (let at = 0, size = 1; at < data.length && !to.destroyed; at += size, size = (size % 7) + 1) {
      to.write(data.subarray(at, at + size));
      // A write a turn, so that the reader sees the pieces.
      await new Promise((resolve) => setImmediate(resolve));
    }
    return;
  }
  for (let at = 0; at < data.length && !to.destroyed; ) {
    // Read each time: the limit may be lifted meanwhile.
    const perSecond = isDown ? line.perSecond : undefined;
    const end = perSecond ? at + Math.max(1, Math.round(perSecond / 50)) : data.length;
    if (!to.write(data.subarray(at, end))) await drained(to);
    if (perSecond) await pause(20);
    at = end;
  }
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const go = () => {
      socket.off('drain', go);
      socket.off('close', go);
      resolve();
    };
    if (socket.destroyed) return resolve();
    socket.once('drain', go);
    socket.once('close', go);
  });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
