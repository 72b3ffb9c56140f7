// Whether a worker takes nothing but JSON: what its tasks hold can then be told as JSON, too.
// Celery 5.6: app/defaults.py (accept_content), worker/control.py conf

const JSON_NAMES = new Set<unknown>(['json', 'application/json']);
/** The setting, also by its name of before Celery 4. */
const ACCEPT_CONTENT = /^(celery_)?accept_content$/i;

/** @param conf what it answered to `inspect conf`: only those of its settings that are not Celery's own; JSON is Celery's own */
export function isJsonOnly(conf: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(conf)
    .filter(([name]) => ACCEPT_CONTENT.test(name))
    .every(([, accepted]) => Array.isArray(accepted) && accepted.every((one) => JSON_NAMES.has(one)));
}
