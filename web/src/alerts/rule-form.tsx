// A rule being written, or changed. What it says: rule-fields.ts.
import { type FormEvent, useId, useState } from 'react';
import type { AlertRule, AlertRuleRequest, Severity } from '../../../shared/wire/alerts.ts';
import { t } from '../language/text.ts';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Field, type FieldMore } from '../ui/field.tsx';
import { refusedField } from '../ui/refused-field.ts';
import {
  type Fields,
  fieldsOf,
  KIND_LABELS,
  newFields,
  OWN,
  type RuleKind,
  ruleIn,
  type Wrong,
} from './rule-fields.ts';
import { SEVERITY } from './words.ts';

const UNITS: Readonly<Partial<Record<RuleKind, string>>> = {
  'failure-rate': t('Above, percent'),
  'queue-depth': t('Above, messages'),
  'message-age': t('Above, seconds'),
  'schedule-missed': t('Overdue by, seconds'),
};
const PLACES: Readonly<Record<RuleKind, string>> = {
  'failure-rate': 'shop.*',
  'queue-depth': 'celery',
  'message-age': 'celery',
  'no-worker': 'celery',
  'worker-offline': 'celery@web-*',
  'chord-stuck': 'shop.collect*',
  'schedule-missed': 'nightly-*',
};

export function RuleForm({
  one,
  failure,
  isSaving,
  onSave,
  onClose,
}: {
  /** null: a new one. */
  one: AlertRule | null;
  failure: Error | null;
  isSaving: boolean;
  onSave: (rule: AlertRuleRequest) => void;
  onClose: () => void;
}) {
  const id = useId();
  const [fields, setFields] = useState(() => fieldsOf(one));
  const [found, setFound] = useState<Wrong | null>(null);
  const wrong = found ?? refusedField(failure, fields);
  const set = (change: Partial<Fields>) => {
    setFields({ ...fields, ...change });
    setFound(null);
  };
  const pickKind = (kind: RuleKind) =>
    set({ ...newFields(kind), name: fields.name, match: fields.match, severity: fields.severity });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isSaving) return;
    const rule = ruleIn(fields, one?.rule.channels);
    if ('text' in rule) setFound(rule);
    else onSave(rule);
  };
  const field = (name: keyof Fields, label: string, more: FieldMore = {}) => (
    <Field
      id={`${id}-${name}`}
      label={label}
      wrong={wrong?.field === name ? wrong.text : null}
      value={fields[name]}
      onChange={(event) => set({ [name]: event.target.value })}
      {...more}
    />
  );
  const own = OWN[fields.kind];
  const severities = (Object.keys(SEVERITY) as Severity[]).map((one) => [one, SEVERITY[one].word] as const);
  return (
    <Dialog title={one ? t('Edit the rule') : t('New rule')} className="rule-form" onClose={onClose}>
      <form onSubmit={submit} noValidate>
        <Field
          id={`${id}-kind`}
          label={t('rule|When')}
          wrong={null}
          value={fields.kind}
          options={Object.entries(KIND_LABELS)}
          onChange={({ target }) => pickKind(target.value as RuleKind)}
        />
        {field('name', t('rule|Name'), { autoFocus: one === null, maxLength: 100 })}
        <div className="fields">
          {own.includes('of') &&
            field('of', t('Counted by'), {
              options: [
                ['task', t('Task')],
                ['queue', t('Queue')],
              ],
            })}
          {field('match', t('Which, as a pattern'), { placeholder: PLACES[fields.kind], maxLength: 200 })}
          {own.includes('above') && field('above', UNITS[fields.kind]!, { inputMode: 'decimal' })}
          {own.includes('until') &&
            field('until', t('Over at or below'), { inputMode: 'decimal', placeholder: fields.above })}
          {own.includes('over') && field('over', t('Within, minutes'), { inputMode: 'numeric' })}
          {own.includes('least') && field('least', t('Of tasks at least'), { inputMode: 'numeric' })}
          {field('severity', t('Severity'), { options: severities })}
          {field('for', t('Must hold for, seconds'), { inputMode: 'numeric' })}
          {field('ends', t('Over when gone for, seconds'), { inputMode: 'numeric' })}
        </div>
        {wrong && wrong.field === null && (
          <p className="failed" role="alert">
            {wrong.text}
          </p>
        )}
        <footer>
          <Button onClick={onClose}>{t('Cancel')}</Button>
          <Button type="submit" kind="primary" refused={isSaving ? t('It is being written') : null}>
            {t('Save the rule')}
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}
