// Options of what pages and /metrics show, and what they hide.
import { number, orNull, yesOrNo } from '../../app/option-values.ts';
import { bounds, patterns } from '../option-values.ts';
import type { OptionRow } from './row.ts';

export const SHOWING_OPTIONS: readonly OptionRow[] = [
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
];
