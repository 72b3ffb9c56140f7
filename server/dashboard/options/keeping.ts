// Options of what is kept, where, how much and for how long.
import { number, orNull, text, yesOrNo } from '../../app/option-values.ts';
import { agesByState, fileSize } from '../option-values.ts';
import type { OptionRow } from './row.ts';

const DAY = 86_400;

export const KEEPING_OPTIONS: readonly OptionRow[] = [
  {
    name: 'db',
    kind: 'text',
    default: 'umbel-history.db',
    word: 'path',
    meaning: 'The history of one cluster, kept by one process: a file, or sqlite:///file',
    read: text,
    source: 'Flower',
  },
  {
    name: 'adopt_history',
    kind: 'switch',
    default: false,
    meaning: 'Use a history file that was written for another broker: the cluster has moved',
    read: yesOrNo,
    source: 'Umbel',
  },
  {
    name: 'standby',
    kind: 'switch',
    default: false,
    meaning:
      'When another dashboard has the history, pass every request on to it, and take its place within seconds of its end. To be given to each of them; otherwise the start of a second one is refused',
    read: yesOrNo,
    source: 'Umbel',
  },
  {
    name: 'user_data',
    kind: 'text',
    default: null,
    meaning: 'What people save and own, kept for good: a file, or sqlite:///file. Without it, beside the history',
    read: orNull(text),
    source: 'Umbel',
  },
  {
    name: 'max_tasks',
    kind: 'number',
    default: 10_000,
    meaning: 'Finished tasks kept in memory; the history keeps more',
    read: number,
    source: 'Flower',
  },
  {
    name: 'max_workers',
    kind: 'number',
    default: 5000,
    meaning: 'Workers kept in memory',
    read: number,
    source: 'Flower',
  },
  {
    name: 'retention_age',
    kind: 'number',
    default: 30 * DAY,
    unit: 'seconds',
    meaning: 'How long tasks stay in the history',
    read: orNull(number),
    source: 'Umbel',
  },
  {
    name: 'retention_tasks',
    kind: 'number',
    default: 5_000_000,
    meaning: 'How many tasks stay in the history',
    read: orNull(number),
    source: 'Umbel',
  },
  {
    name: 'retention_size',
    kind: 'number',
    default: null,
    unit: 'bytes',
    meaning: 'How large the history file may grow, 10 MB at least; the oldest tasks go first',
    read: orNull(fileSize),
    source: 'Umbel',
  },
  {
    name: 'retention_states',
    kind: 'list',
    default: [],
    meaning: 'How long tasks of some states stay, instead of retention_age: SUCCESS=86400,FAILURE=forever',
    read: agesByState,
    source: 'Umbel',
  },
];
