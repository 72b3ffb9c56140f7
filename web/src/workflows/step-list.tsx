// A workflow as a list of steps: what a phone shows for the graph, and the left column of the timeline.

import type { Workflow } from '../../../shared/wire/workflows.ts';
import { t } from '../language/text.ts';
import { useKnownNow } from '../live/hooks.ts';
import { ForeignText } from '../ui/foreign-text.tsx';
import { Icon } from '../ui/icon.tsx';
import { stateIcon } from '../ui/state-badge.tsx';
import { stateOf } from './fold.ts';
import type { Line } from './lines.ts';
import { metaOf, nameOf, partName, progressOf, restOf, titleOf } from './node-words.tsx';

export interface ListProps {
  workflow: Workflow;
  lines: readonly Line[];
  left: number;
  open: ReadonlySet<string>;
  picked: string | null;
  onPick: (id: string) => void;
  onFold: (key: string) => void;
}

export function StepList({
  workflow,
  lines,
  left,
  open,
  picked,
  onPick,
  onFold,
  brief,
}: ListProps & { brief?: boolean }) {
  const now = useKnownNow();
  const { summary } = workflow;
  const critical = new Set(summary.critical.map(({ id }) => id));
  const progress = new Map(summary.groups.map((one) => [one.id, one]));
  return (
    <ol className={brief ? 'wf-steps brief' : 'wf-steps'}>
      {lines.map((line) => {
        const { node, item, kind, depth } = line;
        const state = node?.state ?? (kind === 'head' ? stateOf(item) : (line.nodes[0]?.state ?? 'PENDING'));
        const look = [
          kind === 'head' && 'of-many',
          node && critical.has(node.id) && 'crit',
          node?.kind === 'step' && 'future',
          node && picked === node.id && 'picked',
        ];
        const indent = { '--depth': depth } as React.CSSProperties;
        const glyph = (
          <span className="wf-glyph" data-state={state} title={state}>
            <Icon name={stateIcon(state)} />
            <span className="sr">{state} </span>
          </span>
        );
        return (
          <li key={line.key} className={look.filter(Boolean).join(' ')} style={indent}>
            {node ? (
              <button
                type="button"
                aria-pressed={picked === node.id}
                onClick={() => onPick(node.id)}
                data-line={line.key}
              >
                {glyph}
                <code className="clip">
                  <ForeignText text={item.kind === 'node' ? nameOf(node) : partName(node)} />
                </code>
                {!brief && (
                  <span
                    className={summary.blocked[node.id] || node.state === 'FAILURE' ? 'meta bad clip' : 'meta clip'}
                  >
                    <ForeignText text={metaOf(node, now, summary.blocked)} />
                  </span>
                )}
              </button>
            ) : kind === 'head' ? (
              <p>
                {glyph}
                <code className="clip">
                  <ForeignText text={titleOf(item)} />
                </code>
                <span className="meta">{progressOf(item, progress.get(item.id))}</span>
              </p>
            ) : (
              <button
                type="button"
                aria-expanded={open.has(line.key)}
                onClick={() => onFold(line.key)}
                data-line={line.key}
              >
                {glyph}
                <span className="grow">{restOf(line)}</span>
                <Icon name={open.has(line.key) ? 'down' : 'right'} />
              </button>
            )}
          </li>
        );
      })}
      {left > 0 && <li className="wf-note">{t('and {count} more', { count: left })}</li>}
    </ol>
  );
}
