// Parts of the query field: its conditions as chips while one reads, an option of the completion, and what is wrong with the query.
// The field: task-filter.tsx.

import type { QueryHint } from '../../../shared/query/parser.ts';
import { rich } from '../language/rich.tsx';
import { fromServer, t } from '../language/text.ts';
import { ForeignText } from '../ui/foreign-text.tsx';
import { count } from '../ui/format.ts';
import { Icon } from '../ui/icon.tsx';
import type { Chip } from './query-chips.ts';
import type { Offer } from './query-offers.ts';

export function QueryChips({
  chips,
  onEdit,
  onRemove,
}: {
  chips: readonly Chip[];
  onEdit: () => void;
  onRemove: (chip: Chip) => void;
}) {
  return (
    <span className="chips-in">
      {chips.map((chip) => (
        <span className="q" key={`${chip.from} ${chip.text}`}>
          <button type="button" className="q-text" onClick={onEdit}>
            <span>{chip.head}</span>
            <ForeignText text={chip.tail} />
          </button>
          <button
            type="button"
            className="q-x"
            aria-label={t('Remove {text}', { text: chip.text })}
            onClick={() => onRemove(chip)}
          >
            <Icon name="close" />
          </button>
        </span>
      ))}
    </span>
  );
}

export function OfferLine({ offer, atLeast }: { offer: Offer; atLeast: boolean }) {
  return (
    <>
      <code>
        {offer.head}
        {offer.tail && (
          <b>
            <ForeignText text={offer.tail} />
          </b>
        )}
      </code>
      {offer.detail && <span>{fromServer(offer.detail)}</span>}
      {offer.count !== undefined && (
        <em>{atLeast ? t('at least {count}', { count: count(offer.count) }) : count(offer.count)}</em>
      )}
    </>
  );
}

export function QueryNote({
  error,
  hint,
  onHint,
}: {
  error: string | null;
  hint: QueryHint | undefined;
  onHint: (hint: QueryHint) => void;
}) {
  if (error)
    return (
      <p className="query-error" role="alert">
        {fromServer(error)}
      </p>
    );
  if (!hint) return null;
  return (
    <p className="query-hint" role="status">
      {hint.message.replace(/ Did you mean .*\?$/, '')}{' '}
      <button type="button" className="link plain" onClick={() => onHint(hint)}>
        {rich('Did you mean <code>{suggestion}</code>?', { suggestion: hint.suggestion })}
      </button>
    </p>
  );
}
