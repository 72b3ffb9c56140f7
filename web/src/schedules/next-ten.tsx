// When an entry is next due, and on hover and focus the next ten times by the clock of its zone, with what that clock is off UTC then.
import { Tooltip } from 'radix-ui';
import type { ScheduleRow } from '../../../shared/wire/schedules.ts';
import { fromServer, t } from '../language/text.ts';
import { useKnownNow } from '../live/hooks.ts';
import { age } from '../ui/format.ts';
import { parts, zoneOf } from './wording.ts';

type Entry = Pick<ScheduleRow, 'name' | 'next_run' | 'next_run_reason' | 'upcoming' | 'schedule' | 'timezone'>;

export function NextRun({ entry, onOpen }: { entry: Entry; onOpen?: () => void }) {
  const now = useKnownNow();
  const { next_run: next, next_run_reason: reason } = entry;
  if (next === null)
    return (
      <span className="faint" title={fromServer(reason)}>
        -
      </span>
    );
  const words =
    next > now
      ? t('in {age}', { age: age(next - now) })
      : now - next < 1
        ? t('now')
        : t('{age} ago', { age: age(now - next) });
  return (
    <Tooltip.Root>
      <Tooltip.Trigger asChild>
        <button type="button" className="next-run" onClick={onOpen}>
          {words}
        </button>
      </Tooltip.Trigger>
      <Tooltip.Portal>
        <Tooltip.Content className="menu tip next-ten" sideOffset={4} collisionPadding={8}>
          <NextTen entry={entry} />
        </Tooltip.Content>
      </Tooltip.Portal>
    </Tooltip.Root>
  );
}

export function NextTen({ entry }: { entry: Entry }) {
  const zone = zoneOf(entry);
  const { upcoming } = entry;
  const times = upcoming.map((at) => [at, ...parts(at, zone)] as const);
  const changes = new Set(times.map(([, , , offset]) => offset)).size > 1;
  return (
    <>
      <b>
        {upcoming.length === 1
          ? t('Next, {zone}', { zone })
          : t('Next {count}, {zone}', { count: upcoming.length, zone })}
      </b>
      <ul className="times">
        {times.map(([at, day, time, offset]) => (
          <li key={at}>
            <span>{day}</span> <code>{time}</code> <span className="muted">{offset}</span>
          </li>
        ))}
      </ul>
      {changes && <p className="muted">{t('The clock changes between them.')}</p>}
    </>
  );
}
