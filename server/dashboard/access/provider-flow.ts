// Signing in at a provider: the way there, the way back, and what is said on the sign-in page when it came to nothing.
// Not here: each provider (providers/), the session that begins (sign-in.ts), whether it goes on (provider-check.ts).
// Holds: the way back counts only in the browser that was sent there, once, and within TEN_MINUTES; whatever comes of it is in the log and
// in the record, and neither says a code, a state or a token.
import { randomBytes } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { SignInNotice } from '../../../shared/wire/session.ts';
import type { Timer } from '../../timer.ts';
import { notFound, ProblemError } from '../routes/context.ts';
import type { Cookies } from './cookies.ts';
import type { TrustedProxies } from './forwarded.ts';
import type { Account } from './identity.ts';
import { localPath } from './local-path.ts';
import type { Logins } from './logins.ts';
import { type Checks, type Person, type Provider, SignInFailed, type Tokens } from './providers/contract.ts';
import type { Seal } from './seal.ts';
import type { Session } from './sessions.ts';

/** @unit seconds */
const TEN_MINUTES = 600;
const NOTICE_FOR = 120;
/** Codes that are being exchanged: strangers can make us ask the provider no oftener. */
const MAX_ASKING = 20;
const MAX_GROUPS = 1000;

type Kept =
  | { readonly is: 'begun'; readonly checks: Checks; readonly next: string; readonly at: number }
  | { readonly is: 'notice'; readonly notice: SignInNotice };

/** Whom a provider named gets a session, or a line in the record. */
export interface Admission {
  /** @throws ProblemError 403 for whom no rule lets in */
  begin(
    request: FastifyRequest,
    reply: FastifyReply,
    who: Pick<Session, 'user' | 'groups' | 'by' | 'mark' | 'grant' | 'account'>,
  ): Promise<void>;
  /** @returns its record; null: there is none */
  denied(request: FastifyRequest, as: string | null, label: string, reason: string): Promise<number | null>;
}

export interface FlowParts {
  readonly provider: Provider;
  /** Where its accounts are, and what changes with who may come in. */
  readonly place: string;
  readonly mark: string;
  readonly cookies: Cookies;
  readonly proxies: TrustedProxies;
  readonly logins: Logins;
  readonly seal: () => Promise<Seal>;
  readonly timer: Timer;
}

export class ProviderFlow {
  readonly #parts: FlowParts;
  #asking = 0;

  constructor(parts: FlowParts) {
    this.#parts = parts;
  }

  get provider(): Pick<Provider, 'name' | 'label'> {
    return this.#parts.provider;
  }

  /** @param another an account is to be chosen anew  @returns where the browser goes  @throws ProblemError 404 */
  async begin(
    request: FastifyRequest,
    reply: FastifyReply,
    { name, next, another }: { name: string; next: string | undefined; another: boolean },
  ): Promise<string> {
    const { provider } = this.#parts;
    if (name !== provider.name) throw notFound('One does not sign in there.');
    const random = () => randomBytes(32).toString('base64url');
    const checks = { state: random(), nonce: random(), verifier: random() };
    const place = localPath(next, request.outerPrefix);
    try {
      const url = await provider.begin(checks, another);
      await this.#keep(request, reply, { is: 'begun', checks, next: place, at: this.#now() }, TEN_MINUTES);
      return url.toString();
    } catch (error) {
      return this.#failed(request, reply, error, place, null);
    }
  }

  /** Somebody comes back. @returns where the browser goes */
  async finish(request: FastifyRequest, reply: FastifyReply, admission: Admission): Promise<string> {
    const { cookies, mark, place, provider } = this.#parts;
    const kept = await this.#kept(request);
    const { state } = request.query as { state?: unknown };
    if (kept?.is !== 'begun' || kept.checks.state !== state || this.#now() - kept.at > TEN_MINUTES) {
      const stale = new SignInFailed('stale', 'It was begun in another browser, or too long ago');
      return this.#failed(request, reply, stale, `${request.outerPrefix}/`, null);
    }
    cookies.write(cookies.signIn, request, reply, '', 0);
    let person: Person | null = null;
    try {
      person = await this.#person(new URL(request.url, 'http://here.invalid'), kept.checks);
      const { email, groups, name: user, tokens } = person;
      const grant = tokens === null ? null : await this.sealed(tokens);
      const account: Account = { place, email };
      await admission.begin(request, reply, { user, groups, by: provider.name, mark, grant, account });
      return kept.next;
    } catch (error) {
      const failure =
        error instanceof ProblemError && error.status === 403 && person !== null
          ? new SignInFailed('denied', `No rule lets ${person.name} in`, person.name)
          : error;
      return this.#failed(request, reply, failure, kept.next, admission);
    }
  }

  /** What came of the last try, once. */
  async notice(request: FastifyRequest, reply: FastifyReply): Promise<SignInNotice | null> {
    const { cookies } = this.#parts;
    const kept = await this.#kept(request);
    if (kept?.is !== 'notice') return null;
    cookies.write(cookies.signIn, request, reply, '', 0);
    return kept.notice;
  }

  async sealed(tokens: Tokens): Promise<string> {
    return (await this.#parts.seal()).seal(tokens);
  }

  async #person(callback: URL, checks: Checks): Promise<Person> {
    const { provider } = this.#parts;
    if (this.#asking >= MAX_ASKING) throw new SignInFailed('silent', `${MAX_ASKING} others are signing in just now`);
    this.#asking++;
    try {
      return acceptable(await provider.finish(callback, checks));
    } finally {
      this.#asking--;
    }
  }

  /** Back to the sign-in page, which says what happened. @param admission who records it by itself; null: it is told with others */
  async #failed(
    request: FastifyRequest,
    reply: FastifyReply,
    error: unknown,
    next: string,
    admission: Admission | null,
  ): Promise<string> {
    const { logins, provider, proxies } = this.#parts;
    if (!(error instanceof SignInFailed)) throw error;
    const { as, kind, message } = error;
    const isTheirs = kind === 'denied' || kind === 'unverified';
    let record: number | null = null;
    if (isTheirs && admission !== null) record = await admission.denied(request, as, provider.label, message);
    else {
      const { address } = proxies.clientOf(request.raw);
      logins.notFinished(address, as ?? `somebody at ${provider.label}`, `Sign-in with ${provider.label}: ${message}`);
    }
    const notice = { kind, provider: provider.name, as, record } as const;
    await this.#keep(request, reply, { is: 'notice', notice }, NOTICE_FOR);
    return `${request.outerPrefix}/login?next=${encodeURIComponent(next)}`;
  }

  async #keep(request: FastifyRequest, reply: FastifyReply, kept: Kept, seconds: number): Promise<void> {
    const { cookies, seal } = this.#parts;
    cookies.write(cookies.signIn, request, reply, (await seal()).seal(kept), seconds);
  }

  async #kept(request: FastifyRequest): Promise<Kept | null> {
    const { cookies, seal } = this.#parts;
    const text = cookies.signIn.read(request);
    return text === null ? null : ((await seal()).open(text) as Kept | null);
  }

  #now(): number {
    return this.#parts.timer.now() / 1000;
  }
}

/** What goes into rules and lists as a name. @throws SignInFailed */
export function acceptable(person: Person): Person {
  const isName = (text: string, longest: number): boolean =>
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    text.length <= longest && !/[\x00-\x1f\x7f]/.test(text);
  if (!isName(person.name, 1024)) throw new SignInFailed('broken', 'The name it gives is too long, or no text');
  return { ...person, groups: person.groups.filter((group) => isName(group, 256)).slice(0, MAX_GROUPS) };
}
