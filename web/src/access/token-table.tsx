// API tokens as a table: what each may, who made it, how long it lasts, when it was used. Those that are gone stay, struck through.

import { useMemo, useState } from 'react';
import type { ApiToken } from '../../../shared/wire/tokens.ts';
import { rich } from '../language/rich.tsx';
import { t } from '../language/text.ts';
import { useNow } from '../live/hooks.ts';
import { Button } from '../ui/button.tsx';
import { Confirm } from '../ui/confirm.tsx';
import { ForeignText } from '../ui/foreign-text.tsx';
import { approxDuration, count } from '../ui/format.ts';
import type { Column } from '../ui/table/columns.ts';
import { DataTable } from '../ui/table/data-table.tsx';
import { Age } from '../ui/time.tsx';
import { mayWords } from './token-words.ts';

/** Soon enough to say it in colour. @unit seconds */
const SOON = 7 * 86_400;

export function TokenTable({ tokens, onRevoke }: { tokens: readonly ApiToken[]; onRevoke: (token: ApiToken) => void }) {
  const [asked, setAsked] = useState<ApiToken | null>(null);
  const columns = useMemo(() => tokenColumns(setAsked), []);
  return (
    <>
      <DataTable
        caption={t('API tokens, newest first')}
        columns={columns}
        lines={tokens.map((row) => ({ kind: 'row', key: row.id, row, within: false }))}
      />
      {asked && (
        <Confirm
          title={rich('Revoke <code>{name}</code>?', { name: asked.name })}
          verb={t('Revoke it')}
          onClose={() => setAsked(null)}
          onConfirm={() => onRevoke(asked)}
        >
          {t(
            'Programs that use it are refused from that moment on. It cannot be taken back: they need a new token then.',
          )}
        </Confirm>
      )}
    </>
  );
}

const tokenColumns = (onAsk: (token: ApiToken) => void): readonly Column<ApiToken>[] => [
  {
    id: 'name',
    label: t('Token'),
    width: 130,
    grow: 1,
    className: 'c-name code',
    title: ({ name }) => name,
    cell: ({ name, state }) =>
      state === 'active' || state === 'lapsed' ? (
        <ForeignText text={name} />
      ) : (
        <s>
          <ForeignText text={name} />
        </s>
      ),
  },
  {
    id: 'may',
    label: t('May'),
    width: 220,
    grow: 3,
    rank: 2,
    className: 'c-may',
    title: ({ scope }) => mayWords(scope),
    cell: ({ scope }) => <ForeignText text={mayWords(scope)} />,
    brief: ({ scope }) => <ForeignText text={t('may {scope}', { scope: mayWords(scope) })} />,
  },
  { id: 'by', label: t('Made by'), width: 110, rank: 5, cell: ({ owner }) => <ForeignText text={owner} /> },
  { id: 'age', label: t('Age'), width: 80, num: true, rank: 6, cell: ({ created }) => <Age at={created} /> },
  {
    id: 'expires',
    label: t('Expires'),
    width: 110,
    num: true,
    rank: 1,
    className: 'c-expires',
    cell: (token) => <Expires token={token} />,
  },
  { id: 'used', label: t('Last used'), width: 170, num: true, rank: 3, cell: (token) => <Used token={token} /> },
  {
    id: 'calls',
    label: t('Calls, 24 h'),
    width: 96,
    num: true,
    rank: 4,
    cell: ({ calls, refused }) =>
      refused > 0 ? t('{calls}, {refused} refused', { calls: count(calls), refused: count(refused) }) : count(calls),
  },
  {
    id: 'act',
    label: '',
    width: 92,
    className: 'c-act',
    cell: (token) =>
      (token.state === 'active' || token.state === 'lapsed') && (
        <Button kind="danger" aria-label={t('Revoke {name}', { name: token.name })} onClick={() => onAsk(token)}>
          {t('Revoke')}
        </Button>
      ),
    brief: () => null,
  },
];

const GONE: Readonly<Record<Exclude<ApiToken['state'], 'active'>, string>> = {
  lapsed: t('token|until its maker signs in'),
  expired: t('token|expired'),
  revoked: t('token|revoked'),
};

function Expires({ token: { expires, state } }: { token: ApiToken }) {
  const now = useNow();
  if (state !== 'active') return <>{GONE[state]}</>;
  if (expires === null) return <b>{t('never')}</b>;
  const left = approxDuration(Math.max(0, expires - now));
  return expires - now < SOON ? (
    <b className="soon" data-state="RETRY">
      {t('in {left}', { left })}
    </b>
  ) : (
    <span>{t('in {left}', { left })}</span>
  );
}

/** When it was used last; of one that was revoked, by whom that was. */
function Used({ token: { last_used: used, revoked } }: { token: ApiToken }) {
  if (revoked !== null)
    return (
      <span className="muted">
        {rich('by {name}, {age}', {
          name: <ForeignText text={revoked.by} />,
          age: <Age at={revoked.at} ago />,
        })}
      </span>
    );
  if (used === null) return <span className="muted">{t('never used')}</span>;
  return (
    <span>
      <Age at={used.at} />, <ForeignText text={used.address} />
    </span>
  );
}
