// What openid-client throws, as what it means to somebody who signs in.
// Holds: what a provider or a browser wrote is not repeated, but for the error codes of OAuth.
import * as client from 'openid-client';
import { toError } from '../../../errors.ts';
import { SignInFailed } from './contract.ts';

/** One of OAuth's words, such as invalid_client; others are not shown. */
const errorCode = (given: unknown): string =>
  typeof given === 'string' && /^[a-z_]{1,40}$/.test(given) ? given : 'an error of its own';

const DECLINED = /^(access_denied|login_required|interaction_required|consent_required|account_selection_required)$/;
const BUSY = /^(server_error|temporarily_unavailable|slow_down)$/;
/** GitHub says the last two, with status 200. */
const EXPIRED = /^(invalid_grant|bad_verification_code|bad_refresh_token)$/;

export interface Asking {
  /** Of the provider. */
  readonly host: string;
  /** Somebody was let in before, and the provider is asked once more. */
  readonly again?: boolean;
  /** It is asked about the person, by the token it gave; otherwise by our own id and secret. */
  readonly byToken?: boolean;
}

export function signInFailure(error: unknown, { host, again = false, byToken = false }: Asking): SignInFailed {
  if (error instanceof SignInFailed) return error;
  if (error instanceof client.AuthorizationResponseError) return ofCallback(errorCode(error.error), host);
  if (error instanceof client.ResponseBodyError) return ofAnswer(errorCode(error.error), error.status, host, again);
  if (error instanceof client.WWWAuthenticateChallengeError)
    return byToken
      ? new SignInFailed(again ? 'denied' : 'broken', `${host} does not take the token it gave`)
      : ofAnswer('invalid_client', error.status, host, again);
  const { code, message } = toError(error) as Error & { code?: unknown };
  const body = bodyOf(error);
  if (code === 'OAUTH_INVALID_RESPONSE' && typeof body?.['error'] === 'string')
    return ofAnswer(errorCode(body['error']), 200, host, again);
  if (code === 'OAUTH_JWT_TIMESTAMP_CHECK_FAILED')
    return new SignInFailed(
      'clock',
      `What ${host} gave has expired by the clock of this server: is one of the two clocks wrong?`,
    );
  if (code === 'OAUTH_TIMEOUT') return new SignInFailed('silent', `${host} did not answer in time`);
  if (code === 'OAUTH_RESPONSE_IS_NOT_CONFORM') {
    const status = (error as Error).cause instanceof Response ? ((error as Error).cause as Response).status : 0;
    return new SignInFailed(
      status >= 400 && status < 500 ? 'broken' : 'silent',
      `${host} answers ${status || 'something else'}`,
    );
  }
  if (error instanceof TypeError)
    return new SignInFailed('silent', `${host} cannot be reached (${networkCode(error)})`);
  // The library's own words; what they are about is in a cause that is left out.
  return new SignInFailed(
    'broken',
    `${host} answers what cannot be believed: ${message.slice(0, 200)}${claimOf(error)}`,
  );
}

function ofCallback(word: string, host: string): SignInFailed {
  if (DECLINED.test(word)) return new SignInFailed('declined', `${host} says ${word}`);
  return new SignInFailed(BUSY.test(word) ? 'silent' : 'broken', `${host} says ${word}`);
}

function ofAnswer(word: string, status: number, host: string, again: boolean): SignInFailed {
  if (EXPIRED.test(word))
    return again
      ? new SignInFailed('denied', `${host} gives no access any more (${word})`)
      : new SignInFailed('expired', `${host} does not take the code (${word}): it has expired, or was used before`);
  if (status >= 500 || status === 429 || BUSY.test(word)) return new SignInFailed('silent', `${host} says ${word}`);
  return new SignInFailed(
    'broken',
    `${host} refuses this dashboard (${word}): look at oauth2_key, oauth2_secret and oauth2_redirect_uri`,
  );
}

function bodyOf(error: unknown): Record<string, unknown> | null {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const { cause } = at;
    if (typeof cause === 'object' && cause !== null && 'body' in cause) return cause.body as Record<string, unknown>;
  }
  return null;
}

/** Which claim of the ID token it is. */
function claimOf(error: unknown): string {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const { cause } = at;
    if (typeof cause === 'object' && cause !== null && 'claim' in cause) return ` (${errorCode(cause.claim)})`;
  }
  return '';
}

export function networkCode(error: unknown): string {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const code = (at as { code?: unknown }).code;
    if (typeof code === 'string' && /^[A-Z0-9_]{1,40}$/.test(code)) return code;
  }
  return 'no connection';
}
