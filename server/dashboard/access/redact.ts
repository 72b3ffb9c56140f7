// Masking of secrets in what workers tell of their configuration.
// Holds: a value under a name that sounds like a secret is never shown; passwords within URLs are masked wherever they stand.
export const MASK = '********';
const NAMES =
  /pass(word|wd|phrase)?$|pass(word|wd)|secret|token|api_?key|private_?key|credential|signature|access_?key|^key$|auth(?!or)/i;
/** Names that sound like secrets and are none. */
const HARMLESS = /^(security_(certificate|cert_store|digest)|.*_header.*|redis_backend_health_check_interval)$/i;
/** Up to the last @: a password may hold one that nobody escaped. */
const URL_SECRET = /\b([a-z][a-z0-9+.-]*:\/\/)([^/\s:@]*):([^/\s]+)@/gi;

export type Redact = (value: unknown) => unknown;

/** @param more patterns of further names, as in the option `redact` */
export function createRedact(more: readonly string[] = []): Redact {
  const extra = more.map((source) => new RegExp(source, 'i'));
  const secret = (name: string): boolean =>
    (NAMES.test(name) && !HARMLESS.test(name)) || extra.some((pattern) => pattern.test(name));
  const walk = (value: unknown, depth: number): unknown => {
    if (typeof value === 'string') return maskUrls(value);
    if (typeof value !== 'object' || value === null || depth > 12) return value;
    if (Array.isArray(value)) return value.map((item) => walk(item, depth + 1));
    // Dates, decimals and other values that stand for themselves.
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) return value;
    const out: Record<string, unknown> = {};
    for (const [key, item] of Object.entries(value)) {
      const hide = secret(key) && item !== null && item !== '' && typeof item !== 'boolean';
      out[key] = hide ? MASK : walk(item, depth + 1);
    }
    return out;
  };
  return (value) => walk(value, 0);
}

export function maskUrls(text: string): string {
  return text.replace(URL_SECRET, `$1$2:${MASK}@`);
}
