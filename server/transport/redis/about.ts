// What a Redis server says of itself: version, memory, clients, and the settings on which the safety of messages hangs.
// Not here: what follows from them (dashboard/views/broker.ts).
// Holds: services that hide CONFIG (NOPERM, ERR) leave what only it tells unknown; nothing that may be a secret is asked for.
import { OperationalError } from '../../errors.ts';
import type { BrokerAbout } from '../contract.ts';
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

export async function aboutServer(link: Link, options: RedisBrokerOptions): Promise<BrokerAbout> {
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
  return {
    product: says.has('valkey_version') ? 'Valkey' : 'Redis',
    version: says.get('valkey_version') ?? says.get('redis_version') ?? null,
    uptime: figure(says.get('uptime_in_seconds')),
    memory: {
      used: figure(says.get('used_memory')),
      most: figure(setting('maxmemory')) ?? figure(says.get('maxmemory')),
    },
    clients: {
      connected: figure(says.get('connected_clients')),
      most: figure(setting('maxclients')) ?? figure(says.get('maxclients')),
    },
    facts,
  };
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
