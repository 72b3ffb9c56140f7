// /events: what workers and clients tell, as Server-Sent Events, for programs: filtered by the words of the search, and resumed.
// Not here: the log it is read from and its lines (../live/event-log.ts, event-reader.ts), the pages' own feed (live.ts).
// Holds: nothing on the way gathers or packs it (nginx by X-Accel-Buffering); HEAD opens no stream.
import { fnmatchSource } from '../../../shared/fnmatch.ts';
import { checkRegex, compileRegex } from '../../../shared/query/regex.ts';
import { EventReader } from '../live/event-reader.ts';
import type { OpenSocket } from '../live/socket.ts';
import { ProblemError } from './context.ts';
import { MAX_SOCKETS } from './live.ts';
import type { Serve } from './serve.ts';
import { listOf, readQuery, refuseHidden } from './task-query.ts';

export const EVENT_STREAM = 'text/event-stream';

/** @param sockets those that are open */
export function eventRoutes(serve: Serve, sockets: Set<OpenSocket>): void {
  serve('GET /events', async ({ cluster, eventLog: log, timer }, request, reply) => {
    const { q, state, type } = request.query;
    const { identity: reader, headers, method } = request;
    const tree = readQuery(q, cluster.now);
    refuseHidden(reader.grant.sight, tree);
    const states = listOf('state', state?.toUpperCase());
    const types = listOf('type', type)?.map(typeTest) ?? null;
    const wanted = { tree, states: states && new Set(states), types };
    reply.type(`${EVENT_STREAM}; charset=utf-8`);
    reply.headers({ 'cache-control': 'no-store, no-transform', 'x-accel-buffering': 'no' });
    if (method === 'HEAD') return '';
    if (sockets.size >= MAX_SOCKETS)
      throw new ProblemError(503, 'Too many readers', `More than ${MAX_SOCKETS} pages and streams are open.`);
    const given = headers['last-event-id'];
    const lastId = typeof given === 'string' && given !== '' ? given : null;
    const stream = new EventReader({ log, timer, reader, wanted, lastId });
    sockets.add(stream);
    stream.once('close', () => sockets.delete(stream));
    return stream;
  });
}

/** By the engine that counts its steps: a pattern of many stars holds nobody up. @throws ProblemError 400 */
function typeTest(pattern: string): (type: string) => boolean {
  const source = fnmatchSource(pattern);
  const why = checkRegex(source);
  if (why !== null)
    throw new ProblemError(400, 'Bad request', `'type' cannot be ${JSON.stringify(pattern.slice(0, 100))}: ${why}`);
  return compileRegex(source, { ignoreCase: false });
}
