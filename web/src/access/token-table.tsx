// API tokens as a table: what each may, who made it, how long it lasts, when it was used. Those that are gone stay, struck through.
import { useMemo, useState } from 'react';
import type { ApiToken } from '../../../shared/wire/tokens.ts';
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
        caption="API tokens, newest first"
        columns={columns}
        lines={tokens.map((row) => ({ kind: 'row', key: row.id, row, within: false }))}
      />
      {asked && (
        <Confirm
          title={
            <>
              Revoke <code>{asked.name}</code>?
            </>
          }
          verb="Revoke it"
          onClose={() => setAsked(null)}
          onConfirm={() => onRevoke(asked)}
        >
          Programs that use it are refused from that moment on. It cannot be taken back: they need a new token then.
        </Confirm>
      )}
    </>
  );
}

const tokenColumns = (onAsk: (token: ApiToken) => void): readonly Column<ApiToken>[] => [
  {
    id: 'name',
    label: 'Token',
    width: 130,
    grow: 1,
    className: 'c-name code',
    title: ({ name }) => name,
    cell: ({ name, state }) =>
      state === 'active' ? (
        <ForeignText text={name} />
      ) : (
        <s>
          <ForeignText text={name} />
        </s>
      ),
  },
  {
    id: 'may',
    label: 'May',
    width: 220,
    grow: 3,
    rank: 2,
    className: 'c-may',
    title: ({ scope }) => mayWords(scope),
    cell: ({ scope }) => <ForeignText text={mayWords(scope)} />,
    brief: ({ scope }) => <ForeignText text={`may ${mayWords(scope)}`} />,
  },
  { id: 'by', label: 'Made by', width: 110, rank: 5, cell: ({ owner }) => <ForeignText text={owner} /> },
  { id: 'age', label: 'Age', width: 80, num: true, rank: 6, cell: ({ created }) => <Age at={created} /> },
  {
    id: 'expires',
    label: 'Expires',
    width: 110,
    num: true,
    rank: 1,
    className: 'c-expires',
    cell: (token) => <Expires token={token} />,
  },
  { id: 'used', label: 'Last used', width: 170, num: true, rank: 3, cell: (token) => <Used token={token} /> },
  {
    id: 'calls',
    label: 'Calls, 24 h',
    width: 96,
    num: true,
    rank: 4,
    cell: ({ calls, refused }) => (refused > 0 ? `${count(calls)}, ${count(refused)} refused` : count(calls)),
  },
  {
    id: 'act',
    label: '',
    width: 92,
    className: 'c-act',
    cell: (token) =>
      token.state === 'active' && (
        <Button kind="danger" aria-label={`Revoke ${token.name}`} onClick={() => onAsk(token)}>
          Revoke
        </Button>
      ),
    brief: () => null,
  },
];

function Expires({ token: { expires, state } }: { token: ApiToken }) {
  const now = useNow();
  if (state !== 'active') return <>{state}</>;
  if (expires === null) return <b>never</b>;
  const left = approxDuration(Math.max(0, expires - now));
  return expires - now < SOON ? (
    <b className="soon" data-state="RETRY">
      in {left}
    </b>
  ) : (
    <>in {left}</>
  );
}

/** When it was used last; of one that was revoked, by whom that was. */
function Used({ token: { last_used: used, revoked } }: { token: ApiToken }) {
  if (revoked !== null)
    return (
      <span className="muted">
        by <ForeignText text={revoked.by} />, <Age at={revoked.at} suffix=" ago" />
      </span>
    );
  if (used === null) return <span className="muted">never used</span>;
  return (
    <span>
      <Age at={used.at} />, <ForeignText text={used.address} />
    </span>
  );
}
