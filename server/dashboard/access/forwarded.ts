// From where a request came, when it came through a proxy, and below which path: what X-Forwarded-For, X-Real-Ip, X-Forwarded-Host and
// X-Forwarded-Prefix say, from proxies that are trusted by their address, and from nobody else.
// Not here: what is concluded from it (gate.ts). Whether somebody without a login is of this machine is asked of the socket alone.
// Holds: of a chain of addresses the nearest that is no trusted proxy is the client; what stands before it anybody may have written.
// Tornado 6.5: httpserver.py _apply_xheaders (which believes everybody)
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { type Peer, peerOf } from './peer.ts';

export interface Client {
  readonly address: string;
  /** As the browser named it. */
  readonly host: string | undefined;
  /** It came by TLS, as far as the browser is concerned. */
  readonly isSecure: boolean;
}

/** It goes into pages and redirects: one that could name another site is none. */
const PLAIN_PREFIX = /^(\/[\w.~-]+)+$/;
const MAX_PREFIX = 500;
const LOOPBACK = ['127.0.0.0/8', '::1'];

export class TrustedProxies {
  readonly #list: BlockList | null;

  /** With `xheaders` and no addresses, proxies on this machine are trusted. @param addresses checked, as '10.0.0.1' or '10.0.0.0/8' */
  constructor(xheaders: boolean, addresses: readonly string[]) {
    const all = addresses.length > 0 ? addresses : xheaders ? LOOPBACK : [];
    this.#list = all.length === 0 ? null : blockList(all);
  }

  clientOf({ headers, socket }: Pick<IncomingMessage, 'headers' | 'socket'>): Client {
    const peer = peerOf(socket);
    const direct = peer === undefined ? 'this machine' : plain(peer);
    const isEncrypted = (socket as Partial<TLSSocket>).encrypted === true;
    if (!this.trusts(socket)) return { address: direct, host: headers.host, isSecure: isEncrypted };
    const chain = words(headers['x-forwarded-for']).map(plain);
    const real = plain(words(headers['x-real-ip']).at(-1) ?? '');
    const nearest = chain.findLast((one) => !this.#trusts(one)) ?? chain[0];
    const address = [nearest, real].find((one) => one !== undefined && isIP(one) !== 0) ?? direct;
    const scheme = words(headers['x-scheme'] ?? headers['x-forwarded-proto'])
      .at(-1)
      ?.toLowerCase();
    const host = words(headers['x-forwarded-host'])[0] ?? headers.host;
    return { address, host, isSecure: scheme === undefined ? isEncrypted : scheme === 'https' };
  }

  /** The path that proxies have taken away, each its own; '' for none, and for what is no plain path. @returns '' or '/prefix' */
  prefixOf({ headers, socket }: Pick<IncomingMessage, 'headers' | 'socket'>): string {
    if (!this.trusts(socket)) return '';
    const whole = words(headers['x-forwarded-prefix'])
      .map((one) => one.replace(/\/+$/, ''))
      .join('');
    return whole.length <= MAX_PREFIX && PLAIN_PREFIX.test(whole) && !/\/\.\.?(\/|$)/.test(whole) ? whole : '';
  }

  /** Whether the other end of a connection is a trusted proxy. */
  trusts(socket: Peer): boolean {
    return this.#trusts(peerOf(socket));
  }

  /** A Unix socket has no address: who may open it is of this machine. */
  #trusts(address: string | undefined): boolean {
    if (this.#list === null) return false;
    if (address === undefined) return true;
    const one = plain(address);
    return isIP(one) !== 0 && this.#list.check(one, isIPv4(one) ? 'ipv4' : 'ipv6');
  }
}

/** '10.0.0.0/8', '::1'; false for what is no address. */
export function isNetwork(text: string): boolean {
  const [address, bits, ...more] = text.split('/');
  const most = isIPv4(address!) ? 32 : isIPv6(address!) ? 128 : -1;
  return most > 0 && more.length === 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most));
}

function blockList(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address, bits] = network.split('/') as [string, string | undefined];
    const family = isIPv4(address) ? 'ipv4' : 'ipv6';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}

/** Without a port, a zone or the brackets of IPv6; an IPv4 address that IPv6 wraps is itself. */
function plain(address: string): string {
  const bare = address.replace(/^\[([^\]]*)\](:\d+)?$/, '$1').replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, '$1');
  return bare.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
}

function words(header: string | readonly string[] | undefined): string[] {
  return [header ?? []]
    .flat()
    .join(',')
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
}
