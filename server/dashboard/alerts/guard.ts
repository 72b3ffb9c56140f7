// Which addresses a notice may be sent to: none of this machine, its link or a private network, unless the channel says so.
// Holds: what is judged is the address that is connected to, after the name was looked up, so that no name leads past it, whatever it
// resolves to the next time.
import { lookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/** Special-purpose addresses (RFC 6890): not of the public internet, or a way round to such. */
const V4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];
const V6: readonly (readonly [string, number])[] = [
  // Unspecified, loopback, and the addresses of version 4 written without a mark.
  ['::', 96],
  // Ways to addresses of version 4.
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['2002::', 16],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['100::', 64],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
];

const LIST = new BlockList();
for (const [net, bits] of V4) LIST.addSubnet(net, bits, 'ipv4');
for (const [net, bits] of V6) LIST.addSubnet(net, bits, 'ipv6');

/** Also of version 4 written as one of version 6. @param address without a zone, or with one: then it is of a link */
export function isPublic(address: string): boolean {
  const family = isIP(address);
  if (family === 0 || address.includes('%')) return false;
  return !LIST.check(address, family === 4 ? 'ipv4' : 'ipv6');
}

export class AddressRefused extends Error {}

const refused = (): AddressRefused =>
  new AddressRefused('its address is of this machine or a private network; the channel does not allow that');

/** null: it may be connected to, or is a name, which `guardedLookup` judges. @param hostname as URL has it */
export function refusedLiteral(hostname: string): AddressRefused | null {
  const plain = hostname.replace(/^\[|\]$/g, '');
  return isIP(plain) === 0 || isPublic(plain) ? null : refused();
}

/** A look-up for a connection, which gets public addresses only. */
export const guardedLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, found) => {
    if (error) return callback(error, '', 0);
    const all = found.filter(({ address }) => isPublic(address));
    if (all.length === 0) return callback(refused(), '', 0);
    if (options.all) return (callback as unknown as (error: null, all: typeof found) => void)(null, all);
    return callback(null, all[0]!.address, all[0]!.family);
  });
};
