// What a Redis server says of itself: version, memory, clients, and the settings on which the safety of messages hangs.
// Not here: what follows from them (dashboard/views/broker.ts).
// Holds: services that hide CONFIG (NOPERM, ERR) leave what only it tells unknown; nothing that may be a secret is asked for.
import { OperationalError } from '../../errors.ts';
import type { BrokerAbout, MemoryPart, NamedClients } from '../contract.ts';
import { groupClients } from '../named-clients.ts';
import type { Link } from './link.ts';
import type { RedisBrokerOptions } from './options.ts';

/** Of INFO: what is shown, by its own name. */
const INFO = [
  ...[
    'role',
    'connected_slaves',
    'evicted_keys',
    'rejected_connections',
    'used_memory_peak',
    'instantaneous_ops_per_sec',
  ],
  ...[
    'aof_enabled',
    'aof_last_write_status',
    'rdb_last_save_time',
    'rdb_changes_since_last_save',
    'rdb_last_bgsave_status',
  ],
  ...['blocked_clients', 'redis_mode'],
];
const CONFIG = ['maxmemory', 'maxclients', 'maxmemory-policy', 'appendonly', 'appendfsync', 'save', 'timeout'];

/** With more clients than these they are not listed: the list is made in one go, while nobody else is served. */
const MAX_LISTED = 2000;

export async function aboutServer(link: Link, options: RedisBrokerOptions, detailed: boolean): Promise<BrokerAbout> {
  const answers = await link.send([['INFO'], ...CONFIG.map((name) => ['CONFIG', 'GET', name])]);
  const [info, ...config] = answers.map((answer) => readable(link, answer));
  const says = infoOf(String(info ?? ''));
  const set = new Map(config.flatMap(pairsOf));
  const setting = (name: string): string | null => set.get(name) ?? null;
  const figure = (text: string | null | undefined): number | null =>
    text == null || text === '' || Number.isNaN(Number(text)) ? null : Number(text);
  const facts: Record<string, string | number | null> = {};
  for (const name of INFO) facts[name] = figure(says.get(name)) ?? says.get(name) ?? null;
  for (const name of CONFIG) facts[name] = setting(name);
  facts['maxmemory-policy'] ??= says.get('maxmemory_policy') ?? null;
  facts.visibility_timeout = options.visibilityTimeoutMs / 1000;
  facts.priority_steps = options.prioritySteps.join(', ');
  const connected = figure(says.get('connected_clients'));
  const named = detailed && connected !== null && connected <= MAX_LISTED ? await namedClients(link) : null;
  const perSecond = figure(says.get('instantaneous_ops_per_sec'));
  return {
    product: says.has('valkey_version') ? 'Valkey' : 'Redis',
    version: says.get('valkey_version') ?? says.get('redis_version') ?? null,
    uptime: figure(says.get('uptime_in_seconds')),
    memory: {
      used: figure(says.get('used_memory')),
      most: figure(setting('maxmemory')) ?? figure(says.get('maxmemory')),
    },
    clients: {
      connected,
      most: figure(setting('maxclients')) ?? figure(says.get('maxclients')),
    },
    memoryParts: memoryParts((name) => figure(says.get(name))),
    ...(perSecond !== null && { traffic: { of: 'commands', perSecond } as const }),
    ...(named && { named }),
    facts,
  };
}

/** They are `used_memory` together. []: this server does not tell them apart. */
function memoryParts(figure: (name: string) => number | null): MemoryPart[] {
  const [data, overhead] = [figure('used_memory_dataset'), figure('used_memory_overhead')];
  if (data === null || overhead === null) return [];
  const sum = (...names: string[]): number => names.reduce((total, name) => total + (figure(name) ?? 0), 0);
  const server = sum('used_memory_startup');
  const clients = sum('mem_clients_normal');
  const replicas = sum('mem_clients_slaves', 'mem_replication_backlog');
  const log = sum('mem_aof_buffer');
  const tables = Math.max(0, overhead - server - clients - replicas - log);
  const parts = { data, tables, clients, replicas, log, server };
  return Object.entries(parts).map(([part, bytes]) => ({ part: part as MemoryPart['part'], bytes }));
}

/** null: they may not be listed. Addresses are left out. */
async function namedClients(link: Link): Promise<NamedClients | null> {
  const [answer] = await link.send([['CLIENT', 'LIST']]);
  const text = readable(link, answer);
  if (typeof text !== 'string') return null;
  const field = (line: string, name: string) => new RegExp(`(?:^| )${name}=(\\S+)`).exec(line)?.[1] ?? null;
  return groupClients(
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => ({
        ...{ name: field(line, 'name'), software: field(line, 'lib-name') },
        isBlocked: field(line, 'flags')?.includes('b') === true,
      })),
  );
}

/** null: it may not be asked. */
function readable(link: Link, answer: unknown): unknown {
  if (!(answer instanceof Error)) return answer;
  if (/^(NOPERM|ERR)/.test(answer.message)) return null;
  throw new OperationalError(link.options.safeUrl, undefined, { cause: answer });
}

/** Lines of `name:value`, and of `# Section`. */
function infoOf(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const at = line.indexOf(':');
    if (at > 0 && !line.startsWith('#')) found.set(line.slice(0, at), line.slice(at + 1));
  }
  return found;
}

function pairsOf(answer: unknown): [string, string][] {
  if (!Array.isArray(answer)) return [];
  const pairs: [string, string][] = [];
  for (let i = 0; i + 1 < answer.length; i += 2) pairs.push([String(answer[i]), String(answer[i + 1])]);
  return pairs;
}
