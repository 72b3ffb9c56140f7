// fetch with typed errors: what the server said (problem+json), or that it could not be reached.
// Which paths there are: queries.ts and actions.ts. Holds: no reply is shown as data unless it was 2xx JSON.
import { parseJsonExact } from '../../../shared/json-text.ts';
import type { Problem } from '../../../shared/wire/problem.ts';
import { apiUrl } from './base.ts';

export class ApiError extends Error {
  /** 0 when no reply came. */
  readonly status: number;
  readonly title: string;
  readonly detail: string | undefined;
  /** Query errors: where in `q`. */
  readonly position: number | undefined;
  constructor(problem: { status: number; title: string; detail?: string; position?: number }, options?: ErrorOptions) {
    super(problem.detail ? `${problem.title}: ${problem.detail}` : problem.title, options);
    this.status = problem.status;
    this.title = problem.title;
    this.detail = problem.detail;
    this.position = problem.position;
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
    });
  } catch {
    return new ApiError({
      status: reply.status,
      title: reply.statusText || `HTTP ${reply.status}`,
      detail: text.slice(0, 300),
    });
  }
}

async function request<T>(url: string, init: RequestInit): Promise<T> {
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
  if (!reply.ok) throw await problemOf(reply);
  return parseJsonExact(await reply.text()) as T;
}

export type Params = Record<string, string | number | undefined | null>;

export function get<T>(path: string, params?: Params, signal?: AbortSignal): Promise<T> {
  return request<T>(apiUrl(path, params), { signal, headers: { accept: 'application/json' } });
}

export function post<T>(path: string, body: unknown): Promise<T> {
  return request<T>(apiUrl(path), {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify(body),
  });
}
