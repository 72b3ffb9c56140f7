// The logical clock of one app or worker: it rises with everything sent, and past everything received.
// Not a time of day (timer.ts). Event order: shared/events.
// Kombu: clocks.py LamportClock
/** Beyond this, adding one would soon be lost to rounding, and every event would have the same place. */
const MAX_CLOCK = 2 ** 52;

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

  /** When something is received with the other's value. One that no cluster can have counted to is not taken over. */
  adjust(other: number): number {
    const isCount = Number.isSafeInteger(other) && other <= MAX_CLOCK;
    this.value = Math.max(this.value, isCount ? other : 0) + 1;
    return this.value;
  }
}
