// What a client says to RabbitMQ: a line in front of it that writes down every method and message, with Python's names for them, in the
// shape of the recordings (golden/amqp-traffic.json). Decoded with amqplib's own tables.
import { createRequire } from 'node:module';
import { createServer, connect as dial, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { ROOT } from './packed.ts';

export interface Said {
  /** Connections are numbered as they come. */
  readonly conn: number;
  readonly channel: number;
  /** 'queue.declare' */
  readonly method: string;
  readonly args: Record<string, unknown>;
  /** Of a message that is published. */
  properties?: Record<string, unknown>;
  body?: Buffer;
}

interface Definitions {
  decode(id: number, bytes: Buffer): Record<string, unknown>;
  info(id: number): { name: string };
}

const { decode, info } = createRequire(import.meta.url)(join(ROOT, 'node_modules/amqplib/lib/defs.js')) as Definitions;

export class AmqpRecorder {
  readonly said: Said[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #connections = 0;

  constructor(port: number) {
    this.#server = createServer({ noDelay: true }, (near) => {
      const conn = ++this.#connections;
      const far = dial({ port, host: '127.0.0.1', noDelay: true });
      const read = this.#reader(conn);
      near.on('data', (bytes) => {
        read(bytes);
        far.write(bytes);
      });
      far.on('data', (bytes) => near.write(bytes));
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(one);
        one.on('error', () => {});
        one.on('close', () => other.destroy());
      }
    });
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  listen(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #reader(conn: number): (bytes: Buffer) => void {
    let rest = Buffer.alloc(0);
    let greeted = false;
    /** By channel. */
    const sending = new Map<number, { said: Said; left: number; parts: Buffer[] }>();
    return (bytes) => {
      rest = Buffer.concat([rest, bytes]);
      if (!greeted && rest.length >= 8) {
        greeted = true;
        rest = rest.subarray(8);
      }
      while (greeted && rest.length >= 8 && rest.length >= 8 + rest.readUInt32BE(3)) {
        const size = rest.readUInt32BE(3);
        const [type, channel] = [rest[0], rest.readUInt16BE(1)];
        const payload = rest.subarray(7, 7 + size);
        rest = rest.subarray(8 + size);
        if (type === 1) {
          const id = payload.readUInt32BE(0);
          const args = snake(decode(id, payload.subarray(4)));
          const said: Said = { conn, channel, method: methodOf(info(id).name), args };
          this.said.push(said);
          if (said.method === 'basic.publish') sending.set(channel, { said, left: -1, parts: [] });
        } else if (type === 2) {
          const message = sending.get(channel)!;
          message.left = Number(payload.readBigUInt64BE(4));
          message.said.properties = properties(decode(payload.readUInt16BE(0), payload.subarray(12)));
        } else if (type === 3) {
          const message = sending.get(channel)!;
          message.parts.push(Buffer.from(payload));
          message.left -= payload.length;
          if (message.left === 0) message.said.body = Buffer.concat(message.parts);
        }
      }
    };
  }
}

/** 'QueueDeclare' is 'queue.declare', 'ConnectionStartOk' 'connection.start-ok'. */
function methodOf(name: string): string {
  const [first = '', ...rest] = name.split(/(?=[A-Z])/).map((word) => word.toLowerCase());
  return `${first}.${rest.join('-')}`;
}

function snake(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), value]),
  );
}

function properties(fields: Record<string, unknown>): Record<string, unknown> {
  const { headers, ...rest } = snake(fields);
  return { ...rest, application_headers: headers ?? {} };
}
