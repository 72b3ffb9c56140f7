// What values the options of a dashboard may have, beside those that others have too (app/option-values.ts).
// Which option has which: options.ts. Users and passwords: access/credentials.ts.
import { createMasking } from '../../shared/masking.ts';
import { list, type Read, refused, text } from '../app/option-values.ts';
import { ImproperlyConfigured, toError } from '../errors.ts';
import { loaderOf } from '../transport/registry.ts';
import { splitUrls } from '../transport/url.ts';
import { isNetwork } from './access/forwarded.ts';

/** A place that other processes see as well. */
export const shared: Read<string> = (value, name) => {
  const place = text(value, name);
  if (place === '' || /^memory:/i.test(place)) throw refused(name, 'a path or URL that other processes see too', value);
  return place;
};

export const port: Read<number> = (value, name) => {
  if (!(Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 65_535))
    throw refused(name, 'a whole number from 0 to 65535', value);
  return Number(value);
};

export const table: Read<Readonly<Record<string, unknown>>> = (value, name) => {
  // Its values may be secrets: they are not shown.
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ImproperlyConfigured(`The option ${name} must be an object of settings in Celery's names.`);
  return value as Readonly<Record<string, unknown>>;
};

/** URLs, or one text with semicolons between them: several for failover. */
export const brokers: Read<readonly string[]> = (value, name) => {
  const all = typeof value === 'string' ? splitUrls(value) : value;
  // A URL may hold a password: it is not shown.
  if (!Array.isArray(all) || all.length === 0 || all.some((one) => typeof one !== 'string'))
    throw new ImproperlyConfigured(`The option ${name} must be a URL or a list of URLs.`);
  // A wrong scheme heals by no waiting.
  for (const url of all) loaderOf(url);
  return all;
};

/** '' or '/prefix', without a slash at the end. */
export const prefix: Read<string> = (value, name) => {
  const trimmed = text(value, name).replace(/^\/+|\/+$/g, '');
  if (trimmed === '') return '';
  if (!/^[\w.~-]+(\/[\w.~-]+)*$/.test(trimmed)) throw refused(name, 'a plain path', value);
  return `/${trimmed}`;
};

/** As chmod has it. A number is refused: 660 and 0o660 are two, and only one of them is meant. */
export const fileMode: Read<number> = (value, name) => {
  if (typeof value === 'string' && /^(0o?)?[0-7]{3}$/.test(value)) return Number.parseInt(value.slice(-3), 8);
  throw refused(name, "an octal text such as '0660'", value);
};

/** An address that may hold a user and a password: what is wrong is not shown. */
export const httpUrl: Read<string> = (value, name) => {
  const at = typeof value === 'string' && URL.canParse(value) ? new URL(value) : null;
  if (at && /^https?:$/.test(at.protocol)) return value as string;
  throw new ImproperlyConfigured(`The option ${name} takes an address like http://user:password@localhost:15672/api/`);
};

export function origin(value: string, name: string): string {
  try {
    const { origin: plain, pathname, protocol } = new URL(value);
    if (/^https?:$/.test(protocol) && pathname === '/') return plain.toLowerCase();
  } catch {
    // Refused below.
  }
  throw new ImproperlyConfigured(
    `The option ${name} takes addresses like https://dash.example.com:8443, not ${JSON.stringify(value)}.`,
  );
}

/** An address, or a network with its bits. */
export function network(value: string, name: string): string {
  if (!isNetwork(value)) throw refused(name, "addresses and networks such as '10.0.0.1' or '10.0.0.0/8'", value);
  return value;
}

/** As the content security policy has it. */
export function frameAncestor(value: string, name: string): string {
  return /^'?self'?$/i.test(value) ? "'self'" : origin(value, name);
}

/** Of a header that a proxy sets, and no browser by itself. */
export const headerName: Read<string> = (value, name) => {
  const others =
    /^(authorization|cookie|host|origin|referer|user-agent|accept.*|content-.*|sec-.*|connection|upgrade)$/i;
  if (typeof value === 'string' && /^[A-Za-z][A-Za-z0-9-]{0,99}$/.test(value) && !others.test(value)) return value;
  throw refused(name, "the name of a header such as 'X-Forwarded-User'", value);
};

/** @unit seconds */
export const duration: Read<number> = (value, name) => {
  if (!(typeof value === 'number' && value >= 1 && Number.isFinite(value)))
    throw refused(name, 'a number of seconds, of at least 1', value);
  return value;
};

/** It is not shown, whatever is wrong with it. */
export const secret: Read<string> = (value, name) => {
  if (typeof value === 'string' && value.length >= 8) return value;
  throw new ImproperlyConfigured(`The option ${name} must be a text of at least 8 letters, better of 32 random ones.`);
};

/** Regular expressions, as texts. */
export const patterns: Read<readonly string[]> = (value, name) => {
  if (!Array.isArray(value) || value.some((one) => typeof one !== 'string'))
    throw refused(name, 'a list of patterns', value);
  try {
    createMasking(value);
  } catch (error) {
    throw new ImproperlyConfigured(`The option ${name} has a pattern that cannot be used: ${toError(error).message}`);
  }
  return value;
};

/** Of a receiver, or of its /v1/metrics, which is where it goes. */
export const otlpUrl: Read<string> = (value, name) => {
  const url = new URL(httpUrl(value, name));
  if (url.username !== '' || url.password !== '')
    throw new ImproperlyConfigured(
      `The option ${name} takes no password in its address: give a header by otlp_headers.`,
    );
  if (!/\/v1\/metrics\/?$/.test(url.pathname)) url.pathname = `${url.pathname.replace(/\/$/, '')}/v1/metrics`;
  return url.toString();
};

/** 'api-key=secret,x-scope=shop', what stands behind the = with its %20 and the like. It is not shown. */
export const otlpHeaders: Read<Readonly<Record<string, string>>> = (value, name) => {
  const pairs = typeof value === 'string' ? value.split(',').filter((one) => one.trim() !== '') : [''];
  try {
    return Object.fromEntries(
      pairs.map((pair) => {
        const [, key, text] = /^\s*([\w.!#$%&'*+^`|~-]+)\s*=\s*([\x20-\x7e]*?)\s*$/.exec(pair)!;
        return [key!.toLowerCase(), decodeURIComponent(text!)];
      }),
    );
  } catch {
    throw new ImproperlyConfigured(`The option ${name} takes headers like api-key=secret,x-scope=shop.`);
  }
};

/** Upper bounds of a histogram, rising. An infinite one at the end, as Flower's may have it, is the histogram's own. */
export const bounds: Read<readonly number[]> = (given, name) => {
  const value =
    Array.isArray(given) && given.at(-1) === Number.POSITIVE_INFINITY ? given.slice(0, -1) : (given as unknown);
  const rises = (one: unknown, i: number, all: readonly unknown[]) =>
    typeof one === 'number' && Number.isFinite(one) && (i === 0 || one > Number(all[i - 1]));
  if (!Array.isArray(value) || !value.every(rises)) throw refused(name, 'a list of rising numbers', value);
  return value;
};

/** @unit bytes */
const LEAST_FILE = 10_000_000;
/** Room for the tables themselves, and for what is no task. */
export const fileSize: Read<number> = (value, name) => {
  if (!(typeof value === 'number' && value >= LEAST_FILE && Number.isFinite(value)))
    throw refused(name, `a number of bytes, of at least ${LEAST_FILE}`, value);
  return value;
};

/** 'SUCCESS=86400', or a list of such texts, or an object. @returns seconds by state; null: for ever */
export const agesByState: Read<Readonly<Record<string, number | null>>> = (value, name) => {
  const wrong = (of: unknown) => refused(name, 'like SUCCESS=86400,FAILURE=forever (seconds by state)', of);
  const isTable = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (isTable && Object.values(value).some((age) => age !== null && typeof age !== 'number')) throw wrong(value);
  const pairs = isTable
    ? Object.entries(value).map(([state, age]) => `${state}=${age ?? 'forever'}`)
    : list(value, name);
  return Object.fromEntries(
    pairs.map((pair) => {
      const parts = /^([A-Z][\w-]*) *= *(forever|\d+(?:\.\d+)?)$/.exec(pair);
      if (!parts) throw wrong(pair);
      return [parts[1]!, parts[2] === 'forever' ? null : Number(parts[2])];
    }),
  );
};
