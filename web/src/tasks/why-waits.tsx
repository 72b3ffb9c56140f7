// Why an unfinished task does not run: the answer first, what helps, then the questions in the order in which they were asked, each
// with its finding, source and age; and who is in the way. Concluded by the server: shared/wire/wait.ts.

import { Link } from '@tanstack/react-router';
import type { Count } from '../../../shared/wire/count.ts';
import type { WaitCause, WaitEvidence, WaitReason } from '../../../shared/wire/wait.ts';
import { rich } from '../language/rich.tsx';
import { fromServer, t } from '../language/text.ts';
import { useNow } from '../live/hooks.ts';
import { AddSlots } from '../operations/add-slots.tsx';
import { ForeignText } from '../ui/foreign-text.tsx';
import { age, approxDuration, exactCount } from '../ui/format.ts';
import { Icon, type IconName } from '../ui/icon.tsx';
import { PathLink } from '../ui/path-link.tsx';
import { shortId, TaskName } from '../ui/task-name.tsx';
import { Age, At } from '../ui/time.tsx';
import './why-waits.css';

/** What is no answer to "why does it wait": the rest of the page tells it. */
const SAYS_NOTHING: ReadonlySet<WaitCause> = new Set(['running', 'next']);
/** Nothing to be worried about: it goes on by itself. */
const CALM: ReadonlySet<WaitCause> = new Set(['eta', 'retry', 'slots', 'rate_limit', 'prefetch', 'behind', 'revoked']);

export function WhyWaits({ wait, started }: { wait: WaitReason; started: boolean }) {
  if (SAYS_NOTHING.has(wait.cause)) return null;
  const asked = wait.evidence.filter((line) => line.answer !== 'skipped');
  const skipped = wait.evidence.filter((line) => line.answer === 'skipped');
  return (
    <section className="why-waits" data-cause={wait.cause}>
      <h3>
        {started ? t('Does it still run?') : t('Why does it wait?')}
        <span>{rich('looked at {age}', { age: <Age at={wait.at} ago /> })}</span>
      </h3>
      <p className="answer" data-state={CALM.has(wait.cause) ? 'RECEIVED' : 'RETRY'}>
        <Icon name={CALM.has(wait.cause) ? 'RECEIVED' : 'late'} />
        <span>
          <ForeignText text={fromServer(wait.sentence)} />{' '}
          {wait.until !== null && <span className="muted">{rich('At {time}.', { time: <At at={wait.until} /> })}</span>}
          {wait.place !== null && wait.place.n > 0 && (
            <span className="muted">{t('Place {place}.', { place: counted(wait.place) })}</span>
          )}
        </span>
      </p>
      {wait.would_double && (
        <p className="muted double">
          <ForeignText text={fromServer(wait.would_double)} />
        </p>
      )}
      <ol className="evidence" aria-label={t('What was looked at')}>
        {asked.map((line) => (
          <Line key={`${line.question} ${line.source}`} line={line} />
        ))}
        {skipped.length > 0 && (
          <li data-answer="skipped">
            <Icon name="minus" />
            <span className="sr">{t('not asked:')} </span>
            <b>
              {skipped.length === 1 ? fromServer(skipped[0]!.question) : t('{count} more', { count: skipped.length })}
            </b>
            <span className="finding" title={skipped.map((line) => fromServer(line.question)).join(' ')}>
              {t('not looked at: the cause above is enough')}
            </span>
          </li>
        )}
      </ol>
      {wait.remedy && (
        <p className="remedy">
          {wait.remedy.href ? (
            <PathLink href={wait.remedy.href} className="link">
              {fromServer(wait.remedy.text)}
            </PathLink>
          ) : (
            fromServer(wait.remedy.text)
          )}
        </p>
      )}
      {wait.remedy?.grow && <AddSlots {...wait.remedy.grow} />}
      {wait.holders.length > 0 && <Holders wait={wait} />}
    </section>
  );
}

const LOOK: Record<WaitEvidence['answer'], IconName> = { yes: 'right', no: 'done', unknown: 'late', skipped: 'minus' };
const SAID: Record<WaitEvidence['answer'], string> = {
  yes: t('yes'),
  no: t('no'),
  unknown: t('unknown'),
  skipped: t('not asked'),
};

function Line({ line }: { line: WaitEvidence }) {
  const now = useNow();
  return (
    <li data-answer={line.answer}>
      <Icon name={LOOK[line.answer]} />
      <span className="sr">{SAID[line.answer]}: </span>
      <b>{fromServer(line.question)}</b>
      <span className="finding">
        <ForeignText text={fromServer(line.finding)} />
      </span>
      <span className="source">
        {fromServer(line.source)}
        {line.known_at !== null && (
          <time title={t('known {age} ago', { age: age(now - line.known_at) })}>
            {age(Math.max(0, now - line.known_at))}
          </time>
        )}
      </span>
    </li>
  );
}

function Holders({ wait }: { wait: WaitReason }) {
  const more = (wait.holders_total?.n ?? 0) - wait.holders.length;
  return (
    <div className="holders">
      <h4>{wait.holders.some((one) => one.started !== null) ? t('Who has the slots') : t('What goes before it')}</h4>
      <ul>
        {wait.holders.map((one) => (
          <li key={one.uuid}>
            <Link to="/tasks" search={{ task: one.uuid }} className="related-row">
              <TaskName name={one.name} />
              <code className="faint">{shortId(one.uuid)}</code>
            </Link>
            <span className="num muted">
              {one.started === null ? (
                t('goes before it')
              ) : (
                <>
                  <Age at={one.started} />
                  {one.baseline_p95 === null
                    ? t(', no baseline yet')
                    : t(', p95 {runtime}', { runtime: approxDuration(one.baseline_p95) })}
                </>
              )}
            </span>
          </li>
        ))}
      </ul>
      {more > 0 && (
        <p className="muted">
          {wait.holders_total?.is === 'at_least'
            ? t('and at least {count} more', { count: exactCount(more) })
            : t('and {count} more', { count: exactCount(more) })}
        </p>
      )}
    </div>
  );
}

function counted(count: Count): string {
  const n = exactCount(count.n);
  if (count.is === 'exact') return n;
  return count.is === 'at_least' ? t('at least {count}', { count: n }) : t('about {count}', { count: n });
}
