// Fanout exchanges are pub/sub: who listens gets a copy, nobody listening loses it. Which consumers hear which pattern.
// Holds: a queue hears a message once, also when several of its bindings match; a cancelled consumer hears nothing more.
// Kombu 5.6: transport/redis.py Channel._subscribe, _receive_one
import type { Keys } from './keys.ts';
import type { Link } from './link.ts';

export type FanoutListener = (text: string) => void;

interface SubscribedQueue {
  readonly patterns: readonly string[];
  readonly consumers: FanoutListener[];
  turn: number;
  last: string;
}

export class Fanout {
  readonly #link: Link;
  readonly #keys: Keys;
  readonly #queues = new Map<string, SubscribedQueue>();
  readonly #patterns = new Map<string, Set<string>>();

  constructor(link: Link, keys: Keys) {
    this.#link = link;
    this.#keys = keys;
  }

  async add(
    queue: string,
    bindings: readonly { exchange: string; routingKey: string }[],
    listener: FanoutListener,
  ): Promise<void> {
    const known = this.#queues.get(queue);
    if (known) {
      known.consumers.push(listener);
      return;
    }
    const patterns = [...new Set(bindings.map((one) => this.#keys.subscribePattern(one.exchange, one.routingKey)))];
    this.#queues.set(queue, { patterns, consumers: [listener], turn: 0, last: '' });
    for (const pattern of patterns) {
      const those = this.#patterns.get(pattern) ?? new Set();
      this.#patterns.set(pattern, those.add(queue));
      if (those.size === 1) await this.#link.subscribe(pattern);
    }
  }

  async remove(queue: string, listener: FanoutListener): Promise<void> {
    const known = this.#queues.get(queue);
    const at = known?.consumers.indexOf(listener) ?? -1;
    if (!known || at < 0) return;
    known.consumers.splice(at, 1);
    if (known.consumers.length > 0) return;
    this.#queues.delete(queue);
    for (const pattern of known.patterns) {
      const those = this.#patterns.get(pattern);
      those?.delete(queue);
      if (those?.size !== 0) continue;
      this.#patterns.delete(pattern);
      await this.#link.unsubscribe(pattern).catch(() => {}); // the connection is gone: so is the subscription
    }
  }

  onMessage(pattern: string, text: string): void {
    for (const name of [...(this.#patterns.get(pattern) ?? [])]) {
      const queue = this.#queues.get(name);
      if (!queue || queue.consumers.length === 0) continue;
      if (queue.patterns.length > 1) {
        if (queue.last === text) continue; // envelopes differ by their delivery tag
        queue.last = text;
      }
      queue.consumers[queue.turn++ % queue.consumers.length]!(text);
    }
  }
}
