// The fields of a rule as texts, and the rule that they say.
// Not here: the form (rule-form.tsx); what the server takes (shared/wire/alerts.ts), which says what else is wrong.
import type { AlertRule, AlertRuleRequest, Severity } from '../../../shared/wire/alerts.ts';
import { t } from '../language/text.ts';
import type { Wrong as FieldWrong } from '../ui/wrong-field.ts';

export type RuleKind = AlertRuleRequest['kind'];

export const KIND_LABELS: Readonly<Record<RuleKind, string>> = {
  'failure-rate': t('Tasks fail'),
  'queue-depth': t('Many messages wait'),
  'message-age': t('A message waits for long'),
  'no-worker': t('A queue has no worker'),
  'worker-offline': t('A worker is offline'),
  'chord-stuck': t('A chord cannot end'),
  'schedule-missed': t('An entry of beat was not sent'),
};

export interface Fields {
  kind: RuleKind;
  name: string;
  of: 'task' | 'queue';
  match: string;
  above: string;
  until: string;
  over: string;
  least: string;
  severity: Severity;
  for: string;
  ends: string;
}

/** Which of the fields a kind has, beside those that all have. */
export const OWN: Readonly<Record<RuleKind, readonly (keyof Fields)[]>> = {
  'failure-rate': ['of', 'above', 'until', 'over', 'least'],
  'queue-depth': ['above', 'until'],
  'message-age': ['above', 'until'],
  'no-worker': [],
  'worker-offline': [],
  'chord-stuck': [],
  'schedule-missed': ['above'],
};

const ABOVE: Readonly<Partial<Record<RuleKind, string>>> = {
  'failure-rate': '5',
  'queue-depth': '1000',
  'message-age': '300',
  'schedule-missed': '300',
};

/** What a new rule of a kind begins with. */
export const newFields = (kind: RuleKind): Fields => ({
  ...{ kind, name: '', of: 'task', match: '*', above: ABOVE[kind] ?? '', until: '', over: '10', least: '20' },
  ...{ severity: 'warning', for: '60', ends: '120' },
});

export function fieldsOf(one: AlertRule | null): Fields {
  if (one === null || one.rule.kind === 'need') return newFields('failure-rate');
  const said = Object.entries(one.rule).map(([name, value]) => [
    name,
    typeof value === 'number' ? String(value) : value,
  ]);
  return { ...newFields(one.rule.kind), ...(Object.fromEntries(said) as Partial<Fields>) };
}

export type Wrong = FieldWrong<keyof Fields>;

/** @param channels as they were: the form leaves them */
export function ruleIn(fields: Fields, channels: readonly string[] | undefined): AlertRuleRequest | Wrong {
  const { kind, severity, of } = fields;
  const rule: Record<string, unknown> = { kind, name: fields.name.trim(), match: fields.match.trim(), severity };
  if (rule.name === '') return { field: 'name', text: t('Give it a name first') };
  if (rule.match === '') return { field: 'match', text: t('A pattern is missing; * is all of them') };
  const own = OWN[kind];
  if (own.includes('of')) rule.of = of;
  for (const field of ['above', 'until', 'over', 'least', 'for', 'ends'] as const) {
    if (!own.includes(field) && field !== 'for' && field !== 'ends') continue;
    const text = fields[field].trim();
    if (text === '' && field === 'until') continue;
    const value = text === '' ? Number.NaN : Number(text);
    if (!Number.isFinite(value) || value < 0) return { field, text: t('It must be a number, not below 0') };
    rule[field] = value;
  }
  if (channels !== undefined) rule.channels = channels;
  return rule as unknown as AlertRuleRequest;
}
