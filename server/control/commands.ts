// Every remote command once: name, aliases, arguments, reply, and who may give it. The client side (control.ts, inspect.ts),
// the CLI, the dashboard and the worker's panel all read this table; what a command does is in worker/panel/.
// Holds: names, argument names and defaults are Celery's, since they are keyword arguments on the wire.
// Celery 5.6: worker/control.py

export type ArgumentType = 'text' | 'number' | 'integer' | 'boolean' | 'list' | 'table' | 'any';

export interface CommandArgument {
  readonly name: string;
  readonly type: ArgumentType;
  /** Python's own error is answered when it is missing. */
  readonly required: boolean;
  readonly default?: unknown;
  readonly doc: string;
}

/** viewer: sees; operator: changes what runs; admin: may stop workers. */
export type CommandAccess = 'viewer' | 'operator' | 'admin';

export interface RemoteCommand {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly kind: 'inspect' | 'control';
  /** In the order of a command line. */
  readonly args: readonly CommandArgument[];
  /** The argument that takes all further words of a command line. */
  readonly variadic?: string;
  /** Further keyword arguments are taken in silence; else they are a TypeError. */
  readonly extra: boolean;
  /** Words for people: what comes back. */
  readonly reply: string;
  readonly doc: string;
  /** How a command line is written, after the name. */
  readonly usage: string;
  /** Shown in help. */
  readonly visible: boolean;
  readonly access: CommandAccess;
  /** How long a client waits for replies. @unit seconds */
  readonly timeout: number;
}

function arg(name: string, type: ArgumentType, doc: string, rest?: { default: unknown }): CommandArgument {
  return rest ? { name, type, required: false, default: rest.default, doc } : { name, type, required: true, doc };
}

function optional(name: string, type: ArgumentType, doc: string, value: unknown = null): CommandArgument {
  return arg(name, type, doc, { default: value });
}

type Given = Pick<RemoteCommand, 'doc' | 'reply'> & Partial<RemoteCommand>;

function inspect(name: string, given: Given): RemoteCommand {
  return {
    name,
    aliases: [],
    kind: 'inspect',
    args: [],
    extra: true,
    usage: '',
    visible: true,
    access: 'viewer',
    timeout: 1,
    ...given,
  };
}

function control(name: string, given: Given): RemoteCommand {
  return {
    name,
    aliases: [],
    kind: 'control',
    args: [],
    extra: true,
    usage: '',
    visible: true,
    access: 'operator',
    timeout: 1,
    ...given,
  };
}

const SIGNAL = optional(
  'signal',
  'text',
  'Signal for the process that runs the task: TERM, KILL ... Pools without child processes abort the task instead.',
);
const TERMINATE = optional('terminate', 'boolean', 'Stop it too when it is running already.', false);

export const COMMANDS: readonly RemoteCommand[] = [
  inspect('ping', { doc: 'Is anybody there?', reply: '{"ok": "pong"}', timeout: 0.2 }),
  inspect('active', {
    aliases: ['dump_active'],
    doc: 'Tasks running now.',
    args: [optional('safe', 'boolean', 'Arguments as text instead of values.', false)],
    reply: 'list of request info',
  }),
  inspect('reserved', {
    aliases: ['dump_reserved'],
    doc: 'Tasks taken from the broker and not started; without those waiting for their ETA.',
    reply: 'list of request info',
  }),
  inspect('scheduled', {
    aliases: ['dump_schedule'],
    doc: 'Tasks waiting for their ETA.',
    reply: 'list of {eta, priority, request}',
  }),
  inspect('registered', {
    aliases: ['dump_tasks'],
    doc: 'Names of the tasks this worker can run.',
    args: [
      optional(
        'taskinfoitems',
        'list',
        'Task attributes to show; exchange, routing_key and rate_limit when not given.',
      ),
      optional('builtins', 'boolean', 'Also those named celery.*', false),
    ],
    variadic: 'taskinfoitems',
    usage: '[attr1 [attr2 [... [attrN]]]]',
    reply: 'list of "name [attribute=value ...]"',
  }),
  inspect('stats', {
    doc: 'Totals, pool, broker, prefetch count and resource usage.',
    reply: '{total, pid, clock, uptime, pool, broker, prefetch_count, rusage}',
  }),
  inspect('conf', {
    aliases: ['dump_conf'],
    doc: 'Settings, with secrets masked.',
    args: [optional('with_defaults', 'boolean', 'Also those nobody set.', false)],
    usage: '[include_defaults=False]',
    reply: 'table of settings',
  }),
  inspect('active_queues', { doc: 'Queues this worker consumes.', extra: false, reply: 'list of queues' }),
  inspect('revoked', { aliases: ['dump_revoked'], doc: 'Ids of revoked tasks.', reply: 'list of ids' }),
  inspect('query_task', {
    doc: 'What this worker knows of tasks, by id.',
    args: [arg('ids', 'list', 'Task ids.')],
    variadic: 'ids',
    usage: '[id1 [id2 [... [idN]]]]',
    reply: '{id: [state, request info]}',
  }),
  inspect('clock', { doc: 'The logical clock.', reply: '{"clock": n}' }),
  inspect('report', { doc: 'Versions and settings, for bug reports.', extra: false, reply: '{"ok": text}' }),
  inspect('hello', {
    doc: 'Two workers synchronise: revoked tasks and clock.',
    args: [arg('from_node', 'text', 'Who asks.'), optional('revoked', 'table', 'What it has revoked: id to time.')],
    reply: '{"revoked": {id: time}, "clock": n}; null to itself',
    visible: false,
  }),
  inspect('memsample', { doc: 'Take a sample of the memory used.', reply: 'resident memory as text' }),
  inspect('memdump', {
    doc: 'The samples taken so far.',
    args: [optional('samples', 'integer', 'How many.', 10)],
    usage: '[n_samples=10]',
    reply: 'text',
  }),
  inspect('objgraph', {
    doc: 'A heap snapshot, written to a file of the worker’s machine; off unless the worker has UMBEL_HEAP_SNAPSHOTS in its environment.',
    args: [
      optional('num', 'integer', 'Taken for compatibility.', 200),
      optional('max_depth', 'integer', 'Taken for compatibility.', 10),
      optional('type', 'text', 'Taken for compatibility.', 'Request'),
    ],
    usage: '[object_type=Request] [num=200 [max_depth=10]]',
    reply: '{"filename": path}',
    access: 'admin',
    timeout: 60,
  }),

  control('revoke', {
    doc: 'Do not run these tasks; with terminate, also stop those running.',
    args: [arg('task_id', 'list', 'One id or several.'), TERMINATE, SIGNAL],
    variadic: 'task_id',
    usage: '[id1 [id2 [... [idN]]]]',
    reply: '{"ok": "tasks {...} flagged as revoked"} or {"ok": "terminate: ..."}',
  }),
  control('terminate', {
    doc: 'Revoke and stop tasks.',
    args: [arg('signal', 'text', 'TERM, KILL ...'), arg('task_id', 'list', 'One id or several.')],
    variadic: 'task_id',
    usage: '<signal> [id1 [id2 [... [idN]]]]',
    reply: 'as revoke',
  }),
  control('revoke_by_stamped_headers', {
    doc: 'Revoke tasks by the stamps they carry.',
    args: [arg('headers', 'any', 'Stamp to values, or a list of "stamp=value".'), TERMINATE, SIGNAL],
    variadic: 'headers',
    usage: '[key1=value1 [key2=value2 [... [keyN=valueN]]]]',
    reply: '{"ok": ...}',
  }),
  control('rate_limit', {
    doc: 'A new rate limit for the tasks of one name.',
    args: [
      arg('task_name', 'text', 'Task name.'),
      arg('rate_limit', 'any', "'5/s', '10/m', '100/h', a number per second; 0 for none."),
    ],
    usage: '<task_name> <rate_limit (e.g., 5/s | 5/m | 5/h)>',
    reply: '{"ok": ...} or {"error": ...}',
  }),
  control('time_limit', {
    doc: 'New time limits for the tasks of one name.',
    args: [
      optional('task_name', 'text', 'Task name.'),
      optional('soft', 'number', 'Seconds until the task is asked to stop.'),
      optional('hard', 'number', 'Seconds until it is stopped.'),
    ],
    usage: '<task_name> <soft_secs> [hard_secs]',
    reply: '{"ok": ...} or {"error": ...}',
  }),
  control('enable_events', { doc: 'Send task events.', extra: false, reply: '{"ok": ...}' }),
  control('disable_events', { doc: 'Send no task events.', extra: false, reply: '{"ok": ...}' }),
  control('heartbeat', { doc: 'Send a heartbeat event at once.', extra: false, reply: 'null' }),
  control('add_consumer', {
    doc: 'Consume a further queue.',
    args: [
      arg('queue', 'text', 'Queue name.'),
      optional('exchange', 'text', 'Exchange; the queue’s name when not given.'),
      optional('exchange_type', 'text', 'direct, topic or fanout.'),
      optional('routing_key', 'text', 'Routing key; the queue’s name when not given.'),
    ],
    usage: '<queue> [exchange [type [routing_key]]]',
    reply: '{"ok": "add consumer <queue>"}',
  }),
  control('cancel_consumer', {
    doc: 'Consume a queue no longer.',
    args: [arg('queue', 'text', 'Queue name.')],
    usage: '<queue>',
    reply: '{"ok": "no longer consuming from <queue>"}',
  }),
  control('pool_grow', {
    doc: 'More tasks at a time.',
    args: [optional('n', 'integer', 'How many more.', 1)],
    usage: '[N=1]',
    reply: '{"ok": "pool will grow"}',
  }),
  control('pool_shrink', {
    doc: 'Fewer tasks at a time.',
    args: [optional('n', 'integer', 'How many fewer.', 1)],
    usage: '[N=1]',
    reply: '{"ok": "pool will shrink"}',
  }),
  control('pool_restart', {
    doc: 'Start the pool anew (worker_pool_restarts).',
    args: [
      optional('modules', 'list', 'Modules to import.'),
      optional('reload', 'boolean', 'Import them again.', false),
      optional('reloader', 'any', 'How.'),
    ],
    reply: '{"ok": "reload started"}, or an error',
    access: 'admin',
  }),
  control('autoscale', {
    doc: 'New bounds for the autoscaler.',
    args: [optional('max', 'integer', 'At most.'), optional('min', 'integer', 'At least.')],
    extra: false,
    usage: '[max [min]]',
    reply: '{"ok": ...}, or an error',
  }),
  control('election', {
    doc: 'Let the workers choose one of them; of topic task it sends the action, a signature.',
    args: [
      arg('id', 'text', 'Election id, a new one each time.'),
      arg('topic', 'text', "'task', or one the workers have a handler for."),
      optional('action', 'any', 'What the chosen one does.'),
    ],
    usage: '<id> <topic> [action as JSON]',
    reply: 'null',
    access: 'admin',
  }),
  control('shutdown', {
    doc: 'Stop the worker, letting it finish what it runs.',
    args: [optional('msg', 'text', 'What it logs.', 'Got shutdown from remote')],
    reply: 'none',
    access: 'admin',
  }),
];

const BY_NAME: ReadonlyMap<string, RemoteCommand> = new Map(
  COMMANDS.flatMap((command) => [command.name, ...command.aliases].map((name) => [name, command] as const)),
);

/** A command by its name or alias. */
export function findCommand(name: string): RemoteCommand | undefined {
  return BY_NAME.get(name);
}
