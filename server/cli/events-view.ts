// What `umbel events` shows on the whole screen, and what its keys do: lists of tasks and of workers, one task in full, questions.
// Not here: the terminal (full-screen.ts), events and commands (events-screen.ts). Pure: a state in, lines out.
// Holds: no line is wider than the screen, and nothing a task says can move the cursor.
// Celery 5.6: events/cursesmon.py
import type { ClusterState } from '../../shared/events/cluster-state.ts';
import type { TaskRecord } from '../../shared/events/task-record.ts';
import { isAlive, type WorkerRecord } from '../../shared/events/worker-record.ts';
import { formatDuration } from '../../shared/format/time.ts';
import { ENDED_STATES } from '../../shared/states.ts';
import { cropped, filled, wrap } from './columns.ts';
import { oneLine, type Style } from './output.ts';

/** What a key asks of the program. */
export type Wish =
  | { readonly kind: 'quit' }
  | { readonly kind: 'revoke'; readonly id: string; readonly terminate: boolean }
  | { readonly kind: 'rate-limit'; readonly task: string; readonly rate: string };

type Mode =
  | { readonly kind: 'tasks' }
  | { readonly kind: 'workers' }
  | {
      readonly kind: 'detail';
      readonly id: string;
      readonly part: 'all' | 'traceback' | 'result';
      readonly scroll: number;
    }
  | { readonly kind: 'help' }
  | { readonly kind: 'ask-revoke'; readonly id: string; readonly terminate: boolean; readonly back: Mode }
  | { readonly kind: 'ask-rate'; readonly task: string; readonly text: string; readonly back: Mode };

export interface EventsViewOptions {
  readonly state: ClusterState;
  /** 'redis://localhost/0' */
  readonly source: string;
  readonly paint: (text: string, ...styles: Style[]) => string;
  /** @unit milliseconds since the epoch */
  readonly now: () => number;
}

/** Newest tasks listed. */
const LISTED = 1000;
/** Title, heads, a line, the selected one's words, a line, what was done, keys. */
const AROUND = 7;

export class EventsView {
  readonly #options: EventsViewOptions;
  #mode: Mode = { kind: 'tasks' };
  /** By id: rows move while new ones come. null: the first row, whichever that is. */
  #selected: string | null = null;
  #worker = 0;
  #page = 10;
  /** What became of the last command. */
  message = '';
  /** false: the broker is away. */
  connected = true;

  constructor(options: EventsViewOptions) {
    this.#options = options;
  }

  key(key: string): Wish | null {
    this.message = '';
    if (key === 'interrupt') return { kind: 'quit' };
    const mode = this.#mode;
    switch (mode.kind) {
      case 'ask-revoke':
        this.#mode = mode.back;
        if (key === 'y' || key === 'Y') return { kind: 'revoke', id: mode.id, terminate: mode.terminate };
        this.message = 'nothing revoked';
        return null;
      case 'ask-rate':
        return this.#typeRate(mode, key);
      case 'help':
        this.#mode = { kind: 'tasks' };
        return null;
      case 'detail':
        if (key === 'q' || key === 'escape' || key === 'left' || key === 'enter') this.#mode = { kind: 'tasks' };
        else if (!this.#command(key, mode)) this.#scroll(mode, key);
        return null;
      case 'tasks':
      case 'workers':
        if (key === 'q') return { kind: 'quit' };
        if (!this.#command(key, mode)) this.#move(mode, key);
        return null;
    }
  }

  #typeRate(mode: Mode & { kind: 'ask-rate' }, key: string): Wish | null {
    if (key === 'enter' && mode.text.trim() !== '') {
      this.#mode = mode.back;
      return { kind: 'rate-limit', task: mode.task, rate: mode.text.trim() };
    }
    if (key === 'escape' || key === 'enter') {
      this.#mode = mode.back;
      this.message = 'no limit changed';
    } else if (key === 'backspace') this.#mode = { ...mode, text: mode.text.slice(0, -1) };
    else if (/^[\d./smh]$/.test(key)) this.#mode = { ...mode, text: mode.text + key };
    return null;
  }

  /** Keys that lists and details share. @returns whether it was one */
  #command(key: string, back: Mode): boolean {
    const task = back.kind === 'workers' ? null : this.#task();
    switch (key) {
      case '?':
      case 'h':
        this.#mode = { kind: 'help' };
        return true;
      case 'tab':
      case 'w':
        this.#mode = { kind: back.kind === 'workers' ? 'tasks' : 'workers' };
        return true;
      case 'i':
      case 'enter':
      case 't':
      case 'r':
        if (task) {
          const part = key === 't' ? 'traceback' : key === 'r' ? 'result' : 'all';
          this.#selected = task.uuid;
          this.#mode = { kind: 'detail', id: task.uuid, part, scroll: 0 };
        }
        return true;
      case 'c':
      case 'C':
        if (task && ENDED_STATES.has(task.state)) this.message = 'it has ended: there is nothing to revoke';
        else if (task) this.#mode = { kind: 'ask-revoke', id: task.uuid, terminate: key === 'C', back };
        return true;
      case 'l':
      case 'L':
        if (task?.name) this.#mode = { kind: 'ask-rate', task: task.name, text: '', back };
        else if (task) this.message = 'the name of this task is not known';
        return true;
      default:
        return false;
    }
  }

  #move(mode: Mode, key: string): void {
    const rows = mode.kind === 'workers' ? this.#options.state.workers.size : this.#tasks().length;
    const at = mode.kind === 'workers' ? this.#worker : this.#index();
    const to = moved(at, key, this.#page);
    if (to === at) return;
    const next = Math.max(0, Math.min(rows - 1, to));
    if (mode.kind === 'workers') this.#worker = next;
    else this.#selected = next === 0 ? null : (this.#tasks()[next]?.uuid ?? null);
  }

  #scroll(mode: Mode & { kind: 'detail' }, key: string): void {
    this.#mode = { ...mode, scroll: Math.max(0, moved(mode.scroll, key, this.#page)) };
  }

  #tasks(): TaskRecord[] {
    return this.#options.state.tasksByTime(LISTED);
  }

  #index(tasks = this.#tasks()): number {
    return Math.max(
      0,
      tasks.findIndex(({ uuid }) => uuid === this.#selected),
    );
  }

  #task(): TaskRecord | null {
    const mode = this.#mode;
    if (mode.kind === 'detail') return this.#options.state.tasks.get(mode.id) ?? null;
    const tasks = this.#tasks();
    return tasks[this.#index(tasks)] ?? null;
  }

  lines(columns: number, rows: number): string[] {
    const mode = this.#mode;
    const shown = mode.kind === 'ask-rate' || mode.kind === 'ask-revoke' ? mode.back : mode;
    const room = Math.max(1, rows - AROUND);
    this.#page = room;
    const body =
      shown.kind === 'workers'
        ? this.#workerList(columns, room)
        : shown.kind === 'detail'
          ? this.#detail(shown, columns, room + 1)
          : shown.kind === 'help'
            ? HELP.map((line) => cut(line, columns))
            : this.#taskList(columns, room);
    const filled = [...body, ...Array<string>(Math.max(0, room + 1 - body.length)).fill('')].slice(0, room + 1);
    const lines = [this.#title(columns), ...filled, '', ...this.#foot(shown, columns)];
    return lines.slice(0, rows);
  }

  #title(columns: number): string {
    const { state, source, paint, now } = this.#options;
    const alive = [...state.workers.values()].filter((one) => isAlive(one, now() / 1000)).length;
    const words = this.connected
      ? ` umbel events  ${alive} of ${state.workers.size} workers online  ${state.tasks.size} tasks  ${state.eventCount} events  ${source}`
      : ` umbel events  the broker is away, trying again  ${source}`;
    return paint(filled(oneLine(words), columns), 'reverse');
  }

  #taskList(columns: number, room: number): string[] {
    const { paint, now } = this.#options;
    const tasks = this.#tasks();
    const at = this.#index(tasks);
    const first = Math.max(0, Math.min(at - Math.floor(room / 2), tasks.length - room));
    const widths = taskWidths(columns);
    const row = (cells: readonly string[]) =>
      cropped(cells.map((cell, i) => filled(oneLine(cell), widths[i]!)).join('  '), columns);
    const heads = paint(row(['UUID', 'TASK', 'WORKER', 'TIME', 'STATE']), 'bold');
    if (tasks.length === 0)
      return [
        heads,
        cut('no task yet. Workers send task events with -E, or after: umbel control enable_events', columns),
      ];
    return [
      heads,
      ...tasks.slice(first, first + room).map((task, i) => {
        const text = row([
          task.uuid,
          task.name ?? '?',
          task.worker ?? task.client ?? '',
          clockTime(task.timestamp || now() / 1000),
          task.state,
        ]);
        if (first + i === at) return paint(filled(text, columns), 'reverse');
        const style = STATE_STYLES[task.state];
        const shown = text.trimEnd();
        return style && shown.endsWith(task.state)
          ? shown.slice(0, -task.state.length) + paint(task.state, style)
          : shown;
      }),
    ];
  }

  #workerList(columns: number, room: number): string[] {
    const { state, paint, now } = this.#options;
    const workers = [...state.workers.values()].sort((a, b) => (a.hostname < b.hostname ? -1 : 1));
    const at = Math.min(this.#worker, Math.max(0, workers.length - 1));
    const first = Math.max(0, Math.min(at - Math.floor(room / 2), workers.length - room));
    const name = Math.max(12, columns - 62);
    const widths = [name, 8, 7, 10, 8, 16];
    const row = (cells: readonly string[]) =>
      cropped(cells.map((cell, i) => filled(oneLine(cell), widths[i]!)).join('  '), columns);
    return [
      paint(row(['WORKER', 'STATE', 'ACTIVE', 'PROCESSED', 'PID', 'SOFTWARE']), 'bold'),
      ...workers.slice(first, first + room).map((worker, i) => {
        const alive = isAlive(worker, now() / 1000);
        const text = row(workerCells(worker, alive));
        if (first + i === at) return paint(filled(text, columns), 'reverse');
        return alive ? text : paint(text, 'dim');
      }),
    ];
  }

  #detail(mode: Mode & { kind: 'detail' }, columns: number, room: number): string[] {
    const task = this.#options.state.tasks.get(mode.id);
    if (!task) return [cut(`${mode.id} has left the memory`, columns)];
    const all = detailLines(task, mode.part).flatMap((line) => wrap(oneLine(line), columns));
    const first = Math.min(mode.scroll, Math.max(0, all.length - room));
    if (first !== mode.scroll && this.#mode === mode) this.#mode = { ...mode, scroll: first };
    return all.slice(first, first + room);
  }

  #foot(shown: Mode, columns: number): string[] {
    const { paint, now } = this.#options;
    const mode = this.#mode;
    const task = shown.kind === 'tasks' ? this.#task() : null;
    const selected = task ? `Selected: ${task.uuid} ${summary(task, now() / 1000)}` : '';
    if (mode.kind === 'ask-revoke') {
      const words = `Revoke ${mode.id}${mode.terminate ? ', and end it if it runs' : ''}? [y/N]`;
      return [paint(cut(words, columns), 'yellow', 'bold')];
    }
    if (mode.kind === 'ask-rate')
      return [paint(cut(`Rate limit of ${mode.task} (10/m, 2/s, 0: none): ${mode.text}_`, columns), 'yellow', 'bold')];
    return [
      cut(selected, columns),
      paint(cut(this.message, columns), 'yellow'),
      paint(
        cut(KEYS[shown.kind === 'detail' ? 'detail' : shown.kind === 'workers' ? 'workers' : 'tasks'], columns),
        'dim',
      ),
    ];
  }
}

const KEYS = {
  tasks: 'j/k move  i info  t traceback  r result  c revoke  l limit  w workers  ? help',
  workers: 'j/k move  w tasks  ? help  q quit',
  detail: 'j/k scroll  i info  t traceback  r result  c revoke  l rate limit  q back',
};

const HELP = [
  '',
  '  j, k, arrows          down and up; PgUp, PgDn, Home, End',
  '  i, Enter              everything about the selected task',
  '  t                     its traceback',
  '  r                     its result',
  '  c                     revoke it: it will not run',
  '  C                     revoke it, and end it if it runs',
  '  l                     rate limit of all tasks of its name',
  '  w, Tab                workers, and back to tasks',
  '  q                     back, or the end',
  '',
  '  Any key goes back.',
];

const STATE_STYLES: Readonly<Record<string, Style>> = {
  SUCCESS: 'green',
  FAILURE: 'red',
  REJECTED: 'red',
  REVOKED: 'magenta',
  RETRY: 'yellow',
  STARTED: 'cyan',
};

function moved(at: number, key: string, page: number): number {
  switch (key) {
    case 'j':
    case 'down':
      return at + 1;
    case 'k':
    case 'up':
      return at - 1;
    case 'pagedown':
    case ' ':
      return at + page;
    case 'pageup':
      return at - page;
    case 'home':
    case 'g':
      return 0;
    case 'end':
    case 'G':
      return Number.MAX_SAFE_INTEGER;
    default:
      return at;
  }
}

/** UUID, TASK, WORKER, TIME, STATE */
function taskWidths(columns: number): number[] {
  const id = columns >= 120 ? 36 : 10;
  const [time, state] = [8, 8];
  const rest = Math.max(10, columns - id - time - state - 8);
  const worker = Math.min(40, Math.floor(rest * 0.4));
  return [id, rest - worker, worker, time, state];
}

function workerCells(worker: WorkerRecord, alive: boolean): string[] {
  return [
    worker.hostname,
    alive ? 'online' : 'offline',
    String(worker.active ?? ''),
    String(worker.processed ?? ''),
    String(worker.pid ?? ''),
    [worker.sw_ident, worker.sw_ver].filter(Boolean).join(' '),
  ];
}

/** In the zone of the machine. */
function clockTime(seconds: number): string {
  const at = new Date(seconds * 1000);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

function summary(task: TaskRecord, now: number): string {
  if (task.state === 'SUCCESS') return `runtime=${formatDuration(task.runtime)} result=${oneLine(task.result ?? '')}`;
  if (task.exception) return oneLine(task.exception);
  if (task.eta && task.started === null) return `eta=${oneLine(task.eta)}`;
  if (task.started !== null) return `runs for ${formatDuration(Math.max(0, now - task.started))}`;
  return `args=${oneLine(task.args ?? '')} kwargs=${oneLine(task.kwargs ?? '')}`;
}

function detailLines(task: TaskRecord, part: 'all' | 'traceback' | 'result'): string[] {
  if (part === 'traceback') return ['Traceback', '', ...(task.traceback ?? 'none').split('\n')];
  if (part === 'result') return ['Result', '', ...(task.result ?? task.exception ?? 'none yet').split('\n')];
  const times = ['sent', 'received', 'started', 'succeeded', 'failed', 'retried', 'revoked', 'rejected'] as const;
  const rows: (readonly [string, unknown])[] = [
    ...(['name', 'uuid', 'state', 'worker', 'client', 'args', 'kwargs', 'result', 'exception'] as const).map(
      (key) => [key, task[key]] as const,
    ),
    ...times.map((key) => [key, task[key] === null ? null : clockTime(task[key])] as const),
    ['runtime', task.runtime === null ? null : formatDuration(task.runtime)],
    ...(['eta', 'expires', 'retries', 'queue', 'exchange', 'routing_key', 'root_id', 'parent_id', 'pid'] as const).map(
      (key) => [key, task[key]] as const,
    ),
  ];
  return [
    ...rows.filter(([, value]) => value !== null && value !== '').map(([key, value]) => `${key.padEnd(12)} ${value}`),
    ...(task.traceback ? ['', 'traceback', ...task.traceback.split('\n')] : []),
  ];
}

/** Cut with a mark where it is too long; controls made visible. */
export function cut(text: string, width: number): string {
  return cropped(oneLine(text), width);
}
