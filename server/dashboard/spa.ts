// The built pages under any prefix: files from dist/web by @fastify/static, index.html for every path of the SPA.
// Not here: the API (routes/), the headers (access/headers.ts), building and compressing (.build/build.mjs, web/vite.config.ts).
// Holds: the prefix is written into index.html when it is served, so it needs no build; index.html is read at each visit, so
// pages built anew are shown without a restart; what has a hash in its name may be kept for ever.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { ANYWHERE, PUBLIC, VIEWER } from './access/identity.ts';
import type { Place } from './plugin.ts';
import { answerNotFound } from './routes/problem.ts';

const YEAR_MS = 365 * 86_400_000;

/** dist/web, seen from the sources as from the built package; null when it is not built. */
function findPages(): string | null {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (let up = 0; up < 5; up++) {
    for (const candidate of [join(folder, 'web'), join(folder, 'dist', 'web')])
      if (existsSync(join(candidate, 'index.html')) && existsSync(join(candidate, 'assets'))) return candidate;
    folder = dirname(folder);
  }
  return null;
}

/** Answers with a page, for routes that do. */
export interface Pages {
  /** Ours, by whatever path. */
  sendPage(reply: FastifyReply): Promise<FastifyReply>;
  sendSignIn(reply: FastifyReply): Promise<FastifyReply>;
}

/** @param meta what the pages are told of the options  @param place among several clusters; null: there is one */
export async function pages(
  app: FastifyInstance,
  folder: string | null = findPages(),
  meta = '',
  place: Pick<Place, 'mount' | 'pagesAt'> | null = null,
): Promise<Pages> {
  const route = { compress: false as const, config: VIEWER };
  if (folder === null) {
    app.get<{ Params: { '*': string } }>('/*', route, async (request, reply) =>
      isMisspeltRoute(request.params['*'], app.prefix) ? answerNotFound(request, reply) : notBuilt(reply),
    );
    const sendNone = async (reply: FastifyReply) => notBuilt(reply);
    return { sendPage: sendNone, sendSignIn: sendNone };
  }
  // Inside a server that serves files of its own, its `sendFile` does for ours as well.
  const decorateReply = !app.hasReplyDecorator('sendFile');
  await app.register(fastifyStatic, { root: folder, serve: false, preCompressed: true, decorateReply });
  const sender = (name: string) => {
    const read = htmlReader(join(folder, name), place === null ? meta : meta + SEVERAL);
    return async (reply: FastifyReply): Promise<FastifyReply> =>
      reply
        .header('cache-control', 'no-cache')
        .type('text/html; charset=utf-8')
        .send(await read(reply.request.outerPrefix));
  };
  const sendPage = place?.pagesAt ? leadingTo(place.pagesAt, app.prefix) : sender('index.html');
  if (place?.pagesAt) {
    const sendAll = sender('clusters.html');
    const all = { ...route, config: ANYWHERE, prefixTrailingSlash: 'slash' as const };
    app.get('/', all, (_, reply) => sendAll(reply));
    // A cluster that is not there, or not by that name.
    for (const path of ['/c', '/c/*'])
      app.get(path, { config: ANYWHERE }, (request, reply) => answerNotFound(request, reply));
  }
  // The prefix without its last slash: relative addresses in the pages need it.
  if (app.prefix !== '')
    app.get('/', { ...route, prefixTrailingSlash: 'no-slash' }, (_, reply) =>
      reply.redirect(`${reply.request.outerPrefix}/`),
    );

  app.get<{ Params: { '*': string } }>('/*', route, async (request, reply) => {
    const name = request.params['*'];
    if (isMisspeltRoute(name, app.prefix)) return answerNotFound(request, reply);
    // A name with an ending is a file, or one that is not there; anything else is a page of the SPA.
    if (/^[\w-]+\.html$/.test(name) || !/\.[a-z0-9]{1,11}$/i.test(name) || /^(tasks|workers|queues)\//.test(name)) {
      // A large workflow takes its time: it is asked for while the browser still reads the scripts.
      const [, id] = /^workflows\/([\w-]+)$/.exec(name) ?? [];
      if (id && !place?.pagesAt)
        reply.header(
          'link',
          `<${request.outerPrefix}/api/v2/tasks/${id}/workflow>; rel=preload; as=fetch; crossorigin=anonymous`,
        );
      return sendPage(reply);
    }
    return reply.header('cache-control', 'no-cache').sendFile(name, folder, { cacheControl: false });
  });
  // What every page is drawn with, the one for signing in too; nobody's data is in it.
  const open = { ...route, config: PUBLIC };
  app.get<{ Params: { '*': string } }>('/assets/*', open, async (request, reply) =>
    reply.sendFile(`assets/${request.params['*']}`, folder, { maxAge: YEAR_MS, immutable: true }),
  );
  for (const name of OF_EVERY_PAGE)
    app.get(`/${name}`, open, async (_, reply) =>
      reply.header('cache-control', 'no-cache').sendFile(name, folder, { cacheControl: false }),
    );
  return { sendPage, sendSignIn: sender('sign-in.html') };
}
/** Tells the pages that there are other clusters (web/src/api/base.ts). */
const SEVERAL = '<meta name="umbel-clusters" content="several">';

/** The same page of the cluster whose pages are at `mount`, which the browser goes to. */
function leadingTo(mount: string, prefix: string): Pages['sendPage'] {
  return async (reply) => {
    const { outerPrefix, url } = reply.request;
    return reply.redirect(`${outerPrefix}${mount}${url.slice(prefix.length)}`);
  };
}

const OF_EVERY_PAGE = ['icon.svg', 'layers.css', 'theme.js'];

/**
 * Does an address mean what programs ask, written so that no route has it: //api/v2/tasks, /API/v2, /%2561pi, /x/../metrics? A program must
 * not be given a page with status 200 for it. Nor for one below the prefix, misspelt or given twice: //flower/api/v2, /flower%2Fapi/v2.
 */
function isMisspeltRoute(name: string, prefix: string): boolean {
  const below = prefix.toLowerCase().split('/').slice(1);
  let path = name;
  for (let i = 0; i < 3 && path.includes('%'); i++) {
    try {
      path = decodeURIComponent(path);
    } catch {
      break;
    }
  }
  const segments: string[] = [];
  for (const segment of path.toLowerCase().split(/[/\\]/)) {
    const plain = segment.replace(/;.*$/, '').trim();
    if (plain === '..') segments.pop();
    else if (plain !== '' && plain !== '.') segments.push(plain);
  }
  while (below.length > 0 && below.every((one, i) => segments[i] === one)) segments.splice(0, below.length);
  return FOR_PROGRAMS.has(segments[0] ?? '');
}
const FOR_PROGRAMS: ReadonlySet<string> = new Set(['api', 'alive', 'healthcheck', 'metrics', 'readyz']);

/** An HTML file with its base; the last one read while a build is just putting another in its place. */
function htmlReader(path: string, meta: string): (prefix: string) => Promise<string> {
  let last: string | null = null;
  return async (prefix) => {
    try {
      last = await readFile(path, 'utf8');
    } catch (error) {
      if (last === null) throw error;
    }
    const base = `<base href="${prefix}/">${meta && `\n${meta}`}`;
    return /<base [^>]*>/.test(last)
      ? last.replace(/<base [^>]*>/, base)
      : last.replace(/<head([^>]*)>/, `<head$1>\n${base}`);
  };
}

function notBuilt(reply: FastifyReply): FastifyReply {
  const prefix = reply.request.outerPrefix;
  return reply
    .code(503)
    .type('text/html; charset=utf-8')
    .send(
      `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Umbel: pages not built</title></head><body><h1>The pages are not built</h1>
<p>This server runs, and its API answers at <a href="${prefix}/api/v2/docs">${prefix}/api/v2</a>. To build the pages run <code>npm run build</code> and start it again.</p></body></html>`,
    );
}
