// 'as of 14:31:04' in the head of what is not of now any more. When that is: live/knowledge.ts. The grey: shell/stale.css.
import { t } from '../language/text.ts';
import { useNow } from '../live/hooks.ts';
import { age, clock, exactTime } from './format.ts';

const at = (seconds: number): string => clock(seconds).slice(0, 8);

/** @param since seconds; null: it is of now; 0: nobody knows since when */
export function AsOf({ since }: { since: number | null }) {
  if (since === null) return null;
  return (
    <span className="as-of" title={since > 0 ? exactTime(since) : undefined}>
      {since > 0 ? t('as of {time}', { time: at(since) }) : t('not known any more')}
    </span>
  );
}

/** '45 s old' beside a figure. */
export function Old({ since }: { since: number | null }) {
  const now = useNow();
  if (since === null) return null;
  return <span className="as-of">{since > 0 ? t('{age} old', { age: age(now - since) }) : t('old')}</span>;
}
