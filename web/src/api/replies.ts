// What every reply of a route has: its required keys and the kind of each, so that another program's JSON, or another version's, is
// told from a reply before a page reads it. Not here: what is inside of them; a row that cannot be drawn says so in its place.
// Holds: it agrees with the schemas of shared/wire/routes.ts, which the pages do not load: the compiler refuses a key or kind that differs.
import type { PathOf, ReplyOf, RouteKey } from '../../../shared/wire/routes.ts';

type KindOf<T> = T extends string
  ? 'string'
  : T extends number
    ? 'number'
    : T extends boolean
      ? 'boolean'
      : T extends readonly unknown[]
        ? 'array'
        : 'object';
type Several<T, All = T> = T extends unknown ? ([All] extends [T] ? false : true) : never;
type Written<T, Kind = KindOf<NonNullable<T>>> =
  true extends Several<Kind> ? 'any' : `${Kind & string}${null extends T ? '?' : ''}`;
type Spec<T> = unknown extends T ? 'any' : Written<T>;
type Shape<T> = { readonly [K in keyof T as object extends Pick<T, K> ? never : K]: Spec<T[K]> };
type ApiRoute = { [M in 'GET' | 'POST' | 'DELETE']: `${M} ${PathOf<M>}` }['GET' | 'POST' | 'DELETE'];
/** Those that answer with an object. */
type ObjectRoute = {
  [K in ApiRoute]: ReplyOf<K> extends string | null ? never : unknown extends ReplyOf<K> ? never : K;
}[ApiRoute];

/** `?`: it may be null. */
const SHAPES: { readonly [K in ObjectRoute]: Shape<ReplyOf<K>> } = {
  'GET /overview': {
    attention: 'array',
    attention_more: 'number',
    settling: 'boolean',
    knowledge: 'object',
    figures: 'object',
    failures: 'array',
    queues: 'array',
    queues_total: 'number',
    workers: 'array',
    workers_total: 'number',
  },
  'GET /cluster': {
    name: 'string',
    version: 'string',
    broker: 'string',
    result_backend: 'string?',
    sources: 'array',
    events_per_s: 'number',
    events_total: 'number',
    events_lost: 'number?',
    gaps: 'array',
    knowledge: 'object',
    read_only: 'boolean',
    user: 'string?',
    role: 'string',
    via: 'string',
    server_time: 'number',
  },
  'GET /failures': { items: 'array' },
  'GET /series': {
    range: 'string',
    t: 'array',
    step: 'number',
    last_unfinished: 'boolean',
    lines: 'object',
    totals: 'object',
  },
  'GET /tasks': { items: 'array', next: 'string?', counts: 'object', counts_capped: 'boolean', total: 'number' },
  'GET /tasks/facets': { field: 'string', values: 'array' },
  'GET /tasks/types': { items: 'array' },
  'GET /tasks/:uuid/workflow': {
    root: 'string',
    at: 'number',
    nodes: 'array',
    groups: 'array',
    edges: 'array',
    summary: 'object',
    cut: 'boolean',
    beyond: 'object?',
    notes: 'array',
  },
  'GET /workflows': { items: 'array', looked_back_to: 'number?' },
  'GET /tasks/:uuid': {
    uuid: 'string',
    name: 'string?',
    state: 'string',
    worker: 'string?',
    queue: 'string?',
    args: 'string?',
    kwargs: 'string?',
    result: 'string?',
    exception: 'string?',
    retries: 'number',
    runtime: 'number?',
    eta: 'string?',
    expires: 'string?',
    sent: 'number?',
    received: 'number?',
    started: 'number?',
    succeeded: 'number?',
    failed: 'number?',
    retried: 'number?',
    revoked: 'number?',
    rejected: 'number?',
    timestamp: 'number',
    first_seen: 'number',
    root_id: 'string?',
    parent_id: 'string?',
    traceback: 'string?',
    exchange: 'string?',
    routing_key: 'string?',
    clock: 'number',
    pid: 'number?',
    args_truncated: 'boolean',
    kwargs_truncated: 'boolean',
    tries: 'array',
    parent: 'object?',
    root: 'object?',
    children: 'array',
    children_total: 'number',
    baseline_p95: 'number?',
    same_failures: 'number',
    actions: 'object',
    orphaned: 'boolean',
    end_unknown: 'boolean',
  },
  'GET /tasks/:uuid/wait': { wait: 'object?' },
  'GET /tasks/:uuid/comparison': {
    success: 'object?',
    differences: 'array',
    same: 'number',
    failures: 'number',
    successes: 'number',
  },
  'GET /tasks/:uuid/call': {
    task_id: 'string',
    source: 'string?',
    reason: 'string?',
    args: 'any',
    kwargs: 'any',
    size: 'number?',
    cut: 'boolean',
  },
  'GET /tasks/:uuid/retry': {
    task_id: 'string',
    allowed: 'boolean',
    reason: 'string?',
    source: 'string?',
    source_reason: 'string?',
    name: 'string?',
    call: 'string?',
    queue: 'string?',
    queue_reason: 'string?',
    queues: 'array',
    notes: 'array',
  },
  'GET /tasks/:uuid/result': {
    task_id: 'string',
    size: 'number?',
    cut: 'boolean',
    found: 'boolean',
    reason: 'string?',
    status: 'string?',
    result: 'any',
    traceback: 'string?',
    date_done: 'string?',
  },
  'GET /workers': { items: 'array' },
  'GET /workers/:hostname': {
    hostname: 'string',
    status: 'string',
    last_heard: 'number?',
    freq: 'number?',
    active: 'number?',
    concurrency: 'number?',
    processed: 'number?',
    failed: 'number',
    succeeded: 'number',
    retried: 'number',
    loadavg: 'array?',
    pid: 'number?',
    sw_ident: 'string?',
    sw_ver: 'string?',
    sw_sys: 'string?',
    pool: 'string?',
    queues: 'array',
    task_events: 'boolean?',
    finished_per_min: 'array',
    per_min: 'number?',
    failed_last_hour: 'number',
    slots_as_of: 'number?',
    controllable: 'boolean',
    control_reason: 'string?',
    drift: 'number?',
    inspected: 'number?',
    stats: 'object?',
    conf: 'object?',
    active_queues: 'array',
    active_tasks: 'array',
    reserved: 'array',
    scheduled: 'array',
    unlisted_reason: 'string?',
    revoked: 'array',
    registered: 'array',
    prefetch_count: 'number?',
    uptime: 'number?',
    can_terminate: 'string?',
    held: 'object?',
  },
  'GET /queues': { items: 'array' },
  'GET /queues/:name': {
    name: 'string',
    messages: 'number?',
    by_priority: 'object',
    unacked: 'number?',
    workers: 'array',
    consumers: 'number?',
    oldest: 'number?',
    per_min: 'number?',
    out_per_min: 'number?',
    drain: 'number?',
    growing: 'boolean',
    depth: 'array',
    probed: 'number?',
    peek: 'array?',
    series: 'object',
  },
  'GET /broker': {
    url: 'string',
    at: 'number',
    failure: 'string?',
    product: 'string?',
    version: 'string?',
    uptime: 'number?',
    latency_ms: 'number?',
    memory: 'object',
    clients: 'object',
    messages: 'object',
    hour: 'object',
    facts: 'object',
    findings: 'array',
    rules: 'number',
    workers: 'array',
  },
  'GET /schedules': { store: 'string?', items: 'array?', reason: 'string?', lease: 'object', read_only: 'string?' },
  'GET /schedules/runs': { task: 'string?', items: 'array', reason: 'string?' },
  'GET /schedules/recent': { items: 'array', left_out: 'number', twice: 'object?' },
  'POST /schedules': { name: 'string' },
  'POST /schedules/enable': { name: 'string' },
  'POST /schedules/delete': { name: 'string' },
  'POST /schedules/run': { name: 'string', uuid: 'string' },
  'GET /scheduled': { items: 'array', total: 'number', unknown: 'array' },
  'GET /views': { items: 'array' },
  'POST /views': {
    id: 'number',
    name: 'string',
    search: 'object',
    owner: 'string',
    created: 'number',
    changed: 'number',
  },
  'DELETE /views/:id': { id: 'number' },
  'GET /tokens': { items: 'array' },
  'POST /tokens': { token: 'string', made: 'object' },
  'DELETE /tokens/:id': {
    id: 'string',
    name: 'string',
    scope: 'object',
    owner: 'string',
    created: 'number',
    expires: 'number?',
    state: 'string',
    revoked: 'object?',
    last_used: 'object?',
    calls: 'number',
    refused: 'number',
  },
  'GET /session': { password: 'boolean', providers: 'array', notice: 'object?' },
  'POST /session': { user: 'string', next: 'string' },
  'DELETE /session': { ended: 'number' },
  'GET /sessions': { items: 'array', idle: 'number', max: 'number' },
  'POST /sessions/end': { ended: 'number' },
  'GET /operations': { items: 'array', next: 'string?' },
  'POST /operations': {
    id: 'number',
    at: 'number',
    who: 'string',
    action: 'string',
    subject: 'string',
    request: 'any',
    outcome: 'string',
    summary: 'string',
    answers: 'array',
  },
};

/** What is wrong with a reply, in words; null: it has what it must have. */
export function misshapen(route: RouteKey, reply: Readonly<Record<string, unknown>>): string | null {
  const shape: Readonly<Record<string, string>> = SHAPES[route as ObjectRoute] ?? {};
  for (const [key, spec] of Object.entries(shape)) {
    const found = kindOf(reply[key]);
    if (spec === 'any' ? found !== 'undefined' : found === spec.replace('?', '')) continue;
    if (found === 'null' && spec.endsWith('?')) continue;
    return found === 'undefined'
      ? `${key} is missing`
      : `${key} is of the kind ${found} and not ${spec.replace('?', '')}`;
  }
  return null;
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value === 'bigint' ? 'number' : typeof value;
}
