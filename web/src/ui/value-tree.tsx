// Arguments and results as a tree: exact, foldable, copyable. What cannot be read as values is shown as the text it is.

import { type KeyboardEvent, useState } from 'react';
import { t } from '../language/text.ts';
import { ForeignText, LongText } from './foreign-text.tsx';
import { Icon } from './icon.tsx';
import { kindOf, type Part, partsOf, show } from './value.ts';
import './value-tree.css';

/** How many parts of one container are drawn before one asks for the rest. */
const FIRST = 50;
/** How much of one value is drawn before one asks for the rest. @unit characters */
const LEAF = 1000;

/** A value by itself: a tree when it has parts, else as Python would show it. */
export function ShownValue({ value, label }: { value: unknown; label: string }) {
  const inside = partsOf(value);
  if (inside && inside.parts.length > 0) return <ValueTree label={label} parts={inside.parts} named={inside.named} />;
  return (
    <pre className="plain-text code">
      <span className="v" data-type={kindOf(value)}>
        <LongText text={show(value)} />
      </span>
    </pre>
  );
}

export function ValueTree({ parts, label, named }: { parts: readonly Part[]; label: string; named?: boolean }) {
  return (
    <div className="tree code" role="tree" aria-label={label} onKeyDown={onTreeKey}>
      <Parts parts={parts} depth={0} top={named ?? true} />
    </div>
  );
}

function Parts({ parts, depth, top }: { parts: readonly Part[]; depth: number; top: boolean }) {
  const [all, setAll] = useState(false);
  const shown = all ? parts : parts.slice(0, FIRST);
  return (
    <>
      {shown.map((part, i) => (
        <Branch key={part.key} part={part} depth={depth} top={top} first={depth === 0 && i === 0} />
      ))}
      {shown.length < parts.length && (
        <div role="none" style={{ paddingLeft: depth * 18 + 16 }}>
          <button type="button" className="link plain" onClick={() => setAll(true)}>
            {t('{count} more', { count: parts.length - shown.length })}
          </button>
        </div>
      )}
    </>
  );
}

function Branch({ part, depth, top, first }: { part: Part; depth: number; top: boolean; first: boolean }) {
  const inside = partsOf(part.value);
  const [open, setOpen] = useState(depth === 0 && inside !== null && inside.parts.length <= 6);
  const key = (
    <span className={depth === 0 && top ? 'k arg' : 'k'}>
      <ForeignText text={part.key} />
      {depth === 0 && top ? '=' : ': '}
    </span>
  );
  const pad = { paddingLeft: depth * 18 };
  if (part.key === '...' && part.value === '...')
    return (
      <div role="treeitem" aria-level={depth + 1} tabIndex={first ? 0 : -1} style={pad}>
        <i />
        <span className="v" data-type="cut">
          ...
        </span>
      </div>
    );
  if (!inside || inside.parts.length === 0) {
    return (
      <div role="treeitem" aria-level={depth + 1} tabIndex={first ? 0 : -1} style={pad}>
        <i />
        {key}
        <span className="v" data-type={kindOf(part.value)}>
          {inside ? inside.open + inside.close : <LongText text={show(part.value)} max={LEAF} />}
        </span>
      </div>
    );
  }
  return (
    <>
      <div
        role="treeitem"
        aria-level={depth + 1}
        aria-expanded={open}
        tabIndex={first ? 0 : -1}
        style={pad}
        className="opens"
        onClick={() => setOpen(!open)}
        onKeyDown={(event) => {
          const wish =
            event.key === 'ArrowRight'
              ? true
              : event.key === 'ArrowLeft'
                ? false
                : event.key === 'Enter' || event.key === ' '
                  ? !open
                  : null;
          if (wish === null || wish === open) return;
          event.preventDefault();
          event.stopPropagation();
          setOpen(wish);
        }}
      >
        <Icon name={open ? 'down' : 'right'} />
        {key}
        <span className="v" data-type="container">
          {inside.open}
          {open ? '' : inside.parts.length}
          {open ? '' : inside.close}
        </span>
      </div>
      {open && <Parts parts={inside.parts} depth={depth + 1} top={false} />}
    </>
  );
}

function onTreeKey(event: KeyboardEvent<HTMLDivElement>): void {
  const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
  if (step === 0) return;
  const items = [...event.currentTarget.querySelectorAll<HTMLElement>('[role="treeitem"]')];
  const next = items[items.indexOf(document.activeElement as HTMLElement) + step];
  if (!next) return;
  event.preventDefault();
  event.stopPropagation();
  next.focus();
}
