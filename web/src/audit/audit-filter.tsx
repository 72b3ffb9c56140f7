// Which operations are shown: what they were about, the action, the outcome, who. The filter stands in the URL: pages/audit.tsx.
import { type RefObject, useEffect, useState } from 'react';
import { Button } from '../ui/button.tsx';
import { Icon } from '../ui/icon.tsx';
import { OUTCOME } from './audit-row.tsx';

const ACTIONS =
  'revoke terminate retry rate_limit time_limit pool_grow pool_shrink autoscale pool_restart add_consumer cancel_consumer enable_events disable_events heartbeat shutdown purge';

/** None: any. */
export interface OperationFilter {
  who?: string | undefined;
  action?: string | undefined;
  outcome?: string | undefined;
  /** A task, worker or queue. */
  on?: string | undefined;
}

const ANY: OperationFilter = { who: undefined, action: undefined, outcome: undefined, on: undefined };

export const isFiltered = ({ who, action, outcome, on }: OperationFilter): boolean =>
  Boolean(who || action || outcome || on);

export function AuditFilter({
  filter,
  inputRef,
  onChange,
}: {
  filter: OperationFilter;
  inputRef: RefObject<HTMLInputElement | null>;
  onChange: (next: OperationFilter) => void;
}) {
  const { who, action, outcome, on } = filter;
  return (
    <div className="audit-filter" role="search" aria-label="Filter operations">
      <TextField label="On" value={on ?? ''} inputRef={inputRef} onChange={(next) => onChange({ on: next })} />
      <Choice
        label="Action"
        value={action}
        options={ACTIONS.split(' ').map((name) => [name, name])}
        onChange={(next) => onChange({ action: next })}
      />
      <Choice
        label="Outcome"
        value={outcome}
        options={Object.entries(OUTCOME)}
        onChange={(next) => onChange({ outcome: next })}
      />
      {who && (
        <button type="button" className="btn" onClick={() => onChange({ who: undefined })}>
          by {who}
          <Icon name="close" />
          <span className="sr">: by anybody again</span>
        </button>
      )}
      {isFiltered(filter) && (
        <Button kind="bare" onClick={() => onChange(ANY)}>
          Clear the filter
        </Button>
      )}
    </div>
  );
}

function TextField({
  label,
  value,
  inputRef,
  onChange,
}: {
  label: string;
  value: string;
  inputRef: RefObject<HTMLInputElement | null>;
  onChange: (value: string | undefined) => void;
}) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const submit = () => text.trim() !== value && onChange(text.trim() || undefined);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <input
        ref={inputRef}
        className="input"
        type="search"
        aria-label={label}
        placeholder="On: a task, worker or queue"
        value={text}
        onChange={(event) => setText(event.target.value)}
        onBlur={submit}
        onKeyDown={(event) => event.key === 'Escape' && event.currentTarget.blur()}
      />
    </form>
  );
}

function Choice({
  label,
  value,
  options,
  onChange,
}: {
  label: string;
  value: string | undefined;
  options: readonly (readonly [string, string])[];
  onChange: (value: string | undefined) => void;
}) {
  return (
    <select
      className="input"
      aria-label={label}
      value={value ?? ''}
      onChange={(event) => onChange(event.target.value || undefined)}
    >
      <option value="">any {label.toLowerCase()}</option>
      {options.map(([name, word]) => (
        <option key={name} value={name}>
          {word}
        </option>
      ))}
    </select>
  );
}
