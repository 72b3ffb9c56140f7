// What the stores of this package are, for whoever must know before one is opened: beat, and the registry.
// Not here: what the flags mean (contract.ts).
import type { BackendFlags } from './contract.ts';

export const DISABLED: BackendFlags = { shared: false, expiresItself: true, chords: 'unlock' };
export const MEMORY: BackendFlags = { shared: false, expiresItself: true, chords: 'counts' };
export const SQLITE: BackendFlags = { shared: true, expiresItself: false, chords: 'counts' };
export const REDIS: BackendFlags = { shared: true, expiresItself: true, chords: 'counts' };
export const DATABASE: BackendFlags = { shared: true, expiresItself: false, chords: 'unlock' };
export const FILESYSTEM: BackendFlags = { shared: true, expiresItself: false, chords: 'unlock' };
export const MEMCACHED: BackendFlags = { shared: true, expiresItself: true, chords: 'counts' };
export const RPC: BackendFlags = { shared: false, expiresItself: true, chords: 'refused', callerOnly: true };
export const DJANGO: BackendFlags = { shared: true, expiresItself: false, chords: 'counts' };
