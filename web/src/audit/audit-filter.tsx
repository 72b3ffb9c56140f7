// Which operations are shown: by category, what they were done to, the action, the outcome, who. The filter stands in the URL: pages/audit.tsx.

import { type RefObject, useEffect, useState } from 'react';
import {
  CATEGORY_OF,
  OPERATION_CATEGORIES,
  type OperationCategory,
  RECORDED_ACTIONS,
} from '../../../shared/wire/operation-categories.ts';
import type { Outcome, RecordedAction } from '../../../shared/wire/operations.ts';
import { t } from '../language/text.ts';
import { Button } from '../ui/button.tsx';
import { Icon } from '../ui/icon.tsx';
import { Facets } from '../ui/list/listing.tsx';
import { CATEGORY, OUTCOME, OUTCOMES } from './recorded.ts';

/** None: any. */
export interface OperationFilter {
  who?: string | undefined;
  category?: OperationCategory | undefined;
  action?: RecordedAction | undefined;
  outcome?: Outcome | undefined;
  /** A task, worker or queue. */
  on?: string | undefined;
}

const ANY: OperationFilter = {
  who: undefined,
  category: undefined,
  action: undefined,
  outcome: undefined,
  on: undefined,
};

export const isFiltered = ({ who, category, action, outcome, on }: OperationFilter): boolean =>
  Boolean(who || category || action || outcome || on);

const CATEGORIES = OPERATION_CATEGORIES.map((id) => ({ id, label: CATEGORY[id] }));

/** One is chosen, or none; an action of another category is let go. */
export function AuditCategories({
  filter: { action, category },
  onChange,
}: {
  filter: OperationFilter;
  onChange: (next: OperationFilter) => void;
}) {
  return (
    <Facets
      label={t('What it is about')}
      items={CATEGORIES}
      value={category ?? ''}
      onChange={(id) => {
        const next = OPERATION_CATEGORIES.find((one) => one === id);
        onChange({ category: next, action: action && next && CATEGORY_OF[action] !== next ? undefined : action });
      }}
    />
  );
}

export function AuditFilter({
  filter,
  inputRef,
  onChange,
}: {
  filter: OperationFilter;
  inputRef: RefObject<HTMLInputElement | null>;
  onChange: (next: OperationFilter) => void;
}) {
  const { who, category, action, outcome, on } = filter;
  return (
    <div className="audit-filter" role="search" aria-label={t('Filter operations')}>
      <TextField label={t('On')} value={on ?? ''} inputRef={inputRef} onChange={(next) => onChange({ on: next })} />
      <Choice
        label={t('Action')}
        any={t('any action')}
        value={action}
        options={RECORDED_ACTIONS.filter((name) => !category || CATEGORY_OF[name] === category).map((name) => [
          name,
          name,
        ])}
        onChange={(next) => onChange({ action: next })}
      />
      <Choice
        label={t('Outcome')}
        any={t('any outcome')}
        value={outcome}
        options={OUTCOMES.map((name) => [name, OUTCOME[name]])}
        onChange={(next) => onChange({ outcome: next })}
      />
      {who && (
        <button type="button" className="btn" onClick={() => onChange({ who: undefined })}>
          {t('by {who}', { who })}
          <Icon name="close" />
          <span className="sr">{t(': by anybody again')}</span>
        </button>
      )}
      {isFiltered(filter) && (
        <Button kind="bare" onClick={() => onChange(ANY)}>
          {t('Clear the filter')}
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
        placeholder={t('On: a task, worker or queue')}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onBlur={submit}
        onKeyDown={(event) => event.key === 'Escape' && event.currentTarget.blur()}
      />
    </form>
  );
}

function Choice<T extends string>({
  label,
  any,
  value,
  options,
  onChange,
}: {
  label: string;
  /** What no choice is called. */
  any: string;
  value: T | undefined;
  options: readonly (readonly [T, string])[];
  onChange: (value: T | undefined) => void;
}) {
  return (
    <select
      className="input"
      aria-label={label}
      value={value ?? ''}
      onChange={(event) => onChange(options.find(([name]) => name === event.target.value)?.[0])}
    >
      <option value="">{any}</option>
      {options.map(([name, word]) => (
        <option key={name} value={name}>
          {word}
        </option>
      ))}
    </select>
  );
}
