// All commands a Redis is given, as MONITOR tells them, those of scripts included. ioredis has one, too, but leaves escapes as they are.
import { connect, type Socket } from 'node:net';
import { until } from './until.ts';

export interface RedisMonitor {
  /** The commands on a database up to now, names in upper case. */
  commands(database: number): Promise<string[][]>;
  close(): void;
}

export async function redisMonitor(port: number): Promise<RedisMonitor> {
  const received = new Map<number, string[][]>();
  let marks = 0;
  let rest = '';
  const socket = await open(port);
  socket.on('data', (data: Buffer) => {
    const lines = (rest + data.toString('latin1')).split('\r\n');
    rest = lines.pop()!;
    for (const line of lines) {
      const found = /^\+[\d.]+ \[(\d+) [^\]]*\] (.*)$/.exec(line);
      if (!found) continue;
      const args = [...found[2]!.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map((match) => plain(match[1]!));
      const database = Number(found[1]);
      received.set(database, [...(received.get(database) ?? []), [args[0]!.toUpperCase(), ...args.slice(1)]]);
    }
  });
  socket.write('MONITOR\r\n');
  await new Promise((done) => socket.once('data', done));
  const other = await open(port);
  return {
    async commands(database) {
      const mark = `mark-${++marks}`;
      other.write(`SELECT ${database}\r\nECHO ${mark}\r\n`);
      const all = () => received.get(database) ?? [];
      await until(() => all().some(([name, text]) => name === 'ECHO' && text === mark), 'the monitor to catch up');
      return all().filter(([name]) => name !== 'ECHO' && name !== 'SELECT');
    },
    close() {
      socket.destroy();
      other.destroy();
    },
  };
}

function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket));
    socket.once('error', reject);
  });
}

const LETTERS: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', a: '\x07', b: '\b' };

function plain(escaped: string): string {
  const bytes = escaped.replace(/\\(?:x([\da-f]{2})|(.))/g, (_, hex: string | undefined, letter: string) =>
    hex ? String.fromCharCode(Number.parseInt(hex, 16)) : (LETTERS[letter] ?? letter),
  );
  return Buffer.from(bytes, 'latin1').toString();
}
