// The form of an entry, a new one or one that is changed: what is wrong stands beside its field, whoever found it, this page or the server.
// What it holds and makes: entry-fields.ts. Holds: it stays open, as it was filled in, until the server has written it.
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useId, useState } from 'react';
import type { ScheduleRow } from '../../../shared/wire/schedules.ts';
import { taskTypesQuery } from '../api/queries.ts';
import { rich } from '../language/rich.tsx';
import { t } from '../language/text.ts';
import { Button, Segmented } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Field, type FieldMore } from '../ui/field.tsx';
import { refusedField } from '../ui/refused-field.ts';
import { zoneName } from '../ui/zone.ts';
import {
  CRON,
  type Fields,
  fieldsOf,
  KINDS,
  type Kind,
  requestIn,
  SUN,
  scheduleIn,
  type UNITS,
  type Wrong,
} from './entry-fields.ts';
import { type ActDone, useEntryActs } from './use-entry-acts.ts';
import { scheduleWords, solarWords } from './wording.ts';

const KIND_LABELS: Readonly<Record<Kind, string>> = {
  interval: t('Interval'),
  crontab: t('Crontab'),
  solar: t('Solar'),
  clocked: t('Once'),
};
const CRON_LABELS: Readonly<Record<(typeof CRON)[number], string>> = {
  minute: t('minute'),
  hour: t('hour'),
  day_of_month: t('day'),
  month_of_year: t('month'),
  day_of_week: t('weekday'),
};
const UNIT_LABELS: Readonly<Record<keyof typeof UNITS, string>> = {
  seconds: t('seconds'),
  minutes: t('minutes'),
  hours: t('hours'),
  days: t('days'),
};

/** Fields that stand side by side. */
const NARROW: ReadonlySet<string> = new Set([...CRON, 'event', 'lat', 'lon', 'every', 'unit']);

/** @param zone that new entries get */
export function EntryForm({
  entry,
  zone,
  onDone,
  onClose,
}: {
  entry: ScheduleRow | null;
  zone: string;
  onDone: (done: ActDone) => void;
  onClose: () => void;
}) {
  const id = useId();
  const acts = useEntryActs(onDone);
  const [fields, setFields] = useState(() => fieldsOf(entry, zone));
  const [found, setFound] = useState<Wrong | null>(null);
  const { data: types = [] } = useQuery(taskTypesQuery());
  const wrong = found ?? refusedField(acts.error, fields);
  const set = (change: Partial<Fields>) => {
    setFields({ ...fields, ...change });
    setFound(null);
    if (acts.isError) acts.reset();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (acts.isPending) return;
    const request = requestIn(fields, entry);
    if ('text' in request) setFound(request as Wrong);
    else acts.mutate({ act: 'save', entry: request });
  };
  const field = (name: keyof Fields, label: string, more: FieldMore = {}) => (
    <Field
      key={name}
      id={`${id}-${name}`}
      label={label}
      wrong={wrong?.field === name ? wrong.text : null}
      isSaidBelow={NARROW.has(name)}
      value={String(fields[name])}
      onChange={(event) => set({ [name]: event.target.value })}
      {...more}
    />
  );
  const schedule = scheduleIn(fields, entry?.schedule ?? null);
  return (
    <Dialog
      title={entry ? rich('Edit <code>{name}</code>', { name: entry.name }) : t('New entry')}
      className="entry-form"
      onClose={onClose}
    >
      <form onSubmit={submit} noValidate>
        {entry === null &&
          field('name', t('entry|Name'), { autoFocus: true, placeholder: 'nightly-totals', maxLength: 200 })}
        {field('task', t('Task'), { list: `${id}-tasks`, placeholder: 'shop.reports.totals', maxLength: 200 })}
        <datalist id={`${id}-tasks`}>
          {types.map(({ name }) => (
            <option key={name} value={name} />
          ))}
        </datalist>
        <Segmented
          label={t('Kind of schedule')}
          value={fields.kind}
          onChange={(kind) => set({ kind })}
          options={KINDS.map((kind) => [kind, KIND_LABELS[kind]] as const)}
        />
        <div className="fields" data-kind={fields.kind}>
          {fields.kind === 'interval' && (
            <>
              {field('every', t('form|Every'), { inputMode: 'decimal' })}
              {field('unit', t('Unit'), { options: Object.entries(UNIT_LABELS) })}
            </>
          )}
          {fields.kind === 'crontab' && CRON.map((name) => field(name, CRON_LABELS[name]))}
          {fields.kind === 'solar' && (
            <>
              {field('event', t('solar|Event'), { options: SUN.map((event) => [event, solarWords(event)]) })}
              {field('lat', t('Latitude'), { placeholder: '45.76', inputMode: 'decimal' })}
              {field('lon', t('Longitude'), { placeholder: '4.84', inputMode: 'decimal' })}
            </>
          )}
          {fields.kind === 'clocked' &&
            field('at', t('At, {zone}', { zone: zoneName() }), { type: 'datetime-local', step: 1 })}
        </div>
        {wrong?.field && NARROW.has(wrong.field) && (
          <p className="failed" role="alert" id={`${id}-${wrong.field}-wrong`}>
            {wrong.text}
          </p>
        )}
        <p className="words" aria-live="polite">
          {'text' in schedule && !('kind' in schedule) ? (
            <span className="muted">-</span>
          ) : (
            <b>
              {t('{words}.', {
                words: scheduleWords(schedule as Exclude<typeof schedule, Wrong>, fields.timezone, zoneName()),
              })}
            </b>
          )}
        </p>
        {field('timezone', t('Time zone'), { list: `${id}-zones`, placeholder: 'Europe/Paris' })}
        <datalist id={`${id}-zones`}>
          {Intl.supportedValuesOf('timeZone').map((one) => (
            <option key={one} value={one} />
          ))}
        </datalist>
        {field('args', t('Arguments, a list'))}
        {field('kwargs', t('Keyword arguments, a table'))}
        {field('queue', t('Queue'), { placeholder: t("its task's own route") })}
        <p className="boxes">
          <label>
            <input
              type="checkbox"
              className="check"
              checked={fields.enabled}
              onChange={(event) => set({ enabled: event.target.checked })}
            />
            {t('entry|On')}
          </label>
          <label>
            <input
              type="checkbox"
              className="check"
              checked={fields.one_off}
              onChange={(event) => set({ one_off: event.target.checked })}
            />
            {t('Once only')}
          </label>
        </p>
        {wrong && wrong.field === null && (
          <p className="failed" role="alert">
            {wrong.text}
          </p>
        )}
        <footer>
          <Button onClick={onClose}>{t('Cancel')}</Button>
          <Button type="submit" kind="primary" refused={acts.isPending ? t('It is being written') : null}>
            {entry ? t('Save the entry') : t('Create the entry')}
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}
