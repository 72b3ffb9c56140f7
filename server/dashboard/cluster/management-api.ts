// RabbitMQ's management API, for a dashboard that was given its address (`broker_api`): what AMQP cannot tell of queues. How fast messages
// come and go, how many are taken, memory, since when nothing happens; and which queues there are that no worker consumes.
// Not here: depth and consumers, which the broker itself tells, and tells sooner (queue-probe.ts).
// Holds: one virtual host is asked for, the broker's own; an answer is bounded in time and size; what fails is kept as `failure`, in words
// without secrets, and nothing of before is shown for now.
import { toError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import { type Timer, within } from '../../timer.ts';
import type { BrokerAbout, NamedClients } from '../../transport/contract.ts';
import { groupClients } from '../../transport/named-clients.ts';
import { parseUrl, safeUrl } from '../../transport/url.ts';
import type { Resolved } from '../options.ts';
import { LastTime } from './last-time.ts';

/** @unit milliseconds */
const SILENT_MS = 5000;
const MAX_BYTES = 8 * 1024 * 1024;
/** Queues of one answer. */
const PAGE = 500;
/** So many answers are asked for; queues beyond are counted. */
const MAX_PAGES = 20;
/** The first of them. */
const CONNECTIONS = `connections?page=1&page_size=${PAGE}&columns=user,user_provided_name,client_properties`;
const COLUMNS = [
  'name',
  'messages_unacknowledged',
  'memory',
  'idle_since',
  'message_stats.publish_details.rate',
  'message_stats.ack_details.rate',
];

/** null: it does not say. */
export interface ManagedQueue {
  readonly unacked: number | null;
  /** Of the broker's process for it. @unit bytes */
  readonly memory: number | null;
  /** @unit seconds since the epoch */
  readonly idleSince: number | null;
  readonly inPerMin: number | null;
  readonly outPerMin: number | null;
}

export interface ManagementOptions {
  /** `http://user:password@host:15672/api/`, as Flower takes it; without a path, `/api`. Without a user, the broker's. */
  readonly url: string;
  /** The broker's: its virtual host is the one asked for. */
  readonly broker: string;
  readonly timer: Timer;
}

export class ManagementApi {
  /** Its address without secrets. */
  readonly url: string;
  failure: string | null = null;
  latencyMs: number | null = null;
  readonly vhost: string;
  /** Queues it has beyond those of the last answer. */
  leftOut = 0;
  readonly #timer: Timer;
  readonly #address: string;
  readonly #base: string;
  readonly #authorization: string;
  readonly #lastOk: LastTime;

  constructor({ url, broker, timer }: ManagementOptions) {
    const { username, password, path } = parseUrl(broker);
    this.url = safeUrl(url);
    this.vhost = path || '/';
    this.#timer = timer;
    this.#lastOk = new LastTime(timer);
    const at = new URL(url);
    const [user, word] =
      at.username === ''
        ? [username ?? 'guest', password ?? 'guest']
        : [decodeURIComponent(at.username), decodeURIComponent(at.password)];
    this.#authorization = `Basic ${Buffer.from(`${user}:${word}`).toString('base64')}`;
    const base = at.pathname.replace(/\/+$/, '') || '/api';
    this.#base = `${at.origin}${base}`;
    this.#address = `${at.origin}${base}/queues/${encodeURIComponent(this.vhost)}?page_size=${PAGE}&pagination=true`;
  }

  /** @unit seconds since the epoch */
  get lastOk(): number | null {
    return this.#lastOk.at;
  }

  /** What RabbitMQ and its fullest node say of themselves. null: it could not be asked. Never rejects. */
  async about(detailed: boolean): Promise<BrokerAbout | null> {
    const ending = new AbortController();
    const what = ['overview', 'nodes', ...(detailed ? [CONNECTIONS] : [])];
    const all = Promise.all(what.map((one) => this.#read(`${this.#base}/${one}`, ending.signal)));
    try {
      const found = await within(this.#timer, SILENT_MS, all);
      const about = found && aboutRabbit(found[0], found[1]);
      const named = found?.[2] ? namedConnections(found[2]) : null;
      return about && named ? { ...about, named } : about;
    } catch {
      // A monitoring user may be refused what a queue's user may see.
      return null;
    } finally {
      ending.abort();
    }
  }

  async #read(address: string, signal: AbortSignal): Promise<unknown> {
    const headers = { authorization: this.#authorization, accept: 'application/json' };
    const reply = await fetch(address, { headers, signal, redirect: 'error' });
    return reply.ok ? JSON.parse(await textOf(reply)) : null;
  }

  /** The queues of the virtual host, by name; null: it could not be asked, and `failure` says why. Never rejects. */
  async queues(): Promise<Map<string, ManagedQueue> | null> {
    const items = await this.#items(`&columns=${COLUMNS.join(',')}`);
    return items && queuesOf(items);
  }

  /** The same as it tells of them, with every field it has. Never rejects. */
  async objects(): Promise<Record<string, unknown>[] | null> {
    return (await this.#items(''))?.map(recordOf) ?? null;
  }

  async #items(further: string): Promise<unknown[] | null> {
    const begun = this.#timer.monotonic();
    const ending = new AbortController();
    try {
      const found = await within(this.#timer, SILENT_MS, this.#ask(further, ending.signal));
      if (!found) throw new Error(`It has not answered within ${SILENT_MS / 1000} s`);
      this.failure = null;
      this.latencyMs = this.#timer.monotonic() - begun;
      this.#lastOk.mark();
      return found;
    } catch (error) {
      // What fetch says of a host that is away is in the cause.
      this.failure = toError(toError(error).cause ?? error).message;
      return null;
    } finally {
      ending.abort();
    }
  }

  async #ask(further: string, signal: AbortSignal): Promise<unknown[]> {
    const items: unknown[] = [];
    let total = 0;
    for (let page = 1; page <= MAX_PAGES; page++) {
      const answer = await this.#askPage(`&page=${page}${further}`, signal);
      items.push(...answer.items);
      total = Math.max(answer.total, items.length);
      if (page * PAGE >= total) break;
    }
    this.leftOut = total - items.length;
    return items;
  }

  async #askPage(further: string, signal: AbortSignal): Promise<Page> {
    const headers = { authorization: this.#authorization, accept: 'application/json' };
    const reply = await fetch(this.#address + further, { headers, signal, redirect: 'error' });
    if (reply.status === 401) {
      throw new Error('It refuses the user or the password of broker_api (401), or the user lacks the tag management');
    }
    if (reply.status === 404) throw new Error(`It knows no virtual host ${JSON.stringify(this.vhost)} (404)`);
    if (!reply.ok) throw new Error(`It answers with ${reply.status}`);
    return pageOf(await textOf(reply));
  }
}

/** null: none is given, or the broker is none that has one. */
export function managementOf(
  { broker_api: url, broker }: Pick<Resolved, 'broker' | 'broker_api'>,
  timer: Timer,
  log: Logger,
): ManagementApi | null {
  if (url === null || url === '') return null;
  const isAmqp = /^(py)?amqps?:/i.test(broker[0]!);
  if (isAmqp) return new ManagementApi({ url, broker: broker[0]!, timer });
  log.warning(`broker_api is RabbitMQ's; the broker is ${safeUrl(broker[0]!)}: it is not asked.`);
  return null;
}

async function textOf(reply: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const chunk of reply.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > MAX_BYTES) throw new Error(`Its answer is longer than ${MAX_BYTES / 1024 / 1024} MB`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

interface Page {
  readonly items: readonly unknown[];
  /** Queues of all pages; 0: it does not say. */
  readonly total: number;
}

/** @throws Error for what is no list of queues */
function pageOf(text: string): Page {
  let items: unknown;
  let total: unknown;
  try {
    const value = JSON.parse(text) as unknown;
    items = Array.isArray(value) ? value : recordOf(value).items;
    total = recordOf(value).filtered_count;
  } catch {
    items = null;
  }
  if (!Array.isArray(items)) throw new Error("What answers there is not RabbitMQ's management API");
  return { items: items.slice(0, PAGE) as unknown[], total: numberOf(total) ?? 0 };
}

function queuesOf(items: readonly unknown[]): Map<string, ManagedQueue> {
  const found = new Map<string, ManagedQueue>();
  for (const item of items) {
    const queue = recordOf(item);
    if (typeof queue.name !== 'string') continue;
    const stats = recordOf(queue.message_stats);
    found.set(queue.name, {
      unacked: numberOf(queue.messages_unacknowledged),
      memory: numberOf(queue.memory),
      idleSince: timeOf(queue.idle_since),
      inPerMin: perMinute(stats.publish_details),
      outPerMin: perMinute(stats.ack_details),
    });
  }
  return found;
}

/** Of several nodes the one that will refuse first: with an alarm, or the most memory taken. */
function aboutRabbit(overview: unknown, nodes: unknown): BrokerAbout | null {
  const all = recordOf(overview);
  if (typeof all.rabbitmq_version !== 'string') return null;
  const list = (Array.isArray(nodes) ? nodes : []).map(recordOf);
  const fill = (node: Record<string, unknown>) =>
    (node.mem_alarm === true || node.disk_free_alarm === true ? 1 : 0) +
    (numberOf(node.mem_used) ?? 0) / (numberOf(node.mem_limit) || 1);
  const node = list.sort((a, b) => fill(b) - fill(a))[0] ?? {};
  const alarm = (value: unknown) => (typeof value === 'boolean' ? (value ? 'on' : 'off') : null);
  const uptime = numberOf(node.uptime);
  const sent = numberOf(recordOf(recordOf(all.message_stats).publish_details).rate);
  return {
    ...{ product: 'RabbitMQ', version: all.rabbitmq_version, uptime: uptime === null ? null : uptime / 1000 },
    memory: { used: numberOf(node.mem_used), most: numberOf(node.mem_limit) },
    clients: { connected: numberOf(recordOf(all.object_totals).connections), most: numberOf(node.sockets_total) },
    ...(sent !== null && { traffic: { of: 'messages', perSecond: sent } as const }),
    facts: {
      ...{ erlang_version: typeof all.erlang_version === 'string' ? all.erlang_version : null, nodes: list.length },
      ...{ mem_alarm: alarm(node.mem_alarm), disk_free_alarm: alarm(node.disk_free_alarm) },
      ...{ disk_free: numberOf(node.disk_free), disk_free_limit: numberOf(node.disk_free_limit) },
      ...{ fd_used: numberOf(node.fd_used), fd_total: numberOf(node.fd_total) },
    },
  };
}

/** As they name themselves: `connection_name` of pika and kombu, or who they log in as. */
function namedConnections(page: unknown): NamedClients | null {
  const { items } = recordOf(page);
  if (!Array.isArray(items)) return null;
  const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : null);
  return groupClients(
    items.map(recordOf).map((one) => {
      const says = recordOf(one.client_properties);
      const name = text(says.connection_name) ?? text(one.user_provided_name) ?? text(one.user);
      return { name, software: text(says.product), isBlocked: false };
    }),
  );
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

function perMinute(details: unknown): number | null {
  const rate = numberOf(recordOf(details).rate);
  return rate === null ? null : Math.round(rate * 600) / 10;
}

/** '2026-11-29 3:04:05' of older servers, '2026-11-29T03:04:05.000+00:00' of newer ones: UTC both. */
function timeOf(value: unknown): number | null {
  const parts = typeof value === 'string' ? /^(\d+)-(\d+)-(\d+)[ T](\d+):(\d+):(\d+)/.exec(value) : null;
  if (!parts) return null;
  const [year, month, day, hour, minute, second] = parts.slice(1).map(Number) as number[];
  return Date.UTC(year!, month! - 1, day, hour, minute, second) / 1000;
}
