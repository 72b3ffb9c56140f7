// The address of a provider by its domain, as Flower's options name it: 'github.example.com'; or a whole address on this machine.
import { isLoopbackHost } from './loopback.ts';

export function baseOf(domain: string): string {
  return isDomain(domain) && !domain.includes('//') ? `https://${domain}` : domain.replace(/\/+$/, '');
}

export function isDomain(text: string): boolean {
  if (/^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*(:\d{1,5})?$/.test(text)) return true;
  return URL.canParse(text) && isLoopbackHost(text) && new URL(text).pathname === '/';
}
