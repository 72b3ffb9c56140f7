// Settings as they may be shown: secrets masked, URLs without passwords, nothing that JSON cannot say.
// Celery 5.6: app/utils.py filter_hidden_settings
import { saferepr } from '../../../shared/python-repr.ts';
import { isHiddenByCelery, isSecretName, MASK } from '../../../shared/secret-names.ts';
import type { Config } from '../../app/config.ts';
import { isAddress, safeUrl } from '../../transport/url.ts';

export function confTable(conf: Config, withDefaults: boolean): Record<string, unknown> {
  const given = withDefaults ? conf.toObject() : conf.changes();
  const table: Record<string, unknown> = {
    ...(withDefaults ? {} : { broker_url: conf.brokerUrls('read'), result_backend: conf.resultBackendUrl() }),
    ...given,
  };
  if (Array.isArray(table.broker_url) && table.broker_url.length === 1) table.broker_url = table.broker_url[0];
  return masked(table);
}

function masked(table: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(table).map(([key, value]) => [key, maskOne(key, value)]));
}

function maskOne(key: string, value: unknown): unknown {
  if (isTable(value)) return masked(value);
  if (isHiddenByCelery(key)) return MASK;
  const isEmpty = value === null || value === undefined || value === '' || typeof value === 'boolean';
  if (isSecretName(key) && !isEmpty) return MASK;
  return plain(value);
}

function plain(value: unknown): unknown {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') return isAddress(value) ? value.split(';').map(safeUrl).join(';') : value;
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  if (Array.isArray(value)) return value.map(plain);
  if (isTable(value)) return masked(value);
  return typeof value === 'function' ? `<function ${value.name || 'anonymous'}>` : saferepr(value, 1024);
}

function isTable(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
