// What stands between a request and the dashboard, put together: the gate of each cluster, who asks, sessions and signing in.
// Not here: each of them, the routes.
// Holds: with a session ends what it holds open; a session whose time is over ends though nobody asks with it.
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { CLOSE_SIGNED_OUT } from '../../../shared/wire/close-codes.ts';
import { toError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { Timer } from '../../timer.ts';
import type { OpenSocket } from '../live/socket.ts';
import type { Resolved } from '../options.ts';
import type { UserDataStore } from '../user-data/contract.ts';
import type { OperationRecords } from './audit.ts';
import { Callers } from './callers.ts';
import { Cookies } from './cookies.ts';
import { TrustedProxies } from './forwarded.ts';
import { Gate, type GateParts } from './gate.ts';
import { isGuarded } from './guarded.ts';
import type { Identity } from './identity.ts';
import { Logins } from './logins.ts';
import { ProviderCheck } from './provider-check.ts';
import { ProviderFlow } from './provider-flow.ts';
import { isKnownAccount, placeOf, providerOf } from './providers/configured.ts';
import type { Admitting, Rules } from './rules.ts';
import { Seal, secretOf } from './seal.ts';
import { type Session, Sessions } from './sessions.ts';
import { SignIn } from './sign-in.ts';
import type { Tokens } from './tokens.ts';
import type { WrongLogin } from './wrong-logins.ts';

const SWEEP_EVERY_MS = 30_000;

export interface DoorParts {
  readonly options: Resolved;
  readonly timer: Timer;
  readonly log: Logger;
  /** For the record. */
  readonly wrongLogin: (wrong: WrongLogin) => void;
  /** Where sessions are kept. */
  readonly userData: () => Promise<UserDataStore>;
  /** Where signing in is recorded; null: they are not open yet. */
  readonly records: () => OperationRecords | null;
  /** Of each cluster: signing in takes that one of them lets in. */
  readonly rules: readonly Rules[];
  /** How providers are asked. */
  readonly fetch: typeof globalThis.fetch;
  readonly tokens: Tokens;
  /** Live pages that are open. */
  readonly sockets: Set<OpenSocket>;
}

export class Door {
  readonly signIn: SignIn;
  readonly cookies: Cookies;
  readonly #rules: readonly Rules[];
  readonly #parts: Omit<GateParts, 'options' | 'rules' | 'refused'>;

  constructor({ options, timer, fetch, log, wrongLogin, userData, records, rules: all, sockets, tokens }: DoorParts) {
    const proxies = new TrustedProxies(options.xheaders, options.trusted_proxies);
    const rules: Admitting = { grantOf: (name, groups) => firstOf(all, (one) => one.grantOf(name, groups)) };
    this.#rules = all;
    const logins = new Logins(options.basic_auth, timer, log, wrongLogin);
    const close = (ids: ReadonlySet<string>): void => {
      for (const socket of sockets)
        if (ids.has(socket.reader.key ?? '')) socket.bye('Your session has ended.', CLOSE_SIGNED_OUT);
    };
    const sessions = new Sessions(userData, timer, {
      idle: options.session_idle,
      max: options.session_max,
      secret: options.cookie_secret,
      onEnd: close,
    });
    // Those that stand by for one another are one, whatever their ports.
    const own = options.standby ? 'standby' : options.port;
    this.cookies = new Cookies(`${own} ${resolve(options.user_data)}`, proxies, tlsHostOf(options));
    const parts = { logins, sessions, cookies: this.cookies, proxies, rules, timer, log, tokens };
    const onRegrouped = ({ id }: Session): void => {
      for (const socket of sockets) if (socket.reader.key === id) socket.bye('Your groups have changed.');
    };
    this.signIn = new SignIn({
      ...parts,
      ...providerParts({ ...parts, options, fetch, userData, onRegrouped }),
      hasPasswords: options.basic_auth.length > 0,
      records,
    });
    const callers = new Callers({
      ...parts,
      proxyLogin: { user: options.proxy_user_header, groups: options.proxy_groups_header },
      renew: (session) => this.signIn.renew(session),
    });
    this.#parts = { ...parts, callers, anywhere: rules };
    if (isGuarded(options))
      timer.every(SWEEP_EVERY_MS, () => {
        const open = new Set([...sockets].map((socket) => socket.reader.key));
        const byToken = [...sockets].filter(({ reader }) => reader.via === 'token').map(({ reader }) => reader.key!);
        sessions
          .sweep()
          .then(() => tokens.endLapsed(byToken))
          // A page that only listens asks nothing, and its session would never be looked at.
          .then(async () => {
            for (const one of open.size === 0 ? [] : await sessions.list())
              if (open.has(one.id)) await callers.goesOn(one);
          })
          .catch((error: unknown) => log.debug(`Sessions could not be swept: ${toError(error).message}`));
      });
  }

  /** For the routes of one cluster. */
  gateOf(cluster: Pick<GateParts, 'options' | 'rules' | 'refused'>): Gate {
    const { options, refused, rules } = cluster;
    return new Gate({ ...this.#parts, options, refused, rules });
  }

  /** Sessions and tokens are good for every cluster: to those of others comes who is an admin of each. */
  readonly isAdminOfEach = ({ groups, name }: Pick<Identity, 'groups' | 'name'>): boolean =>
    this.#rules.length === 1 || this.#rules.every((one) => one.grantOf(name ?? 'anonymous', groups)?.role === 'admin');
}

const firstOf = <T, R>(all: readonly T[], of: (one: T) => R | null): R | null => {
  for (const one of all) {
    const found = of(one);
    if (found !== null) return found;
  }
  return null;
};

/** Where the provider sends people back to. */
function tlsHostOf({ oauth2_redirect_uri: uri }: Resolved): string | null {
  const url = uri === null ? null : new URL(uri);
  return url?.protocol === 'https:' ? url.host : null;
}

interface ProviderParts
  extends Pick<DoorParts, 'options' | 'fetch' | 'userData' | 'timer' | 'log'>,
    Pick<ConstructorParameters<typeof ProviderFlow>[0], 'cookies' | 'proxies' | 'logins'>,
    Pick<DoorParts, 'tokens'> {
  readonly sessions: Sessions;
  readonly onRegrouped: (session: Session) => void;
}

/** Signing in at the provider that the options name. */
function providerParts(parts: ProviderParts): { flow: ProviderFlow | null; check: ProviderCheck | null } {
  const { options, userData } = parts;
  const provider = providerOf(options, parts.fetch);
  const place = placeOf(options);
  if (provider === null || place === null) return { flow: null, check: null };
  const terms = [
    ...[place, options.oauth2_key, options.oidc_user_claim, options.oidc_groups_claim],
    ...[options.gitlab_auth_allowed_groups, options.gitlab_min_access_level],
  ];
  const mark = createHash('sha256').update(JSON.stringify(terms)).digest('base64url').slice(0, 16);
  let made: Promise<Seal> | null = null;
  const seal = (): Promise<Seal> => {
    made ??= secretOf(options.cookie_secret, userData).then(
      (secret) => new Seal(secret, 'sign-in'),
      (error: unknown) => {
        made = null;
        throw error;
      },
    );
    return made;
  };
  return {
    flow: new ProviderFlow({ ...parts, provider, place, mark, seal }),
    check: new ProviderCheck({
      ...{ ...parts, provider, mark, seal, recheck: options.session_recheck },
      isKnown: (account) => isKnownAccount(account, options),
    }),
  };
}
