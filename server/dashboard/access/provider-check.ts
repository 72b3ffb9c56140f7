// Whether a session that began at a provider goes on: its account is still one that may come in, and the provider, asked again from time to
// time, says so too.
// Not here: the way there and back (provider-flow.ts).
// Holds: a provider that does not answer ends no session; one that gave nothing to ask it again with ends it when the time for that has
// come; for one session it is asked once at a time.

import { toError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { Timer } from '../../timer.ts';
import type { Account } from './identity.ts';
import { acceptable } from './provider-flow.ts';
import { type Tokens as Grants, type Provider, SignInFailed } from './providers/contract.ts';
import type { Seal } from './seal.ts';
import type { Session, Sessions } from './sessions.ts';
import type { Tokens } from './tokens.ts';

/** One that did not answer. @unit seconds */
const TRY_AGAIN_AFTER = 60;

export interface CheckParts {
  readonly provider: Provider;
  readonly mark: string;
  readonly isKnown: (account: Account) => boolean;
  readonly sessions: Sessions;
  readonly seal: () => Promise<Seal>;
  /** The provider is asked again after so long. @unit seconds */
  readonly recheck: number;
  /** Those that somebody made live by what the provider says of them. */
  readonly tokens: Pick<Tokens, 'confirm'>;
  /** What is open with it was let in by other groups. */
  readonly onRegrouped: (session: Session) => void;
  readonly timer: Timer;
  readonly log: Logger;
}

export class ProviderCheck {
  readonly #parts: CheckParts;
  readonly #asking = new Map<string, Promise<Session | null>>();

  constructor(parts: CheckParts) {
    this.#parts = parts;
  }

  /** null: it ends. */
  async renew(session: Session): Promise<Session | null> {
    const { isKnown, mark, provider, recheck, timer } = this.#parts;
    if (session.by !== provider.name || session.mark !== mark || !session.account || !isKnown(session.account))
      return null;
    if (timer.now() / 1000 - session.asked < recheck) return session;
    if (session.grant === null) return null;
    const asking = this.#asking.get(session.id) ?? this.#ask(session).finally(() => this.#asking.delete(session.id));
    this.#asking.set(session.id, asking);
    return asking;
  }

  async #ask(session: Session): Promise<Session | null> {
    const { log, onRegrouped, provider, recheck, seal, sessions, timer, tokens } = this.#parts;
    const sealed = await seal();
    const grants = sealed.open(session.grant!) as Grants | null;
    if (grants === null) return null;
    try {
      const person = acceptable(await provider.again(grants));
      if (person.name !== session.user)
        throw new SignInFailed('denied', `They are called otherwise now: ${person.name}`);
      const grant = person.tokens === null ? null : sealed.seal(person.tokens);
      const account = { ...session.account!, email: person.email };
      const change = { groups: person.groups, grant, account, asked: timer.now() / 1000 };
      const changed = await sessions.change(session, change);
      await tokens.confirm(session.user, account.place, true);
      if (String(session.groups) !== String(person.groups)) onRegrouped(changed);
      return changed;
    } catch (error) {
      const isSilent = error instanceof SignInFailed && error.kind === 'silent';
      const isTheirs = error instanceof SignInFailed && (error.kind === 'denied' || error.kind === 'unverified');
      if (isTheirs) await tokens.confirm(session.user, session.account!.place, false);
      const end = isSilent ? '' : ' Their session ends.';
      log.warning(`${provider.label} was asked about ${session.user} again: ${toError(error).message}.${end}`);
      return isSilent ? sessions.change(session, { asked: timer.now() / 1000 - recheck + TRY_AGAIN_AFTER }) : null;
    }
  }
}
