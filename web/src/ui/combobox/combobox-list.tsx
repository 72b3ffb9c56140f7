// The options of a combobox, under the names of their groups. State and keys: use-combobox.ts. Looks: combobox.css.
import { Fragment, type ReactNode } from 'react';
import type { Combobox } from './use-combobox.ts';

export interface ComboboxOption {
  key: string;
  /** Options of one group stand together; none: without a name above them. */
  group?: string;
  body: ReactNode;
}

export function ComboboxList({
  combobox,
  label,
  options,
  className = '',
  follows = false,
}: {
  combobox: Combobox;
  label: string;
  options: readonly ComboboxOption[];
  className?: string;
  /** What the pointer rests on becomes active. */
  follows?: boolean;
}) {
  const { listId, active, optionId, activate, take } = combobox;
  const groups: { name: string; options: ReactNode[] }[] = [];
  options.forEach(({ key, group = '', body }, i) => {
    if (groups.at(-1)?.name !== group) groups.push({ name: group, options: [] });
    groups.at(-1)!.options.push(
      // biome-ignore lint/a11y/useKeyWithClickEvents: the field owns the keys
      <div
        key={key}
        role="option"
        id={optionId(i)}
        tabIndex={-1}
        aria-selected={i === active}
        // The focus stays in the field.
        onPointerDown={(event) => event.preventDefault()}
        onPointerMove={follows ? () => activate(i) : undefined}
        onClick={() => take(i)}
      >
        {body}
      </div>,
    );
  });
  return (
    <div className={`options ${className}`} id={listId} role="listbox" aria-label={label} tabIndex={-1}>
      {groups.map(({ name, options: members }) =>
        name === '' ? (
          <Fragment key="">{members}</Fragment>
        ) : (
          <div key={name} role="group" aria-label={name}>
            <p className="kind" aria-hidden="true">
              {name}
            </p>
            {members}
          </div>
        ),
      )}
    </div>
  );
}
