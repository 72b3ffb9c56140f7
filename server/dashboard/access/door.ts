// What stands between a request and the dashboard, put together: the gate, who asks, sessions and signing in.
// Not here: each of them, the routes.
// Holds: with a session ends what it holds open; a session whose time is over ends though nobody asks with it.

import { resolve } from 'node:path';
import { CLOSE_SIGNED_OUT } from '../../../shared/wire/close-codes.ts';
import { toError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { Timer } from '../../timer.ts';
import type { LiveSocket } from '../live/socket.ts';
import type { Resolved } from '../options.ts';
import type { Stores } from '../stores.ts';
import type { RefusedRequest } from './audit.ts';
import { Callers } from './callers.ts';
import { Cookies } from './cookies.ts';
import { TrustedProxies } from './forwarded.ts';
import { Gate } from './gate.ts';
import { isGuarded } from './guarded.ts';
import { Logins } from './logins.ts';
import { Rules } from './rules.ts';
import { Sessions } from './sessions.ts';
import { SignIn } from './sign-in.ts';
import type { Tokens } from './tokens.ts';
import type { WrongLogin } from './wrong-logins.ts';

const SWEEP_EVERY_MS = 30_000;

export interface DoorParts {
  readonly options: Resolved;
  readonly timer: Timer;
  readonly log: Logger;
  /** For the record: a wrong login, and what somebody asked for who may not. */
  readonly audit: { wrongLogin(wrong: WrongLogin): void; refused(refused: RefusedRequest): void };
  readonly stores: Stores;
  readonly tokens: Tokens;
  /** Live pages that are open. */
  readonly sockets: Set<LiveSocket>;
}

export class Door {
  readonly gate: Gate;
  readonly signIn: SignIn;
  readonly cookies: Cookies;

  constructor({ options, timer, log, audit, stores, sockets, tokens }: DoorParts) {
    const proxies = new TrustedProxies(options.xheaders, options.trusted_proxies);
    const rules = new Rules(options.access_rules, options.read_only);
    const logins = new Logins(options.basic_auth, timer, log, audit.wrongLogin);
    const close = (ids: ReadonlySet<string>): void => {
      for (const socket of sockets)
        if (ids.has(socket.reader.key ?? '')) socket.bye('Your session has ended.', CLOSE_SIGNED_OUT);
    };
    const sessions = new Sessions(stores.userData.open, timer, {
      idle: options.session_idle,
      max: options.session_max,
      secret: options.cookie_secret,
      onEnd: close,
    });
    this.cookies = new Cookies(`${options.port} ${resolve(options.user_data)}`, proxies);
    const parts = { logins, sessions, cookies: this.cookies, proxies, rules, timer, log };
    this.signIn = new SignIn({
      ...parts,
      hasPasswords: options.basic_auth.length > 0,
      records: () => stores.history,
    });
    const callers = new Callers({
      ...parts,
      proxyLogin: { user: options.proxy_user_header, groups: options.proxy_groups_header },
      renew: (session) => this.signIn.renew(session),
    });
    this.gate = new Gate({ ...parts, options, callers, tokens, refused: audit.refused });
    if (isGuarded(options))
      timer.every(SWEEP_EVERY_MS, () => {
        sessions.sweep().catch((error: unknown) => log.debug(`Sessions could not be swept: ${toError(error).message}`));
      });
  }
}
