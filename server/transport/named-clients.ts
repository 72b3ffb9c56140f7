// Who is connected to a broker, by the names and libraries that clients tell of themselves.
// Not here: asking for them (redis/about.ts, and RabbitMQ's in dashboard/cluster/management-api.ts).
import type { NamedClients } from './contract.ts';

export interface SeenClient {
  /** null: it says none. */
  readonly name: string | null;
  readonly software: string | null;
  /** It waits in a command that blocks. */
  readonly isBlocked: boolean;
}

const MAX_GROUPS = 50;

export function groupClients(clients: readonly SeenClient[]): NamedClients {
  const groups = new Map<string, { name: string | null; software: string | null; count: number; blocked: number }>();
  for (const { name, software, isBlocked } of clients) {
    const key = JSON.stringify([name, software]);
    const group = groups.get(key) ?? { name, software, count: 0, blocked: 0 };
    groups.set(key, group);
    group.count++;
    if (isBlocked) group.blocked++;
  }
  const most = [...groups.values()].sort((a, b) => b.count - a.count);
  return { of: clients.length, groups: most.slice(0, MAX_GROUPS) };
}
