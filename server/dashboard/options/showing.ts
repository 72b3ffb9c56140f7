// Options of what pages, /metrics and alerts tell, and what they hide.
import { list, number, orNull, yesOrNo } from '../../app/option-values.ts';
import { readAlerts } from '../alerts/config.ts';
import { bounds, duration, otlpHeaders, otlpUrl, patterns } from '../option-values.ts';
import { tasksColumns, traceUrl } from './page-options.ts';
import type { OptionRow } from './row.ts';

export const SHOWING_OPTIONS: readonly OptionRow[] = [
  {
    name: 'alerts',
    kind: 'text',
    default: null,
    word: 'path',
    meaning: 'Who is told of what needs a person: a JSON file with channels and rules',
    read: readAlerts,
    source: 'Umbel',
  },
  {
    name: 'tasks_columns',
    kind: 'list',
    default: null,
    word: 'names',
    meaning: "Columns of the task list, by Flower's names, or 'all', for whoever has not chosen their own",
    read: orNull((value, name) => tasksColumns(list(value, name), name)),
    source: 'Flower',
  },
  {
    name: 'natural_time',
    kind: 'switch',
    default: true,
    meaning: 'The task list tells times by their age, with the instant on hover; without, by the clock',
    read: yesOrNo,
    source: 'Flower',
  },
  {
    name: 'auto_refresh',
    kind: 'switch',
    default: true,
    meaning: 'Pages follow what happens; without, each begins paused, until somebody lets it go on',
    read: yesOrNo,
    source: 'Flower',
  },
  {
    name: 'trace_url',
    kind: 'text',
    default: null,
    word: 'template',
    meaning: 'Where a trace is looked at, with {trace_id} in it: the page of a task links to it',
    read: orNull(traceUrl),
    source: 'Umbel',
  },
  {
    name: 'redact',
    kind: 'list',
    default: [],
    meaning: 'Patterns of names whose values are masked, besides the built-in ones',
    read: patterns,
    source: 'Umbel',
  },
  {
    name: 'mask_secrets',
    kind: 'switch',
    default: true,
    meaning: 'Take secrets out of arguments, results, tracebacks and configurations before they are stored or shown',
    read: yesOrNo,
    source: 'Umbel',
  },
  {
    name: 'task_runtime_metric_buckets',
    kind: 'numbers',
    default: null,
    unit: 'seconds',
    meaning: 'Upper bounds of the runtime histogram of /metrics',
    read: orNull(bounds),
    source: 'Flower',
  },
  {
    name: 'max_metrics_size',
    kind: 'number',
    default: 20_000_000,
    unit: 'bytes',
    meaning: "About how large an answer of /metrics gets; workers, tasks and queues beyond it count as 'other'",
    read: number,
    source: 'Umbel',
  },
  {
    name: 'otlp_metrics',
    kind: 'text',
    default: null,
    word: 'url',
    meaning:
      'Send the figures of /metrics to this receiver of OpenTelemetry (OTLP over HTTP, JSON): http://collector:4318',
    read: orNull(otlpUrl),
    source: 'Umbel',
  },
  {
    name: 'otlp_headers',
    kind: 'text',
    default: null,
    word: 'headers',
    meaning: 'What is sent along with them, as OTEL_EXPORTER_OTLP_HEADERS has it: api-key=secret,x-scope=shop',
    read: orNull(otlpHeaders),
    source: 'Umbel',
  },
  {
    name: 'otlp_interval',
    kind: 'number',
    default: 60,
    unit: 'seconds',
    meaning: 'How often they are sent',
    read: duration,
    source: 'Umbel',
  },
];
