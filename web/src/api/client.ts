// fetch typed by the table of routes, with typed errors: what the server said (problem+json), or that it could not be reached.
// Which paths there are: shared/wire/routes.ts. What is asked when: queries.ts and actions.ts. Holds: no reply is shown as data unless it was a 2xx JSON object that
// has what every reply of its route has (replies.ts).
import { parseJsonExact } from '../../../shared/json-text.ts';
import { encodeSegment } from '../../../shared/path-segment.ts';
import type { Problem } from '../../../shared/wire/problem.ts';
import type { BodyOf, ParamsOf, PathOf, QueryOf, ReplyOf, RouteKey } from '../../../shared/wire/routes.ts';
import { apiUrl, type Params } from './base.ts';
import { misshapen } from './replies.ts';
import { goToSignIn } from './signed-out.ts';

export class ApiError extends Error {
  /** 0 when no reply came. */
  readonly status: number;
  readonly title: string;
  readonly detail: string | undefined;
  /** Query errors: where in `q`. */
  readonly position: number | undefined;
  /** Which part of what was sent is wrong. */
  readonly field: string | undefined;
  /** Ask again after so long. @unit seconds */
  readonly retryAfter: number | undefined;
  constructor(
    problem: Pick<Problem, 'status' | 'detail' | 'position' | 'field'> & { title: string; retryAfter?: number },
    options?: ErrorOptions,
  ) {
    super(problem.detail ? `${problem.title}: ${problem.detail}` : problem.title, options);
    this.status = problem.status;
    this.title = problem.title;
    this.detail = problem.detail;
    this.position = problem.position;
    this.field = problem.field;
    this.retryAfter = problem.retryAfter;
  }
}

async function problemOf(reply: Response): Promise<ApiError> {
  const text = await reply.text();
  try {
    const problem = JSON.parse(text) as Partial<Problem>;
    return new ApiError({
      status: reply.status,
      title: problem.title ?? reply.statusText,
      detail: problem.detail,
      position: problem.position,
      field: problem.field,
      retryAfter: Number(reply.headers.get('retry-after')) || undefined,
    });
  } catch {
    return new ApiError({
      status: reply.status,
      title: reply.statusText || `HTTP ${reply.status}`,
      detail: text.slice(0, 300),
    });
  }
}

async function request<K extends RouteKey>(route: K, url: string, init: RequestInit): Promise<ReplyOf<K>> {
  let reply: Response;
  try {
    reply = await fetch(url, { credentials: 'same-origin', ...init });
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    throw new ApiError(
      { status: 0, title: 'The dashboard server cannot be reached', detail: 'Is it still running?' },
      { cause },
    );
  }
  // What is wrong with a sign-in, the sign-in page says.
  if (reply.status === 401 && route !== 'POST /session') goToSignIn();
  if (!reply.ok) throw await problemOf(reply);
  const body = objectIn(await reply.text(), reply.status);
  const wrong = misshapen(route, body);
  if (wrong !== null)
    throw new ApiError({
      status: reply.status,
      title: 'This reply has another shape than this page expects',
      detail: `${route}: ${wrong}. Has the dashboard been replaced by another version, or does something in between answer for it? Load the page anew.`,
    });
  return body as ReplyOf<K>;
}

function objectIn(text: string, status: number): Record<string, unknown> {
  try {
    const body: unknown = parseJsonExact(text);
    if (typeof body !== 'object' || body === null || Array.isArray(body)) throw new TypeError('not an object');
    return body as Record<string, unknown>;
  } catch (cause) {
    throw new ApiError(
      {
        status,
        title: 'This reply is not from the dashboard',
        detail: 'Is there a proxy that wants you to sign in again? Load the page anew.',
      },
      { cause },
    );
  }
}

type Asked<K extends RouteKey> = (keyof ParamsOf<K> extends never ? { params?: never } : { params: ParamsOf<K> }) & {
  query?: QueryOf<K>;
};

/** @param path as in the table: '/tasks/:uuid' */
export function get<Path extends PathOf<'GET'>>(
  path: Path,
  asked: Asked<`GET ${Path}`>,
  signal?: AbortSignal,
): Promise<ReplyOf<`GET ${Path}`>> {
  // Without headers of its own: what the page's head asked for early (server/dashboard/spa.ts) is the same request.
  return request(`GET ${path}`, urlOf(path, asked), { signal });
}

/** Where a GET is answered, for a link. */
export function urlOf<Path extends PathOf<'GET'>>(path: Path, asked: Asked<`GET ${Path}`>): string {
  const { params, query } = asked as { params?: Record<string, string>; query?: Params };
  return apiUrl(filled(path, params), query);
}

export function post<Path extends PathOf<'POST'>>(
  path: Path,
  body: BodyOf<`POST ${Path}`>,
  params?: ParamsOf<`POST ${Path}`>,
): Promise<ReplyOf<`POST ${Path}`>> {
  return request(`POST ${path}`, apiUrl(filled(path, params)), {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify(body ?? {}),
  });
}

/** @param path as in the table: '/views/:id' */
export function del<Path extends PathOf<'DELETE'>>(
  path: Path,
  asked: Asked<`DELETE ${Path}`>,
): Promise<ReplyOf<`DELETE ${Path}`>> {
  const { params, query } = asked as { params?: Record<string, string>; query?: Params };
  return request(`DELETE ${path}`, apiUrl(filled(path, params), query), {
    method: 'DELETE',
    headers: { accept: 'application/json' },
  });
}

/** '/tasks/:uuid' to 'tasks/1b2c', whatever the name is made of. */
function filled(path: string, params: Record<string, string> = {}): string {
  return path.slice(1).replace(/:(\w+)/g, (_, name: string) => encodeSegment(params[name]!));
}
