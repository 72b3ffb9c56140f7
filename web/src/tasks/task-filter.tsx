// The query field: text with completion while one types, chips with a cross while one reads.
// The language: shared/query. What is offered: use-query-offers.ts. The list below the field: ui/combobox.

import { type RefObject, useEffect, useMemo, useState } from 'react';
import { parseQuery, type QueryHint } from '../../../shared/query/parser.ts';
import { rich } from '../language/rich.tsx';
import { t } from '../language/text.ts';
import { ComboboxList } from '../ui/combobox/combobox-list.tsx';
import { useCombobox } from '../ui/combobox/use-combobox.ts';
import { Icon } from '../ui/icon.tsx';
import { chipsOf, without } from './query-chips.ts';
import { inserted, type Offer } from './query-offers.ts';
import { OfferLine, QueryChips, QueryNote } from './query-parts.tsx';
import { useQueryOffers } from './use-query-offers.ts';
import './task-filter.css';

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
  useEffect(() => setText(q), [q]);
  const { parsed, at, offers, atLeast } = useQueryOffers(text, caret, focused);
  const chips = useMemo(() => (focused ? [] : chipsOf(text)), [focused, text]);

  const submit = (next: string) => {
    setText(next);
    if (parseQuery(next).ok) onChange(next.trim());
  };
  const take = (offer: Offer) => {
    const next = inserted(text, at, offer);
    setText(next.text);
    setCaret(next.caret);
    if (!next.waits && parseQuery(next.text).ok) onChange(next.text.trim());
    requestAnimationFrame(() => {
      inputRef.current?.focus();
      inputRef.current?.setSelectionRange(next.caret, next.caret);
    });
  };
  const combobox = useCombobox({
    size: focused ? offers.length : 0,
    tabTakes: text === '' ? undefined : at.prefix === '' ? 'active' : 'first',
    onTake: (i) => take(offers[i]!),
    onSubmit: () => submit(text),
    onLeave: () => inputRef.current?.blur(),
  });
  const hint = parsed.ok && !combobox.isOpen ? parsed.hints[0] : undefined;
  const applyHint = ({ position, length, suggestion }: QueryHint) =>
    submit(text.slice(0, position) + suggestion + text.slice(position + length));
  const error = !parsed.ok && !(focused && combobox.isOffering) ? parsed.message : serverError;
  return (
    <search className="query">
      <div className={error ? 'field wrong' : 'field'}>
        <Icon name="search" />
        {chips.length > 0 && (
          <QueryChips
            chips={chips}
            onEdit={() => inputRef.current?.focus()}
            onRemove={(chip) => submit(without(text, chip))}
          />
        )}
        <input
          {...combobox.field}
          ref={inputRef}
          className="code"
          aria-label={t('Filter tasks')}
          aria-invalid={Boolean(error)}
          placeholder={chips.length > 0 ? '' : t('Filter: state:FAILURE name:charge runtime>2s, or any text')}
          value={chips.length > 0 ? '' : text}
          onFocus={() => {
            setFocused(true);
            combobox.open();
          }}
          onBlur={() => {
            setFocused(false);
            combobox.close();
            submit(text);
          }}
          onChange={(event) => {
            setText(event.target.value);
            setCaret(event.target.selectionStart ?? event.target.value.length);
            combobox.open();
          }}
          onSelect={(event) => setCaret(event.currentTarget.selectionStart ?? text.length)}
        />
        {text !== '' && (
          <button
            type="button"
            className="q-x"
            aria-label={t('Clear the filter')}
            onPointerDown={(event) => event.preventDefault()}
            onClick={() => submit('')}
          >
            <Icon name="close" />
          </button>
        )}
        <span className="matches">{matches}</span>
        <kbd>/</kbd>
      </div>
      <QueryNote error={error} hint={hint} onHint={applyHint} />
      <div className="menu completion" hidden={!combobox.isOpen}>
        <ComboboxList
          combobox={combobox}
          label={t('Completion')}
          options={(combobox.isOpen ? offers : []).map((offer) => ({
            key: `${offer.group} ${offer.insert}`,
            group: offer.group,
            body: <OfferLine offer={offer} atLeast={atLeast} />,
          }))}
        />
        <p className="keys" aria-hidden="true">
          {rich(
            '<kbd>Tab</kbd> take <kbd>Enter</kbd> search <kbd>NOT</kbd> <kbd>OR</kbd> <kbd>( )</kbd> <kbd>&gt;</kbd> <kbd>*</kbd>',
          )}
        </p>
      </div>
    </search>
  );
}
