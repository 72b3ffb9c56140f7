// Whether a card is of now, as it needs to know: the class that turns it grey when its own source is away, and since when it is old.
// When that is: knowledge.ts. When the server is silent the shell turns everything grey: shell/stale.css.
import { type Source, useAway, useServerSilence } from './knowledge.ts';

export interface Part {
  /** '' or ' is-stale', to be added to a class. */
  stale: string;
  /** @unit seconds */
  since: number | null;
}

export function usePart(...sources: Source[]): Part {
  const away = useAway(...sources);
  const silent = useServerSilence();
  return { stale: away === null ? '' : ' is-stale', since: silent ?? away };
}
