// The built pages under any prefix: files from dist/web, index.html for every path of the SPA, security headers.
// Not here: the API (routes/), building (web/vite.config.ts).
// Holds: only files found when the folder was listed are served, so no path leads out of it; the prefix is written into index.html
// when it is served, so it needs no build; the content policy allows nothing inline and nothing from elsewhere.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.map': 'application/json',
  '.txt': 'text/plain; charset=utf-8',
};
const TEXT = /^(text|application\/(json|manifest)|image\/svg)/;

export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
    "manifest-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
};

/** dist/web, seen from the sources as from the built package; null when it is not built. */
export function findPages(): string | null {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (let up = 0; up < 5; up++) {
    for (const candidate of [join(folder, 'web'), join(folder, 'dist', 'web')])
      if (existsSync(join(candidate, 'index.html')) && existsSync(join(candidate, 'assets'))) return candidate;
    folder = dirname(folder);
  }
  return null;
}

interface StoredFile {
  path: string;
  type: string;
  etag: string;
  body: Buffer | null;
  br: Buffer | null;
  gzip: Buffer | null;
}

export class Pages {
  readonly #folder: string | null;
  readonly #prefix: string;
  readonly #files = new Map<string, StoredFile>();

  constructor(prefix: string, folder = findPages()) {
    this.#folder = folder;
    this.#prefix = prefix;
    if (folder !== null) this.#list(folder, '');
  }

  register(app: FastifyInstance): void {
    app.get('/*', (request, reply) => this.#serve(request, reply));
  }

  #list(folder: string, at: string): void {
    for (const entry of readdirSync(join(folder, at), { withFileTypes: true })) {
      const name = at === '' ? entry.name : `${at}/${entry.name}`;
      if (entry.isDirectory()) this.#list(folder, name);
      else if (entry.isFile())
        this.#files.set(name, {
          path: join(folder, name),
          type: TYPES[extname(name)] ?? 'application/octet-stream',
          etag: '',
          body: null,
          br: null,
          gzip: null,
        });
    }
  }

  #serve(request: FastifyRequest, reply: FastifyReply): FastifyReply {
    if (this.#folder === null || !this.#files.has('index.html')) return this.#notBuilt(reply);
    const name = (request.params as { '*': string })['*'];
    const file = name === '' || name === 'index.html' ? undefined : this.#files.get(name);
    // A name with an ending is a file that is not there; anything else is a page of the SPA.
    if (!file && /\.[a-z0-9]{1,11}$/i.test(name) && !/^(tasks|workers|queues)\//.test(name))
      return reply.callNotFound() as unknown as FastifyReply;
    const served = file ?? this.#files.get('index.html')!;
    if (served.body === null) this.#load(served, file === undefined);
    reply.header(
      'cache-control',
      file && name.startsWith('assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
    );
    reply.header('etag', served.etag).header('vary', 'accept-encoding').type(served.type);
    if (request.headers['if-none-match'] === served.etag) return reply.code(304).send();
    const accepted = String(request.headers['accept-encoding'] ?? '');
    if (served.br && /\bbr\b/.test(accepted)) return reply.header('content-encoding', 'br').send(served.br);
    if (served.gzip && /\bgzip\b/.test(accepted)) return reply.header('content-encoding', 'gzip').send(served.gzip);
    return reply.send(served.body);
  }

  #load(file: StoredFile, index: boolean): void {
    let body = readFileSync(file.path);
    if (index) {
      const base = `<base href="${this.#prefix}/">`;
      const html = body.toString('utf8');
      body = Buffer.from(
        /<base [^>]*>/.test(html)
          ? html.replace(/<base [^>]*>/, base)
          : html.replace(/<head([^>]*)>/, `<head$1>\n${base}`),
      );
    }
    file.etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
    file.body = body;
    if (TEXT.test(file.type) && body.byteLength > 1024) {
      file.br = brotliCompressSync(body, {
        params: { [constants.BROTLI_PARAM_QUALITY]: body.byteLength > 200_000 ? 5 : 8 },
      });
      file.gzip = gzipSync(body);
    }
  }

  #notBuilt(reply: FastifyReply): FastifyReply {
    return reply
      .code(503)
      .type('text/html; charset=utf-8')
      .send(
        `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Umbel: pages not built</title></head><body><h1>The pages are not built</h1>
<p>This server runs, and its API answers at <a href="${this.#prefix}/api/v2/docs">${this.#prefix}/api/v2</a>. To build the pages run <code>npm run build</code> and start it again.</p></body></html>`,
      );
  }
}
