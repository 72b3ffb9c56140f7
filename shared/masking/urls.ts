// Passwords in addresses, and addresses that are secrets themselves.
// Holds: each stretch of the text is looked through once.
import { MASK } from '../secret-names.ts';
import type { Cut } from './cut.ts';

/** Characters that end a URL in running text and in reprs. */
const URL_END = /[\s"'`<>]/;
const PORT = /^\d{1,5}(?:[/?#]|$)/;
/** A token where a user's name would stand: https://ghp_...@github.com */
const LONG_USER = /^[\w-]{20,}$/;
const AUTHORITY_END = /[/?#@:]/;
const REACH = 256;

export function urlCuts(text: string, cuts: Cut[]): void {
  let at = text.indexOf('://');
  while (at >= 0) {
    const begin = at + 3;
    const next = text.indexOf('://', begin);
    // Each stretch ends before the next address: none is looked through twice.
    const stretch = text.slice(begin, next < 0 ? text.length : Math.max(begin, schemeStart(text, next)));
    const ended = stretch.search(URL_END);
    const end = begin + (ended < 0 ? stretch.length : ended);
    const path = SECRET_PATH.exec(text.slice(begin, begin + 128))?.[0].length;
    if (path !== undefined) cuts.push({ from: begin + path, to: end, by: MASK });
    else userCut(text, begin, end, cuts);
    at = next;
  }
}

/** Addresses whose path is all that is asked of who calls them. */
const SECRET_PATH =
  /^(?:hooks\.slack\.com\/\w{1,20}\/|discord(?:app)?\.com\/api\/(?:v\d+\/)?webhooks\/\d{1,20}\/|api\.telegram\.org\/bot|[\w-]{1,64}\.webhook\.office\.com\/webhookb2\/)/;

/** Addresses within JSON that escapes slashes, and within other addresses. */
export function escapedUrlCuts(text: string, cuts: Cut[]): void {
  for (const pattern of [ESCAPED_URL, ENCODED_URL])
    for (const found of text.matchAll(pattern)) {
      const to = found.index + found[0].length - found[2]!.length;
      cuts.push({ from: to - found[1]!.length, to, by: MASK });
    }
}
const ESCAPED_URL = /:\\\/\\\/[^\s"'@:\\]{0,64}:([^\s"'@]{1,256})(@)/g;
const ENCODED_URL = /%3a%2f%2f[^\s&"'%]{0,64}%3a([^\s&"']{1,256}?)(%40)/gi;

/** An address without its scheme: ann:x@db:5432 */
export function addressCuts(text: string, cuts: Cut[]): void {
  for (const found of text.matchAll(BARE_ADDRESS))
    cuts.push({ from: found.index + found[0].length - found[1]!.length, to: found.index + found[0].length, by: MASK });
}
/** With its port: without one it may be anything. */
const BARE_ADDRESS =
  /(?<![\w.+:/@-])(?!(?:mailto|sips?|xmpp|acct|urn):)[\w.+-]{1,64}:([^\s:/@'"<>,;()]{1,128})(?=@[\w.-]{1,128}:\d{2,5}(?!\w))/g;

/** Where the scheme before '://' at `at` begins. */
function schemeStart(text: string, at: number): number {
  let from = at;
  while (from > 0 && at - from < 32 && /[a-z0-9+.-]/i.test(text[from - 1]!)) from--;
  return from;
}

/**
 * Is what stands where a user's name would be a key? Sentry's (https://key@o1.ingest.sentry.io/4, and with its old second half), and
 * keys whose password is empty or a word: https://key:@api.x.com, https://key:x-oauth-basic@github.com
 */
function isKeyAsUser(text: string, begin: number, url: string): boolean {
  if (!/https?:\/\/$/i.test(text.slice(Math.max(0, begin - 8), begin))) return false;
  return KEY_AS_USER.test(url.slice(0, 400));
}
const KEY_AS_USER =
  /^[\w.-]{1,128}(?::(?:x-oauth-basic|x)?@|(?::\w{1,128})?@(?:[\w.-]{0,100}sentry[\w.-]{0,100}(?::\d{1,5})?\/|[\w.-]{1,100}(?::\d{1,5})?\/(?:[\w-]{1,40}\/)?\d{1,20}(?:[?#]|$)))/;

function userCut(text: string, begin: number, end: number, cuts: Cut[]): void {
  const url = text.slice(begin, end);
  const first = url.search(AUTHORITY_END);
  if (first < 0) return;
  const stop = begin + first;
  const last = begin + url.lastIndexOf('@');
  if (isKeyAsUser(text, begin, url)) {
    cuts.push({ from: begin, to: last, by: MASK });
    return;
  }
  if (text[stop] === '@') {
    // smtp://ann@example.com:x@host
    const authority = url.search(/[/?#]/);
    const lastAt = (authority < 0 ? url : url.slice(0, authority)).lastIndexOf('@');
    const colon = url.indexOf(':', first);
    if (colon > 0 && colon < lastAt) cuts.push({ from: begin + colon + 1, to: begin + lastAt, by: MASK });
    else if (LONG_USER.test(text.slice(begin, stop))) cuts.push({ from: begin, to: stop, by: MASK });
    return;
  }
  if (text[stop] !== ':') return;
  const from = stop + 1;
  if (last >= from) {
    // Up to the last @: a password may hold one, and a slash, that nobody escaped.
    const between = text.slice(from, last);
    const isPort = stop > begin && PORT.test(between);
    if (!isPort && last > from) cuts.push({ from, to: last, by: MASK });
    return;
  }
  const rest = text.slice(from, end);
  if (rest === '' || PORT.test(rest) || /^\d+\D{0,3}$/.test(rest)) return;
  // Neither a port nor an @: the address was cut short, or its password holds a quote or a space.
  const near = text.slice(end, end + REACH);
  const further = /^[^\n@]*@/.exec(near)?.[0].length ?? 0;
  const isQuoteInside = further > 0 && !/:\/\/|[,;{}[\]]/.test(near.slice(0, further));
  if (isQuoteInside) cuts.push({ from, to: end + further - 1, by: MASK });
  else if (stop === begin) cuts.push({ from, to: end, by: MASK });
  else if (!/[/?#]/.test(rest)) cuts.push({ from, to: end, by: MASK });
}
