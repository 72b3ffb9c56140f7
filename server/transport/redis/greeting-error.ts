// Why a server hangs up on everybody who comes: it has no place (maxclients), or lets nobody in from outside (protected mode). It says
// so first, but who writes to a closed line never reads it. So somebody comes who only listens.
import { connect } from 'node:net';
import type { RedisOptions } from 'ioredis';

const WITHIN_MS = 500;

/** The server's error; null when it said nothing in time, or cannot be heard without TLS or a sentinel. */
export function greetingError({ host, port, path, tls, sentinels }: RedisOptions): Promise<Error | null> {
  if (tls || sentinels) return Promise.resolve(null);
  return new Promise((resolve) => {
    const socket = path ? connect(path) : connect(port ?? 6379, host ?? '127.0.0.1');
    let said = '';
    const done = () => {
      clearTimeout(timer);
      socket.destroy();
      resolve(said.startsWith('-') ? new Error(said.slice(1).trim()) : null);
    };
    const timer = setTimeout(done, WITHIN_MS);
    socket.on('data', (data) => {
      said += data.toString();
    });
    socket.on('error', () => {});
    socket.on('close', done);
  });
}
