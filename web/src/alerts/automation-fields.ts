// The fields of an automation as texts, and the automation that they say.
// Not here: the form (automation-form.tsx); what the server takes (shared/wire/automations.ts), which says what else is wrong.
import type {
  AutomatedAction,
  AutomatedRequest,
  Automation,
  AutomationRequest,
  FactKind,
} from '../../../shared/wire/automations.ts';
import { t } from '../language/text.ts';
import type { Wrong as FieldWrong } from '../ui/wrong-field.ts';

export const WHEN_LABELS: Readonly<Record<FactKind, string>> = {
  'task-failed': t('A task fails'),
  'worker-offline': t('A worker goes offline'),
  'alert-begins': t('An alert begins'),
  'alert-ends': t('An alert is over'),
};

type Of<A extends AutomatedAction> = Omit<Extract<AutomatedRequest, { action: A }>, 'action'>;
/** The parts of each operation: with what its field begins, and whether it may be left empty. */
type Parts = {
  readonly [A in AutomatedAction]: { readonly [K in keyof Of<A>]?: readonly [begin: string, may?: 'empty'] };
};
const NOBODY = ['', 'empty'] as const;
export const PARTS: Parts = {
  retry: { task_ids: ['{task_id}'], queue: NOBODY },
  revoke: { task_ids: ['{task_id}'] },
  rate_limit: { task_name: ['{task}'], rate_limit: ['10/m'], destination: NOBODY },
  pool_grow: { n: ['1'], destination: NOBODY },
  pool_shrink: { n: ['1'], destination: NOBODY },
  autoscale: { min: ['1'], max: ['8'], destination: NOBODY },
  pool_restart: { destination: NOBODY },
  add_consumer: { queue: ['{queue}'], destination: NOBODY },
  cancel_consumer: { queue: ['{queue}'], destination: NOBODY },
  pause_queue: { queue: ['{queue}'] },
  resume_queue: { queue: ['{queue}'] },
};
export const DO_LABELS: Readonly<Record<AutomatedAction, string>> = {
  retry: t('Send it again'),
  revoke: t('automation|Revoke'),
  rate_limit: t('Set a rate limit'),
  pool_grow: t('Grow the pool'),
  pool_shrink: t('Shrink the pool'),
  autoscale: t('Set the bounds of autoscale'),
  pool_restart: t('Restart the pool'),
  add_consumer: t('Let workers consume a queue'),
  cancel_consumer: t('Let workers consume a queue no more'),
  pause_queue: t('Pause a queue'),
  resume_queue: t('Resume a queue'),
};
const PART_NAMES = ['task_ids', 'task_name', 'rate_limit', 'n', 'min', 'max', 'queue', 'destination'] as const;
export type PartName = (typeof PART_NAMES)[number];
export const PART_LABELS: Readonly<Record<PartName, string>> = {
  task_ids: t('Which task'),
  task_name: t('Tasks of the name'),
  rate_limit: t('At most'),
  n: t('By how many slots'),
  min: t('automation|At least, slots'),
  max: t('automation|At most, slots'),
  queue: t('automation|Queue'),
  destination: t('Which worker'),
};
const LISTS: readonly string[] = ['task_ids', 'destination'];
const NUMBERS: readonly string[] = ['n', 'min', 'max'];

export interface Fields {
  name: string;
  on: FactKind;
  task: string;
  exception: string;
  rule: string;
  subject: string;
  /** The pattern of a worker that goes offline. */
  worker: string;
  /** Conditions. Empty: none. */
  ifQueue: string;
  ifWorker: string;
  least: string;
  within: string;
  from: string;
  until: string;
  action: AutomatedAction;
  /** By the names of the operation's parts. */
  parts: Readonly<Partial<Record<PartName, string>>>;
  cooldown: string;
  max_per_hour: string;
  retries: string;
  breaker: string;
}
export type Wrong = FieldWrong<keyof Fields | PartName>;

/** With what the parts of an operation begin. */
export const newParts = (action: AutomatedAction): Fields['parts'] =>
  Object.fromEntries(Object.entries(PARTS[action]).map(([name, [begin]]) => [name, begin]));

export function fieldsOf(one: Automation | null, rule = ''): Fields {
  const spec = one?.spec;
  const empty: Fields = {
    ...{ name: '', on: 'task-failed', task: '*', exception: '*', rule, subject: '*', worker: '*' },
    ...{ ifQueue: '', ifWorker: '', least: '', within: '10', from: '', until: '' },
    ...{ action: 'retry', parts: newParts('retry'), cooldown: '300', max_per_hour: '10', retries: '1', breaker: '3' },
  };
  if (spec === undefined) return empty;
  const { queue = '', worker = '', least, within, from = '', until = '' } = spec.if;
  const { action, ...parts } = spec.do;
  const said = Object.entries(parts).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.join(', ') : String(value),
  ]);
  return {
    ...{ ...empty, name: spec.name, ...spec.when, ifQueue: queue, ifWorker: worker, from, until },
    ...{ least: least === undefined ? '' : String(least), within: String(within ?? 10) },
    ...{ action, parts: { ...newParts(action), ...(Object.fromEntries(said) as Fields['parts']) } },
    ...{ cooldown: String(spec.cooldown), max_per_hour: String(spec.max_per_hour) },
    ...{ retries: String(spec.retries), breaker: String(spec.breaker) },
  };
}

const missing = (): string => t('A pattern is missing; * is all of them');

export function automationIn(fields: Fields): AutomationRequest | Wrong {
  const { on } = fields;
  const name = fields.name.trim();
  if (name === '') return { field: 'name', text: t('Give it a name first') };
  const own = { 'task-failed': ['task', 'exception'], 'worker-offline': ['worker'] } as const;
  const patterns = on === 'task-failed' || on === 'worker-offline' ? own[on] : (['rule', 'subject'] as const);
  for (const field of patterns)
    if (fields[field].trim() === '') return { field, text: field === 'rule' ? t('Choose a rule') : missing() };
  const when = { on, ...Object.fromEntries(patterns.map((field) => [field, fields[field].trim()])) };
  const numbers: Record<string, number> = {};
  const counted = on === 'task-failed' && fields.least.trim() !== '';
  for (const field of ['cooldown', 'max_per_hour', 'retries', 'breaker', 'least', 'within'] as const) {
    if ((field === 'least' || field === 'within') && !counted) continue;
    const value = numberIn(fields[field]);
    if (value === null) return { field, text: t('It must be a number, not below 0') };
    numbers[field] = value;
  }
  const only = Object.entries({
    queue: on === 'task-failed' ? fields.ifQueue : '',
    worker: on === 'task-failed' ? fields.ifWorker : '',
    from: fields.from,
    until: fields.until,
  }).filter(([, value]) => value.trim() !== '');
  const doing = operationIn(fields);
  if ('text' in doing) return doing;
  const { least, within, ...bounds } = numbers;
  return {
    name,
    when,
    if: { ...Object.fromEntries(only.map(([key, value]) => [key, value.trim()])), ...(counted && { least, within }) },
    do: doing,
    ...bounds,
  } as AutomationRequest;
}

function operationIn({ action, parts }: Fields): AutomatedRequest | Wrong {
  const request: Record<string, unknown> = { action };
  for (const [part, [, may]] of Object.entries(PARTS[action]) as [PartName, readonly [string, 'empty'?]][]) {
    const text = parts[part]?.trim() ?? '';
    if (text === '' && may === 'empty') continue;
    if (text === '') return { field: part, text: t('It is needed') };
    if (NUMBERS.includes(part)) {
      const value = numberIn(text);
      if (value === null) return { field: part, text: t('It must be a number, not below 0') };
      request[part] = value;
    } else request[part] = LISTS.includes(part) ? text.split(',').map((one) => one.trim()) : text;
  }
  return request as unknown as AutomatedRequest;
}

function numberIn(text: string): number | null {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  return Number.isFinite(value) && value >= 0 ? value : null;
}
