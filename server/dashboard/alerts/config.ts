// The option `alerts`: channels, rules, and where people find the dashboard; in the config file, or in a JSON file of its own.
// Not here: what a channel does (channel.ts), when a rule fires (evaluate.ts).
// Holds: what cannot be used is refused at the start by its place and never by its value; a secret can be named instead of written:
// {"env": "NAME"}, {"file": "/run/secrets/hook"}.
import { readFileSync } from 'node:fs';
import {
  type AlertRuleRequest,
  AlertRuleRequest as Rule,
  RuleSpec,
  type Severity,
} from '../../../shared/wire/alerts.ts';
import type { NeedKind } from '../../../shared/wire/attention.ts';
import { ImproperlyConfigured, toError } from '../../errors.ts';
import { wrongBody } from '../routes/body.ts';

/** A text, or where it stands. */
export type Secret = string | { env: string } | { file: string };

interface ChannelCommon {
  name: string;
  /** The least severe it is told of. Default 'notice': everything. */
  severity?: Severity;
  /** Tell again after so long while it goes on. Default null: never. @unit seconds */
  remind?: number | null;
}
export interface WebhookConfig extends ChannelCommon {
  type: 'webhook';
  url: Secret;
  /** What bodies are signed with, 16 characters at least. Default: they are not signed. */
  secret?: Secret;
  /** Loopback, link-local and private addresses are allowed. Default false. */
  private?: boolean;
}
export interface SlackConfig extends ChannelCommon {
  type: 'slack';
  /** Of an incoming webhook. */
  url: Secret;
  private?: boolean;
}
export interface MailConfig extends ChannelCommon {
  type: 'mail';
  /** smtp://host:587 (STARTTLS where the server has it) or smtps://host:465. */
  server: string;
  user?: string;
  password?: Secret;
  from: string;
  to: string | readonly string[];
}
export type ChannelConfig = WebhookConfig | SlackConfig | MailConfig;

/** What a rule of the configuration may leave out; `match` where all of them are meant by default. */
type Defaulted<T> = keyof T &
  ('severity' | 'for' | 'ends' | 'of' | 'over' | 'least' | (T extends { kind: 'failure-rate' } ? 'match' : never));
type Loose<T> = T extends AlertRuleRequest ? Omit<T, Defaulted<T>> & Partial<Pick<T, Defaulted<T>>> : never;
export type RuleConfig = (
  | Loose<AlertRuleRequest>
  | { kind: 'need'; need: NeedKind; severity?: Severity; for?: number; ends?: number; channels?: readonly string[] }
) & {
  enabled?: boolean;
};

export interface AlertsConfig {
  /** Where people find the dashboard, for links in notices. */
  url?: string;
  channels?: readonly ChannelConfig[];
  rules?: readonly RuleConfig[];
}

/** Secrets read, defaults filled in. */
export interface ResolvedAlerts {
  /** Without a slash at its end. */
  readonly url: string | null;
  readonly channels: readonly ResolvedChannel[];
  readonly rules: readonly { readonly rule: RuleSpec; readonly enabled: boolean }[];
}
interface ResolvedCommon {
  readonly name: string;
  readonly severity: Severity;
  readonly remind: number | null;
}
export type ResolvedChannel = ResolvedCommon &
  (
    | { readonly type: 'webhook'; readonly url: string; readonly secret: string | null; readonly allowPrivate: boolean }
    | { readonly type: 'slack'; readonly url: string; readonly allowPrivate: boolean }
    | {
        readonly type: 'mail';
        readonly server: string;
        readonly user: string | null;
        readonly password: string | null;
        readonly from: string;
        readonly to: readonly string[];
      }
  );

const NO_ALERTS: ResolvedAlerts = { url: null, channels: [], rules: [] };
const MAX_CHANNELS = 20;
const MAX_RULES = 200;
const SEVERITIES: readonly string[] = ['critical', 'warning', 'notice'];
const COMMON = ['name', 'type', 'severity', 'remind'];
const KEYS: Readonly<Record<string, readonly string[]>> = {
  webhook: [...COMMON, 'url', 'secret', 'private'],
  slack: [...COMMON, 'url', 'private'],
  mail: [...COMMON, 'server', 'user', 'password', 'from', 'to'],
};
/** @unit seconds */
const RULE_DEFAULTS = { severity: 'warning', for: 60, ends: 120 } as const;

/**
 * The option as the dashboard has it.
 * @param given an object, its JSON, or the path of a file with it
 * @throws ImproperlyConfigured
 */
export function readAlerts(given: unknown, name: string): ResolvedAlerts {
  if (given === null || given === undefined) return NO_ALERTS;
  const [value, where] = typeof given === 'string' ? fromText(given, name) : [given, `The option ${name}`];
  const wrong = (what: string): ImproperlyConfigured => new ImproperlyConfigured(`${where}: ${what}`);
  const {
    url,
    channels = [],
    rules = [],
    ...rest
  } = tableOf(value, () => wrong('it must be an object with channels and rules.'));
  const [other] = Object.keys(rest);
  if (other !== undefined) throw wrong(`there is no ${JSON.stringify(other)}. It takes url, channels, rules.`);
  if (!Array.isArray(channels) || !Array.isArray(rules)) throw wrong('channels and rules must be lists.');
  if (channels.length > MAX_CHANNELS || rules.length > MAX_RULES)
    throw wrong(`at most ${MAX_CHANNELS} channels and ${MAX_RULES} rules are taken.`);
  if (url !== undefined && !isHttp(url)) throw wrong('url must be an address like https://dash.example.com.');
  const read = {
    url: typeof url === 'string' ? url.replace(/\/+$/, '') : null,
    channels: channels.map((one, i) => channelOf(one, (what) => wrong(`channel ${i + 1}: ${what}`))),
    rules: rules.map((one, i) => ruleOf(one, (what) => wrong(`rule ${i + 1}: ${what}`))),
  };
  const names = new Set(read.channels.map((one) => one.name));
  if (names.size < read.channels.length) throw wrong('two channels have one name.');
  const ids = new Set(read.rules.map(({ rule }) => (rule.kind === 'need' ? rule.need : `n ${rule.name}`)));
  if (ids.size < read.rules.length) throw wrong('two rules have one name.');
  for (const { rule } of read.rules) {
    const unknown = rule.channels?.find((one) => !names.has(one));
    if (unknown !== undefined)
      throw wrong(
        `the rule ${JSON.stringify(rule.name)} names the channel ${JSON.stringify(unknown)}, which there is not.`,
      );
  }
  return read;
}

type Wrong = (what: string) => ImproperlyConfigured;

function fromText(given: string, name: string): [unknown, string] {
  // Also what is JSON and no table: it may hold secrets, and no path begins so.
  const isJson = /^\s*[[{"]/.test(given);
  const where = isJson ? `The option ${name}` : `The file ${given} of ${name}`;
  let text: string;
  try {
    text = isJson ? given : readFileSync(given, 'utf8');
  } catch (error) {
    throw new ImproperlyConfigured(`${where} cannot be read: ${toError(error).message}`);
  }
  try {
    return [JSON.parse(text), where];
  } catch {
    // What the parser says would show a part of it, which may be a secret.
    throw new ImproperlyConfigured(`${where} is no JSON.`);
  }
}

function tableOf(value: unknown, wrong: () => ImproperlyConfigured): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong();
  return value as Record<string, unknown>;
}

function isHttp(value: unknown): value is string {
  return typeof value === 'string' && URL.canParse(value) && /^https?:$/.test(new URL(value).protocol);
}

const isLine = (value: unknown, most = 1000): value is string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  typeof value === 'string' && value !== '' && value.length <= most && !/[\u0000-\u001f\u007f]/.test(value);

function channelOf(given: unknown, wrong: Wrong): ResolvedChannel {
  const one = tableOf(given, () => wrong('it must be an object.'));
  const { name, type, severity = 'notice', remind = null } = one;
  const keys = KEYS[String(type)];
  if (keys === undefined) throw wrong("'type' must be one of webhook, slack, mail.");
  for (const key of Object.keys(one))
    if (!keys.includes(key)) throw wrong(`there is no ${JSON.stringify(key)} of ${type}. It takes ${keys.join(', ')}.`);
  if (!isLine(name, 100)) throw wrong("'name' must be a text of 1 to 100 characters.");
  if (!SEVERITIES.includes(severity as string)) throw wrong(`'severity' must be one of ${SEVERITIES.join(', ')}.`);
  if (remind !== null && !(typeof remind === 'number' && remind >= 60 && remind <= 31_536_000))
    throw wrong("'remind' must be seconds, 60 at least, or null.");
  const common = { name, severity: severity as Severity, remind };
  if (type === 'mail') return { ...common, ...mailOf(one, wrong) };
  const url = secretOf(one.url, 'url', wrong);
  // It may be a secret: it is not shown.
  if (!isHttp(url)) throw wrong("'url' must be an address that begins with https:// or http://.");
  if (new URL(url).username !== '' || new URL(url).password !== '')
    throw wrong("'url' must hold no user and password.");
  if (one.private !== undefined && typeof one.private !== 'boolean') throw wrong("'private' must be true or false.");
  const allowPrivate = one.private === true;
  if (type === 'slack') return { ...common, type, url, allowPrivate };
  const secret = one.secret === undefined ? null : secretOf(one.secret, 'secret', wrong);
  if (secret !== null && secret.length < 16) throw wrong("'secret' must have 16 characters at least.");
  return { ...common, type: 'webhook', url, secret, allowPrivate };
}

function mailOf(one: Record<string, unknown>, wrong: Wrong) {
  const { server, user, password, from, to } = one;
  const at = typeof server === 'string' && URL.canParse(server) ? new URL(server) : null;
  if (at === null || !/^smtps?:$/.test(at.protocol) || at.hostname === '' || at.password !== '' || at.username !== '')
    throw wrong("'server' must be smtp://host:port or smtps://host:port; user and password have keys of their own.");
  const all = typeof to === 'string' ? [to] : to;
  if (!isLine(from) || !Array.isArray(all) || all.length === 0 || !all.every((line) => isLine(line)))
    throw wrong("'from' and 'to' must be e-mail addresses, 'to' one or a list.");
  if (user !== undefined && !isLine(user)) throw wrong("'user' must be a text.");
  return {
    type: 'mail' as const,
    server: server as string,
    user: user ?? null,
    password: password === undefined ? null : secretOf(password, 'password', wrong),
    from,
    to: all as string[],
  };
}

function secretOf(given: unknown, key: string, wrong: Wrong): string {
  if (typeof given === 'string' && given !== '') return given;
  const { env, file, ...rest } = tableOf(given, () =>
    wrong(`'${key}' must be a text, or {"env": "NAME"} or {"file": "path"}.`),
  );
  if (Object.keys(rest).length > 0 || (typeof env === 'string') === (typeof file === 'string'))
    throw wrong(`'${key}' must be a text, or {"env": "NAME"} or {"file": "path"}.`);
  if (typeof env === 'string') {
    const value = process.env[env];
    if (!value) throw wrong(`'${key}': the variable ${env} is not set.`);
    return value;
  }
  let value: string;
  try {
    value = readFileSync(file as string, 'utf8').trim();
  } catch (error) {
    throw wrong(`'${key}' cannot be read: ${toError(error).message}`);
  }
  if (value === '') throw wrong(`'${key}': the file ${file} is empty.`);
  return value;
}

function ruleOf(given: unknown, wrong: Wrong): { rule: RuleSpec; enabled: boolean } {
  const { enabled = true, ...one } = tableOf(given, () => wrong('it must be an object.'));
  if (typeof enabled !== 'boolean') throw wrong("'enabled' must be true or false.");
  const filled =
    one.kind === 'need'
      ? { ...RULE_DEFAULTS, for: 30, name: String(one.need), ...one }
      : {
          ...RULE_DEFAULTS,
          ...(one.kind === 'failure-rate' ? { of: 'task', match: '*', over: 10, least: 10 } : {}),
          ...one,
        };
  const bad = wrongBody(one.kind === 'need' ? RuleSpec : Rule, filled);
  if (bad !== null) throw wrong(bad.detail);
  return { rule: filled as unknown as RuleSpec, enabled };
}

/** Without secrets: for who prints the options. */
export function shownAlerts({ url, channels, rules }: ResolvedAlerts): object {
  return {
    url,
    channels: channels.map(({ name, type, severity, remind }) => ({ name, type, severity, remind })),
    rules,
  };
}
