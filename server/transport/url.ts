// Broker and result store URLs: take them apart, split failover lists, print them without secrets.
// Which scheme means what: registry.ts. Paths: what follows the slash after the host, so `sqlite:///x.db` has the path `x.db`,
// `sqlite:////var/x.db` has `/var/x.db`, `amqp://h//` has the virtual host `/`.
// Kombu: utils/url.py

export interface ParsedUrl {
  /** In lower case, without `://`. A bare word like `memory` is a scheme. */
  readonly scheme: string;
  readonly username: string | null;
  readonly password: string | null;
  /** '' when not given. An IPv6 address stands without its brackets. */
  readonly host: string;
  readonly port: number | null;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
}

const SHAPE = /^([a-z][a-z0-9+.-]*):\/\/(?:([^/?]*)@)?(\[[^\]]*\]|[^/:?@]*)(?::(\d+))?(?:\/([^?]*))?(?:\?(.*))?$/i;

/** Can all of it be taken apart? Not so with a port that is no number, or a `/` or `?` in a password. */
export function isUrl(text: string): boolean {
  return SHAPE.test(text);
}

/** Never throws: what cannot be taken apart has the scheme it starts with, and the rest as path. */
export function parseUrl(url: string): ParsedUrl {
  const found = SHAPE.exec(url);
  if (!found) {
    // Without '://' there is no scheme that anybody knows: of `sqlite:/x.db` it is `sqlite:`, which is then refused.
    const scheme = /^[a-z][a-z0-9+.-]*(?=:\/\/)/i.exec(url)?.[0] ?? /^[^/?]*/.exec(url)![0];
    const rest = url.slice(scheme.length).replace(/^:\/\//, '');
    return {
      scheme: scheme.toLowerCase(),
      username: null,
      password: null,
      host: '',
      port: null,
      path: rest,
      query: {},
    };
  }
  const [, scheme = '', userinfo, host = '', port, path = '', query] = found;
  const colon = userinfo?.indexOf(':') ?? -1;
  const username = userinfo === undefined ? null : decode(colon < 0 ? userinfo : userinfo.slice(0, colon));
  const password = userinfo === undefined || colon < 0 ? null : decode(userinfo.slice(colon + 1));
  return {
    scheme: scheme.toLowerCase(),
    username: username || null,
    password: password || null,
    host: host.startsWith('[') ? host.slice(1, -1) : decode(host),
    port: port === undefined ? null : Number(port),
    path: decode(path),
    query: Object.fromEntries(new URLSearchParams(query ?? '')),
  };
}

/** What follows the first name or address, unless it is a port: up to the last `@`, or else to the path. */
const COLON = /^(\s*[a-z][a-z0-9+.-]*:\/\/(?:\[[^\]]*\]|[^/?:@[]*)):(?!\d+(?:[/?][^@]*)?$)(.*@|[^@/?]*)/i;

/** `user:password@host`, whose scheme was forgotten. */
const NO_SCHEME = /^(\s*(?:\/\/)?[^\s/?@:]*):(?!\/\/).*@/;

/** May a text of settings be an address with a password in it? */
export function isAddress(text: string): boolean {
  return text.includes('://') || NO_SCHEME.test(text);
}

/**
 * The URL for logs, errors and pages: every password is `**`. Also of URLs that are wrong: what may be a password, since
 * it stands after a colon and is no port, is not shown.
 */
export function safeUrl(url: string): string {
  return splitUrls(url)
    .map((one) =>
      one
        .replace(NO_SCHEME, '$1:**@')
        .replace(COLON, (_all, before: string, hidden: string) =>
          hidden === '' ? `${before}:` : `${before}:**${hidden.endsWith('@') ? '@' : ''}`,
        )
        .replace(/([?&;/][^=&;/]*(?:password|passwd|secret|token|accountkey)[^=&;]*=)[^&;]*/gi, '$1**'),
    )
    .join(';');
}

/** The URLs of `a://...;b://...`. A semicolon before anything else belongs to its URL. */
export function splitUrls(urls: string): string[] {
  return urls
    .split(/;(?=\s*[a-z][a-z0-9+.-]*:\/\/)/i)
    .map((one) => one.trim().replace(/;$/, ''))
    .filter((one) => one !== '');
}

/** `a;b` and `['a', 'b']` are the same list of brokers to try in turn; sentinels one after the other are one broker. */
export function splitFailover(url: string | readonly string[]): string[] {
  const all = typeof url === 'string' ? [url] : url;
  const isSentinel = (one: string | undefined) => one?.startsWith('sentinel://') ?? false;
  const found: string[] = [];
  for (const one of all.flatMap(splitUrls)) {
    if (isSentinel(one) && isSentinel(found.at(-1))) found.push(`${found.pop()};${one}`);
    else found.push(one);
  }
  return found;
}

function decode(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
