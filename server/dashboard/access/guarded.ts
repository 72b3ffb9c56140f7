// Whether this dashboard asks who is there: by users of its own, or by a proxy that says who it is.
import type { Resolved } from '../options.ts';

export type Guards = Pick<Resolved, 'basic_auth' | 'proxy_user_header'>;

export const isGuarded = ({ basic_auth: credentials, proxy_user_header: header }: Guards): boolean =>
  credentials.length > 0 || header !== null;
