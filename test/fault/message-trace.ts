// Where the messages of a Redis went, by MONITOR: how often each was put into a list, how often it was recorded as unacked.
// Ours take and record in one script (server/transport/redis/scripts.ts). Kombu pops (BRPOP) and records (HSET unacked) in a second command
// (transport/redis.py Channel._brpop_read, QoS.append): what a process popped that was killed before the second, nobody has any more.
// Holds: nothing is judged before all that was commanded has been heard (`settle`).
import type { Redis } from 'ioredis';
import { until } from '../support/until.ts';
import { PATIENT } from './world.ts';

/** What became of one message, by its task's id. */
export interface Way {
  /** Into a list: sent, sent again, given back. */
  pushed: number;
  /** Into `unacked`. */
  recorded: number;
}

/** Others than LTRIM and BRPOP that make a list shorter. */
const TAKING = new Set([
  'rpop',
  'lpop',
  'blpop',
  'rpoplpush',
  'lmove',
  'lmpop',
  'lrem',
  'lset',
  'del',
  'unlink',
  'rename',
]);

export class MessageTrace {
  readonly #ways = new Map<string, Way>();
  /** What scripts took out of the list, and recorded: a message that was taken and not recorded is one that we lost. */
  readonly ours = { taken: 0, recorded: 0 };
  /** Commands that took out of the list and are no script and no BRPOP: whatever they are, they explain nothing. */
  readonly others = new Set<string>();
  readonly #monitor: Redis;
  readonly #client: Redis;
  #marks = 0;
  #heard = 0;

  private constructor(client: Redis, monitor: Redis) {
    this.#client = client;
    this.#monitor = monitor;
    monitor.on('monitor', (_time: string, args: string[], source: string) => this.#note(args, source === 'lua'));
    monitor.on('error', () => {});
  }

  static async open(client: Redis): Promise<MessageTrace> {
    return new MessageTrace(client, await client.monitor());
  }

  way(id: string): Way {
    return this.#ways.get(id) ?? { pushed: 0, recorded: 0 };
  }

  /** It was popped by a command that records nothing, and whoever popped it never recorded it: no list has it, nor `unacked`. */
  async lostBetweenPopAndRecord(id: string): Promise<boolean> {
    const { pushed, recorded } = this.way(id);
    const held = [await this.#client.lrange('celery', 0, -1), await this.#client.hvals('unacked')].flat();
    return pushed === recorded + 1 && !held.some((raw) => raw.includes(id));
  }

  /** Resolves when all that was commanded so far has been heard. */
  async settle(): Promise<void> {
    const mark = ++this.#marks;
    await this.#client.echo(`mark ${mark}`);
    await until(() => this.#heard >= mark, 'MONITOR to catch up', PATIENT);
  }

  close(): void {
    this.#monitor.disconnect();
  }

  #note(args: string[], isScript: boolean): void {
    const [command, key] = [args[0]!.toLowerCase(), args[1]];
    if (command === 'echo' && key?.startsWith('mark ')) this.#heard = Number(key.slice(5));
    else if (command === 'lpush' || command === 'rpush') {
      for (const raw of args.slice(2)) this.#of(raw, (way) => way.pushed++);
    } else if (command === 'hset' && key === 'unacked') {
      for (let i = 3; i < args.length; i += 2) {
        this.#of(args[i]!, (way) => way.recorded++);
        if (isScript) this.ours.recorded++;
      }
    } else if (key === 'celery' && command === 'ltrim') {
      // LTRIM celery 0 -3: the two that are next.
      this.ours.taken += -Number(args[3]) - 1;
      if (!isScript) this.others.add(command);
    } else if (key === 'celery' && TAKING.has(command)) this.others.add(command);
  }

  #of(raw: string, count: (way: Way) => void): void {
    // Of the task's own header: root_id and the others end in another name.
    const id = /"id": ?"([0-9a-f-]{36})"/.exec(raw)?.[1];
    if (!id) return;
    let way = this.#ways.get(id);
    if (!way) {
      way = { pushed: 0, recorded: 0 };
      this.#ways.set(id, way);
    }
    count(way);
  }
}
