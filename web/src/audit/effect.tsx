// What became of an operation: whether it holds, in a word; and the figures before and after. Followed by the server: shared/wire/effect.ts.
import type { EffectLine, OperationEffect } from '../../../shared/wire/effect.ts';
import { ForeignText } from '../ui/foreign-text.tsx';
import { exactCount } from '../ui/format.ts';
import { Icon } from '../ui/icon.tsx';
import { StateBadge } from '../ui/state-badge.tsx';
import { Age } from '../ui/time.tsx';

const LOOK = { following: 'RECEIVED', seen: 'SUCCESS', not_seen: 'RETRY' } as const;
const WORD = { following: 'being followed', seen: 'holds', not_seen: 'not seen' } as const;

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
        <ForeignText text={effect.sentence} />
      </span>
    </>
  );
}

export function EffectDetail({ effect }: { effect: OperationEffect }) {
  const states = Object.entries(effect.tasks?.states ?? {});
  return (
    <div className="effect-detail">
      <p>
        <ForeignText text={effect.sentence} />{' '}
        <span className="muted">
          looked at <Age at={effect.at} suffix=" ago" />
        </span>
      </p>
      {effect.lines.length > 0 && (
        <table>
          <thead>
            <tr>
              <th scope="col">What</th>
              <th scope="col">Before</th>
              <th scope="col">Wanted</th>
              <th scope="col">Since</th>
              <th scope="col">Holds</th>
            </tr>
          </thead>
          <tbody>
            {effect.lines.map((line) => (
              <Line key={`${line.label} ${line.subject}`} line={line} />
            ))}
          </tbody>
        </table>
      )}
      {effect.tasks && (
        <p className="states">
          {effect.tasks.total.is === 'at_least' ? 'At least ' : ''}
          {exactCount(effect.tasks.total.n)} {effect.tasks.total.n === 1 ? 'task' : 'tasks'}
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

function Line({ line }: { line: EffectLine }) {
  const figure = (value: EffectLine['after']) => (value === null ? 'unknown' : String(value));
  const sure = line.is === 'exact' ? '' : line.is === 'at_least' ? 'at least ' : 'about ';
  return (
    <tr>
      <th scope="row">
        {line.label}
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
      <td>{line.at === null ? 'not measured yet' : line.after === null ? 'unknown' : sure + String(line.after)}</td>
      <td>{line.holds === null ? 'too early to say' : line.holds ? 'yes' : 'no'}</td>
    </tr>
  );
}
