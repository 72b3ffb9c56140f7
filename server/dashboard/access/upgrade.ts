// Requests that want another protocol on their connection. A WebSocket is one whose handshake is right; any other wish (Java's client asks
// each server for h2c first) is not followed, and its request answered as it stands, as RFC 9110 allows.
// Holds: what is refused is a problem with the security headers, not a bare line of a library.
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ProblemError } from '../routes/context.ts';

export const isWebSocket = (upgrade: string): boolean => upgrade.toLowerCase() === 'websocket';

/** @throws ProblemError 400, 404 */
export function refuseUpgrade(request: FastifyRequest, reply: FastifyReply): void {
  const { headers, method, raw } = request;
  if (headers.host === undefined && raw.httpVersion === '1.1') throw bad('A request of HTTP/1.1 names its Host.');
  const { upgrade } = headers;
  if (upgrade === undefined) return;
  if (isWebSocket(upgrade)) {
    if (request.routeOptions.config.upgrade !== 'websocket')
      throw new ProblemError(404, 'Not found', 'There is no WebSocket at this address: the live feed is /api/v2/live.');
    const key = headers['sec-websocket-key'];
    if (method !== 'GET' || typeof key !== 'string' || !/^[+/0-9A-Za-z]{22}==$/.test(key))
      throw bad('The handshake of a WebSocket is a GET with a Sec-WebSocket-Key of 16 bytes.');
    if (!/^(?:8|13)$/.test(headers['sec-websocket-version'] ?? ''))
      throw bad('The WebSocket must be of version 13.', { 'sec-websocket-version': '13' });
    return;
  }
  // Node has taken the connection out of its parser: no body will come.
  if (method !== 'GET' && method !== 'HEAD')
    throw bad(`There is no ${upgrade.slice(0, 50)} here: send the request without the header Upgrade.`);
  // @fastify/websocket would take any upgrade for a WebSocket.
  for (const symbol of Object.getOwnPropertySymbols(raw))
    if (symbol.description === 'ws-socket') delete (raw as unknown as Record<symbol, unknown>)[symbol];
  (request as { ws?: boolean | null }).ws = null;
  reply.header('connection', 'close');
}

function bad(detail: string, headers?: Record<string, string>): ProblemError {
  return new ProblemError(400, 'Bad request', detail, headers ? { headers } : {});
}
