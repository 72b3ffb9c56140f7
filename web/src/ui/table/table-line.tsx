// One line of a table: a row with its cells, the head of a group, what stands for its rest, or a detail over the whole width.
// Holds: a line whose row, layout and looks did not change is not drawn again; one that cannot be drawn says so in its place.

import { memo, type ReactNode } from 'react';
import { t } from '../../language/text.ts';
import { Boundary } from '../boundary.tsx';
import { Fresh } from '../fresh.tsx';
import { Icon } from '../icon.tsx';
import { attempt, type Column, type ColumnLayout } from './columns.ts';
import type { DataTableProps, RowSelection } from './data-table.tsx';
import type { Line } from './lines.ts';
import { classOf } from './table-head.tsx';

interface LineProps<Row> {
  line: Line<Row>;
  layout: ColumnLayout<Row>;
  index: number;
  open: boolean;
  at: boolean;
  className: string | undefined;
  picked: boolean;
  pick: RowSelection<Row> | undefined;
  onOpen: DataTableProps<Row>['onOpen'];
  onCursor: DataTableProps<Row>['onCursor'];
  onGroup: DataTableProps<Row>['onGroup'];
  /** Where it stands in a virtual body. @unit pixels */
  top?: number;
  measure?: (element: Element | null) => void;
}

export function lineProps<Row>(props: DataTableProps<Row>, line: Line<Row>) {
  const { openKey, cursor, selection, onOpen, onCursor, onGroup, rowClass } = props;
  return {
    line,
    open: line.key === openKey,
    at: line.key === cursor,
    className: line.kind === 'row' ? attempt(() => rowClass?.(line.row), undefined) : undefined,
    picked: line.kind === 'row' && selection?.has(line.key) === true,
    pick: selection,
    onOpen,
    onCursor,
    onGroup,
  };
}

export function TableLine<Row>(props: LineProps<Row>) {
  const { line } = props;
  return (
    <Boundary
      what={line.key}
      of={line.kind === 'more' ? line.text : line.kind === 'detail' ? line.content : line.row}
      instead={(error) => (
        <tr {...placeOf(props)} className="odd">
          <td className="whole">
            <Icon name="FAILURE" />{' '}
            {props.onOpen ? (
              <button type="button" className="link plain" onClick={() => props.onOpen?.(line.key)}>
                <b>{line.key}</b>
              </button>
            ) : (
              <b>{line.key}</b>
            )}{' '}
            <span className="muted">{t('could not be shown: {error}', { error: String(error) })}</span>
          </td>
        </tr>
      )}
    >
      <Known {...(props as LineProps<unknown>)} />
    </Boundary>
  );
}

function placeOf<Row>({ line, index, top, measure }: LineProps<Row>) {
  const style = top === undefined ? undefined : { transform: `translateY(${top}px)` };
  return { 'data-index': index, 'data-key': line.key, ref: measure, 'aria-rowindex': index + 2, style };
}

const same = (a: LineProps<unknown>, b: LineProps<unknown>): boolean =>
  sameLine(a.line, b.line) &&
  a.layout === b.layout &&
  a.index === b.index &&
  a.top === b.top &&
  a.open === b.open &&
  a.at === b.at &&
  a.picked === b.picked &&
  a.className === b.className;

function sameLine(a: Line<unknown>, b: Line<unknown>): boolean {
  if (a.kind !== b.kind || a.key !== b.key) return false;
  if (a.kind === 'row') return a.row === (b as typeof a).row && a.within === (b as typeof a).within;
  return false;
}

const Known = memo(function Known(props: LineProps<unknown>) {
  const { line, layout, open, at, className, picked, pick, onOpen, onCursor, onGroup } = props;
  const place = placeOf(props);
  if (line.kind === 'detail') {
    return (
      <tr {...place} className="detail-line">
        <td className="whole">{line.content}</td>
      </tr>
    );
  }
  if (line.kind === 'more') {
    return (
      <tr {...place} className={at ? 'more at' : 'more'}>
        <td className="whole">
          <button
            type="button"
            className="fold-button"
            aria-expanded="false"
            onClick={() => onGroup?.(line.group, 'all')}
          >
            <Icon name="right" />
            {line.text}
          </button>
        </td>
      </tr>
    );
  }
  if (line.kind === 'group') {
    const others = layout.shown.slice(1);
    const stem = line.key.slice('group '.length);
    return (
      <tr {...place} className={at ? 'group at' : 'group'}>
        {pick && <td className="pick" />}
        <td className="whole-name">
          <button
            type="button"
            className="fold-button"
            aria-expanded={line.open}
            onClick={() => onGroup?.(stem, line.open ? 'closed' : 'some')}
          >
            <Icon name={line.open ? 'down' : 'right'} />
            <b className="code">{line.label}</b>
          </button>
          {layout.folded.length === 0 && (
            <span className="muted clip" title={line.note}>
              {line.note}
            </span>
          )}
        </td>
        {others.map((column) => (
          <Cell key={column.id} column={column} row={line.row} last={column === others.at(-1)} />
        ))}
        <Folded layout={layout} row={line.row} note={line.note} />
      </tr>
    );
  }
  return (
    <tr
      {...place}
      aria-selected={open || picked || undefined}
      className={
        [line.within && 'within', at && 'at', onOpen && 'opens', picked && 'picked', className]
          .filter(Boolean)
          .join(' ') || undefined
      }
      onFocus={(event) => {
        if (event.target.matches('.row-link, [data-opens]')) onCursor?.(line.key);
      }}
      onClick={(event) => {
        const inside = (event.target as HTMLElement).closest('a, button, input, label');
        if (onOpen && !inside && getSelection()?.isCollapsed !== false) onOpen(line.key);
      }}
    >
      {pick && (
        <td className="pick">
          <input
            type="checkbox"
            className="check"
            aria-label={pick.labelOf(line.row)}
            checked={picked}
            onChange={(event) => pick.onPick(line.key, (event.nativeEvent as MouseEvent).shiftKey === true)}
          />
        </td>
      )}
      {layout.shown.map((column) => (
        <Cell
          key={column.id}
          column={column}
          row={line.row}
          open={open}
          last={column === layout.shown.at(-1) && column !== layout.shown[0]}
        />
      ))}
      <Folded layout={layout} row={line.row} open={open} />
    </tr>
  );
}, same);

function Cell({
  column,
  row,
  open = false,
  last,
}: {
  column: Column<unknown>;
  row: unknown;
  open?: boolean;
  last?: boolean;
}): ReactNode {
  return (
    <td className={classOf(column, last)} title={column.title?.(row)}>
      <Text>{column.cell(row, open)}</Text>
    </td>
  );
}

/** Plain text is drawn anew when it changes, so that nothing counts as moved. */
function Text({ children }: { children: ReactNode }): ReactNode {
  return typeof children === 'string' ? <Fresh text={children} /> : children;
}

/** @param note of a group: where columns have no room, it has none beside the name either */
function Folded({
  layout,
  row,
  open = false,
  note,
}: {
  layout: ColumnLayout<unknown>;
  row: unknown;
  open?: boolean;
  note?: string;
}): ReactNode {
  if (layout.folded.length === 0) return null;
  return (
    <td className="folded">
      {note && <span className="note">{note}</span>}
      {layout.folded.map((column) => (
        <span key={column.id} className={column.className} title={column.title?.(row)}>
          {column.brief ? (
            column.brief(row)
          ) : (
            <>
              {column.label && <i>{column.label}</i>} {column.cell(row, open)}
            </>
          )}
        </span>
      ))}
    </td>
  );
}
