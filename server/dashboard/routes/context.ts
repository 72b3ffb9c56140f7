// What every route is handed, and how a route refuses.
import type { FastifyReply } from 'fastify';
import type { Masking } from '../../../shared/masking.ts';
import type { RecordedAction } from '../../../shared/wire/operations.ts';
import type { ScheduleStore } from '../../schedules/contract.ts';
import type { Timer } from '../../timer.ts';
import type { Refusal } from '../access/gate.ts';
import type { Access, Identity } from '../access/identity.ts';
import type { Tokens } from '../access/tokens.ts';
import type { Alerts } from '../alerts/alerts.ts';
import type { Attention } from '../attention/attention.ts';
import type { Automations } from '../automations/automations.ts';
import type { Baselines } from '../cluster/baselines.ts';
import type { EventCounts } from '../cluster/event-counts.ts';
import type { ClusterView } from '../cluster/view.ts';
import type { EventLog } from '../live/event-log.ts';
import type { Feed } from '../live/feed.ts';
import type { ProgressWatch } from '../live/progress.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { OperationDesk } from '../operations/contract.ts';
import type { Resolved } from '../options.ts';
import type { UserDataStore } from '../user-data/contract.ts';
import type { TaskRows } from '../views/task-rows.ts';
import type { Waiting } from '../waiting/waiting.ts';

export interface RouteContext {
  readonly cluster: ClusterView;
  /** Events by worker and type. */
  readonly eventCounts: EventCounts;
  readonly attention: Attention;
  readonly alerts: Alerts;
  readonly automations: Automations;
  readonly feed: Feed;
  /** The last events, for streams of them. */
  readonly eventLog: EventLog;
  /** How tasks usually run. */
  readonly baselines: Baselines;
  /** Why tasks do not run. */
  readonly waiting: Waiting;
  /** What operations are done with. */
  readonly desk: OperationDesk;
  /** Tasks as lists and pages show them. */
  readonly taskRows: TaskRows;
  /** The stored state of tasks that somebody watches. */
  readonly progress: ProgressWatch;
  /** What people own: opened when it is first asked for, and again when it could not be. */
  readonly userData: () => Promise<UserDataStore>;
  readonly tokens: Tokens;
  /** Where beat keeps its schedule; null: nobody has said. */
  readonly schedules: ScheduleStore | null;
  readonly options: Resolved;
  /** Takes secrets out of what is shown. What comes from events and inspect answers went through it already. */
  readonly masking: Masking;
  /** Loaded when somebody reads them. */
  readonly metrics: () => Metrics;
  readonly version: string;
  readonly timer: Timer;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What one needs for this route; without it the route is refused at the start. */
    access?: Access;
    /** What it does, for the record of who was refused it. Default: it changes nothing. */
    action?: RecordedAction;
    /** What its connection may become. Default: nothing else. */
    upgrade?: 'websocket';
    /** For programs that were written for Flower: a body of any type, preflights, pages of trusted origins. Default: no. */
    scripts?: true;
    /** It is of no one cluster: who gets into one of them is let in. Default: no. */
    anywhere?: true;
    /** The methods that a path answers, for one that none does. */
    allow?: string;
    /** How it tells of errors: by a line of text, or by the status alone. */
    errors?: 'text' | 'status';
  }
  interface FastifyRequest {
    /** The path below which the browser knows this dashboard: '' or '/prefix'. */
    outerPrefix: string;
    /** Who asks. */
    identity: Identity;
    /** Why this WebSocket is closed again with a word to its page; null: it may stay. */
    refusal: Refusal | null;
  }
}

/** An answer that is no success, as RFC 9457 tells it. */
export class ProblemError extends Error {
  readonly status: number;
  readonly title: string;
  readonly position: number | undefined;
  /** Which part of a body is wrong: 'schedule.minute'. */
  readonly field: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  constructor(
    status: number,
    title: string,
    detail?: string,
    more: { position?: number; field?: string | null | undefined; headers?: Record<string, string> } = {},
  ) {
    super(detail ?? title);
    this.status = status;
    this.title = title;
    this.position = more.position;
    this.field = more.field ?? undefined;
    this.headers = more.headers ?? {};
  }
}

/** Ends when the caller hangs up before the answer: what is done only for it can stop. */
export function hangUpOf(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) gone.abort();
  });
  return gone.signal;
}

export const notFound = (detail: string): ProblemError => new ProblemError(404, 'Not found', detail);
