// Whether an address is plain HTTP on this machine: the only place where a provider may be asked without TLS.

export function isLoopbackHost(address: string): boolean {
  const { hostname, protocol } = new URL(address);
  return protocol === 'http:' && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}
