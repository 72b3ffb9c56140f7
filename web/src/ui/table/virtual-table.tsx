// A table of any length: only the lines in sight are drawn, its head sticks to the top of what scrolls, and the cursor comes into view.
// On paper nothing scrolls, and what is loaded is drawn, as far as somebody would read it.
// Lines stand by transform in a body as high as all of them: a row that is pushed down by a new one is no layout shift.

import { useVirtualizer } from '@tanstack/react-virtual';
import { type RefObject, useEffect, useRef } from 'react';
import { t } from '../../language/text.ts';
import { usePrinting } from '../../live/hooks.ts';
import type { ColumnLayout } from './columns.ts';
import { DataTable, type DataTableProps, focusLine } from './data-table.tsx';
import { lineProps, TableLine } from './table-line.tsx';

interface Virtual {
  /** What scrolls. */
  scroller: RefObject<HTMLElement | null>;
  /** Of a row, until it is measured. @unit pixels @default 40 */
  rowHeight?: number;
  /** The last lines are in sight. */
  onEnd?: () => void;
}

/** Lines that go on paper. */
const MAX_PRINTED = 1000;
const HEAD = 32;
/** Lines before the end that count as the end. */
const NEAR_END = 20;

export function VirtualTable<Row>({ scroller, rowHeight, onEnd, ...props }: DataTableProps<Row> & Virtual) {
  return (
    <DataTable
      {...props}
      body={(table, layout) => (
        <VirtualBody {...table} layout={layout} scroller={scroller} rowHeight={rowHeight} onEnd={onEnd} />
      )}
    />
  );
}

function VirtualBody<Row>({
  layout,
  scroller,
  rowHeight = 40,
  onEnd,
  ...props
}: DataTableProps<Row> & { layout: ColumnLayout<Row> } & Virtual) {
  const { lines, cursor = null } = props;
  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 10,
    getItemKey: (i) => lines[i]?.key ?? i,
    scrollPaddingStart: HEAD,
    // What the first drawing shows, before the place is measured.
    initialRect: { width: 0, height: 600 },
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: another height, other places
  useEffect(() => virtual.measure(), [rowHeight]);
  // The cursor comes into view and takes the focus with it, so that Enter and a screen reader are where the eye is.
  const at = cursor === null ? -1 : lines.findIndex((line) => line.key === cursor);
  const moved = useRef<string | null>(null);
  useEffect(() => {
    if (at < 0 || cursor === moved.current) return;
    moved.current = cursor;
    virtual.scrollToIndex(at, { align: 'auto' });
    requestAnimationFrame(() => {
      // Meanwhile another row may have its turn, or a menu the focus: to take it back would call the cursor back, or close the menu.
      const elsewhere = document.activeElement?.closest('[role="menu"], dialog, input:not([type="checkbox"])');
      if (moved.current === cursor && !elsewhere) focusLine(scroller.current, cursor!);
    });
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (lines.length > 0 && last >= lines.length - NEAR_END) onEnd?.();
  }, [last, lines.length, onEnd]);
  if (usePrinting()) return <PrintedBody {...props} layout={layout} />;
  return (
    <tbody className="virtual" style={{ height: virtual.getTotalSize() }}>
      {items.map((item) => {
        const line = lines[item.index];
        if (!line) return null;
        return (
          <TableLine
            key={line.key}
            {...lineProps(props, line)}
            layout={layout}
            index={item.index}
            top={item.start}
            measure={virtual.measureElement}
          />
        );
      })}
    </tbody>
  );
}

function PrintedBody<Row>({ layout, ...props }: DataTableProps<Row> & { layout: ColumnLayout<Row> }) {
  const { lines } = props;
  return (
    <tbody>
      {lines.slice(0, MAX_PRINTED).map((line, i) => (
        <TableLine key={line.key} {...lineProps(props, line)} layout={layout} index={i} />
      ))}
      {lines.length > MAX_PRINTED && (
        <tr>
          <td className="whole">
            {t('Printed: the first {shown} of {count} lines. A narrower filter prints the others.', {
              shown: MAX_PRINTED,
              count: lines.length,
            })}
          </td>
        </tr>
      )}
    </tbody>
  );
}
