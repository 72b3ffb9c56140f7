// Flower's options that are none of ours: those that are taken with a word on what is in their place (REPLACED), and those that are
// refused with a word on what to do (IMPOSSIBLE), since leaving them out silently would change what a person gets.
// Those that ours has too: the other files of this folder.
// Flower 2.0: options.py, command.py, views/auth.py; Tornado 6.5: log.py
import type { ImpossibleRow, ReplacedRow } from './row.ts';

export const REPLACED_OPTIONS: readonly ReplacedRow[] = [
  { name: 'persistent', kind: 'switch', instead: 'the history is always kept, in the file that db names' },
  { name: 'state_save_interval', kind: 'number', instead: 'the history is written as events come in' },
  {
    name: 'unauthenticated_api',
    kind: 'switch',
    instead: 'the API answers whoever may see the pages: without users, callers of this machine',
  },
  {
    name: 'log_to_stderr',
    kind: 'switch',
    instead: 'the log goes to standard error, or to the file that log_file_prefix names',
  },
  ...['log_file_max_size', 'log_file_num_backups', 'log_rotate_when', 'log_rotate_interval', 'log_rotate_mode'].map(
    (name): ReplacedRow => ({
      name,
      kind: 'text',
      instead: 'logrotate, or what else rotates files here: the log file is opened anew for each line',
    }),
  ),
];

export const IMPOSSIBLE_OPTIONS: readonly ImpossibleRow[] = [
  {
    name: 'format_task',
    kind: 'text',
    why: 'it is a function of Python; to keep values out of what is shown name them with redact (docs/guides/moving-from-flower.md)',
  },
];
