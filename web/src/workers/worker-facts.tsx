// What a worker says of itself, as a tree that can be searched by name: statistics, configuration.

import { useState } from 'react';
import { t } from '../language/text.ts';
import { Empty } from '../ui/feedback.tsx';
import { partsOf } from '../ui/value.ts';
import { ValueTree } from '../ui/value-tree.tsx';

export function Facts({ value, label, note }: { value: Record<string, unknown> | null; label: string; note?: string }) {
  const [search, setSearch] = useState('');
  const inside = value ? partsOf(value) : null;
  if (!inside) return <Empty title={t('It has not answered yet')} />;
  const parts = inside.parts
    .filter((part) => part.key.toLowerCase().includes(search.toLowerCase()))
    .sort((a, b) => a.key.localeCompare(b.key));
  return (
    <div className="facts-tab">
      <div className="facts-search">
        <input
          className="input"
          type="search"
          placeholder={t('Find a name')}
          aria-label={t('Find in {label}', { label })}
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        />
        {note && <span className="muted">{note}</span>}
      </div>
      {parts.length === 0 ? (
        <Empty title={t('No name fits')} />
      ) : (
        <ValueTree parts={parts} label={label} named={false} />
      )}
    </div>
  );
}
