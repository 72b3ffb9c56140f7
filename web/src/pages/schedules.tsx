// What beat sends, and when: every entry, which beat has the schedule, and beside them the entry that is open.
// The rows: schedules/entry-table.tsx. The open one: schedules/entry-panel.tsx. Tasks that wait for their ETA: scheduled.tsx.
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { recentRunsQuery, schedulesQuery } from '../api/queries.ts';
import { fromServer, t, tn } from '../language/text.ts';
import { useKnownNow } from '../live/hooks.ts';
import { useServerSilence } from '../live/knowledge.ts';
import { useRefusal } from '../operations/refusal.ts';
import { BeatLine } from '../schedules/beat-line.tsx';
import { EntryForm } from '../schedules/entry-form.tsx';
import { type EntryRow, facetsOf, keeps, rowsOf } from '../schedules/entry-list.ts';
import { EntryPanel } from '../schedules/entry-panel.tsx';
import { COLUMNS, keyOf, rowClass } from '../schedules/entry-table.tsx';
import { Bar } from '../shell/layout.tsx';
import { useListKeys } from '../shell/list-keys.ts';
import { useShortcuts } from '../shell/shortcuts.ts';
import { Boundary } from '../ui/boundary.tsx';
import { Button } from '../ui/button.tsx';
import { Empty } from '../ui/feedback.tsx';
import { withoutEmpty } from '../ui/list/facets.ts';
import { NoList } from '../ui/list/list-head.tsx';
import { Facets, FilterField, Listing } from '../ui/list/listing.tsx';
import { useList } from '../ui/list/use-list.ts';
import { useListView } from '../ui/list/use-list-view.ts';
import { focusLine } from '../ui/table/data-table.tsx';
import { VirtualTable } from '../ui/table/virtual-table.tsx';
import { zoneName } from '../ui/zone.ts';
import '../schedules/schedules.css';

interface Search {
  q?: string;
  sort?: string;
  show?: string;
  entry?: string;
}
/** Grouped they never are. */
const GROUPING = {
  stemOf: () => '',
  sum: (_: string, rows: readonly EntryRow[]) => rows[0]!,
  note: () => '',
  needsYou: () => false,
  rest: () => '',
};

export default function SchedulesPage() {
  const search = useSearch({ strict: false }) as Search;
  const { q = '', sort = 'name', show = '', entry: open } = search;
  const navigate = useNavigate();
  const query = useQuery(schedulesQuery());
  const { data: recent } = useQuery(recentRunsQuery());
  const { cursor, setCursor, isResting, isScrolled, input, box } = useListView();
  const silence = useServerSilence();
  const refusal = useRefusal();
  const zone = zoneName();
  // Whether one is overdue changes with the clock, but a list of thousands is not made anew each second.
  const now = Math.floor(useKnownNow() / 10) * 10;
  const [editing, setEditing] = useState<'new' | 'open' | null>(null);

  const { data } = query;
  const items = data?.items ?? null;
  const rows = useMemo(() => rowsOf(items ?? [], recent, now, zone), [items, recent, now, zone]);
  const keep = useMemo(() => (row: EntryRow) => keeps(row, q, show), [q, show]);
  const held = isResting || isScrolled || open !== undefined;
  const list = useList<EntryRow>({ rows, columns: COLUMNS, keyOf, keep, sort, by: 'flat', grouping: GROUPING, held });
  const row = rows.find(({ name }) => name === open);

  const go = (change: Search, replace = true) =>
    void navigate({
      to: '/schedules',
      search: withoutEmpty({ ...search, ...change }) as never,
      replace,
      resetScroll: false,
    });
  const close = () => {
    go({ entry: '' }, false);
    if (open !== undefined) requestAnimationFrame(() => focusLine(box.scroller.current, open));
  };
  const move = useListKeys({
    keys: list.lines.map((line) => line.key),
    cursor,
    onCursor: setCursor,
    openKey: open,
    onOpen: (key) => go({ entry: key }, open !== undefined),
    onBack: () => (open === undefined ? setCursor(null) : close()),
    onFilter: () => input.current?.focus(),
  });
  useShortcuts([{ keys: 'r', label: t('Refresh'), group: 'Page', run: () => void query.refetch() }]);
  const readOnly = data?.read_only ?? null;
  const leftOut = recent?.left_out ?? 0;
  const overdue = rows.filter(({ state }) => state === 'overdue').length;
  const unwritable = refusal ?? (readOnly === null ? null : t('This schedule cannot be written from here'));
  return (
    <>
      <Bar title={open === undefined ? t('Schedules') : t('{name}, schedule', { name: open })}>
        <h1>{t('Schedules')}</h1>
      </Bar>
      <Listing
        {...box}
        stale={silence !== null}
        panel={
          row && (
            <Boundary what={t('The entry {name}', { name: row.name })} of={row.name}>
              <EntryPanel
                key={row.name}
                entry={row}
                readOnly={readOnly}
                onEdit={() => setEditing('open')}
                onClose={close}
                onMove={move}
              />
            </Boundary>
          )
        }
        head={
          data &&
          data.store !== null && (
            <>
              <BeatLine reply={data} recent={recent} overdue={overdue} />
              <Facets
                label={t('Entries to show')}
                total={rows.length}
                value={show}
                onChange={(next) => go({ show: next })}
                items={facetsOf(rows)}
              />
              <div className="filters">
                <FilterField
                  label={t('Filter entries')}
                  placeholder={t('Name, task or words')}
                  value={q}
                  onChange={(next) => go({ q: next })}
                  matches={t('{count} of {total}', { count: String(list.kept.length), total: String(rows.length) })}
                  inputRef={input}
                />
                <Button icon="plus" refused={unwritable} onClick={() => setEditing('new')}>
                  {t('New entry')}
                </Button>
              </div>
            </>
          )
        }
        foot={
          <>
            <span>{t('Times are of {zone} unless a zone is named', { zone })}</span>
            <span>
              {leftOut > 0
                ? tn(
                    list.kept.length,
                    '# entry; of {left} the last runs were not looked at',
                    '# entries; of {left} the last runs were not looked at',
                    { left: String(leftOut) },
                  )
                : tn(list.kept.length, '# entry', '# entries')}
            </span>
          </>
        }
      >
        {rows.length === 0 ? (
          <NoList what="schedules" query={query}>
            {data?.reason ? (
              <Empty
                icon="schedules"
                title={data.store === null ? t('No schedule is known') : t('The schedule is unknown')}
              >
                <p className="muted">{fromServer(data.reason)}</p>
              </Empty>
            ) : (
              <Empty icon="schedules" title={t('The schedule is empty')}>
                <p className="muted">
                  {readOnly === null
                    ? t('Make an entry here, or give an app a beat_schedule and start its beat.')
                    : t('Give an app a beat_schedule and start its beat.')}
                </p>
              </Empty>
            )}
          </NoList>
        ) : list.kept.length === 0 ? (
          <Empty icon="search" title={t('No entry matches')}>
            <Button onClick={() => go({ q: '', show: '' })}>{t('Clear the filter')}</Button>
          </Empty>
        ) : (
          <VirtualTable
            caption={t('Schedules')}
            className="entries"
            columns={COLUMNS}
            lines={list.lines}
            sort={sort}
            onSort={(next) => go({ sort: next })}
            openKey={open}
            cursor={cursor}
            onCursor={setCursor}
            onOpen={(key) => go({ entry: key }, open !== undefined)}
            rowClass={rowClass}
            scroller={box.scroller}
            givesUp={row !== undefined}
          />
        )}
      </Listing>
      {editing !== null && (editing === 'new' || row) && (
        <EntryForm
          entry={editing === 'new' ? null : row!}
          zone={rows.find(({ timezone }) => timezone !== null)?.timezone ?? 'UTC'}
          onClose={() => setEditing(null)}
          onDone={({ name }) => {
            setEditing(null);
            go({ entry: name });
          }}
        />
      )}
    </>
  );
}
