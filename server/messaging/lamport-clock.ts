// The logical clock of one app or worker: it rises with everything sent, and past everything received.
// Not a time of day (timer.ts). Event order: shared/events.
// Kombu: clocks.py LamportClock
export class LamportClock {
  value: number;

  constructor(initial = 0) {
    this.value = initial;
  }

  /** Before something is sent: the value to send with it. */
  forward(): number {
    this.value += 1;
    return this.value;
  }

  /** When something is received with the other's value. */
  adjust(other: number): number {
    this.value = Math.max(this.value, Number.isFinite(other) ? other : 0) + 1;
    return this.value;
  }
}
