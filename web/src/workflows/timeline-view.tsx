// When each task waited and ran: a line waits, a bar runs, dashes are a guess; the critical path in ink.

import type { WorkflowNode } from '../../../shared/wire/workflows.ts';
import { t } from '../language/text.ts';
import { useKnownNow } from '../live/hooks.ts';
import { axisTime, clock } from '../ui/format.ts';
import { type ListProps, StepList } from './step-list.tsx';

const ROW = 28;
const TICKS = 6;
/** Runs of one fold that are drawn by themselves. */
const DRAWN = 120;

export function TimelineView(props: ListProps) {
  const { workflow, lines } = props;
  const { summary } = workflow;
  const now = useKnownNow();
  const begin = summary.began ?? workflow.at;
  const isRunning = summary.state === 'running';
  const guess = isRunning
    ? summary.critical.reduce((sum, { id, started }) => (started === null ? sum + (p50Of(id) ?? 0) : sum), 0)
    : 0;
  const last = Math.max(
    isRunning ? now : 0,
    summary.ended ?? 0,
    ...workflow.nodes.map(({ ended }) => ended ?? 0),
    begin + 0.001,
  );
  const end = last + Math.min(guess, last - begin) + (last - begin) * 0.02;
  const byId = new Map(workflow.nodes.map((node) => [node.id, node]));
  function p50Of(id: string): number | undefined {
    return workflow.nodes.find((node) => node.id === id)?.p50;
  }
  const x = (at: number): number => Math.max(0, Math.min(100, ((at - begin) / (end - begin)) * 100));
  const percent = (n: number): string => `${Math.round(n * 100) / 100}%`;
  const critical = new Map(summary.critical.map((step) => [step.id, step]));
  const span = (key: string, from: number, to: number, look: string, y: number, height: number, state?: string) => (
    <rect
      key={key}
      className={look}
      data-state={state}
      x={percent(x(from))}
      width={percent(Math.max(0.15, x(to) - x(from)))}
      y={y}
      height={height}
      rx={height > 3 ? 1 : 0}
    />
  );
  const runsOf = (node: WorkflowNode, y: number) => {
    const crit = critical.has(node.id) ? ' crit' : '';
    const parts = [];
    let waited = node.sent ?? node.received;
    for (const [i, one] of (node.tries ?? []).entries()) {
      if (one.started === null) continue;
      if (waited !== null) parts.push(span(`w${i}`, waited, one.started, `wait${crit}`, y + 13, crit ? 2 : 1));
      parts.push(span(`t${i}`, one.started, one.ended ?? one.started, 'run', y + 9, 10, 'RETRY'));
      waited = one.ended ?? one.started;
    }
    const began = node.started ?? node.ended ?? (isRunning ? now : null);
    if (waited !== null && began !== null) parts.push(span('w', waited, began, `wait${crit}`, y + 13, crit ? 2 : 1));
    if (node.started !== null) {
      const to = node.ended ?? now;
      parts.push(span('r', node.started, to, `run${crit}`, y + 9, 10, node.state));
      if (node.ended === null && node.p50 !== undefined && node.started + node.p50 > now)
        parts.push(span('g', now, node.started + node.p50, 'run guess', y + 9, 10, node.state));
    }
    return parts;
  };
  const height = lines.length * ROW;
  const ticks = Array.from({ length: TICKS }, (_, i) => begin + ((end - begin) * (i + 0.5)) / TICKS);
  // From the end of one on the critical path down, or up, to the next.
  const rowOf = new Map(lines.map((line, i) => [line.node?.id ?? line.key, i]));
  const joints = summary.critical.slice(1).flatMap(({ id, from }, i) => {
    const [a, b] = [rowOf.get(summary.critical[i]!.id), rowOf.get(id)];
    return a === undefined || b === undefined || from === null ? [] : [{ id, from, a, b }];
  });
  return (
    <div className="wf-gantt">
      <StepList {...props} brief />
      <div className="wf-chart">
        <svg height={height} role="img" aria-label={t('When each task waited and ran, from the first to the last')}>
          {ticks.map((at) => (
            <line key={at} className="grid" x1={percent(x(at))} x2={percent(x(at))} y1={0} y2={height} />
          ))}
          {lines.map((line, i) => {
            const y = i * ROW;
            if (line.node) return <g key={line.key}>{runsOf(line.node, y)}</g>;
            const nodes = line.nodes.filter(({ kind }) => kind === 'task');
            const starts = nodes.map((n) => n.sent ?? n.received ?? n.started).filter((at) => at !== null);
            if (starts.length === 0) return null;
            const to = Math.max(...nodes.map((n) => n.ended ?? (isRunning ? now : (n.started ?? begin))));
            if (line.kind === 'head')
              return <g key={line.key}>{span('s', Math.min(...starts), to, 'span', y + 12, 4)}</g>;
            return (
              <g key={line.key}>
                {nodes
                  .slice(0, DRAWN)
                  .map((node, n) =>
                    node.started === null
                      ? null
                      : span(node.id, node.started, node.ended ?? now, 'run', y + 5 + (n % 4) * 5, 3, node.state),
                  )}
              </g>
            );
          })}
          {joints.map(({ id, from, a, b }) => (
            <line
              key={id}
              className="joint"
              x1={percent(x(from))}
              x2={percent(x(from))}
              y1={a * ROW + 14}
              y2={b * ROW + 14}
            />
          ))}
          {isRunning && <line className="now" x1={percent(x(now))} x2={percent(x(now))} y1={0} y2={height} />}
        </svg>
        <div className="wf-times" aria-hidden="true">
          {ticks.map((at) => (
            <span key={at} style={{ left: percent(x(at)) }}>
              {end - begin < 180 ? clock(at).slice(0, 8) : axisTime(at, end - begin)}
            </span>
          ))}
        </div>
        <p className="sr">
          {t('Critical path: {names}', {
            names: summary.critical
              .map(({ id }) => byId.get(id)?.name ?? t('unknown'))
              .slice(0, 50)
              .join(t(', then ')),
          })}
        </p>
      </div>
    </div>
  );
}
