// The query field: text with completion while one types, chips with a cross while one reads.
// The language: shared/query. Values of a field within the present result: the facets request. Chips: query-chips.ts.
import { useQuery } from '@tanstack/react-query';
import { type RefObject, useEffect, useId, useMemo, useState } from 'react';
import { complete } from '../../../shared/query/complete.ts';
import { parseQuery, type QueryHint } from '../../../shared/query/parser.ts';
import { word } from '../../../shared/query/printer.ts';
import { facetQuery } from '../api/queries.ts';
import { ForeignText } from '../ui/foreign-text.tsx';
import { count } from '../ui/format.ts';
import { Icon } from '../ui/icon.tsx';
import { chipsOf, without } from './query-chips.ts';
import './task-filter.css';

interface Offer {
  group: string;
  insert: string;
  head: string;
  tail?: string;
  detail?: string;
  count?: number;
  /** What of the text it takes the place of, when that is not the word at the caret. */
  place?: { from: number; to: number };
}

const WITH_VALUES = new Set(['name', 'worker', 'queue', 'exception', 'state']);

export function TaskFilter({
  q,
  matches,
  inputRef,
  serverError,
  onChange,
}: {
  q: string;
  matches: string;
  inputRef: RefObject<HTMLInputElement | null>;
  serverError: string | null;
  onChange: (q: string) => void;
}) {
  const [text, setText] = useState(q);
  const [caret, setCaret] = useState(q.length);
  const [focused, setFocused] = useState(false);
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const listId = useId();
  useEffect(() => setText(q), [q]);
  const parsed = useMemo(() => parseQuery(text), [text]);
  const at = useMemo(() => complete(text, caret), [text, caret]);
  const facetField = focused && open && at.kind === 'value' && at.field && WITH_VALUES.has(at.field) ? at.field : null;
  const rest = facetField
    ? `${text.slice(0, at.from)} ${text.slice(at.to)}`.replace(new RegExp(`${facetField}:\\s*$`), '').trim()
    : '';
  const facets = useQuery({
    ...facetQuery(facetField ?? 'name', parseQuery(rest).ok ? rest : ''),
    enabled: facetField !== null,
  });
  const offers = useMemo(() => {
    const found: Offer[] = [];
    for (const item of at.items) {
      const group = item.kind === 'field' ? 'Fields' : item.kind === 'value' ? 'Values' : 'Joining';
      found.push({ group, insert: item.insert, head: item.label, detail: item.detail });
    }
    if (facetField) {
      const wanted = at.prefix.toLowerCase();
      const seen = new Set(found.map((o) => o.insert));
      for (const { value, count: n } of facets.data?.values ?? []) {
        const insert = word(value);
        if (seen.has(insert)) {
          const known = found.find((o) => o.insert === insert);
          if (known) known.count = n;
        } else if (value.toLowerCase().includes(wanted)) {
          found.push({ group: 'Values in this result', insert, head: `${facetField}:`, tail: value, count: n });
        }
      }
    }
    if (at.kind === 'field' && at.prefix.length > 1) {
      found.push({
        group: 'Text',
        insert: word(at.prefix),
        head: `"${at.prefix}"`,
        detail: 'in name, id, arguments, result or exception',
      });
    }
    // A slip is offered first: what is typed is searched as text, and seldom meant.
    for (const { suggestion, position, length } of parsed.ok ? [...parsed.hints].reverse() : [])
      found.unshift({
        group: 'Did you mean',
        insert: suggestion,
        head: suggestion,
        place: { from: position, to: position + length },
      });
    return found.slice(0, 14);
  }, [at, facets.data, facetField, parsed]);
  const shownOffers = focused && open ? offers : [];
  const picked = Math.min(active, shownOffers.length - 1);
  const chips = useMemo(() => (focused ? null : chipsOf(text)), [focused, text]);

  const submit = (next: string) => {
    setText(next);
    if (parseQuery(next).ok) onChange(next.trim());
  };
  const take = (offer: Offer) => {
    // A field waits for its value, everything else is followed by a space.
    const waits = /[:<>=]$/.test(offer.insert);
    const { from, to } = offer.place ?? at;
    const after = text.slice(to);
    const inserted = offer.insert + (waits || /^[\s)]/.test(after) ? '' : ' ');
    const next = text.slice(0, from) + inserted + after;
    const place = from + inserted.length;
    setText(next);
    setCaret(place);
    setActive(-1);
    if (!waits && parseQuery(next).ok) onChange(next.trim());
    requestAnimationFrame(() => {
      inputRef.current?.focus();
      inputRef.current?.setSelectionRange(place, place);
    });
  };
  const onKeyDown = (event: React.KeyboardEvent<HTMLInputElement>) => {
    const n = shownOffers.length;
    if ((event.key === 'ArrowDown' || event.key === 'ArrowUp') && n > 0) {
      event.preventDefault();
      setActive(event.key === 'ArrowDown' ? (picked + 1) % n : (picked - 1 + n) % n);
    } else if (event.key === 'Tab' && n > 0 && !event.shiftKey && text !== '' && (picked >= 0 || at.prefix !== '')) {
      event.preventDefault();
      take(shownOffers[Math.max(0, picked)]!);
    } else if (event.key === 'Enter') {
      event.preventDefault();
      if (picked >= 0) take(shownOffers[picked]!);
      else {
        submit(text);
        setOpen(false);
      }
    } else if (event.key === 'Escape') {
      event.preventDefault();
      event.stopPropagation();
      if (open && n > 0) setOpen(false);
      else inputRef.current?.blur();
    }
  };
  const hint = parsed.ok && !shownOffers.length ? parsed.hints[0] : undefined;
  const applyHint = (one: QueryHint) =>
    submit(text.slice(0, one.position) + one.suggestion + text.slice(one.position + one.length));
  const error = !parsed.ok && (!focused || !open) ? parsed.message : serverError;
  let group = '';
  return (
    <search className="query">
      <div className={error ? 'field wrong' : 'field'}>
        <Icon name="search" />
        {chips && chips.length > 0 && (
          <span className="chips-in">
            {chips.map((chip) => (
              <span className="q" key={`${chip.from} ${chip.text}`}>
                <button type="button" className="q-text" onClick={() => inputRef.current?.focus()}>
                  <span>{chip.head}</span>
                  <ForeignText text={chip.tail} />
                </button>
                <button
                  type="button"
                  className="q-x"
                  aria-label={`Remove ${chip.text}`}
                  onClick={() => submit(without(text, chip))}
                >
                  <Icon name="close" />
                </button>
              </span>
            ))}
          </span>
        )}
        <input
          ref={inputRef}
          className="code"
          role="combobox"
          aria-label="Filter tasks"
          aria-expanded={shownOffers.length > 0}
          aria-controls={listId}
          aria-autocomplete="list"
          aria-activedescendant={picked >= 0 ? `${listId}-${picked}` : undefined}
          aria-invalid={Boolean(error)}
          placeholder={chips && chips.length > 0 ? '' : 'Filter: state:FAILURE name:charge runtime>2s, or any text'}
          autoComplete="off"
          spellCheck={false}
          value={chips && chips.length > 0 ? '' : text}
          onFocus={() => {
            setFocused(true);
            setOpen(true);
          }}
          onBlur={() => {
            setFocused(false);
            setOpen(false);
            submit(text);
          }}
          onChange={(event) => {
            setText(event.target.value);
            setCaret(event.target.selectionStart ?? event.target.value.length);
            setOpen(true);
            setActive(-1);
          }}
          onSelect={(event) => setCaret(event.currentTarget.selectionStart ?? text.length)}
          onKeyDown={onKeyDown}
        />
        {text !== '' && (
          <button
            type="button"
            className="q-x"
            aria-label="Clear the filter"
            onPointerDown={(event) => event.preventDefault()}
            onClick={() => submit('')}
          >
            <Icon name="close" />
          </button>
        )}
        <span className="matches">{matches}</span>
        <kbd>/</kbd>
      </div>
      {error && (
        <p className="query-error" role="alert">
          {error}
        </p>
      )}
      {hint && !error && (
        <p className="query-hint" role="status">
          {hint.message.replace(/ Did you mean .*\?$/, '')}{' '}
          <button type="button" className="link plain" onClick={() => applyHint(hint)}>
            Did you mean <code>{hint.suggestion}</code>?
          </button>
        </p>
      )}
      <div
        className="menu completion"
        id={listId}
        role="listbox"
        aria-label="Completion"
        hidden={shownOffers.length === 0}
      >
        {shownOffers.map((offer, i) => {
          const first = offer.group !== group;
          group = offer.group;
          return (
            <div key={`${offer.group} ${offer.insert}`} role="presentation">
              {first && (
                <p className="kind" role="presentation">
                  {offer.group}
                </p>
              )}
              {/* biome-ignore lint/a11y/useKeyWithClickEvents: the field owns the keys */}
              <div
                role="option"
                tabIndex={-1}
                id={`${listId}-${i}`}
                aria-selected={i === picked}
                onPointerDown={(event) => event.preventDefault()}
                onClick={() => take(offer)}
              >
                <code>
                  {offer.head}
                  {offer.tail && (
                    <b>
                      <ForeignText text={offer.tail} />
                    </b>
                  )}
                </code>
                {offer.detail && <span>{offer.detail}</span>}
                {offer.count !== undefined && (
                  <em>{facets.data?.of_newest ? `at least ${count(offer.count)}` : count(offer.count)}</em>
                )}
              </div>
            </div>
          );
        })}
        <p className="keys" aria-hidden="true">
          <kbd>Tab</kbd> take <kbd>Enter</kbd> search <kbd>NOT</kbd> <kbd>OR</kbd> <kbd>( )</kbd> <kbd>&gt;</kbd>{' '}
          <kbd>*</kbd>
        </p>
      </div>
    </search>
  );
}
