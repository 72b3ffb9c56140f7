// An automation being written, or changed, and what it would have done. What its fields say: automation-fields.ts.
import { type FormEvent, useId, useState } from 'react';
import type {
  AutomatedAction,
  Automation,
  AutomationRequest,
  AutomationTrial,
  FactKind,
} from '../../../shared/wire/automations.ts';
import { fromServer, t } from '../language/text.ts';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Field, type FieldMore } from '../ui/field.tsx';
import { refusedField } from '../ui/refused-field.ts';
import {
  automationIn,
  DO_LABELS,
  type Fields,
  fieldsOf,
  newParts,
  PART_LABELS,
  PARTS,
  type PartName,
  WHEN_LABELS,
  type Wrong,
} from './automation-fields.ts';
import { Trial } from './automation-trial.tsx';
import { useTrial } from './use-automations.ts';

const NUMERIC = { inputMode: 'numeric' } as const;

export function AutomationForm({
  one,
  rules,
  failure,
  isSaving,
  onSave,
  onClose,
}: {
  /** null: a new one. */
  one: Automation | null;
  /** Names of the alert rules. */
  rules: readonly string[];
  failure: Error | null;
  isSaving: boolean;
  onSave: (spec: AutomationRequest) => void;
  onClose: () => void;
}) {
  const id = useId();
  const [fields, setFields] = useState(() => fieldsOf(one, rules[0]));
  const [found, setFound] = useState<Wrong | null>(null);
  const trial = useTrial();
  const refused = refusedField(failure ?? trial.error, { ...fields, ...fields.parts });
  const wrong: Wrong | null = found ?? (refused as Wrong | null);
  const set = (change: Partial<Fields>) => {
    setFields({ ...fields, ...change });
    setFound(null);
    trial.reset();
  };
  const submit = (event: FormEvent, then: (spec: AutomationRequest) => void) => {
    event.preventDefault();
    if (isSaving) return;
    const spec = automationIn(fields);
    if ('text' in spec) setFound(spec);
    else then(spec);
  };
  const wrongOf = (name: Wrong['field']) => (wrong?.field === name ? (wrong?.text ?? null) : null);
  const field = (name: Exclude<keyof Fields, 'parts'>, label: string, more: FieldMore = {}) => (
    <Field
      id={`${id}-${name}`}
      label={label}
      wrong={wrongOf(name)}
      value={fields[name]}
      onChange={({ target }) => set({ [name]: target.value })}
      {...more}
    />
  );
  const { action, on, parts } = fields;
  return (
    <Dialog
      title={one ? t('Edit the automation') : t('New automation')}
      className="rule-form automation-form"
      onClose={onClose}
    >
      <form onSubmit={(event) => submit(event, onSave)} noValidate>
        {field('name', t('automation|Name'), { autoFocus: one === null, maxLength: 100 })}
        <Field
          id={`${id}-on`}
          label={t('automation|When')}
          wrong={null}
          value={on}
          options={Object.entries(WHEN_LABELS)}
          onChange={({ target }) => set({ on: target.value as FactKind })}
        />
        <div className="fields">
          {on === 'task-failed' && (
            <>
              {field('task', t('Task, as a pattern'), { placeholder: 'shop.*' })}
              {field('exception', t('Exception, as a pattern'), { placeholder: '*Error' })}
              {field('least', t('At least so many of a name'), { ...NUMERIC, placeholder: '1' })}
              {fields.least.trim() !== '' && field('within', t('Within, minutes'), NUMERIC)}
              {field('ifQueue', t('Only of the queue'), { placeholder: '*' })}
              {field('ifWorker', t('Only on the worker'), { placeholder: '*' })}
            </>
          )}
          {on === 'worker-offline' && field('worker', t('Worker, as a pattern'), { placeholder: 'celery@web-*' })}
          {on.startsWith('alert-') && (
            <>
              {field('rule', t('automation|Rule'), {
                options: [...new Set([fields.rule, ...rules])].map((name) => [name, fromServer(name)] as const),
              })}
              {field('subject', t('Of what, as a pattern'), { placeholder: '*' })}
            </>
          )}
          {field('from', t('Only from, UTC'), { placeholder: '00:00', maxLength: 5 })}
          {field('until', t('Only until, UTC'), { placeholder: '24:00', maxLength: 5 })}
        </div>
        <Field
          id={`${id}-action`}
          label={t('automation|Do')}
          wrong={wrong?.field === ('do' as never) ? wrong.text : null}
          value={action}
          options={Object.entries(DO_LABELS)}
          onChange={({ target }) => {
            const next = target.value as AutomatedAction;
            set({ action: next, parts: newParts(next) });
          }}
        />
        <div className="fields">
          {(Object.keys(PARTS[action]) as PartName[]).map((part) => (
            <Field
              key={part}
              id={`${id}-do-${part}`}
              label={PART_LABELS[part]}
              wrong={wrongOf(part)}
              value={parts[part] ?? ''}
              placeholder={placeOf(part, action)}
              onChange={({ target }) => set({ parts: { ...parts, [part]: target.value } })}
            />
          ))}
        </div>
        <p className="muted">{t('Names in braces stand for what happened: {names}.', { names: PLACES[on] })}</p>
        <div className="fields">
          {field('cooldown', t('The same not again for, seconds'), NUMERIC)}
          {field('max_per_hour', t('At most in an hour'), NUMERIC)}
          {action === 'retry' && field('retries', t('One task at most, times'), NUMERIC)}
          {field('breaker', t('Off after failures in a row'), NUMERIC)}
        </div>
        {wrong && wrong.field === null && (
          <p className="failed" role="alert">
            {wrong.text}
          </p>
        )}
        {trial.data && <Trial of={trial.data as AutomationTrial} />}
        <footer>
          <Button onClick={onClose}>{t('Cancel')}</Button>
          <Button
            refused={trial.isPending ? t('It is being tried') : null}
            onClick={(event) => submit(event, (spec) => trial.mutate(spec))}
          >
            {t('What would it have done?')}
          </Button>
          <Button type="submit" kind="primary" refused={isSaving ? t('It is being written') : null}>
            {t('Save as a dry run')}
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}

const PLACES: Readonly<Record<FactKind, string>> = {
  'task-failed': '{task_id} {task} {queue} {worker}',
  'worker-offline': '{worker}',
  'alert-begins': '{subject} {task} {queue} {worker}',
  'alert-ends': '{subject} {task} {queue} {worker}',
};

function placeOf(part: PartName, action: AutomatedAction): string | undefined {
  if (part === 'destination') return t('every worker');
  return part === 'queue' && action === 'retry' ? t('the one it came from') : undefined;
}
