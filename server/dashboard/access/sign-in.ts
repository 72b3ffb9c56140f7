// Signing in and out: a session begins and ends, and both are recorded.
// Not here: the page (web/src/sign-in/page.tsx), who a request is from (callers.ts), sessions themselves (sessions.ts).
// Holds: whoever signs in gets a session of a new number, and the one they had ends; whom no rule lets in gets none; what leads on after
// it stays below this dashboard.
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { SignInWays } from '../../../shared/wire/session.ts';
import { toError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { Timer } from '../../timer.ts';
import { ProblemError } from '../routes/context.ts';
import { type Asker, type OperationRecords, recordSignIn } from './audit.ts';
import type { Cookies } from './cookies.ts';
import type { TrustedProxies } from './forwarded.ts';
import { localPath } from './local-path.ts';
import type { Logins } from './logins.ts';
import type { ProviderCheck } from './provider-check.ts';
import type { Admission, ProviderFlow } from './provider-flow.ts';
import type { Admitting } from './rules.ts';
import type { Session, Sessions } from './sessions.ts';
import type { Tokens } from './tokens.ts';

export interface SignInParts {
  readonly logins: Logins;
  readonly sessions: Sessions;
  readonly cookies: Cookies;
  readonly proxies: TrustedProxies;
  readonly rules: Admitting;
  /** Users and passwords are configured. */
  readonly hasPasswords: boolean;
  /** null: there is no provider. */
  readonly flow: ProviderFlow | null;
  readonly check: ProviderCheck | null;
  readonly tokens: Pick<Tokens, 'confirm'>;
  readonly timer: Timer;
  readonly log: Logger;
  /** null: they are not open yet. */
  readonly records: () => OperationRecords | null;
}

export class SignIn implements Admission {
  readonly sessions: Sessions;
  readonly flow: ProviderFlow | null;
  readonly #parts: SignInParts;

  constructor(parts: SignInParts) {
    this.sessions = parts.sessions;
    this.flow = parts.flow;
    this.#parts = parts;
  }

  /** For the sign-in page. */
  async ways(request: FastifyRequest, reply: FastifyReply): Promise<SignInWays> {
    const { flow, hasPasswords } = this.#parts;
    if (flow === null) return { password: hasPasswords, providers: [], notice: null };
    const { label, name } = flow.provider;
    return { password: hasPasswords, providers: [{ name, label }], notice: await flow.notice(request, reply) };
  }

  /** @returns the record of the audit log; null: there is none */
  async denied(request: FastifyRequest, as: string | null, label: string, reason: string): Promise<number | null> {
    const { address } = this.#parts.proxies.clientOf(request.raw);
    const who = as ?? `somebody at ${label}`;
    this.#parts.log.warning(`Sign-in with ${label} refused for ${JSON.stringify(who)} from ${address}: ${reason}`);
    return this.#record('login', { who, address }, 'refused', `Sign-in with ${label}: ${reason}`);
  }

  /** @returns where to go on  @throws ProblemError 401, 403, 429 */
  async withPassword(
    request: FastifyRequest,
    reply: FastifyReply,
    { user, password, next }: { user: string; password: string; next?: string },
  ): Promise<string> {
    const { logins, proxies } = this.#parts;
    const { address } = proxies.clientOf(request.raw);
    if (!(await logins.check(address, user, password)))
      throw new ProblemError(401, 'Unauthorized', 'Name or password is wrong.');
    const mark = logins.passwords.markOf(user);
    await this.begin(request, reply, { user, groups: [], by: 'password', mark, grant: null });
    return localPath(next, request.outerPrefix);
  }

  /** Ends the session that this request came with. @returns how many ended: 1 or 0 */
  async out(request: FastifyRequest, reply: FastifyReply): Promise<number> {
    const { cookies, sessions } = this.#parts;
    const { key, name, address } = request.identity;
    cookies.write(cookies.session, request, reply, '', 0);
    const ended = await sessions.end(({ id }) => id === key);
    await this.#record('logout', { who: name ?? 'anonymous', address }, 'ok', 'Signed out');
    return ended.length;
  }

  /** null: it ends, with the password or the account it began with. */
  async renew(session: Session): Promise<Session | null> {
    if (session.by !== 'password') return (await this.#parts.check?.renew(session)) ?? null;
    return this.#parts.logins.passwords.markOf(session.user) === session.mark ? session : null;
  }

  /** A session of a new number, and its cookie.  @throws ProblemError 403 for whom no rule lets in */
  async begin(
    request: FastifyRequest,
    reply: FastifyReply,
    who: Pick<Session, 'user' | 'groups' | 'by' | 'mark' | 'grant' | 'account'>,
  ): Promise<void> {
    const { cookies, proxies, rules, sessions, timer } = this.#parts;
    const { address } = proxies.clientOf(request.raw);
    const asker = { who: who.user, address };
    if (rules.grantOf(who.user, who.groups) === null) {
      if (who.by === 'password') await this.#record('login', asker, 'refused', `No rule lets ${who.user} in`);
      throw new ProblemError(403, 'No access', `No rule lets ${who.user} in. Ask whoever runs this dashboard.`);
    }
    const before = cookies.session.read(request);
    const old = before === null ? null : await sessions.use(before);
    const agent = request.headers['user-agent'] ?? '';
    const { cookie } = await sessions.begin({ ...who, address, agent, asked: timer.now() / 1000 });
    if (old !== null) await sessions.end(({ id }) => id === old.id);
    if (who.account) await this.#parts.tokens.confirm(who.user, who.account.place, true);
    cookies.write(cookies.session, request, reply, cookie, sessions.limits.max);
    await this.#record(
      'login',
      asker,
      'ok',
      who.by === 'password' ? 'Signed in' : `Signed in with ${this.flow?.provider.label ?? who.by}`,
    );
  }

  /** What cannot be recorded is told in the log: nobody is kept out by a full disk. */
  async #record(
    action: 'login' | 'logout',
    asker: Omit<Asker, 'token'>,
    outcome: 'ok' | 'refused',
    summary: string,
  ): Promise<number | null> {
    const { log, records, timer } = this.#parts;
    try {
      return await recordSignIn(records(), action, { ...asker, outcome, summary }, timer.now() / 1000);
    } catch (error) {
      log.warning(`${summary} (${asker.who}): it could not be recorded: ${toError(error).message}`);
      return null;
    }
  }
}
