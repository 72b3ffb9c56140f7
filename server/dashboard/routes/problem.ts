// How a route's error becomes an answer: application/problem+json (RFC 9457), with the security headers, without a stack.
// Not here: the errors (context.ts).
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ChannelError, ImproperlyConfigured, OperationalError, toError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import { SECURITY_HEADERS } from '../access/headers.ts';
import { QueryTooCostly } from '../history/contract.ts';
import { ProblemError } from './context.ts';

/** What Fastify and the HTTP parser refuse by themselves. */
const TITLES: Readonly<Record<number, string>> = {
  403: 'Forbidden',
  404: 'Not found',
  408: 'Too slow',
  413: 'Too large',
  414: 'Address too long',
  415: 'Unsupported media type',
  416: 'Range not satisfiable',
  417: 'Expectation failed',
  431: 'Address and headers too long',
};

/** A broker's reply code, as an answer over HTTP. */
const CHANNEL_STATUS = { 403: 403, 404: 404, 405: 409, 406: 409, 530: 409, 311: 413, 540: 501, 541: 502 } as const;

/** A problem is of this moment: nobody keeps it. */
const HEADERS: Readonly<Record<string, string>> = {
  ...SECURITY_HEADERS,
  'content-type': 'application/problem+json; charset=utf-8',
  'cache-control': 'no-store',
};

const NO_DESCRIPTORS: ReadonlySet<unknown> = new Set(['EMFILE', 'ENFILE']);

export function answerProblem(error: unknown, request: FastifyRequest, reply: FastifyReply, log: Logger): void {
  if (error instanceof ProblemError) {
    reply.headers(error.headers);
    const { position, field } = error;
    sendProblem(reply, error.status, error.title, error.message, { position, field });
    return;
  }
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  if (typeof status === 'number' && status >= 400 && status < 500)
    sendProblem(reply, status, TITLES[status] ?? 'Bad request', toError(error).message);
  else if (error instanceof QueryTooCostly) sendProblem(reply, 400, 'Too costly', error.message);
  else if (error instanceof OperationalError) sendProblem(reply, 503, 'Broker unreachable', error.message);
  else if (error instanceof ChannelError)
    sendProblem(reply, CHANNEL_STATUS[error.code], 'Refused by the broker', error.message);
  else if (error instanceof ImproperlyConfigured) sendProblem(reply, 503, 'Not usable', error.message);
  else if (NO_DESCRIPTORS.has((error as { code?: unknown } | null)?.code))
    sendProblem(
      reply,
      503,
      'No file descriptor left',
      'The server has as many files and connections open as it may (ulimit -n).',
    );
  else {
    log.error(`${request.method} ${request.url.split('?')[0]}: ${toError(error).stack ?? String(error)}`);
    sendProblem(reply, 500, 'Internal error', 'The server failed to answer. Its log says more.');
  }
}

export function answerNotFound(request: FastifyRequest, reply: FastifyReply): void {
  sendProblem(reply, 404, 'Not found', `There is no ${request.method} ${request.url.split('?')[0]}.`);
}

/** Of what is wrong with what was sent. */
type Where = Partial<Pick<ProblemError, 'position' | 'field'>>;

function sendProblem(reply: FastifyReply, status: number, title: string, detail: string, where: Where = {}): void {
  reply
    .code(status)
    .headers(HEADERS)
    .send(problemText(status, title, detail, where));
}

function problemText(status: number, title: string, detail: string, where: Where = {}): string {
  return JSON.stringify({ type: 'about:blank', title, status, detail, ...where });
}

/** A request that wants something else than 100-continue first, which Node answers before anything of ours. */
export function answerExpectation(request: IncomingMessage, response: ServerResponse): void {
  const wanted = (request.headers.expect ?? '').slice(0, 100);
  response
    .writeHead(417, { ...HEADERS, connection: 'close' })
    .end(problemText(417, TITLES[417]!, `Nothing is known of the expectation ${JSON.stringify(wanted)}.`));
}

/** The whole answer to what is no request at all, as it goes onto the socket. */
export function rawProblem(error: NodeJS.ErrnoException): string {
  const status = error.code === 'HPE_HEADER_OVERFLOW' ? 431 : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400;
  const title = TITLES[status] ?? 'Bad request';
  const detail =
    status === 431
      ? 'The address and the headers of the request are longer than 64 KiB together.'
      : status === 408
        ? 'The request did not arrive in time.'
        : 'This is no HTTP request that can be read.';
  return rawAnswer(status, title, detail);
}

/** To who takes this for a proxy (CONNECT): no tunnel is made, and the connection ends. */
export function rawNoTunnel(): string {
  return rawAnswer(405, 'Method not allowed', 'This is no proxy: CONNECT is nothing that is answered here.', {
    allow: 'GET, HEAD, POST',
  });
}

function rawAnswer(status: number, title: string, detail: string, more: Readonly<Record<string, string>> = {}): string {
  const body = problemText(status, title, detail);
  const headers = Object.entries({
    ...{ ...HEADERS, ...more },
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
  });
  return `HTTP/1.1 ${status} ${title}\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`;
}
