// Whether this dashboard asks who is there: by users of its own, by a provider, or by a proxy that says who it is.
import type { Resolved } from '../options.ts';

export type Guards = Pick<Resolved, 'auth_provider' | 'basic_auth' | 'proxy_user_header'>;

export const isGuarded = ({ auth_provider, basic_auth, proxy_user_header }: Guards): boolean =>
  auth_provider !== null || basic_auth.length > 0 || proxy_user_header !== null;
