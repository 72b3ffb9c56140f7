// How many there are in each state, trouble first; a click keeps that state, another lets it go.
// Those without room fold into "+2"; All and what is chosen never do (chip-room.ts).

import { useLayoutEffect, useRef, useState } from 'react';
import { t, tn } from '../language/text.ts';
import { ForeignText } from '../ui/foreign-text.tsx';
import { count, exactCount } from '../ui/format.ts';
import { Icon } from '../ui/icon.tsx';
import { Menu } from '../ui/menu.tsx';
import { CHIP_ORDER, stateIcon } from '../ui/state-badge.tsx';
import { countRoom, SteadyCount } from '../ui/steady-count.tsx';
import { fitChips } from './chip-room.ts';
import './state-chips.css';
import { chipStates, sureness, type TaskList } from './task-list.ts';

/** Where tasks pass through all the time. */
const USUAL = CHIP_ORDER.slice(0, 6);

export function StateChips({
  list,
  state,
  onChange,
}: {
  list: TaskList | null;
  state: string;
  onChange: (state: string) => void;
}) {
  const line = useRef<HTMLUListElement>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const element = line.current!;
    const watch = new ResizeObserver(() => setWidth(element.clientWidth));
    watch.observe(element);
    return () => watch.disconnect();
  }, []);
  const chosen = new Set(state.split(',').filter(Boolean));
  const counts = list?.counts ?? {};
  // The usual ones stay when they are empty: what comes and goes would move the others.
  const states = chipStates(counts, chosen, CHIP_ORDER, USUAL);
  const sum = Object.values(counts).reduce((all, n) => all + n, 0);
  const isSure = (name: string) => sureness(list, name) === 'exact';
  const figure = (name: string) => (list ? `${count(counts[name] ?? 0)}${isSure(name) ? '' : '+'}` : '-');
  const said = (name: string) =>
    !list
      ? t('unknown')
      : isSure(name)
        ? exactCount(counts[name] ?? 0)
        : t('at least {count}', { count: exactCount(counts[name] ?? 0) });
  const allSure = states.every(isSure);
  const all = list ? (allSure ? count(sum) : t('at least {count}', { count: sum })) : '-';
  const toggle = (name: string) => {
    const next = new Set(chosen);
    if (next.has(name)) next.delete(name);
    else next.add(name);
    onChange([...next].join(','));
  };
  const roomFor = (of: string[]) => fitChips(of, chosen, (name) => countRoom(figure(name)), countRoom(all), width);
  const whole = roomFor(states);
  const { shown, folded } = whole.folded.length === 0 ? whole : roomFor(chipStates(counts, chosen, CHIP_ORDER));
  return (
    <ul className="chips" aria-label={t('State')} ref={line}>
      <li>
        <button type="button" aria-pressed={chosen.size === 0} onClick={() => onChange('')}>
          {t('All')}{' '}
          <SteadyCount
            text={all}
            title={
              list ? (allSure ? exactCount(sum) : t('at least {count}', { count: exactCount(sum) })) : t('unknown')
            }
          />
        </button>
      </li>
      {shown.map((name) => (
        <li key={name}>
          <button type="button" aria-pressed={chosen.has(name)} onClick={() => toggle(name)}>
            <span className="state" data-state={counts[name] ? name : undefined}>
              <Icon name={stateIcon(name)} />
              <ForeignText text={name} />
            </span>
            <SteadyCount text={figure(name)} title={said(name)} />
          </button>
        </li>
      ))}
      {folded.length > 0 && (
        <li>
          <Menu
            label={t('More states')}
            trigger={
              <button type="button" aria-label={tn(folded.length, '# more state', '# more states')}>
                +{folded.length}
              </button>
            }
            items={folded.map((name) => ({
              label: (
                <>
                  <ForeignText text={name} /> {figure(name)}
                </>
              ),
              checked: chosen.has(name),
              onSelect: () => toggle(name),
            }))}
          />
        </li>
      )}
    </ul>
  );
}
