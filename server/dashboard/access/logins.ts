// A user and a password, from the Authorization header or from the sign-in page: looked at by one gate, so that whoever guesses is slowed
// down wherever they try.
// Not here: whether it is right (passwords.ts), how long who was wrong has to wait (wrong-logins.ts).
// Holds: the answer is the same for a name that nobody has; what was wrong is told in the log and in the record.
import type { Logger } from '../../log.ts';
import type { Timer } from '../../timer.ts';
import { ProblemError } from '../routes/context.ts';
import { digestOf } from './basic.ts';
import type { Credential } from './credentials.ts';
import { Passwords, PasswordsBusy } from './passwords.ts';
import { REPORT_EVERY_MS, type WrongLogin, WrongLogins } from './wrong-logins.ts';

/** What a browser is told to wait while too many passwords are being looked at. @unit seconds */
const BUSY_S = 2;

export class Logins {
  readonly passwords: Passwords;
  readonly #wrong: WrongLogins;

  /** @param audit a wrong login, for the record */
  constructor(credentials: readonly Credential[], timer: Timer, log: Logger, audit: (wrong: WrongLogin) => void) {
    this.passwords = new Passwords(credentials);
    this.#wrong = new WrongLogins(timer, (wrong) => {
      const times = wrong.times === 1 ? '' : `, ${wrong.times} times in ${REPORT_EVERY_MS / 1000} s`;
      log.warning(`${wrong.why} for ${JSON.stringify(wrong.user)} from ${wrong.address}${times}`);
      audit(wrong);
    });
  }

  /** @returns whether it is right  @throws ProblemError 429 for who has to wait */
  async check(address: string, user: string, password: string): Promise<boolean> {
    const digest = digestOf(user, password).toString('hex');
    this.#refuseEarly(address, user, digest);
    try {
      const isRight = await this.passwords.check(user, password, () => this.#wrong.waitMs(address, user, digest) === 0);
      if (isRight) this.#wrong.right(address, digest);
      else {
        this.#refuseEarly(address, user, digest);
        this.#wrong.wrong(address, user);
      }
      return isRight;
    } catch (error) {
      if (error instanceof PasswordsBusy) throw tooMany('Too many logins', BUSY_S);
      throw error;
    }
  }

  /** A token that is good for nothing: whoever guesses them is told of, too. */
  wrongToken(address: string, name: string, why: string): void {
    this.#wrong.wrong(address, name, why);
  }

  /** A sign-in at a provider that came to nothing: told, but nobody waits for it, since there is no password to be guessed. */
  notFinished(address: string, name: string, why: string): void {
    this.#wrong.note(address, name, why);
  }

  #refuseEarly(address: string, user: string, digest: string): void {
    const waitMs = this.#wrong.waitMs(address, user, digest);
    if (waitMs > 0) throw tooMany('Too many wrong logins', Math.ceil(waitMs / 1000));
  }
}

/** @param wait @unit seconds */
function tooMany(title: string, wait: number): ProblemError {
  return new ProblemError(429, title, `Try again in ${wait} s.`, { headers: { 'retry-after': String(wait) } });
}
