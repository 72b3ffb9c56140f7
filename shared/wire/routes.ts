// Every route of the dashboard as one table: who may, what it takes, what it answers. The server registers its routes by it (types,
// validation, OpenAPI), the pages' client takes its paths, parameters and replies from it.
// Not here: what answers (server/dashboard/routes/), the frames of the live feed (live.ts), the pages' own files. The pages import its
// type only.
// Holds: a path stands below /api/v2, unless its row says that it is at the root; parameters in a path are named in the path, and are
// texts; a route that has no `query` or `body` takes none.
import { type Static, type TObject, type TSchema, Type } from 'typebox';
import {
  AlertRule,
  AlertRuleRequest,
  AlertsReply,
  Delivery,
  EnableRequest,
  RuleDeleted,
  SilenceRequest,
} from './alerts.ts';
import { AUTOMATION_ROUTES } from './automations.ts';
import { BrokerReply } from './broker.ts';
import { ClusterInfo, MetricsQuery, Readiness } from './cluster.ts';
import { ClustersReply } from './clusters.ts';
import { TaskComparison } from './comparison.ts';
import { EventsQuery } from './events.ts';
import {
  OperationRecord,
  OperationRequest,
  OperationsExportQuery,
  OperationsPage,
  OperationsQuery,
  type RecordedAction,
} from './operations.ts';
import { FailuresQuery, FailuresReply, Overview } from './overview.ts';
import { QueueDetail, QueueQuery, QueuesReply } from './queues.ts';
import { PeopleReply, RulesReply, RuleTrial, RuleTrialQuery } from './rules.ts';
import {
  EtaReply,
  ScheduleEnable,
  ScheduleNamed,
  ScheduleRecentReply,
  ScheduleRequest,
  ScheduleRunsQuery,
  ScheduleRunsReply,
  ScheduleSent,
  SchedulesReply,
  ScheduleWritten,
} from './schedules.ts';
import { SeriesQuery, SeriesReply } from './series.ts';
import { EndSessionsRequest, SessionsReply, SignedIn, SignedOut, SignInRequest, SignInWays } from './session.ts';
import { CallReply, ResultQuery, ResultReply, RetryPlan } from './task-values.ts';
import { FacetQuery, FacetReply, TaskDetail, TaskPage, TasksQuery, TaskTypesReply, WaitReply } from './tasks.ts';
import { ApiToken, TokenMade, TokenRequest, TokensReply } from './tokens.ts';
import { SavedView, ViewDeleted, ViewRequest, ViewsReply } from './views.ts';
import { AliveReply, WorkerDetail, WorkersReply } from './workers.ts';
import { Workflow, WorkflowsReply } from './workflows.ts';

/** Below the prefix of the dashboard. */
export const API = '/api/v2';

type Method = 'GET' | 'POST' | 'DELETE';

interface Route {
  /** public: nothing is asked, not even a login. */
  readonly access: 'public' | 'viewer' | 'operator' | 'admin';
  /** What it does, for the record of who was refused it. Default: it changes nothing, or its operation says so. */
  readonly action?: RecordedAction;
  /** It is of no one cluster: who gets into one of several is let in. Default: the rules of its cluster say. */
  readonly anywhere?: true;
  /** Where it is: below /api/v2, or at the root, where probes and Flower's users look for it. Default: api. */
  readonly at?: 'api' | 'root';
  /** What it is for, as one line of the API's description. */
  readonly summary: string;
  readonly query?: TObject;
  /** Its `title` is what it is called where it is refused: 'Bad view'. */
  readonly body?: TSchema;
  readonly reply: TSchema;
  /** Of the reply. Default: JSON. */
  readonly media?: string;
  /** Statuses besides 200 that come with the same reply. Others are problems. */
  readonly statuses?: readonly number[];
  /** Read by a WebSocket alone: its frames are no reply. */
  readonly upgrade?: 'websocket';
}

export const ROUTES = {
  'GET /overview': { access: 'viewer', summary: 'Is the cluster well?', reply: Overview },
  'GET /cluster': { access: 'viewer', summary: 'The cluster, its sources, and who you are', reply: ClusterInfo },
  'GET /clusters': {
    access: 'viewer',
    anywhere: true,
    summary: 'Of a dashboard of several clusters those that you may see, each in a few figures',
    reply: ClustersReply,
  },
  'GET /failures': {
    access: 'viewer',
    summary: 'Failures by task and class of exception',
    query: FailuresQuery,
    reply: FailuresReply,
  },
  'GET /series': { access: 'viewer', summary: 'Lines of a chart', query: SeriesQuery, reply: SeriesReply },

  'GET /tasks': { access: 'viewer', summary: 'List and count tasks', query: TasksQuery, reply: TaskPage },
  'GET /tasks/facets': {
    access: 'viewer',
    summary: 'Values of one field, for completion',
    query: FacetQuery,
    reply: FacetReply,
  },
  'GET /tasks/types': {
    access: 'viewer',
    summary: 'Task names seen, with the last hour of each',
    reply: TaskTypesReply,
  },
  'GET /tasks/:uuid': { access: 'viewer', summary: 'One task, all of it', reply: TaskDetail },
  'GET /tasks/:uuid/wait': {
    access: 'viewer',
    summary:
      'Why it does not run: cause, evidence, place; null when it has ended. Asks its broker and workers, a little',
    reply: WaitReply,
  },
  'GET /tasks/:uuid/comparison': {
    access: 'viewer',
    summary: 'What differs from the last task of its name that succeeded, and how telling that is among others',
    reply: TaskComparison,
  },
  'GET /tasks/:uuid/call': {
    access: 'viewer',
    summary: 'Its whole arguments, where they can be had',
    reply: CallReply,
  },
  'GET /tasks/:uuid/retry': {
    access: 'viewer',
    summary: 'What sending it again would send, from where it is known and to which queue; or why it cannot be',
    reply: RetryPlan,
  },
  'GET /tasks/:uuid/result': {
    access: 'viewer',
    summary: 'The stored result',
    query: ResultQuery,
    reply: ResultReply,
  },

  'GET /tasks/:uuid/workflow': {
    access: 'viewer',
    summary:
      'The workflow it belongs to: its tasks, groups and steps to come, how they hang together and how they stand',
    reply: Workflow,
  },
  'GET /workflows': {
    access: 'viewer',
    summary: 'Workflows of two tasks at least: those with unfinished tasks, then the newest',
    reply: WorkflowsReply,
  },

  'GET /workers': { access: 'viewer', summary: 'Every worker heard of', reply: WorkersReply },
  'GET /workers/:hostname': { access: 'viewer', summary: 'One worker', reply: WorkerDetail },

  'GET /queues': { access: 'viewer', summary: 'Every queue known', reply: QueuesReply },
  'GET /queues/:name': {
    access: 'viewer',
    summary: 'One queue, its next messages, its depth over time',
    query: QueueQuery,
    reply: QueueDetail,
  },

  'GET /broker': {
    access: 'viewer',
    summary: 'What the broker says of itself, and settings of it that lose or double work, each with its evidence',
    reply: BrokerReply,
  },

  'GET /schedules': {
    access: 'viewer',
    summary: 'What beat sends: whole entries, their runs, when each is due, and which beat has the schedule',
    reply: SchedulesReply,
  },
  'GET /schedules/runs': {
    access: 'viewer',
    summary: 'The runs of one entry, with those that were late, missed or sent twice',
    query: ScheduleRunsQuery,
    reply: ScheduleRunsReply,
  },
  'GET /schedules/recent': {
    access: 'viewer',
    summary: 'The last runs of every entry, and whether entries are sent twice, as by two beats',
    reply: ScheduleRecentReply,
  },
  'POST /schedules': {
    access: 'operator',
    action: 'save_schedule',
    summary: 'Write an entry into the store that beat shares: a new one, or in the place of the one of its name',
    body: ScheduleRequest,
    reply: ScheduleWritten,
  },
  'POST /schedules/enable': {
    access: 'operator',
    action: 'save_schedule',
    summary: 'Pause an entry, or resume it: then it waits for its next time',
    body: ScheduleEnable,
    reply: ScheduleWritten,
  },
  'POST /schedules/delete': {
    access: 'operator',
    action: 'delete_schedule',
    summary: 'Delete an entry of the store',
    body: ScheduleNamed,
    reply: ScheduleWritten,
  },
  'POST /schedules/run': {
    access: 'operator',
    action: 'run_schedule',
    summary: 'Send the task of an entry now; its next time stays as it is',
    body: ScheduleNamed,
    reply: ScheduleSent,
  },
  'GET /scheduled': {
    access: 'viewer',
    summary: 'Tasks that workers hold until their ETA, of all workers',
    reply: EtaReply,
  },

  'GET /views': { access: 'viewer', summary: 'Saved views of the task list, of everybody', reply: ViewsReply },
  'POST /views': {
    access: 'operator',
    action: 'save_view',
    summary: 'Save a view, or put this in the place of the one of its name',
    body: ViewRequest,
    reply: SavedView,
  },
  'DELETE /views/:id': { access: 'operator', action: 'delete_view', summary: 'Delete a view', reply: ViewDeleted },

  'GET /tokens': { access: 'viewer', summary: "API tokens: your own, of an admin everybody's", reply: TokensReply },
  'POST /tokens': {
    access: 'operator',
    action: 'make_token',
    summary: 'Make an API token. The answer tells it, this once',
    body: TokenRequest,
    reply: TokenMade,
  },
  'DELETE /tokens/:id': {
    access: 'operator',
    action: 'revoke_token',
    summary: 'Revoke an API token: it is good for nothing from now on',
    reply: ApiToken,
  },

  'GET /alerts': {
    access: 'viewer',
    summary: 'Rules of alerts, channels, what fires now, and what became of the last notices',
    reply: AlertsReply,
  },
  'POST /alerts/rules': {
    access: 'admin',
    action: 'save_alert',
    summary: 'Write a rule',
    body: AlertRuleRequest,
    reply: AlertRule,
  },
  'POST /alerts/rules/:id': {
    access: 'admin',
    action: 'save_alert',
    summary: 'Put this in the place of a rule that was written here',
    body: AlertRuleRequest,
    reply: AlertRule,
  },
  'POST /alerts/rules/:id/enable': {
    access: 'admin',
    action: 'save_alert',
    summary: 'Switch a rule on or off, also one of the configuration',
    body: EnableRequest,
    reply: AlertRule,
  },
  'POST /alerts/rules/:id/silence': {
    access: 'operator',
    action: 'silence_alert',
    summary: 'Tell nobody of what a rule finds until a time; that something is over is told',
    body: SilenceRequest,
    reply: AlertRule,
  },
  'DELETE /alerts/rules/:id': {
    access: 'admin',
    action: 'delete_alert',
    summary: 'Delete a rule that was written here',
    reply: RuleDeleted,
  },
  'POST /alerts/channels/:name/test': {
    access: 'admin',
    action: 'test_channel',
    summary: 'Send a test by a channel, one attempt. 502: it was not delivered, and why',
    reply: Delivery,
  },

  ...AUTOMATION_ROUTES,

  'GET /operations': {
    access: 'viewer',
    summary: 'What operators did, newest first',
    query: OperationsQuery,
    reply: OperationsPage,
  },
  'GET /operations/export': {
    access: 'viewer',
    summary:
      'All of them, newest first, as one file to keep: CSV with a head line, or with format=json an array of records',
    query: OperationsExportQuery,
    reply: Type.String(),
    media: 'text/csv',
  },
  // What each operation takes stands in its row, and is asked when it is known which one it is: who may not is recorded.
  'POST /operations': {
    access: 'viewer',
    summary: 'Do something to tasks, workers or queues',
    body: OperationRequest,
    reply: OperationRecord,
  },

  'GET /session': { access: 'public', summary: 'How one can sign in', reply: SignInWays },
  'POST /session': {
    access: 'public',
    summary: 'Sign in with a password: the reply sets the cookie of a session',
    body: SignInRequest,
    reply: SignedIn,
  },
  'DELETE /session': { access: 'viewer', anywhere: true, summary: 'Sign out', reply: SignedOut },
  'GET /sessions': { access: 'viewer', summary: 'Who is signed in: for an admin everybody', reply: SessionsReply },
  'POST /sessions/end': {
    access: 'viewer',
    summary: 'End sessions: one, those of a user, or all but this one; those of others for an admin',
    body: EndSessionsRequest,
    reply: SignedOut,
  },

  'GET /rules': {
    access: 'admin',
    summary: 'The rules table: who gets in, as what, and who is in by it',
    reply: RulesReply,
  },
  'GET /rules/try': {
    access: 'admin',
    summary: 'Whether somebody, or a token, may do something or see it, and by which rule',
    query: RuleTrialQuery,
    reply: RuleTrial,
  },
  'GET /people': {
    access: 'admin',
    summary: 'Who has signed in or acted of late: as what, by which rule, when last',
    reply: PeopleReply,
  },

  'GET /live': {
    access: 'viewer',
    summary: 'Changes as they happen, by a WebSocket: hello, snapshot, then numbered patches that can be resumed',
    reply: Type.Null(),
    upgrade: 'websocket',
  },
  'GET /events': {
    access: 'viewer',
    summary:
      'Events of tasks and workers as they are heard, as Server-Sent Events; Last-Event-ID goes on where it broke, or tells what is missing by an event: gap',
    query: EventsQuery,
    reply: Type.String(),
    media: 'text/event-stream',
  },
  'GET /docs': { access: 'viewer', summary: 'The API as a page', reply: Type.String(), media: 'text/html' },
  'GET /docs/json': { access: 'viewer', summary: 'The API as OpenAPI 3.1', reply: Type.Unknown() },

  'GET /healthcheck': {
    at: 'root',
    access: 'public',
    summary: 'OK while this server answers, as Flower has it',
    reply: Type.String(),
    media: 'text/html',
  },
  'GET /readyz': {
    at: 'root',
    access: 'public',
    summary: 'Is what the dashboard needs there? By source; 503: not all of it',
    reply: Readiness,
    statuses: [503],
  },
  'GET /metrics': {
    at: 'root',
    access: 'public',
    summary: 'Figures for Prometheus',
    query: MetricsQuery,
    reply: Type.String(),
    media: 'text/plain',
  },
  'GET /alive/:worker': {
    at: 'root',
    access: 'public',
    summary: 'Is this worker there, and does it take its messages? 503: restart it. As text when that is asked for',
    reply: AliveReply,
    statuses: [404, 503],
  },
} as const satisfies Record<`${Method} /${string}`, Route>;

type Routes = typeof ROUTES;
/** 'GET /tasks/:uuid' */
export type RouteKey = keyof Routes;
type RootKey = { [K in RouteKey]: Routes[K] extends { at: 'root' } ? K : never }[RouteKey];
/** The paths of a method below /api/v2: '/tasks/:uuid'. */
export type PathOf<M extends Method> =
  Exclude<RouteKey, RootKey> extends infer K ? (K extends `${M} ${infer Path}` ? Path : never) : never;

type ParamNames<Path extends string> = Path extends `${string}:${infer Name}/${infer Rest}`
  ? Name | ParamNames<`/${Rest}`>
  : Path extends `${string}:${infer Name}`
    ? Name
    : never;

export type ParamsOf<K extends RouteKey> = Record<ParamNames<K>, string>;
export type QueryOf<K extends RouteKey> = Routes[K] extends { query: infer Q extends TSchema }
  ? Static<Q>
  : Record<string, never>;
export type BodyOf<K extends RouteKey> = Routes[K] extends { body: infer B extends TSchema } ? Static<B> : undefined;
export type ReplyOf<K extends RouteKey> = Static<Routes[K]['reply']>;

export interface RouteDescription extends Route {
  readonly method: Method;
  /** Below the prefix of the dashboard: '/api/v2/tasks/:uuid'. */
  readonly path: string;
  readonly params: TObject;
  readonly query: TObject;
}

/** A row of the table with what follows from its key. */
export function describeRoute(key: RouteKey): RouteDescription {
  const [method, place] = key.split(' ') as [Method, string];
  const route: Route = ROUTES[key];
  const path = route.at === 'root' ? place : API + place;
  const names = [...place.matchAll(/:(\w+)/g)].map(([, name]) => name!);
  const params = Type.Object(Object.fromEntries(names.map((name) => [name, Type.String()])));
  return { query: Type.Object({}), ...route, method, path, params };
}
