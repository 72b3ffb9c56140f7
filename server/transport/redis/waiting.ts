// Who waits for messages on this server, by its own list of clients.
// A worker of kombu's waits in BRPOP: its connection then has the flag `b`. One whose connection was silently cut keeps `cmd=brpop`, the
// last it sent, and has lost the flag, while its heartbeats and answers go on over other connections. Our own workers do not block:
// they look when the server tells them of a change (reader.ts), so they are not counted here.
// Kombu 5.6: transport/redis.py Channel._brpop_start
import { OperationalError } from '../../errors.ts';
import type { WaitingConsumers } from '../contract.ts';
import type { Link } from './link.ts';

export async function waitingConsumers(link: Link): Promise<WaitingConsumers | null> {
  const [answer] = await link.send([['CLIENT', 'LIST', 'TYPE', 'normal']]);
  if (answer instanceof Error) {
    // Not every account may ask, and not every service that speaks Redis has a list.
    if (/^(NOPERM|ERR)/.test(answer.message)) return null;
    throw new OperationalError(link.options.safeUrl, undefined, { cause: answer });
  }
  return { kombu: countBlocked(String(answer), link.options.client.db ?? 0) };
}

/** Lines of `id=3 addr=... db=0 ... flags=b ... cmd=brpop ...`. */
export function countBlocked(list: string, db: number): number {
  let blocked = 0;
  for (const line of list.split('\n')) {
    const field = (name: string): string => new RegExp(`(?:^| )${name}=(\\S*)`).exec(line)?.[1] ?? '';
    if (field('cmd') === 'brpop' && field('flags').includes('b') && field('db') === String(db)) blocked++;
  }
  return blocked;
}
