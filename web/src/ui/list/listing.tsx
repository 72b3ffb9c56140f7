// A page that is one list: facets and a filter on top, rows that scroll under a head that stays, totals at the foot, and one thing
// open beside it (from 1280 px), over it, or on a phone in its place. The table: ui/table/data-table.tsx. Looks: listing.css.

import type { ReactNode, RefObject } from 'react';
import { t } from '../../language/text.ts';
import { Button } from '../button.tsx';
import { count, exactCount } from '../format.ts';
import { Icon, type IconName } from '../icon.tsx';
import { SteadyCount } from '../steady-count.tsx';
import type { FacetItem } from './facets.ts';

export function Listing({
  head,
  below,
  foot,
  panel,
  stale = false,
  scroller,
  onRest,
  onScrolled,
  children,
}: {
  head: ReactNode;
  /** Between the rows and the foot. */
  below?: ReactNode;
  foot: ReactNode;
  panel?: ReactNode;
  /** What the rows rest on is away. */
  stale?: boolean;
  scroller: RefObject<HTMLDivElement | null>;
  /** The pointer came to rest on the rows, or left them. */
  onRest?: (resting: boolean) => void;
  onScrolled?: (scrolled: boolean) => void;
  children: ReactNode;
}) {
  return (
    <main
      className={['content listing', panel && 'with-side', stale && 'is-stale'].filter(Boolean).join(' ')}
      id="main"
    >
      <div className="listing-main">
        <div className="listing-head">{head}</div>
        <div
          className="listing-rows"
          ref={scroller}
          onScroll={(event) => onScrolled?.(event.currentTarget.scrollTop > 8)}
          onPointerEnter={(event) => event.pointerType === 'mouse' && onRest?.(true)}
          onPointerLeave={() => onRest?.(false)}
        >
          {children}
        </div>
        {below}
        <footer className="listing-foot">{foot}</footer>
      </div>
      {panel}
    </main>
  );
}

/** What one can keep of the list, each with how many there are, where that is known; none chosen is all. */
export function Facets({
  label,
  total,
  items,
  value,
  onChange,
}: {
  label: string;
  total?: number;
  items: readonly FacetItem[];
  value: string;
  onChange: (value: string) => void;
}) {
  return (
    <ul className="facets" aria-label={label}>
      <li>
        <button type="button" aria-pressed={value === ''} onClick={() => onChange('')}>
          {t('All')} <Figure of={total} />
        </button>
      </li>
      {items.map(({ id, label: word, n, icon, state }) => (
        <li key={id}>
          <button type="button" aria-pressed={value === id} onClick={() => onChange(value === id ? '' : id)}>
            {icon && (
              <span className="facet-icon" data-state={n === 0 ? undefined : state}>
                <Icon name={icon as IconName} />
              </span>
            )}
            {word} <Figure of={n} />
          </button>
        </li>
      ))}
    </ul>
  );
}

const Figure = ({ of }: { of: number | undefined }) =>
  of === undefined ? null : <SteadyCount text={count(of)} title={exactCount(of)} />;

export function FilterField({
  label,
  placeholder,
  value,
  onChange,
  matches,
  inputRef,
}: {
  label: string;
  placeholder: string;
  value: string;
  onChange: (value: string) => void;
  /** '12 of 500' */
  matches: string;
  inputRef: RefObject<HTMLInputElement | null>;
}) {
  return (
    <div className="filter-field">
      <Icon name="search" />
      <input
        ref={inputRef}
        type="search"
        aria-label={label}
        placeholder={placeholder}
        value={value}
        spellCheck={false}
        autoCapitalize="off"
        autoComplete="off"
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return;
          event.stopPropagation();
          if (value === '') event.currentTarget.blur();
          else onChange('');
        }}
      />
      <span className="matches">{matches}</span>
      {value !== '' && <Button kind="bare" icon="close" hint={t('Clear the filter')} onClick={() => onChange('')} />}
      {value === '' && <kbd>/</kbd>}
    </div>
  );
}
