// How Flower's paths answer: JSON with an ETag, errors as a line of text or as a status alone.
// Not here: problem+json of our own API (../problem.ts).
// Holds: an error of ours never shows a stack; text is sent as text and never as HTML, for names in it may be anybody's.
// Flower: api/__init__.py, api/control.py, api/tasks.py write_error
import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { jsonText } from '../../../../shared/json-text.ts';
import { BackendError, DecodeError, ImproperlyConfigured, OperationalError, toError } from '../../../errors.ts';
import type { Logger } from '../../../log.ts';
import { QueryTooCostly } from '../../history/contract.ts';
import { ProblemError } from '../context.ts';

export const UNAVAILABLE = 'Broker or result backend unavailable';
const READ_ONLY = 'Read only mode is enabled';

/** An answer that is no success, in Flower's words. */
export class FlowerError extends Error {
  readonly status: number;
  constructor(status: number, text: string) {
    super(text);
    this.status = status;
  }
}

export const badRequest = (text: string): FlowerError => new FlowerError(400, text);

export function sendJson(request: FastifyRequest, reply: FastifyReply, value: unknown): FastifyReply {
  return sendJsonText(request, reply, jsonText(value));
}

/** As Tornado: a GET that names the ETag it has is answered with 304. */
export function sendJsonText(request: FastifyRequest, reply: FastifyReply, text: string): FastifyReply {
  reply.type('application/json; charset=UTF-8');
  if (request.method !== 'GET' && request.method !== 'HEAD') return reply.send(text);
  const etag = `"${createHash('sha1').update(text).digest('hex')}"`;
  reply.header('etag', etag);
  const known = request.headers['if-none-match']?.split(',').map((one) => one.trim().replace(/^W\//, '')) ?? [];
  if (known.includes(etag) || known.includes('*')) return reply.code(304).send();
  return reply.send(text);
}

export function answerFlowerError(error: unknown, request: FastifyRequest, reply: FastifyReply, log: Logger): void {
  const { errors = 'text', allow } = request.routeOptions.config;
  const { status, text, isReason = false } = reasonOf(error, request, log);
  if (error instanceof ProblemError) reply.headers(error.headers);
  if (status === 401) reply.removeHeader('www-authenticate');
  if (status === 405 && allow !== undefined) reply.header('allow', allow);
  const body = status === 401 || status === 405 || (errors === 'status' && !isReason && status !== 400) ? '' : text;
  reply.code(status).type('text/plain; charset=utf-8').send(body);
}

/** `isReason`: what Flower has no answer for, and everybody is told. */
function reasonOf(
  error: unknown,
  request: FastifyRequest,
  log: Logger,
): { readonly status: number; readonly text: string; readonly isReason?: boolean } {
  if (error instanceof FlowerError) return { status: error.status, text: error.message };
  if (error instanceof ProblemError) {
    const { status, title, message } = error;
    return title === 'Read only' ? { status, text: READ_ONLY } : { status, text: message, isReason: true };
  }
  if (error instanceof QueryTooCostly) return { status: 400, text: error.message };
  if (error instanceof OperationalError || error instanceof BackendError) return { status: 503, text: UNAVAILABLE };
  // What a store has of a task; why tells some of it.
  if (error instanceof DecodeError) return { status: 503, text: 'The stored result cannot be read', isReason: true };
  if (error instanceof ImproperlyConfigured) return { status: 503, text: error.message, isReason: true };
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  if (typeof status === 'number' && status >= 400 && status < 500)
    return { status, text: toError(error).message, isReason: true };
  log.error(`${request.method} ${request.url.split('?')[0]}: ${toError(error).stack ?? String(error)}`);
  return { status: 500, text: 'The server failed to answer. Its log says more.', isReason: true };
}
