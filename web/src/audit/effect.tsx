// What became of an operation: whether it holds, in a word; and the figures before and after. Followed by the server: shared/wire/effect.ts.

import type { EffectLine, OperationEffect } from '../../../shared/wire/effect.ts';
import { rich } from '../language/rich.tsx';
import { fromServer, t } from '../language/text.ts';
import { ForeignText } from '../ui/foreign-text.tsx';
import { exactCount } from '../ui/format.ts';
import { Icon } from '../ui/icon.tsx';
import { StateBadge } from '../ui/state-badge.tsx';
import { Age } from '../ui/time.tsx';

const LOOK = { following: 'RECEIVED', seen: 'SUCCESS', not_seen: 'RETRY' } as const;
const WORD = { following: t('being followed'), seen: t('effect|holds'), not_seen: t('not seen') } as const;

/** A word and the sentence, for a row. undefined: nobody followed it. */
export function EffectWord({ effect }: { effect: OperationEffect | null | undefined }) {
  if (!effect) return <span className="faint">-</span>;
  return (
    <>
      <span className={effect.state === 'not_seen' ? 'state tinted' : 'state'} data-state={LOOK[effect.state]}>
        <Icon name={effect.state === 'seen' ? 'SUCCESS' : effect.state === 'following' ? 'RECEIVED' : 'late'} />
        {WORD[effect.state]}
      </span>{' '}
      <span className="muted">
        <ForeignText text={fromServer(effect.sentence)} />
      </span>
    </>
  );
}

export function EffectDetail({ effect }: { effect: OperationEffect }) {
  const states = Object.entries(effect.tasks?.states ?? {});
  return (
    <div className="effect-detail">
      <p>
        <ForeignText text={fromServer(effect.sentence)} />{' '}
        <span className="muted">{rich('looked at {age}', { age: <Age at={effect.at} ago /> })}</span>
      </p>
      {effect.lines.length > 0 && (
        <table>
          <thead>
            <tr>
              <th scope="col">{t('What')}</th>
              <th scope="col">{t('Before')}</th>
              <th scope="col">{t('Wanted')}</th>
              <th scope="col">{t('Since')}</th>
              <th scope="col">{t('Holds')}</th>
            </tr>
          </thead>
          <tbody>
            {effect.lines.map((line) => (
              <Line key={`${fromServer(line.label)} ${line.subject}`} line={line} />
            ))}
          </tbody>
        </table>
      )}
      {effect.tasks && (
        <p className="states">
          {howMany(effect.tasks.total)}
          {states.length > 0 && ':'}{' '}
          {states.map(([state, n]) => (
            <span key={state}>
              <StateBadge state={state} /> {exactCount(n)}{' '}
            </span>
          ))}
        </p>
      )}
    </div>
  );
}

function howMany({ n, is }: NonNullable<OperationEffect['tasks']>['total']): string {
  const exact = exactCount(n);
  if (is !== 'at_least') return n === 1 ? t('{exact} task', { exact }) : t('{exact} tasks', { exact });
  return n === 1 ? t('At least {exact} task', { exact }) : t('At least {exact} tasks', { exact });
}

function Line({ line }: { line: EffectLine }) {
  const figure = (value: EffectLine['after']) => (value === null ? t('unknown') : String(value));
  return (
    <tr>
      <th scope="row">
        {fromServer(line.label)}
        {line.subject && (
          <>
            {' '}
            <code>
              <ForeignText text={line.subject} />
            </code>
          </>
        )}
      </th>
      <td>{figure(line.before)}</td>
      <td>{line.wanted === null ? '-' : String(line.wanted)}</td>
      <td>{since(line)}</td>
      <td>{line.holds === null ? t('too early to say') : line.holds ? t('effect|yes') : t('effect|no')}</td>
    </tr>
  );
}

function since({ at, after, is }: EffectLine): string {
  if (at === null) return t('not measured yet');
  if (after === null) return t('unknown');
  const value = String(after);
  if (is === 'exact') return value;
  return is === 'at_least' ? t('at least {value}', { value }) : t('about {value}', { value });
}
