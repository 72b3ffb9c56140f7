// What one channel has been delivered and not yet settled, and how settling is sent: acknowledgements are gathered for a turn of the
// event loop, and those without an older unsettled delivery before them go as one (`multiple`).
// Holds: a delivery is settled once, in the order of the calls as far as it can be seen: what is rejected goes before what is acknowledged.
// py-amqp: channel.py basic_ack; kombu 5.6: transport/virtual/base.py QoS
import type { Settlement } from '../virtual/delivery.ts';

export interface Wire {
  ack(deliveryTag: number, multiple: boolean): void;
  reject(deliveryTag: number, requeue: boolean): void;
  /** What was said leaves now. */
  writeOut(): void;
}

export class Settling {
  readonly #wire: Wire;
  #holding = false;
  /** In order of delivery; true: acknowledged, and not yet sent. */
  readonly #held = new Map<number, boolean>();
  #acked: number[] = [];
  #scheduled: NodeJS.Immediate | null = null;
  /** Something was sent since `takeSent` was read last. */
  #sent = false;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  deliver(deliveryTag: number): void {
    this.#held.set(deliveryTag, false);
  }

  settle(deliveryTag: number, how: Settlement): void {
    if (!this.#held.has(deliveryTag)) return;
    if (how === 'ack') {
      this.#held.set(deliveryTag, true);
      this.#acked.push(deliveryTag);
      if (!this.#holding)
        this.#scheduled ??= setImmediate(() => {
          this.send();
          this.#wire.writeOut();
        });
      return;
    }
    this.#held.delete(deliveryTag);
    this.#sent = true;
    this.#wire.reject(deliveryTag, how === 'requeue');
  }

  /** Nothing is sent before `send`. */
  hold(): void {
    this.#holding = true;
    if (this.#scheduled) clearImmediate(this.#scheduled);
    this.#scheduled = null;
  }

  /** Sends what was gathered. */
  send(): void {
    if (this.#scheduled) clearImmediate(this.#scheduled);
    this.#scheduled = null;
    if (this.#acked.length === 0) return;
    const acked = this.#acked;
    this.#acked = [];
    this.#sent = true;
    let last = 0;
    let count = 0;
    for (const [tag, done] of this.#held) {
      if (!done) break;
      this.#held.delete(tag);
      last = tag;
      count++;
    }
    if (count > 0) this.#wire.ack(last, count > 1);
    if (count === acked.length) return;
    for (const tag of acked) if (this.#held.delete(tag)) this.#wire.ack(tag, false);
  }

  /** Whether anything was sent since it was asked last. */
  takeSent(): boolean {
    const sent = this.#sent;
    this.#sent = false;
    return sent;
  }

  /** The channel is gone: whatever was held is delivered again, to somebody. */
  forget(): void {
    if (this.#scheduled) clearImmediate(this.#scheduled);
    this.#scheduled = null;
    this.#held.clear();
    this.#acked = [];
  }
}
