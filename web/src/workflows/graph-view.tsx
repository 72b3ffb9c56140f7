// The graph of a workflow as one SVG: boxes, what is in them, and the ways between them.
// Where everything stands: layout.ts, fetched by whoever shows this. As a list: step-list.tsx. Holds: the critical path is the only heavy
// line; each box and line is reached by keyboard and says in words what it shows.

import { useMemo } from 'react';
import type { Workflow, WorkflowNode } from '../../../shared/wire/workflows.ts';
import { t, tn } from '../language/text.ts';
import { useKnownNow } from '../live/hooks.ts';
import { Icon } from '../ui/icon.tsx';
import { stateIcon } from '../ui/state-badge.tsx';
import { type Folded, NOT_SEEN, stateOf, statesOf } from './fold.ts';
import type { Box, draw as Draw } from './layout.ts';
import { HEAD, LINE, type Line } from './lines.ts';
import { fullName, metaOf, nameOf, partName, progressOf, restOf, titleOf } from './node-words.tsx';

/** Of the mono face at 12 px, and of the sans at 12 px about. */
const CHAR = 7.25;
const SANS_CHAR = 6.4;
const shorten = (text: string, width: number, char = CHAR): string => {
  const most = Math.max(3, Math.floor(width / char));
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
};

export interface GraphProps {
  draw: typeof Draw;
  workflow: Workflow;
  folded: Folded;
  open: ReadonlySet<string>;
  closed: ReadonlySet<string>;
  picked: string | null;
  onPick: (id: string) => void;
  onFold: (key: string) => void;
  onClose: (item: string) => void;
}

export function GraphView({ draw, workflow, folded, open, closed, picked, onPick, onFold, onClose }: GraphProps) {
  const { summary } = workflow;
  const critical = useMemo(() => new Set(summary.critical.map(({ id }) => id)), [summary]);
  const picture = useMemo(() => draw(folded, critical, open, closed), [draw, folded, critical, open, closed]);
  const now = useKnownNow();
  const progress = useMemo(() => new Map(summary.groups.map((one) => [one.id, one])), [summary]);
  const criticalItems = useMemo(
    () => new Set([...critical].map((id) => folded.itemOf.get(id) ?? id)),
    [critical, folded],
  );
  const isFuture = (box: Box): boolean =>
    box.item.nodes.length > 0 && box.item.nodes.every(({ kind }) => kind === 'step');
  const futures = new Set(picture.boxes.filter(isFuture).map(({ item }) => item.id));
  const look = (from: string, to: string): string =>
    [criticalItems.has(from) && criticalItems.has(to) && 'crit', futures.has(to) && 'future'].filter(Boolean).join(' ');
  const line = (box: Box, one: Line, i: number) => {
    const y = HEAD + i * LINE;
    const { node } = one;
    const key = node?.id ?? one.key;
    const state = node?.state ?? one.nodes[0]?.state ?? 'PENDING';
    const words = node ? partName(node) : restOf(one);
    const meta = node ? metaOf(node, now, summary.blocked) : '';
    const isOpen = open.has(one.key);
    const metaRoom = Math.min(meta.length * SANS_CHAR, 130);
    const indent = one.depth > 1 ? 16 : 0;
    return (
      <Target
        key={key}
        label={
          node
            ? `${fullName(node)}, ${state}, ${meta}`
            : isOpen
              ? t('{words}, fold', { words })
              : t('{words}, list them', { words })
        }
        onPick={() => (node ? onPick(node.id) : onFold(one.key))}
        picked={node !== null && picked === node.id}
        className={node && critical.has(node.id) ? 'wf-line crit' : 'wf-line'}
        transform={`translate(0 ${y})`}
      >
        <rect x={1} width={box.width - 2} height={LINE} className="wf-row" />
        <Glyph state={state} x={10 + indent} y={6} />
        <text x={32 + indent} y={18} className={node ? 'wf-code' : undefined}>
          {shorten(words, box.width - 48 - indent - metaRoom, node ? CHAR : SANS_CHAR)}
        </text>
        <text x={box.width - 12} y={18} className="wf-meta end">
          {node ? shorten(meta, 130, SANS_CHAR) : isOpen ? '−' : '+'}
        </text>
      </Target>
    );
  };
  return (
    <>
      <div className="wf-scroll" tabIndex={-1}>
        <svg
          className="wf-graph"
          width={picture.width}
          height={picture.height}
          viewBox={`0 0 ${picture.width} ${picture.height}`}
          role="group"
          aria-label={tn(workflow.nodes.length, 'Graph of one task', 'Graph of # tasks and steps')}
        >
          {picture.ways.map(({ from, to, kind, d, end: [x, y] }) => (
            <g key={`${from} ${to}`} className={`wf-way ${kind} ${look(from, to)}`}>
              <path d={d} />
              <path className="tip" d={`M${x} ${y}l-7 -4v8z`} />
            </g>
          ))}
          {picture.boxes.map((box) => {
            const { item, x, y, width, height } = box;
            const look = ['wf-box', item.kind, criticalItems.has(item.id) && 'crit', futures.has(item.id) && 'future']
              .filter(Boolean)
              .join(' ');
            if (item.kind === 'node') {
              const node = item.nodes[0]!;
              const meta = metaOf(node, now, summary.blocked);
              return (
                <Target
                  key={item.id}
                  label={`${nameOf(node)}, ${node.kind === 'step' ? t('not seen yet') : node.state}, ${meta}`}
                  onPick={() => onPick(node.id)}
                  picked={picked === node.id}
                  className={look}
                  transform={`translate(${x} ${y})`}
                >
                  <rect width={width} height={height} rx={6} className="wf-edge" />
                  <Glyph state={node.state} x={10} y={10} />
                  <text x={32} y={22} className="wf-code strong">
                    {shorten(nameOf(node), width - 42)}
                  </text>
                  <text
                    x={32}
                    y={40}
                    className={`wf-meta${summary.blocked[node.id] || node.state === 'FAILURE' ? ' bad' : ''}`}
                  >
                    {shorten(
                      `${ROLE[node.role] ?? ''}${meta}${node.replaced > 0 ? t(', replaced itself') : ''}`,
                      width - 42,
                      SANS_CHAR,
                    )}
                  </text>
                </Target>
              );
            }
            const done = progressOf(item, progress.get(item.id));
            const isClosed = closed.has(item.id);
            const kind = item.group?.kind ?? (item.kind === 'stack' ? 'called' : '');
            return (
              <g key={item.id} className={look} transform={`translate(${x} ${y})`}>
                <rect width={width} height={height} rx={6} className="wf-edge" />
                <Target
                  label={`${kind} ${titleOf(item)}, ${done}, ${isClosed ? t('group|open') : t('group|fold')}`}
                  onPick={() => onClose(item.id)}
                  className="wf-head"
                  transform="translate(0 0)"
                >
                  <rect x={1} y={1} width={width - 2} height={HEAD - 4} rx={5} className="wf-row" />
                  <Glyph state={stateOf(item)} x={10} y={8} />
                  <text x={32} y={20} className="wf-code strong">
                    {shorten(titleOf(item), width - 60 - done.length * SANS_CHAR)}
                  </text>
                  <text x={width - 12} y={20} className="wf-meta end">
                    {done}
                  </text>
                  <Bar nodes={item.nodes} size={progress.get(item.id)?.size ?? item.nodes.length} width={width - 24} />
                </Target>
                {box.lines.map((one, i) => line(box, one, i))}
              </g>
            );
          })}
        </svg>
      </div>
      {picture.left > 0 && (
        <p className="wf-note">
          {t(
            '{count} tasks and steps are not drawn: what failed, runs or is on the critical path comes first. The list has all.',
            { count: picture.left },
          )}
        </p>
      )}
    </>
  );
}

const ROLE: Readonly<Record<string, string>> = {
  link: t('link, '),
  errback: t('errback, '),
  body: t('body, '),
};

function Glyph({ state, x, y }: { state: string; x: number; y: number }) {
  return (
    <g transform={`translate(${x} ${y})`} data-state={state} className="wf-glyph">
      <Icon name={stateIcon(state)} size={16} />
    </g>
  );
}

/** How many are in each state, as widths. */
function Bar({ nodes, size, width }: { nodes: readonly WorkflowNode[]; size: number; width: number }) {
  let x = 12;
  return (
    <g className="wf-bar">
      <rect x={12} y={30} width={width} height={6} className="none" />
      {statesOf(nodes)
        .filter(({ state }) => state !== NOT_SEEN && state !== 'PENDING')
        .map(({ state, n }) => {
          const w = (width * n) / Math.max(size, 1);
          const at = x;
          x += w;
          return <rect key={state} data-state={state} x={at} y={30} width={Math.max(0.5, w - 0.5)} height={6} />;
        })}
    </g>
  );
}

/** A part of the picture that can be chosen, by pointer and by keyboard. */
function Target({
  label,
  onPick,
  picked = false,
  className,
  transform,
  children,
}: {
  label: string;
  onPick: () => void;
  picked?: boolean;
  className: string;
  transform: string;
  children: React.ReactNode;
}) {
  return (
    <g
      role="button"
      tabIndex={0}
      aria-label={label}
      aria-pressed={picked || undefined}
      className={picked ? `${className} picked` : className}
      transform={transform}
      onClick={onPick}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' && event.key !== ' ') return;
        event.preventDefault();
        event.stopPropagation();
        onPick();
      }}
    >
      {children}
    </g>
  );
}
