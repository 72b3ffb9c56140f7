// The security headers of every reply: what a browser may do with what this server sends.
// Holds: nothing inline and nothing from elsewhere runs or is shown; no page of another site frames these but those of the option frame_ancestors. Whether the whole host
// is reached by TLS only is for the proxy that has the certificate to say.
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'self'",
  "form-action 'self'",
];

/** @param ancestors origins whose pages may frame these */
export function securityHeaders(ancestors: readonly string[]): Readonly<Record<string, string>> {
  if (ancestors.length === 0) return SECURITY_HEADERS;
  const { 'x-frame-options': _, ...others } = SECURITY_HEADERS;
  return { ...others, 'content-security-policy': policy(ancestors) };
}

const policy = (ancestors: readonly string[]): string =>
  [...POLICY, `frame-ancestors ${ancestors.join(' ')}`].join(';');

export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': policy(["'none'"]),
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'origin-agent-cluster': '?1',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'referrer-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
  'x-dns-prefetch-control': 'off',
  'x-frame-options': 'DENY',
  'x-permitted-cross-domain-policies': 'none',
};
