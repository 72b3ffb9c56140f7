// Who somebody is by a header of the proxy before us: X-Forwarded-User, Remote-User, whatever it is called. Off unless it is named.
// Not here: which proxies are trusted (forwarded.ts).
// Holds: from anybody else the header is nothing; a header that is there twice, as when a client has sent one along, names nobody.
import type { IncomingMessage } from 'node:http';
import type { TrustedProxies } from './forwarded.ts';

export interface ProxyLogin {
  /** null: off. */
  readonly user: string | null;
  /** With commas between them. null: none are told. */
  readonly groups: string | null;
}

type Asked = Pick<IncomingMessage, 'rawHeaders' | 'socket'>;

/** null: nobody. */
export function userByProxy(
  request: Asked,
  { user: header, groups }: ProxyLogin,
  proxies: TrustedProxies,
): { readonly name: string; readonly groups: readonly string[] } | null {
  if (header === null || !proxies.trusts(request.socket)) return null;
  const name = only(request, header);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (name === null || name === '' || name.length > 1024 || /[\x00-\x1f\x7f]/.test(name)) return null;
  const text = groups === null ? null : only(request, groups);
  const list = (text ?? '').split(',').map((one) => one.trim());
  return { name, groups: list.filter((one) => one !== '') };
}

/** As UTF-8, which proxies send and Node reads as Latin-1. null: not there, or there twice. */
function only({ rawHeaders }: Asked, name: string): string | null {
  const found = rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]!.toLowerCase() === name.toLowerCase());
  return found.length === 1 ? Buffer.from(found[0]!.trim(), 'latin1').toString('utf8') : null;
}
