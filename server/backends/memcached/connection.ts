// One connection to a memcached, in its text protocol: commands go out in order, answers come back in order.
// The protocol is a dozen words; the clients there are keep flags of their own, which Python would not read.
// Holds: it connects when first asked and again after it broke; who asked gets an answer or an error, within ANSWER_MS; nothing is
// sent twice.
// memcached: doc/protocol.txt
import { connect, type Socket } from 'node:net';
import { BackendError } from '../../errors.ts';
import { safeUrl } from '../../transport/url.ts';

export interface MemcachedValue {
  readonly body: Buffer;
  readonly flags: number;
  /** Of `gets`: for `cas`. */
  readonly unique: string | null;
}

interface Pending {
  readonly values: Map<string, MemcachedValue> | null;
  readonly done: (line: string) => void;
  readonly failed: (error: Error) => void;
}

/** @unit milliseconds */
const ANSWER_MS = 10_000;
const CRLF = Buffer.from('\r\n');

export class MemcachedConnection {
  readonly place: string;
  readonly #address: { host: string; port: number } | { path: string };
  #socket: Socket | null = null;
  #pending: Pending[] = [];
  #input: Buffer = Buffer.alloc(0);
  #open = true;

  /** @param server 'host', 'host:port', '/path' or 'unix:/path' */
  constructor(server: string) {
    this.place = safeUrl(server);
    const path = /^(?:unix:)?(\/.*)$/.exec(server)?.[1];
    const found = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(server);
    if (path) this.#address = { path };
    else
      this.#address = { host: (found?.[1] || '127.0.0.1').replace(/^\[|\]$/g, ''), port: Number(found?.[2] ?? 11_211) };
  }

  /** @returns its one line of answer */
  line(command: string, data?: Uint8Array): Promise<string> {
    return this.#send(command, data, null);
  }

  async get(verb: 'get' | 'gets', keys: readonly string[]): Promise<Map<string, MemcachedValue>> {
    const values = new Map<string, MemcachedValue>();
    await this.#send(`${verb} ${keys.join(' ')}`, undefined, values);
    return values;
  }

  close(): void {
    this.#open = false;
    this.#socket?.destroy();
  }

  #send(command: string, data: Uint8Array | undefined, values: Pending['values']): Promise<string> {
    return new Promise((done, failed) => {
      if (!this.#open) throw new BackendError('The result store was closed');
      const socket = this.#connected();
      this.#pending.push({ values, done, failed });
      socket.cork();
      socket.write(`${command}\r\n`);
      if (data) {
        socket.write(data);
        socket.write(CRLF);
      }
      process.nextTick(() => socket.uncork());
    });
  }

  #connected(): Socket {
    if (this.#socket) return this.#socket;
    const socket = connect(this.#address);
    socket.setNoDelay(true);
    this.#socket = socket;
    this.#input = Buffer.alloc(0);
    socket.setKeepAlive(true, 30_000);
    socket.setTimeout(ANSWER_MS, () => {
      if (this.#pending.length > 0) socket.destroy(new Error(`no answer for ${ANSWER_MS / 1000} seconds`));
    });
    let reason: Error | null = null;
    socket.on('data', (data: Buffer) => {
      this.#input = this.#input.length === 0 ? data : Buffer.concat([this.#input, data]);
      this.#read();
    });
    socket.on('error', (error) => {
      reason = error;
    });
    socket.on('close', () => {
      if (this.#socket === socket) this.#socket = null;
      const waiting = this.#pending;
      this.#pending = [];
      const text = `The memcached ${this.place} cannot be reached: ${reason?.message || 'the connection was closed'}`;
      for (const { failed } of waiting) failed(new BackendError(text, { cause: reason, temporary: true }));
    });
    return socket;
  }

  #read(): void {
    let at = 0;
    while (this.#pending.length > 0) {
      const end = this.#input.indexOf(CRLF, at);
      if (end < 0) break;
      const line = this.#input.toString('utf8', at, end);
      const { values, done, failed } = this.#pending[0]!;
      const value = values && /^VALUE ([^ ]+) (\d+) (\d+)(?: (\d+))?$/.exec(line);
      if (value) {
        const [from, length] = [end + 2, Number(value[3])];
        if (this.#input.length < from + length + 2) break;
        const body = Buffer.from(this.#input.subarray(from, from + length));
        values.set(value[1]!, { body, flags: Number(value[2]), unique: value[4] ?? null });
        at = from + length + 2;
        continue;
      }
      at = end + 2;
      this.#pending.shift();
      if (/^(ERROR|CLIENT_ERROR|SERVER_ERROR)/.test(line)) {
        failed(
          new BackendError(`The memcached ${this.place} refuses: ${line}`, { temporary: /out of memory/.test(line) }),
        );
      } else done(line);
    }
    this.#input = at === 0 ? this.#input : this.#input.subarray(at);
  }
}
