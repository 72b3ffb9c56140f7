// API tokens: which there are, and which one a request carries. The store holds a token's hash alone (SHA-256 of 32 random bytes), so that
// a stolen file opens nothing; the text is told once, to who made it.
// Not here: what one may (identity.ts grantWithin, at the gate), making them by the API (../routes/tokens.ts), where they are kept
// (../user-data/).
// Holds: one that has expired or was revoked is good for nothing from that moment on, and what it holds open is closed; those that are gone
// stay in the list for a while, with what they tried since. When one was used is written down once a minute.
import { createHash, randomBytes } from 'node:crypto';
import type { ApiToken, TokenRequest, TokenScope } from '../../../shared/wire/tokens.ts';
import type { Timer } from '../../timer.ts';
import type { UserDataStore } from '../user-data/contract.ts';
import type { Identity } from './identity.ts';
import { type Maker, makerOf } from './maker.ts';

/** By it a token is known as one of ours, here and by those who look for secrets in files. */
const PREFIX = 'umb_';
/** How often the last use is written down. @unit seconds */
const WRITE_EVERY = 60;
/** How long one that is gone stays in the list. @unit seconds */
const KEEP_GONE = 90 * 86_400;
/** In use, of all people together. */
export const MAX_TOKENS = 500;
const HOURS = 24;
const LAPSED = 'Its maker has to sign in again';

/** As it is kept. */
export interface KeptToken extends Maker {
  /** Hash of its text. */
  readonly id: string;
  readonly name: string;
  readonly scope: TokenScope;
  /** When that provider last said that its maker may come in; not there: when it was made. null: it said that they may not. */
  readonly confirmed?: number | null;
  /** @unit seconds since the epoch */
  readonly created: number;
  /** null: never. */
  readonly expires: number | null;
  readonly revoked: { readonly at: number; readonly by: string } | null;
  readonly last_used: { readonly at: number; readonly address: string } | null;
  /** By hour since the epoch: good, and refused. */
  readonly calls: Readonly<Record<string, number>>;
  readonly refused: Readonly<Record<string, number>>;
}

/** The token of an Authorization header: one of ours by its look. null: there is none. */
export function readToken(header: string | undefined): string | null {
  const text = /^Bearer +(\S{1,200})\s*$/i.exec(header ?? '')?.[1];
  return text?.startsWith(PREFIX) ? text : null;
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
/** Enough to tell them apart. */
const publicId = ({ id }: Pick<KeptToken, 'id'>): string => id.slice(0, 16);

export class Tokens {
  readonly #store: () => Promise<UserDataStore>;
  readonly #timer: Timer;
  readonly #onEnd: (key: string, reason: string) => void;
  readonly #lapseAfter: number | null;
  readonly #written = new Map<string, number>();
  readonly #confirmed: ((owner: string, place: string, may: boolean) => void)[] = [];
  #loading: Promise<Map<string, KeptToken>> | null = null;

  /**
   * @param onEnd one is good for nothing any more: what it holds open is to be closed
   * @param lapseAfter one whose maker's provider has not spoken for them for so long is good for nothing until it does @unit seconds
   */
  constructor(
    store: () => Promise<UserDataStore>,
    timer: Timer,
    onEnd: (key: string, reason: string) => void,
    lapseAfter: number | null = null,
  ) {
    this.#lapseAfter = lapseAfter;
    this.#store = store;
    this.#timer = timer;
    this.#onEnd = onEnd;
  }

  /** @returns its text, this once */
  async make(
    { name, scope, expires_in: lasts }: TokenRequest,
    maker: Identity,
  ): Promise<{ token: string; made: ApiToken }> {
    const all = await this.#loaded();
    const token = PREFIX + randomBytes(32).toString('base64url');
    const created = this.#now();
    const kept: KeptToken = {
      ...{ id: hash(token), name, scope, ...makerOf(maker) },
      ...{ created, expires: lasts === null ? null : created + lasts, revoked: null, last_used: null },
      ...{ calls: {}, refused: {} },
    };
    await this.#write(kept);
    all.set(kept.id, kept);
    this.#endInTime(kept);
    await this.#forget(all);
    return { token, made: this.#shown(kept) };
  }

  /** What a text opens, which is counted as its use. @returns null: nothing; `refused`: a token of ours once */
  async use(
    text: string,
    address: string,
  ): Promise<{ readonly token: KeptToken; readonly refused: Exclude<ApiToken['state'], 'active'> | null } | null> {
    const all = await this.#loaded();
    const kept = all.get(hash(text));
    if (!kept) return null;
    const state = this.#state(kept);
    const now = this.#now();
    const count = state === 'active' ? 'calls' : 'refused';
    const used = {
      ...kept,
      [count]: counted(kept[count], now),
      ...(state === 'active' && { last_used: { at: now, address } }),
    };
    // Kept in mind at once, on the disk once a minute: a request does not wait for it, nor fail with it.
    all.set(kept.id, used);
    if (now - (this.#written.get(kept.id) ?? 0) >= WRITE_EVERY) {
      this.#written.set(kept.id, now);
      this.#store()
        .then((store) => store.putRecord('token', { id: kept.id, value: all.get(kept.id) }))
        .catch(() => {});
    }
    return { token: used, refused: state === 'active' ? null : state };
  }

  /** A provider has said of somebody that they may come in, or that they may not. */
  async confirm(owner: string, place: string, may: boolean): Promise<void> {
    if (this.#lapseAfter === null) return;
    for (const fn of this.#confirmed) fn(owner, place, may);
    for (const kept of [...(await this.#loaded()).values()]) {
      if (kept.owner !== owner || kept.account?.place !== place) continue;
      const changed = { ...kept, confirmed: may ? this.#now() : null };
      (await this.#loaded()).set(kept.id, changed);
      if (!may) this.#onEnd(kept.id, LAPSED);
      await this.#write(changed);
    }
  }

  /** For others that act in the name of who made them: told what `confirm` is told, where tokens lapse. */
  onConfirm(fn: (owner: string, place: string, may: boolean) => void): void {
    this.#confirmed.push(fn);
  }

  /** Ends what is held open by those that have lapsed. @param keys of tokens */
  async endLapsed(keys: Iterable<string>): Promise<void> {
    if (this.#lapseAfter === null) return;
    const all = await this.#loaded();
    for (const key of keys) {
      const kept = all.get(key);
      if (kept && this.#state(kept) === 'lapsed') this.#onEnd(key, LAPSED);
    }
  }

  /** Newest first. */
  async list(): Promise<ApiToken[]> {
    const all = [...(await this.#loaded()).values()];
    return all.sort((a, b) => b.created - a.created).map((one) => this.#shown(one));
  }

  /** By the id that others know it by; null: there is none. */
  async find(id: string): Promise<{ readonly token: KeptToken; readonly state: ApiToken['state'] } | null> {
    const kept = [...(await this.#loaded()).values()].find((one) => publicId(one) === id);
    return kept ? { token: kept, state: this.#state(kept) } : null;
  }

  /** @returns null: there is none of this id that is in use */
  async revoke(id: string, by: string): Promise<ApiToken | null> {
    const all = await this.#loaded();
    const kept = (await this.find(id))?.token;
    if (!kept || !isInUse(this.#state(kept))) return null;
    const revoked = { ...kept, revoked: { at: this.#now(), by } };
    // At once; then on the disk.
    all.set(kept.id, revoked);
    this.#onEnd(kept.id, 'The token was revoked');
    await this.#write(revoked);
    return this.#shown(revoked);
  }

  async #write(kept: KeptToken): Promise<void> {
    await (await this.#store()).putRecord('token', { id: kept.id, value: kept });
    this.#written.set(kept.id, this.#now());
  }

  #endInTime({ id, expires }: KeptToken): void {
    if (expires !== null && expires > this.#now())
      this.#timer.at(expires * 1000, () => this.#onEnd(id, 'The token has expired'));
  }

  async #forget(all: Map<string, KeptToken>): Promise<void> {
    const store = await this.#store();
    const before = this.#now() - KEEP_GONE;
    for (const { id, expires, revoked } of [...all.values()]) {
      if (Math.min(expires ?? Number.POSITIVE_INFINITY, revoked?.at ?? Number.POSITIVE_INFINITY) >= before) continue;
      all.delete(id);
      this.#written.delete(id);
      await store.deleteRecord('token', id);
    }
  }

  #state(kept: KeptToken): ApiToken['state'] {
    const { account, created, expires, revoked, confirmed = created } = kept;
    if (revoked !== null) return 'revoked';
    if (expires !== null && expires <= this.#now()) return 'expired';
    const lapses = this.#lapseAfter !== null && account != null;
    return lapses && (confirmed === null || this.#now() - confirmed > this.#lapseAfter!) ? 'lapsed' : 'active';
  }

  #shown(kept: KeptToken): ApiToken {
    const { name, scope, owner, created, expires, revoked, last_used } = kept;
    const state = this.#state(kept);
    const [calls, refused] = [sumOf(kept.calls, this.#now()), sumOf(kept.refused, this.#now())];
    return { id: publicId(kept), name, scope, owner, created, expires, state, revoked, last_used, calls, refused };
  }

  #now(): number {
    return this.#timer.now() / 1000;
  }

  #loaded(): Promise<Map<string, KeptToken>> {
    this.#loading ??= this.#load().catch((error: unknown) => {
      this.#loading = null;
      throw error;
    });
    return this.#loading;
  }

  async #load(): Promise<Map<string, KeptToken>> {
    const kept = (await (await this.#store()).records('token')).map(({ value }) => value as KeptToken);
    for (const one of kept) this.#endInTime(one);
    return new Map(kept.map((one) => [one.id, one]));
  }
}

/** It can be good again. */
export const isInUse = (state: ApiToken['state']): boolean => state === 'active' || state === 'lapsed';

const hourOf = (at: number): number => Math.floor(at / 3600);

function counted(by: Readonly<Record<string, number>>, now: number): Record<string, number> {
  const hour = hourOf(now);
  const kept = Object.entries(by).filter(([one]) => hour - Number(one) < HOURS);
  return { ...Object.fromEntries(kept), [hour]: (by[hour] ?? 0) + 1 };
}

function sumOf(by: Readonly<Record<string, number>>, now: number): number {
  const hour = hourOf(now);
  return Object.entries(by).reduce((sum, [one, n]) => (hour - Number(one) < HOURS ? sum + n : sum), 0);
}
