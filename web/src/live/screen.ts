// What the pages ask of the browser they are in: the time, ticking once a second, whether anybody looks, whether it is a phone.
// Made once, by main.tsx; tests hand in one that stands still. Holds: nothing ticks and nothing listens while nobody reads it.

/** A value that changes, and the way to hear of it. */
export interface Signal<T> {
  get: () => T;
  subscribe: (listener: () => void) => () => void;
}

export interface Screen {
  /** Page time, ticking once a second while somebody looks. @unit milliseconds */
  clock: Signal<number>;
  /** False in a background tab. */
  visible: Signal<boolean>;
  /** Under 720 px. */
  phone: Signal<boolean>;
  /** The page is being put on paper, from before its layout for paper on. */
  printing: Signal<boolean>;
  /** Page time now. @unit milliseconds */
  now: () => number;
}

const TICK_MS = 1000;

export function browserScreen(): Screen {
  const visible: Signal<boolean> = {
    get: () => !document.hidden,
    subscribe: (listener) => {
      document.addEventListener('visibilitychange', listener);
      return () => document.removeEventListener('visibilitychange', listener);
    },
  };
  return {
    clock: tickingClock(visible),
    visible,
    phone: media('(width < 720px)'),
    printing: printing(),
    now: Date.now,
  };
}

function media(query: string): Signal<boolean> {
  const list = matchMedia(query);
  return {
    get: () => list.matches,
    subscribe: (listener) => {
      list.addEventListener('change', listener);
      return () => list.removeEventListener('change', listener);
    },
  };
}

/** By both ways a browser has: the event comes before the layout, the query alone when a page is only looked at as paper. */
function printing(): Signal<boolean> {
  const paper = media('print');
  let asked = false;
  return {
    get: () => asked || paper.get(),
    subscribe: (listener) => {
      const hear = (to: boolean) => () => {
        asked = to;
        listener();
      };
      const [before, after] = [hear(true), hear(false)];
      addEventListener('beforeprint', before);
      addEventListener('afterprint', after);
      const unsubscribe = paper.subscribe(listener);
      return () => {
        removeEventListener('beforeprint', before);
        removeEventListener('afterprint', after);
        unsubscribe();
      };
    },
  };
}

/** One timer for all who read it. A tab that comes back into view ticks at once. */
function tickingClock(visible: Signal<boolean>): Signal<number> {
  const listeners = new Set<() => void>();
  let now = Date.now();
  let stop: (() => void) | null = null;
  const tick = () => {
    if (!visible.get()) return;
    now = Date.now();
    for (const listener of listeners) listener();
  };
  const start = () => {
    const timer = setInterval(tick, TICK_MS);
    const unsubscribe = visible.subscribe(tick);
    return () => {
      clearInterval(timer);
      unsubscribe();
    };
  };
  return {
    get: () => now,
    subscribe: (listener) => {
      listeners.add(listener);
      stop ??= start();
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0) return;
        stop?.();
        stop = null;
      };
    },
  };
}
