// Asking workers: each method broadcasts one inspect command and gathers the answers by node name.
// Not here: commands that change something (control.ts); what each answers (commands.ts).
// Holds: null when nobody answered, as Celery does; a node's error is its value.
// Celery 5.6: app/control.py Inspect
import { refuseMisspelt } from './checks.ts';
import type { Broadcast, BroadcastOptions } from './control.ts';

export interface InspectOptions {
  readonly destination?: readonly string[] | null;
  readonly pattern?: string | null;
  readonly matcher?: 'glob' | 'pcre' | null;
  /** How long to gather. @unit seconds  @default 1 */
  readonly timeout?: number;
  /** Enough replies. */
  readonly limit?: number;
}

export type ByNode<T> = Record<string, T>;

/** One request as workers tell of it. */
export interface InspectedRequest {
  id: string;
  name: string;
  args: unknown;
  kwargs: unknown;
  type: string;
  hostname: string;
  time_start: number | null;
  acknowledged: boolean;
  delivery_info: { exchange: string; routing_key: string; priority: number | null; redelivered: boolean | null };
  worker_pid: number | null;
  /** Of ours alone: it waits for a token of its rate limit. */
  rate_limited?: boolean;
}

export interface ScheduledInfo {
  eta: string | null;
  priority: number;
  request: InspectedRequest;
}

export interface WorkerStats {
  total: Record<string, number>;
  pid: number;
  clock: string;
  uptime: number;
  pool: Record<string, unknown>;
  broker: Record<string, unknown>;
  prefetch_count: number;
  rusage: Record<string, number>;
  /** Of ours alone: how late its event loop ran. */
  loop_delay?: unknown;
  /** Of ours alone: queues that it does not read now, since rate limits hold so many of their tasks. */
  suspended_queues?: readonly string[];
}

export interface QueueInfo {
  name: string;
  exchange: Record<string, unknown>;
  routing_key: string;
  durable: boolean;
  exclusive: boolean;
  auto_delete: boolean;
  [key: string]: unknown;
}

export class Inspect {
  readonly #broadcast: Broadcast;
  readonly #options: InspectOptions;

  constructor(broadcast: Broadcast, options: InspectOptions = {}) {
    this.#broadcast = broadcast;
    this.#options = options;
  }

  async request<T>(command: string, args: Record<string, unknown> = {}): Promise<ByNode<T> | null> {
    refuseMisspelt(command);
    const options: BroadcastOptions = { ...this.#options, arguments: args, reply: true };
    return flattenReplies<T>(await this.#broadcast(command, options));
  }

  ping(): Promise<ByNode<{ ok: string }> | null> {
    return this.request('ping');
  }
  active(options: { safe?: boolean } = {}): Promise<ByNode<InspectedRequest[]> | null> {
    return this.request('active', { safe: options.safe ?? false });
  }
  reserved(): Promise<ByNode<InspectedRequest[]> | null> {
    return this.request('reserved');
  }
  scheduled(): Promise<ByNode<ScheduledInfo[]> | null> {
    return this.request('scheduled');
  }
  registered(...items: string[]): Promise<ByNode<string[]> | null> {
    return this.request('registered', { taskinfoitems: items });
  }
  stats(): Promise<ByNode<WorkerStats> | null> {
    return this.request('stats');
  }
  conf(options: { withDefaults?: boolean } = {}): Promise<ByNode<Record<string, unknown>> | null> {
    return this.request('conf', { with_defaults: options.withDefaults ?? false });
  }
  activeQueues(): Promise<ByNode<QueueInfo[]> | null> {
    return this.request('active_queues');
  }
  revoked(): Promise<ByNode<string[]> | null> {
    return this.request('revoked');
  }
  queryTask(ids: string | readonly string[]): Promise<ByNode<Record<string, [string, InspectedRequest]>> | null> {
    return this.request('query_task', { ids: typeof ids === 'string' ? [ids] : [...ids] });
  }
  clock(): Promise<ByNode<{ clock: number }> | null> {
    return this.request('clock');
  }
  report(): Promise<ByNode<{ ok: string }> | null> {
    return this.request('report');
  }
  hello(fromNode: string, revoked: Record<string, number> | null = null): Promise<ByNode<HelloReply | null> | null> {
    return this.request('hello', { from_node: fromNode, revoked });
  }
  memsample(): Promise<ByNode<string | null> | null> {
    return this.request('memsample');
  }
  memdump(samples = 10): Promise<ByNode<string> | null> {
    return this.request('memdump', { samples });
  }
}

export interface HelloReply {
  revoked: Record<string, number>;
  clock: number;
}

/** [{node: reply}, ...] -> {node: reply}; null when there is none. */
function flattenReplies<T>(replies: readonly Record<string, unknown>[] | null): ByNode<T> | null {
  if (!replies || replies.length === 0) return null;
  return Object.assign({}, ...replies) as ByNode<T>;
}
