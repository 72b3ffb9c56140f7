// Times as words that tick, with the exact instant and zone on hover. Formats: format.ts. One clock: live/hooks.ts.
import { t } from '../language/text.ts';
import { useKnownNow, useNow } from '../live/hooks.ts';
import { age, duration, exactTime, instant } from './format.ts';
import { Fresh } from './fresh.tsx';

/** @param ago in a sentence: '3 h ago' */
export function Age({ at, ago = false }: { at: number | null | undefined; ago?: boolean }) {
  const now = useNow();
  if (at === null || at === undefined || !isInstant(at)) return <span className="faint">-</span>;
  return (
    <time dateTime={new Date(at * 1000).toISOString()} title={exactTime(at)}>
      <Fresh text={ago ? t('{age} ago', { age: age(now - at) }) : age(now - at)} />
    </time>
  );
}

/** An instant as a clock shows it, the day with it when that is not today. Exact, with the zone, on hover. */
export function At({ at }: { at: number }) {
  const now = useNow();
  if (!isInstant(at)) return <>{String(at)}</>;
  return (
    <time dateTime={new Date(at * 1000).toISOString()} title={exactTime(at)}>
      {instant(at, now)}
    </time>
  );
}

/** A sender may claim any number: those no calendar has are no instant. */
function isInstant(seconds: number): boolean {
  return !Number.isNaN(new Date(seconds * 1000).getTime());
}

/** How long it ran, or has been running. */
export function Runtime({
  runtime,
  started,
  ended,
  running,
}: {
  runtime: number | null;
  started: number | null;
  /** Celery tells a runtime only of what succeeded. */
  ended: number | null;
  running: boolean;
}) {
  if (runtime !== null) return <>{duration(runtime)}</>;
  if (started !== null && ended !== null && ended >= started) return <>{duration(ended - started)}</>;
  if (running && started !== null) return <Running since={started} />;
  return <span className="faint">-</span>;
}

function Running({ since }: { since: number }) {
  return <Fresh text={age(useKnownNow() - since)} />;
}
