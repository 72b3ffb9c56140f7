// The form of an entry, a new one or one that is changed: what is wrong stands beside its field, whoever found it, this page or the server.
// What it holds and makes: entry-fields.ts. Holds: it stays open, as it was filled in, until the server has written it.
import { useQuery } from '@tanstack/react-query';
import { type ComponentProps, type FormEvent, type ReactNode, useId, useState } from 'react';
import type { ScheduleRow } from '../../../shared/wire/schedules.ts';
import { ApiError } from '../api/client.ts';
import { taskTypesQuery } from '../api/queries.ts';
import { Button, Segmented } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import {
  CRON,
  type Fields,
  fieldsOf,
  KINDS,
  type Kind,
  requestIn,
  SUN,
  scheduleIn,
  UNITS,
  type Wrong,
} from './entry-fields.ts';
import { type ActDone, useEntryActs } from './use-entry-acts.ts';
import { ownZone, scheduleWords, solarWords } from './wording.ts';

const KIND_LABELS: Readonly<Record<Kind, string>> = {
  interval: 'Interval',
  crontab: 'Crontab',
  solar: 'Solar',
  clocked: 'Once',
};
const CRON_LABELS: Readonly<Record<(typeof CRON)[number], string>> = {
  minute: 'minute',
  hour: 'hour',
  day_of_month: 'day',
  month_of_year: 'month',
  day_of_week: 'weekday',
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
      title={entry ? <>Edit {<code>{entry.name}</code>}</> : 'New entry'}
      className="entry-form"
      onClose={onClose}
    >
      <form onSubmit={submit} noValidate>
        {entry === null && field('name', 'Name', { autoFocus: true, placeholder: 'nightly-totals', maxLength: 200 })}
        {field('task', 'Task', { list: `${id}-tasks`, placeholder: 'shop.reports.totals', maxLength: 200 })}
        <datalist id={`${id}-tasks`}>
          {types.map(({ name }) => (
            <option key={name} value={name} />
          ))}
        </datalist>
        <Segmented
          label="Kind of schedule"
          value={fields.kind}
          onChange={(kind) => set({ kind })}
          options={KINDS.map((kind) => [kind, KIND_LABELS[kind]] as const)}
        />
        <div className="fields" data-kind={fields.kind}>
          {fields.kind === 'interval' && (
            <>
              {field('every', 'Every', { inputMode: 'decimal' })}
              {field('unit', 'Unit', { options: Object.keys(UNITS).map((unit) => [unit, unit]) })}
            </>
          )}
          {fields.kind === 'crontab' && CRON.map((name) => field(name, CRON_LABELS[name]))}
          {fields.kind === 'solar' && (
            <>
              {field('event', 'Event', { options: SUN.map((event) => [event, solarWords(event)]) })}
              {field('lat', 'Latitude', { placeholder: '45.76', inputMode: 'decimal' })}
              {field('lon', 'Longitude', { placeholder: '4.84', inputMode: 'decimal' })}
            </>
          )}
          {fields.kind === 'clocked' && field('at', `At, ${ownZone()}`, { type: 'datetime-local', step: 1 })}
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
            <b>{scheduleWords(schedule as Exclude<typeof schedule, Wrong>, fields.timezone, ownZone())}.</b>
          )}
        </p>
        {field('timezone', 'Time zone', { list: `${id}-zones`, placeholder: 'Europe/Paris' })}
        <datalist id={`${id}-zones`}>
          {Intl.supportedValuesOf('timeZone').map((one) => (
            <option key={one} value={one} />
          ))}
        </datalist>
        {field('args', 'Arguments, a list')}
        {field('kwargs', 'Keyword arguments, a table')}
        {field('queue', 'Queue', { placeholder: "its task's own route" })}
        <p className="boxes">
          <label>
            <input
              type="checkbox"
              className="check"
              checked={fields.enabled}
              onChange={(event) => set({ enabled: event.target.checked })}
            />
            On
          </label>
          <label>
            <input
              type="checkbox"
              className="check"
              checked={fields.one_off}
              onChange={(event) => set({ one_off: event.target.checked })}
            />
            Once only
          </label>
        </p>
        {wrong && wrong.field === null && (
          <p className="failed" role="alert">
            {wrong.text}
          </p>
        )}
        <footer>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" kind="primary" refused={acts.isPending ? 'It is being written' : null}>
            {entry ? 'Save the entry' : 'Create the entry'}
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}

/** What the server says is wrong, at its field where it names one that is shown. */
function refusedField(error: unknown, fields: Fields): Wrong | null {
  if (error === null || error === undefined) return null;
  if (!(error instanceof ApiError)) return { field: null, text: String(error) };
  const named = error.field?.split('.').at(-1);
  const field = named !== undefined && Object.hasOwn(fields, named) ? (named as keyof Fields) : null;
  return { field, text: error.detail ?? error.title };
}

type FieldMore = Omit<ComponentProps<'input'>, 'value' | 'onChange' | 'id'> & {
  options?: readonly (readonly [value: string, label: string])[];
};
interface FieldProps extends FieldMore {
  id: string;
  label: ReactNode;
  wrong: string | null;
  /** What is wrong stands under the row of fields. */
  isSaidBelow: boolean;
  value: string;
  onChange: (event: { target: { value: string } }) => void;
}

function Field({ id, label, wrong, isSaidBelow, options, value, onChange, ...rest }: FieldProps) {
  const said = {
    id,
    className: 'input',
    value,
    onChange,
    'aria-invalid': wrong !== null,
    'aria-describedby': wrong === null ? undefined : `${id}-wrong`,
  };
  return (
    <div className="entry-field">
      <label htmlFor={id}>{label}</label>
      {options ? (
        <select {...said}>
          {options.map(([one, words]) => (
            <option key={one} value={one}>
              {words}
            </option>
          ))}
        </select>
      ) : (
        <input autoComplete="off" spellCheck={false} autoCapitalize="off" {...rest} {...said} />
      )}
      {wrong !== null && !isSaidBelow && (
        <p className="failed" role="alert" id={`${id}-wrong`}>
          {wrong}
        </p>
      )}
    </div>
  );
}
