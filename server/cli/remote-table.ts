// What workers answered, as tables: one row for each thing, of all nodes together. Everything they said: --json.
// Not here: asking them (remote.ts); how wide a table may be (output.ts).
// Holds: whatever a node answers is shown, also what no table knows; nothing a node says can move the cursor.
import { formatBytes } from '../../shared/format/text.ts';
import { formatAge, formatDuration } from '../../shared/format/time.ts';
import { type Column, type Output, oneLine, table, toJson } from './output.ts';

type Json = Readonly<Record<string, unknown>>;
type Row = readonly string[];

interface View {
  readonly columns: readonly Column[];
  /** The rows of one node's answer, without the node. */
  rows(reply: unknown, now: number): Row[];
  /** Who has none is not named. */
  readonly sparse?: true;
}

export interface Answers {
  readonly command: string;
  readonly byNode: Readonly<Record<string, unknown>>;
  /** @unit seconds since the epoch */
  readonly now: number;
}

/** All of it, in lines. */
export function describeReplies({ command, byNode, now }: Answers, output: Output): string {
  const nodes = Object.entries(byNode).sort(([a], [b]) => (a < b ? -1 : 1));
  if (TEXTS.has(command)) return nodes.map(([node, reply]) => textOf(node, reply, output)).join('\n\n');
  const views = VIEWS[command];
  const plain = views ? nodes.filter(([, reply]) => isFailure(reply)) : nodes;
  const tables: { columns: readonly Column[]; rows: readonly Row[] }[] = (views ?? []).map((view) => ({
    columns: [NODE, ...view.columns],
    rows: nodes
      .filter(([, reply]) => !isFailure(reply))
      .flatMap(([node, reply]) => {
        const own = view.rows(reply, now);
        return own.length === 0 && !view.sparse ? [[node, '- empty -']] : own.map((row) => [node, ...row]);
      }),
  }));
  tables.push({ columns: SAID, rows: plain.map(([node, reply]) => said(command, node, reply)) });
  return tables
    .filter((one) => one.rows.length > 0)
    .map((one) => table(one.columns, one.rows, output))
    .join('\n\n');
}

const NODE: Column = { head: 'NODE' };
const SAID: readonly Column[] = [
  NODE,
  { head: 'STATUS', style: (cell) => (cell === 'ERROR' ? 'red' : 'green') },
  { head: 'REPLY', long: true },
];

/** 'OK pong', 'ERROR unknown task' */
function said(command: string, node: string, reply: unknown): Row {
  if (isFailure(reply)) return [node, 'ERROR', reason(command, reply.error)];
  const { ok } = record(reply);
  return [node, 'OK', text(ok === undefined ? reply : ok)];
}

function isFailure(reply: unknown): reply is { error: unknown } {
  return 'error' in record(reply);
}

/** A worker of another Celery does not know every command. */
function reason(command: string, error: unknown): string {
  if (error === `KeyError('${command}')`) return `unknown command: this worker's Celery has no ${command}`;
  return text(error);
}

/** Answers that are lines already. */
const TEXTS: ReadonlySet<string> = new Set(['report', 'memdump']);

function textOf(node: string, reply: unknown, output: Output): string {
  const failure = isFailure(reply);
  const state = failure ? output.paint('ERROR', 'red', 'bold') : output.paint('OK', 'green', 'bold');
  const body = text(failure ? reply.error : (record(reply)['ok'] ?? reply)).trim();
  const lines = body.split('\n').map((line) => (line === '' ? '' : `    ${oneLine(line)}`));
  return [`->  ${output.paint(`${oneLine(node)}:`, 'cyan', 'bold')} ${state}`, ...lines].join('\n');
}

const ARGS: Column = { head: 'ARGS', long: true };
const REQUEST: readonly Column[] = [{ head: 'ID' }, { head: 'NAME' }];

const VIEWS: Readonly<Record<string, readonly View[]>> = {
  active: [
    {
      columns: [...REQUEST, { head: 'RUNS FOR' }, ARGS],
      rows: each((one, now) => [...request(one), ranFor(one['time_start'], now), given(one)]),
    },
  ],
  reserved: [{ columns: [...REQUEST, ARGS], rows: each((one) => [...request(one), given(one)]) }],
  scheduled: [
    {
      columns: [{ head: 'ETA' }, ...REQUEST, ARGS],
      rows: each((one) => {
        const inner = record(one['request']);
        return [instant(one['eta']), ...request(inner), given(inner)];
      }),
    },
  ],
  query_task: [
    {
      columns: [{ head: 'STATE' }, ...REQUEST, ARGS],
      rows: (reply) =>
        Object.values(record(reply)).map((found) => {
          const [state, info] = list(found);
          return [text(state), ...request(record(info)), given(record(info))];
        }),
    },
  ],
  revoked: [{ columns: [{ head: 'ID' }], rows: (reply) => list(reply).map((id) => [text(id)]) }],
  registered: [
    {
      columns: [{ head: 'TASK' }, { head: 'ATTRIBUTES', long: true }],
      rows: (reply) => list(reply).map((task) => /^(.*?)(?: \[(.*)\])?$/s.exec(text(task))!.slice(1).map(text)),
    },
  ],
  active_queues: [
    {
      columns: ['QUEUE', 'EXCHANGE', 'TYPE', 'ROUTING KEY', 'DURABLE'].map((head) => ({ head })),
      rows: each((queue) => {
        const { name, type } = record(queue['exchange']);
        return [text(queue['name']), text(name), text(type), text(queue['routing_key']), yes(queue['durable'])];
      }),
    },
  ],
  clock: [{ columns: [{ head: 'CLOCK' }], rows: (reply) => [[text(record(reply)['clock'])]] }],
  conf: [
    {
      columns: [{ head: 'SETTING' }, { head: 'VALUE', long: true }],
      rows: (reply) =>
        Object.entries(record(reply)).map(([name, value]) => [
          name,
          value === Number.POSITIVE_INFINITY ? 'Infinity' : toJson(value),
        ]),
    },
  ],
  stats: [
    {
      columns: [
        ...['POOL', 'AT A TIME', 'PREFETCH', 'RUN', 'UP', 'CPU', 'MEMORY', 'PID'].map((head) => ({ head })),
        { head: 'BROKER', long: true },
      ],
      rows: (reply) => [stats(record(reply))],
    },
    {
      columns: [{ head: 'TASK' }, { head: 'RUN' }],
      sparse: true,
      rows: (reply) => Object.entries(record(record(reply)['total'])).map(([task, count]) => [task, text(count)]),
    },
  ],
};

function stats(reply: Json): Row {
  const pool = record(reply['pool']);
  const usage = record(reply['rusage']);
  const total = Object.values(record(reply['total'])).reduce((sum: number, count) => sum + Number(count), 0);
  const cpu = Number(usage['utime']) + Number(usage['stime']);
  return [
    // 'celery.concurrency.prefork:TaskPool', 'umbel:async'; Celery before 5.3 does not say.
    /(\w+)(?::TaskPool)?$/.exec(text(pool['implementation']))?.[1] ?? '',
    text(pool['max-concurrency']),
    text(reply['prefetch_count']),
    String(total),
    typeof reply['uptime'] === 'number' ? formatAge(reply['uptime']) : '',
    formatDuration(cpu),
    // Python and Node say it in KiB.
    formatBytes(Number(usage['maxrss']) * 1024),
    text(reply['pid']),
    broker(record(reply['broker'])),
  ];
}

function broker(info: Json): string {
  const { transport, hostname, port, virtual_host } = info;
  if (!transport) return '';
  const at = hostname ? `${hostname}${port ? `:${port}` : ''}` : '';
  return `${transport}://${at}/${text(virtual_host).replace(/^\//, '')}`;
}

function each(row: (one: Json, now: number) => Row): View['rows'] {
  return (reply, now) => list(reply).map((one) => row(record(one), now));
}

function request(info: Json): Row {
  return [text(info['id']), text(info['name'])];
}

/** '2, {"a":1}, key="value"'. Python before 5.4 may send texts: '(2, {'a': 1}) {'key': 'value'}'. */
function given({ args, kwargs }: Json): string {
  const named = Object.entries(record(kwargs)).map(([name, value]) => `${name}=${toJson(value)}`);
  const texts = [args, kwargs].filter((value) => typeof value === 'string' && value !== '()' && value !== '{}');
  return [...texts.map(text), [...list(args).map((value) => toJson(value)), ...named].join(', ')].join(' ').trim();
}

function ranFor(startedAt: unknown, now: number): string {
  return typeof startedAt === 'number' && now >= startedAt ? formatDuration(now - startedAt) : '';
}

/** '2026-01-02T03:04:05.678000+00:00' > '2026-01-02 03:04:05+00:00' */
function instant(eta: unknown): string {
  return text(eta).replace('T', ' ').replace(/\.\d+/, '');
}

function yes(value: unknown): string {
  return value === true ? 'yes' : 'no';
}

function record(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function text(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'string' ? value : toJson(value);
}
