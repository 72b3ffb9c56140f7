// How many there are in each state, trouble first; a click keeps that state, another lets it go.
// Those without room fold into "+2".
import { Icon } from '../ui/icon.tsx';
import { Menu } from '../ui/menu.tsx';
import { CHIP_ORDER, stateIcon } from '../ui/state-badge.tsx';
import { count, exactCount } from '../ui/words.ts';
import { chipStates, type TaskList } from './task-list.ts';

const ROOM = 7;

export function StateChips({
  list,
  state,
  onChange,
  tools,
}: {
  list: TaskList | null;
  state: string;
  onChange: (state: string) => void;
  tools?: React.ReactNode;
}) {
  const chosen = new Set(state.split(',').filter(Boolean));
  const counts = list?.counts ?? {};
  const states = chipStates(counts, chosen, CHIP_ORDER);
  const all = Object.values(counts).reduce((sum, n) => sum + n, 0);
  const toggle = (name: string) => {
    const next = new Set(chosen);
    if (next.has(name)) next.delete(name);
    else next.add(name);
    onChange([...next].join(','));
  };
  const plus = list?.capped ? '+' : '';
  const shown = states.slice(0, ROOM);
  const folded = states.slice(ROOM);
  return (
    <div className="chips-row">
      <ul className="chips" aria-label="State">
        <li>
          <button type="button" aria-pressed={chosen.size === 0} onClick={() => onChange('')}>
            All{' '}
            <b title={exactCount(all)}>
              {count(all)}
              {plus}
            </b>
          </button>
        </li>
        {shown.map((name) => (
          <li key={name}>
            <button type="button" aria-pressed={chosen.has(name)} onClick={() => toggle(name)}>
              <span className="state" data-state={name}>
                <Icon name={stateIcon(name)} />
                {name}
              </span>
              <b title={exactCount(counts[name])}>
                {count(counts[name] ?? 0)}
                {(counts[name] ?? 0) >= 10_000 ? plus : ''}
              </b>
            </button>
          </li>
        ))}
        {folded.length > 0 && (
          <li>
            <Menu
              label="More states"
              trigger={
                <button type="button" aria-label={`${folded.length} more states`}>
                  +{folded.length}
                </button>
              }
              items={folded.map((name) => ({
                label: `${name} ${count(counts[name] ?? 0)}`,
                checked: chosen.has(name),
                onSelect: () => toggle(name),
              }))}
            />
          </li>
        )}
      </ul>
      {tools}
    </div>
  );
}
