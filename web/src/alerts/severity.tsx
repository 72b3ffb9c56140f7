// How severe: icon, word, colour, in this order of trust.
import type { Severity as Level } from '../../../shared/wire/alerts.ts';
import { Icon } from '../ui/icon.tsx';
import { SEVERITY } from './words.ts';

export function Severity({ of }: { of: Level }) {
  const { word, icon, state } = SEVERITY[of];
  return (
    <span className="severity" data-state={state}>
      <Icon name={icon} />
      <span>{word}</span>
    </span>
  );
}
