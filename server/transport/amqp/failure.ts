// What RabbitMQ's refusals and amqplib's errors mean, in words that say what to do.
// Holds: no password is in an error; the login that was sent is in none of amqplib's.
// py-amqp: exceptions.py; kombu 5.6: transport/pyamqp.py Transport.connection_errors, channel_errors
import { ChannelError, type ChannelErrorCode, NotImplementedError, OperationalError, toError } from '../../errors.ts';
import { EXCHANGE_TYPES } from '../entity.ts';
import type { AmqpOptions } from './options.ts';

/** Why it could not connect. */
export function connectError(thrown: unknown, options: AmqpOptions): OperationalError {
  const error = toError(thrown);
  const why = explanation(error, options);
  const text = why && `The broker at ${options.safeUrl} ${why}`;
  return new OperationalError(options.safeUrl, text ?? undefined, { cause: error });
}

function explanation(error: Error & { code?: unknown }, options: AmqpOptions): string | null {
  const { message } = error;
  const { user, vhost, loginMethod, secure } = options;
  if (/Login was refused|403 \(ACCESS-REFUSED\)/.test(message)) {
    return (
      `refused the login of the user '${user}' (${loginMethod}). Are name and password right? ` +
      "The user 'guest' may only come from the broker's own machine."
    );
  }
  if (/SASL mechanism/.test(message)) return `does not offer the login method ${loginMethod} (broker_login_method).`;
  if (/Expected ConnectionOpenOk; got <ConnectionClose/.test(message)) {
    return (
      `refused the virtual host '${vhost}': there is none of that name, the user '${user}' may not use it, ` +
      'or it has as many connections as it may have.'
    );
  }
  const [, said] = /Handshake terminated by server: (.*)/s.exec(message) ?? [];
  if (said !== undefined) return `ended the greeting: ${said}`;
  if (/ETIMEDOUT/.test(message) || error.code === 'ETIMEDOUT')
    return `did not answer in time.${secure ? ' Does it speak TLS on that port?' : ''} May this host connect?`;
  if (/ECONNRESET|abruptly|Unexpected close|exceeds maxFrameSize|Unknown frame type|Invalid frame/.test(message))
    return `does not greet as RabbitMQ does. Is it the right port${secure ? '' : ', or one that speaks TLS (amqps://)'}?`;
  if (/wrong version number|packet length too long/i.test(message)) return 'does not speak TLS on that port.';
  if (secure && /alert|ECONNRESET/i.test(message))
    return 'ended the TLS greeting. Does it want a certificate of this client (certfile, keyfile), and does it trust it?';
  if (/altnames/.test(message))
    return `has a certificate for other names: write the name it is for, or ssl_check_hostname=false (${message})`;
  if (/self.signed|certificate/i.test(message))
    return `has a certificate that is not trusted: name the file of its authority with ssl_ca_certs (${message})`;
  return null;
}

/** What the broker says when it closes a channel: amqplib has it in the text of its error. */
function refusalOf(thrown: unknown): { readonly code: number; readonly text: string } | null {
  const { code, message } = toError(thrown) as Error & { code?: unknown };
  const [, text] = /with message "(.*)"$/s.exec(message) ?? [];
  return typeof code === 'number' && text !== undefined ? { code, text } : null;
}

const CODES: readonly number[] = [311, 403, 404, 405, 406, 530, 540, 541] satisfies ChannelErrorCode[];

/** null: it is no refusal. */
export function channelError(thrown: unknown): ChannelError | null {
  const refusal = refusalOf(thrown);
  if (!refusal) return null;
  const { code, text } = refusal;
  const reason = text.replace(/^[A-Z_]+ - /, '');
  const known = (CODES.includes(code) ? code : 541) as ChannelErrorCode;
  return new ChannelError(known, `${reason}${advice(reason)}`, { cause: toError(thrown) });
}

function advice(reason: string): string {
  if (/^inequivalent arg/.test(reason)) {
    return '. It is there and was declared otherwise: use the same value, another name, or delete it first.';
  }
  if (/^invalid (arg|property) .* of queue type/.test(reason)) {
    return '. A queue of that type has none: leave it out, or choose another type.';
  }
  if (/^access to .* refused for user/.test(reason)) {
    return '. The user needs the permission to configure (declare, delete), write (publish) or read (consume, get, purge) it there.';
  }
  if (/acknowledgement on channel \d+ timed out/.test(reason)) {
    return ' (consumer_timeout of the broker; what was held is delivered again)';
  }
  return '';
}

/** RabbitMQ ends the whole connection of who declares an exchange of a type it does not know; null: this is something else. */
export function unknownExchangeType(thrown: unknown, options: AmqpOptions): NotImplementedError | null {
  const [, type] = /unknown exchange type '(.*)'/.exec(toError(thrown).message) ?? [];
  if (type === undefined) return null;
  const text =
    `The broker at ${options.safeUrl} has no exchanges of the type '${type}'. It has ${EXCHANGE_TYPES.join(', ')}, ` +
    'and those of its plugins: enable the one that brings this type, or give the exchange another.';
  return new NotImplementedError(text, { cause: toError(thrown) });
}

/** A channel or its connection is gone. */
export function gone(options: AmqpOptions, cause: unknown): OperationalError {
  const error = cause === undefined || cause === null ? undefined : toError(cause);
  const text = `The channel to the broker at ${options.safeUrl} is closed${error ? `: ${error.message}` : '.'}`;
  return new OperationalError(options.safeUrl, text, { cause: error });
}
