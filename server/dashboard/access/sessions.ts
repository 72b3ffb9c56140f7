// Sessions: who has signed in, from when on and from where. The cookie holds a random number and its signature; the store holds the number's
// hash, so that neither a stolen file nor a guessed cookie opens a session.
// Not here: signing in (sign-in.ts), the cookie itself (cookie.ts), where they are kept (../user-data/).
// Holds: one ends after `idle` without use and after `max` in all, whichever comes first, and when it is ended; all of them are known
// after a restart. When one was used is written once a minute.
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Timer } from '../../timer.ts';
import type { UserDataStore } from '../user-data/contract.ts';
import type { Account } from './identity.ts';
import { derivedKey, secretOf } from './seal.ts';

/** How often the last use is written down. @unit seconds */
const WRITE_EVERY = 60;
/** Of all people together: the longest unused leave first. */
const MAX_SESSIONS = 10_000;

export interface Session {
  /** Hash of what the cookie holds. */
  readonly id: string;
  readonly user: string;
  readonly groups: readonly string[];
  /** 'password', or the provider's name. */
  readonly by: string;
  /** Of the password it began with, or of the terms of the provider: others end it. */
  readonly mark: string | null;
  /** At the provider; null, and not there in older files: it began with a password. */
  readonly account?: Account | null;
  /** Sealed: what the provider is asked again with; null: it is not asked. */
  readonly grant: string | null;
  /** When the provider was asked last. @unit seconds since the epoch */
  readonly asked: number;
  readonly address: string;
  /** What the browser calls itself. */
  readonly agent: string;
  /** @unit seconds since the epoch */
  readonly created: number;
  readonly used: number;
}

export interface SessionLimits {
  /** @unit seconds */
  readonly idle: number;
  readonly max: number;
}

export interface SessionOptions extends SessionLimits {
  /** What cookies are signed with; null: a random key, kept with the sessions. */
  readonly secret: string | null;
  /** These are over: what they hold open is to be closed. */
  readonly onEnd: (ids: ReadonlySet<string>) => void;
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex');

interface Loaded {
  readonly key: Buffer;
  readonly all: Map<string, Session>;
}

export class Sessions {
  readonly limits: SessionLimits;
  readonly #store: () => Promise<UserDataStore>;
  readonly #timer: Timer;
  readonly #secret: string | null;
  readonly #onEnd: (ids: ReadonlySet<string>) => void;
  #loading: Promise<Loaded> | null = null;

  constructor(store: () => Promise<UserDataStore>, timer: Timer, { secret, onEnd, idle, max }: SessionOptions) {
    this.#store = store;
    this.#timer = timer;
    this.#secret = secret;
    this.#onEnd = onEnd;
    this.limits = { idle, max };
  }

  /** @returns what the cookie has to hold */
  async begin(of: Omit<Session, 'id' | 'created' | 'used'>): Promise<{ session: Session; cookie: string }> {
    const { all, key } = await this.#loaded();
    const number = randomBytes(32).toString('base64url');
    const now = this.#now();
    const session: Session = { ...of, agent: of.agent.slice(0, 300), id: hash(number), created: now, used: now };
    await (await this.#store()).putRecord('session', { id: session.id, value: session });
    all.set(session.id, session);
    const surplus = all.size - MAX_SESSIONS;
    if (surplus > 0) await this.#end([...all.values()].sort((a, b) => a.used - b.used).slice(0, surplus));
    return { session, cookie: `${number}.${sign(number, key)}` };
  }

  /** The session that a cookie opens, which is used by that; null: none, or it is over. */
  async use(cookie: string): Promise<Session | null> {
    const { all, key } = await this.#loaded();
    const id = idOf(cookie, key);
    const session = id === null ? undefined : all.get(id);
    if (!session) return null;
    if (this.#isOver(session)) {
      await this.#end([session]);
      return null;
    }
    const now = this.#now();
    if (now - session.used < WRITE_EVERY) return session;
    return this.change(session, {});
  }

  /** It is used by that. What cannot be written down holds as long as this process. */
  async change(
    session: Session,
    change: Partial<Pick<Session, 'groups' | 'grant' | 'account' | 'asked'>>,
  ): Promise<Session> {
    const { all } = await this.#loaded();
    const changed = { ...session, ...change, used: this.#now() };
    if (!all.has(session.id)) return changed;
    all.set(changed.id, changed);
    const store = await this.#store();
    await store.putRecord('session', { id: changed.id, value: changed }).catch(() => {});
    return changed;
  }

  /** Those that are not over, newest first. */
  async list(): Promise<Session[]> {
    const { all } = await this.#loaded();
    return [...all.values()].filter((one) => !this.#isOver(one)).sort((a, b) => b.created - a.created);
  }

  /** @returns those that were ended */
  async end(which: (session: Session) => boolean): Promise<Session[]> {
    const { all } = await this.#loaded();
    const ended = [...all.values()].filter(which);
    await this.#end(ended);
    return ended;
  }

  /** Those whose time is over end now, though nobody asks with them. */
  async sweep(): Promise<void> {
    if (this.#loading !== null) await this.end((one) => this.#isOver(one));
  }

  async #end(sessions: readonly Session[]): Promise<void> {
    if (sessions.length === 0) return;
    const { all } = await this.#loaded();
    const store = await this.#store();
    // Over at once; then on the disk.
    for (const { id } of sessions) all.delete(id);
    this.#onEnd(new Set(sessions.map(({ id }) => id)));
    for (const { id } of sessions) await store.deleteRecord('session', id);
  }

  #isOver({ created, used }: Session): boolean {
    const now = this.#now();
    return now - used >= this.limits.idle || now - created >= this.limits.max;
  }

  #now(): number {
    return this.#timer.now() / 1000;
  }

  #loaded(): Promise<Loaded> {
    this.#loading ??= this.#load().catch((error: unknown) => {
      this.#loading = null;
      throw error;
    });
    return this.#loading;
  }

  async #load(): Promise<Loaded> {
    const key = derivedKey(await secretOf(this.#secret, this.#store), 'session');
    const kept = await (await this.#store()).records('session');
    return { key, all: new Map(kept.map(({ id, value }) => [id, value as Session])) };
  }
}

/** The hash of a cookie's number; null: we have not signed it. */
function idOf(cookie: string, key: Buffer): string | null {
  const [number = '', signature = '', ...more] = cookie.split('.');
  const expected = Buffer.from(sign(number, key));
  const given = Buffer.from(signature);
  if (more.length > 0 || given.length !== expected.length || !timingSafeEqual(given, expected)) return null;
  return hash(number);
}

const sign = (number: string, key: Buffer): string => createHmac('sha256', key).update(number).digest('base64url');
