// Whether a user and a password are one of those of basic_auth: plain ones by their digest, hashed ones by scrypt, of which few run at a time.
// Not here: where the list comes from (credentials.ts), who tried too often (wrong-logins.ts).
// Holds: it takes as long for a name that nobody has; strangers cannot make the server hash more than RUNNING at once, nor wait in a line
// longer than WAITING; who was right is not hashed again, so that a script that sends its login each time costs one hash.
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { BoundedMap } from '../../../shared/bounded-map.ts';
import type { Credential } from './credentials.ts';
import { type PasswordHash, readPasswordHash, verifyPassword } from './password-hash.ts';

/** Hashes at a time: Node has four threads for such work, and files need some. */
const RUNNING = 2;
const WAITING = 20;
const MAX_KNOWN = 1000;

/** Too many passwords are being looked at. */
export class PasswordsBusy extends Error {}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

export class Passwords {
  /** Hashes made so far. */
  hashed = 0;
  readonly #plain: readonly { user: string; digest: Buffer }[];
  readonly #hashes: ReadonlyMap<string, PasswordHash>;
  /** For names that nobody has. */
  readonly #nobody: PasswordHash | null;
  readonly #key = randomBytes(32);
  readonly #known = new BoundedMap<string, true>(MAX_KNOWN);
  readonly #marks: ReadonlyMap<string, string>;
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(credentials: readonly Credential[]) {
    const hashes = new Map<string, PasswordHash>();
    const plain: { user: string; digest: Buffer }[] = [];
    for (const { user, password } of credentials) {
      const hash = readPasswordHash(password);
      if (hash === null) plain.push({ user, digest: digest(`${user}:${password}`) });
      else hashes.set(user, hash);
    }
    this.#plain = plain;
    this.#hashes = hashes;
    const [first] = hashes.values();
    this.#nobody = first
      ? { ...first, salt: randomBytes(first.salt.length), hash: randomBytes(first.hash.length) }
      : null;
    this.#marks = new Map(
      credentials.map(({ user, password }) => [
        user,
        digest(`mark ${user}:${password}`).toString('base64url').slice(0, 3),
      ]),
    );
  }

  /** Changes with a user's password, and is too short to find it by. null: there is no such user. */
  markOf(user: string): string | null {
    return this.#marks.get(user) ?? null;
  }

  /**
   * @param mayGoOn asked once more before a hash is made, since others may have been wrong meanwhile
   * @returns whether the user has this password  @throws PasswordsBusy
   */
  async check(user: string, password: string, mayGoOn: () => boolean = () => true): Promise<boolean> {
    let isRight = false;
    const given = digest(`${user}:${password}`);
    for (const one of this.#plain) if (timingSafeEqual(given, one.digest)) isRight = true;
    if (isRight || this.#nobody === null) return isRight;
    const known = createHmac('sha256', this.#key).update(given).digest('base64url');
    if (this.#known.has(known)) return true;
    await this.#turn();
    try {
      if (!mayGoOn()) return false;
      this.hashed++;
      const hash = this.#hashes.get(user);
      isRight = (await verifyPassword(password, hash ?? this.#nobody)) && hash !== undefined;
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running--;
    }
    if (isRight) this.#known.set(known, true);
    return isRight;
  }

  /** Who is let go takes the place of who has ended. */
  async #turn(): Promise<void> {
    if (this.#running < RUNNING) this.#running++;
    else if (this.#waiting.length < WAITING) await new Promise<void>((go) => this.#waiting.push(go));
    else throw new PasswordsBusy('Too many logins are being looked at.');
  }
}
