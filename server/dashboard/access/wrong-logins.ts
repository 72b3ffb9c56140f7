// Who tried to log in with what is no user's: how long the next try has to wait, and what is told of it.
// Not here: whether a login is right (basic.ts).
// Holds: who has logged in from an address before is never made to wait there, whatever others try; a try that has to wait is not
// even looked at, so that waiting cannot be avoided by asking often at once; what it remembers is bounded.

import { isIPv6 } from 'node:net';
import { BoundedMap } from '../../../shared/bounded-map.ts';
import type { Timer } from '../../timer.ts';

/** Tries of one user from one address, then one in so many milliseconds. */
const OF_USER = { burst: 10, everyMs: 2000 };
/** Of all users together, from one address. */
const OF_ADDRESS = { burst: 60, everyMs: 1000 };
const MAX_KEPT = 10_000;
/** The first is reported at once, those that follow together. */
export const REPORT_EVERY_MS = 10_000;
/** Rows that strangers can make in the audit log. */
const MAX_PENDING = 20;

interface Tries {
  left: number;
  atMs: number;
}

export interface WrongLogin {
  readonly address: string;
  /** Or the name of a token. */
  readonly user: string;
  /** 'Wrong user or password', 'Token expired' */
  readonly why: string;
  /** Since it was told the last time. */
  readonly times: number;
}

export class WrongLogins {
  readonly #timer: Timer;
  readonly #report: (wrong: WrongLogin) => void;
  readonly #tries = new BoundedMap<string, Tries>(MAX_KEPT);
  readonly #known = new BoundedMap<string, true>(MAX_KEPT);
  readonly #pending = new Map<string, WrongLogin & { times: number }>();

  /** @param report at most once in ten seconds for each user and address */
  constructor(timer: Timer, report: (wrong: WrongLogin) => void) {
    this.#timer = timer;
    this.#report = report;
  }

  /** Before a login is looked at: how long it has to wait; 0: it need not. @param login what was given, as a digest */
  waitMs(address: string, user: string, login: string): number {
    if (this.#known.has(`${address} ${login}`)) return 0;
    const from = networkOf(address);
    return Math.max(
      this.#wait(this.#of(`${from} ${name(user)}`, OF_USER), OF_USER),
      this.#wait(this.#of(from, OF_ADDRESS), OF_ADDRESS),
    );
  }

  right(address: string, login: string): void {
    this.#known.set(`${address} ${login}`, true);
  }

  wrong(address: string, user: string, why = 'Wrong user or password'): void {
    const from = networkOf(address);
    this.#of(`${from} ${name(user)}`, OF_USER).left--;
    this.#of(from, OF_ADDRESS).left--;
    this.note(address, user, why);
  }

  /** Without a wait for it. */
  note(address: string, user: string, why: string): void {
    const key = `${networkOf(address)} ${name(user)} ${why}`;
    const pending = this.#pending.get(key);
    if (pending) {
      pending.times++;
      return;
    }
    if (this.#pending.size >= MAX_PENDING) return;
    this.#report({ address, user: name(user), why, times: 1 });
    this.#pending.set(key, { address, user: name(user), why, times: 0 });
    this.#timer.after(REPORT_EVERY_MS, () => {
      const more = this.#pending.get(key);
      this.#pending.delete(key);
      if (more && more.times > 0) this.#report(more);
    });
  }

  #of(key: string, { burst, everyMs }: typeof OF_USER): Tries {
    const nowMs = this.#timer.monotonic();
    const tries = this.#tries.get(key) ?? { left: burst, atMs: nowMs };
    const back = Math.floor((nowMs - tries.atMs) / everyMs);
    tries.left = Math.min(burst, tries.left + back);
    tries.atMs = tries.left >= burst ? nowMs : tries.atMs + back * everyMs;
    this.#tries.set(key, tries);
    return tries;
  }

  #wait(tries: Tries, { everyMs }: typeof OF_USER): number {
    return tries.left >= 1 ? 0 : tries.atMs + everyMs * (1 - tries.left) - this.#timer.monotonic();
  }
}

/** Whoever has one address of IPv6 has the 2^64 of its network. */
function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.split('::');
  const before = head.split(':').filter((one) => one !== '');
  const after = (tail ?? '').split(':').filter((one) => one !== '');
  const all =
    tail === undefined
      ? before
      : [...before, ...Array(Math.max(0, 8 - before.length - after.length)).fill('0'), ...after];
  return `${all
    .slice(0, 4)
    .map((one) => Number.parseInt(one, 16).toString(16))
    .join(':')}::/64`;
}

function name(user: string): string {
  return user.slice(0, 64);
}
