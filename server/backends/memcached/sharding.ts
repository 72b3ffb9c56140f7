// On which of several servers a key is: as the client that Python uses would find it.
// Celery takes pylibmc where it is installed, else python-memcached; they do not agree, so it must be said when it is the other one.
// pylibmc: libmemcached's defaults, MEMCACHED_HASH_DEFAULT (one-at-a-time) and MEMCACHED_DISTRIBUTION_MODULA
// python-memcached: memcache.py cmemcache_hash. pymemcache: client/rendezvous.py, client/murmur3.py
import { ImproperlyConfigured } from '../../errors.ts';

export type MemcachedClient = 'pylibmc' | 'python-memcached' | 'pymemcache';

/** @returns the index of a key's server */
export function shardOf(client: MemcachedClient, servers: readonly string[]): (key: string) => number {
  if (servers.length === 1) return () => 0;
  switch (client) {
    case 'pylibmc':
      return (key) => oneAtATime(Buffer.from(key)) % servers.length;
    case 'python-memcached':
      return (key) => ((crc32(Buffer.from(key)) >>> 16) & 0x7fff || 1) % servers.length;
    case 'pymemcache': {
      const nodes = servers.map((server) => (/^\/|^unix:|:\d+$/.test(server) ? server : `${server}:11211`));
      return (key) => rendezvous(nodes, key);
    }
  }
}

export function clientOf(value: unknown, fallback: MemcachedClient): MemcachedClient {
  if (value === undefined || value === null) return fallback;
  if (value === 'pylibmc' || value === 'python-memcached' || value === 'pymemcache') return value;
  throw new ImproperlyConfigured(
    `result_backend_transport_options.memcached_client is ${JSON.stringify(value)}: 'pylibmc', 'python-memcached' or 'pymemcache'`,
  );
}

function oneAtATime(bytes: Uint8Array): number {
  let hash = 0;
  for (const byte of bytes) {
    // libmemcached's bytes have a sign (as C's char has on x86).
    hash = (hash + ((byte << 24) >> 24)) | 0;
    hash = (hash + (hash << 10)) | 0;
    hash ^= hash >>> 6;
  }
  hash = (hash + (hash << 3)) | 0;
  hash ^= hash >>> 11;
  return (hash + (hash << 15)) >>> 0;
}

function crc32(bytes: Uint8Array): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

/** The node with the highest score has the key; of equals the last by name. */
function rendezvous(nodes: readonly string[], key: string): number {
  let [best, highest] = [0, -1];
  for (const [i, node] of nodes.entries()) {
    // pymemcache takes the lower byte of each code point.
    const score = murmur3(Buffer.from(Array.from(`${node}-${key}`, (char) => char.codePointAt(0)!)));
    if (score > highest || (score === highest && node > nodes[best]!)) [best, highest] = [i, score];
  }
  return best;
}

function murmur3(bytes: Buffer): number {
  const [c1, c2] = [0xcc9e2d51, 0x1b873593];
  const rotate = (n: number, by: number) => (n << by) | (n >>> (32 - by));
  const mix = (k: number) => Math.imul(rotate(Math.imul(k, c1), 15), c2);
  let hash = 0;
  const whole = bytes.length & ~3;
  for (let i = 0; i < whole; i += 4)
    hash = (Math.imul(rotate(hash ^ mix(bytes.readInt32LE(i)), 13), 5) + 0xe6546b64) | 0;
  let rest = 0;
  for (let i = bytes.length - 1; i >= whole; i--) rest = (rest << 8) | bytes[i]!;
  hash ^= mix(rest) ^ bytes.length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
