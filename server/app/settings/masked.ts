// Settings as they may be shown: what is secret by its name is stars, at every depth; URLs stand without their passwords.
// Not here: which names are secret (shared/secret-names.ts); what a worker tells over remote control, which masks all that Celery
// masks (worker/panel/conf.ts).
// Celery 5.6: app/utils.py filter_hidden_settings, HIDDEN_SETTINGS (which also hides routing keys and prefixes)
import { isSecretSetting, MASK } from '../../../shared/secret-names.ts';
import { isAddress, safeUrl } from '../../transport/url.ts';

export function masked(settings: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, maskOne(name, value)]));
}

function maskOne(name: string, value: unknown): unknown {
  if (value === null || value === '' || typeof value === 'boolean') return value;
  if (isSecretSetting(name)) return typeof value === 'string' && isAddress(value) ? safeUrl(value) : MASK;
  return plain(value);
}

function plain(value: unknown): unknown {
  if (typeof value === 'string') return isAddress(value) ? safeUrl(value) : value;
  if (Array.isArray(value)) return value.map(plain);
  if (value !== null && typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype) {
    return masked(value as Record<string, unknown>);
  }
  return value;
}
