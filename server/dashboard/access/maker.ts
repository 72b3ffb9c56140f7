// What somebody may who is not there: who made a token or an automation, which go on in their name.
// Not here: the rules (rules.ts), tokens (tokens.ts), automations (../automations/).
// Holds: nobody keeps by what they made a right that they have lost, as far as that can be known without asking them.
import type { Resolved } from '../options.ts';
import type { Account, Grant, Identity } from './identity.ts';
import { isKnownAccount } from './providers/configured.ts';
import type { Admitting } from './rules.ts';

export interface Maker {
  /** 'anonymous' where nobody logs in. */
  readonly owner: string;
  /** When it was made. */
  readonly groups: readonly string[];
  /** How they were known then. */
  readonly via: Identity['via'];
  /** At a provider. null, and not there in older files: they had signed in in another way. */
  readonly account?: Account | null;
}

export const makerOf = ({ name, groups, via, account }: Identity): Maker => ({
  owner: name ?? 'anonymous',
  groups,
  via,
  account,
});

/** null: they are no user any more, or no rule lets them in. */
export function grantOfMaker(maker: Maker, rules: Admitting, options: Resolved): Grant | null {
  return isGone(maker, options) ? null : rules.grantOf(maker.owner, maker.groups);
}

function isGone({ account, owner, via }: Maker, options: Resolved): boolean {
  if (account) return !isKnownAccount(account, options);
  return (via === 'basic' || via === 'session') && !options.basic_auth.some(({ user }) => user === owner);
}
