// Every call option as one row, from which every list of option names is read: by calls, signatures, tasks and the command line.
// Not here: their types and meaning (call-options.ts); the checks themselves (app/call-checks.ts).
// Holds: an option without a row does not compile.
// Celery 5.6: app/base.py send_task, app/task.py extract_exec_options, canvas.py _chain, group
import type { ApplyOptions } from './call-options.ts';

export type OptionName = keyof ApplyOptions;

export interface CallOptionRow {
  /** What a call's value must be. None: anything, or it is judged where it is read. */
  readonly takes?:
    | 'id'
    | 'text'
    | 'texts'
    | 'key'
    | 'compression'
    | 'exchange type'
    | 'name'
    | 'priority'
    | 'count'
    | 'mode'
    | 'seconds'
    | 'boolean'
    | 'object'
    | 'policy'
    | 'dedupe'
    | 'signature'
    | 'signatures';
  /**
   * Is a task likely to have a keyword argument of that name? Where not, an object with it in the place of keyword arguments was meant
   * for options: 'never' is refused by the types already, 'rarely' when the call is made and the task is not known to take it.
   */
  readonly asKeyword: 'never' | 'rarely' | 'often';
  /** May be an option of the task, for each of its calls. */
  readonly ofTask?: true;
  /** Goes into the message's properties as it is. */
  readonly property?: true;
  /** Says where in a canvas the call stands: a group does not hand it on to its parts. */
  readonly position?: true;
  /** A signature that has it keeps it, whatever a call says. */
  readonly fixed?: true;
}

const CALL_OPTIONS = {
  task_id: { takes: 'id', asKeyword: 'never', position: true },
  countdown: { asKeyword: 'never' },
  eta: { asKeyword: 'never' },
  expires: { asKeyword: 'never', ofTask: true },
  priority: { takes: 'priority', asKeyword: 'often', ofTask: true },
  dedupe: { takes: 'dedupe', asKeyword: 'rarely', position: true },
  queue: { takes: 'name', asKeyword: 'never', ofTask: true },
  exchange: { takes: 'name', asKeyword: 'rarely', ofTask: true },
  exchange_type: { takes: 'exchange type', asKeyword: 'rarely' },
  routing_key: { takes: 'key', asKeyword: 'never', ofTask: true },
  delivery_mode: { takes: 'mode', asKeyword: 'rarely', ofTask: true },
  serializer: { takes: 'text', asKeyword: 'rarely', ofTask: true },
  compression: { takes: 'compression', asKeyword: 'rarely', ofTask: true },
  retry: { takes: 'boolean', asKeyword: 'often' },
  retry_policy: { takes: 'policy', asKeyword: 'rarely' },
  link: { takes: 'signatures', asKeyword: 'often', position: true },
  link_error: { takes: 'signatures', asKeyword: 'rarely', position: true },
  shadow: { takes: 'text', asKeyword: 'often' },
  ignore_result: { takes: 'boolean', asKeyword: 'never' },
  time_limit: { takes: 'seconds', asKeyword: 'never', ofTask: true },
  soft_time_limit: { takes: 'seconds', asKeyword: 'never', ofTask: true },
  headers: { takes: 'object', asKeyword: 'often' },
  reply_to: { takes: 'text', asKeyword: 'often' },
  retries: { takes: 'count', asKeyword: 'often' },
  root_id: { takes: 'text', asKeyword: 'often', position: true },
  parent_id: { takes: 'text', asKeyword: 'often', position: true },
  group_id: { takes: 'text', asKeyword: 'often', position: true, fixed: true },
  group_index: { takes: 'count', asKeyword: 'often', position: true },
  chord: { takes: 'signature', asKeyword: 'often', position: true },
  chain: { takes: 'signatures', asKeyword: 'often', position: true },
  add_to_parent: { takes: 'boolean', asKeyword: 'rarely' },
  origin: { takes: 'text', asKeyword: 'often' },
  replaced_task_nesting: { takes: 'count', asKeyword: 'rarely' },
  stamps: { takes: 'object', asKeyword: 'often' },
  stamped_headers: { takes: 'texts', asKeyword: 'rarely', fixed: true },
  app_id: { takes: 'text', asKeyword: 'often', property: true },
  type: { takes: 'text', asKeyword: 'often', property: true },
  user_id: { takes: 'text', asKeyword: 'often', property: true },
  message_id: { takes: 'text', asKeyword: 'often', property: true },
  cluster_id: { takes: 'text', asKeyword: 'often', property: true },
  timestamp: { asKeyword: 'often', property: true },
  argsrepr: { takes: 'text', asKeyword: 'rarely', property: true },
  kwargsrepr: { takes: 'text', asKeyword: 'rarely', property: true },
  expiration: { asKeyword: 'often' },
  correlation_id: { takes: 'text', asKeyword: 'often' },
} as const satisfies Readonly<Record<OptionName, CallOptionRow>>;

type Table = typeof CALL_OPTIONS;

/** By name, of names that somebody else wrote. */
export const CALL_OPTION_ROWS: ReadonlyMap<string, CallOptionRow> = new Map(Object.entries(CALL_OPTIONS));

/** Names of the options whose row has the mark. */
type Marked<M extends keyof CallOptionRow> = {
  [K in OptionName]: Table[K] extends Readonly<Record<M, true>> ? K : never;
}[OptionName];

export function optionsThatAre<M extends 'ofTask' | 'property' | 'position' | 'fixed'>(mark: M): readonly Marked<M>[] {
  return [...CALL_OPTION_ROWS].filter(([, row]) => row[mark]).map(([name]) => name as Marked<M>);
}

/** Keyword arguments given without options: a call option among them was meant for the object after. */
export type KeywordsAlone = Readonly<Record<string, unknown>> & {
  readonly [K in OptionName as Table[K]['asKeyword'] extends 'never' ? K : never]?: never;
};
