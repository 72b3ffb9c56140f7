// What a workflow is and how it stands, worst first: that it cannot end, what failed, what it waits for.
import { Link } from '@tanstack/react-router';
import type { Workflow, WorkflowNode } from '../../../shared/wire/workflows.ts';
import { hasEnded, hasFailed } from '../../../shared/workflow/conclude.ts';
import { useKnownNow } from '../live/hooks.ts';
import { ForeignText } from '../ui/foreign-text.tsx';
import { count, duration, plural } from '../ui/format.ts';
import { Icon } from '../ui/icon.tsx';
import { StateBadge } from '../ui/state-badge.tsx';
import { shortId } from '../ui/task-name.tsx';
import { Age, At } from '../ui/time.tsx';
import { nameOf, partName } from './node-words.tsx';

const STATE = { running: 'STARTED', failed: 'FAILURE', succeeded: 'SUCCESS' } as const;

export function WorkflowHead({ workflow, children }: { workflow: Workflow; children: React.ReactNode }) {
  const { summary, root } = workflow;
  const first = workflow.nodes.find(({ id }) => id === root) ?? workflow.nodes[0];
  const done = summary.states.SUCCESS ?? 0;
  const failed = workflow.nodes.filter(hasFailed).length;
  const { began, ended } = summary;
  return (
    <header className="wf-title">
      <div>
        <h1>
          <code>{first ? <ForeignText text={nameOf(first)} /> : 'unknown'}</code>
        </h1>
        <StateBadge state={STATE[summary.state]} tinted />
        <p>
          <b>
            {count(done)} of {count(summary.tasks + summary.steps)} done
          </b>
          {failed > 0 && <b className="bad">, {count(failed)} failed</b>}
        </p>
        {began !== null && (
          <p className="muted">
            began <At at={began} />
            {ended === null ? (
              <>
                , <Age at={began} suffix=" ago" />
              </>
            ) : (
              `, took ${duration(ended - began)}`
            )}
          </p>
        )}
        <p className="muted">
          root{' '}
          <Link to="/tasks/$id" params={{ id: root }} className="link">
            <code>{shortId(root)}</code>
          </Link>
        </p>
      </div>
      <div className="btns">{children}</div>
    </header>
  );
}

/** The sentences above the picture, which proves them. */
export function Findings({ workflow, onPick }: { workflow: Workflow; onPick: (id: string) => void }) {
  const now = useKnownNow();
  const { summary, nodes, groups } = workflow;
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const named = (node: WorkflowNode) => (
    <button type="button" className="link plain" onClick={() => onPick(node.id)}>
      <code>
        <ForeignText text={node.group === null ? nameOf(node) : `${nameOf(node)} ${partName(node)}`} />
      </code>
    </button>
  );
  const stuck = summary.groups.find(({ cannot_end }) => cannot_end.length > 0);
  const culprit = stuck && byId.get(stuck.cannot_end[0]!);
  const body = stuck && byId.get(groups.find(({ id }) => id === stuck.id)?.body ?? '');
  const failed = nodes.filter(hasFailed);
  const blocked = Object.keys(summary.blocked).length;
  const others = (stuck?.cannot_end.length ?? 0) - 1;
  const last = summary.critical.findLast(({ id }) => byId.get(id)?.kind === 'task');
  const holder = last && byId.get(last.id);
  return (
    <ul className="wf-findings">
      {stuck && culprit ? (
        <li>
          <Glyph state="FAILURE" />
          <span>
            <b>{summary.state === 'running' ? 'It cannot end.' : 'A chord did not end.'}</b> {named(culprit)}{' '}
            {culprit.kind === 'step' ? 'will not run' : culprit.state === 'REVOKED' ? 'was revoked' : 'has failed'}
            {culprit.exception !== null && (
              <>
                {' '}
                (<ForeignText text={culprit.exception} />)
              </>
            )}
            {others > 0 && `, and so ${others === 1 ? 'has another' : `have ${others} others`}`};{' '}
            {body ? <code>{nameOf(body)}</code> : 'its body'} needs all {count(stuck.size)}.
          </span>
        </li>
      ) : failed.length > 0 ? (
        <li>
          <Glyph state="FAILURE" />
          <span>
            {named(failed[0]!)} {failed[0]!.state === 'FAILURE' ? 'failed' : 'did not run'}
            {failed[0]!.exception !== null && (
              <>
                {' '}
                (<ForeignText text={failed[0]!.exception} />)
              </>
            )}
            {failed.length > 1 && `, and ${plural(failed.length - 1, 'other')}`}
            {blocked > 0 && `: ${plural(blocked, 'step')} after it will not run`}.
          </span>
        </li>
      ) : null}
      {summary.state === 'running' && holder && !hasEnded(holder) && (
        <li>
          <Glyph state={holder.state} />
          <span>
            Held up by {named(holder)}, {holder.started === null ? 'waiting' : 'running'} for{' '}
            <b>{duration(Math.max(0, now - (holder.started ?? holder.received ?? holder.sent ?? now)))}</b>
            {holder.p50 !== undefined && holder.started !== null && `, usually ${duration(holder.p50)}`}.
          </span>
        </li>
      )}
      {summary.state !== 'running' && summary.critical_runs !== null && (
        <li>
          <Glyph state="IGNORED" />
          <span>
            On its critical path {duration(summary.critical_runs)} of work and {duration(summary.critical_waits)} of
            waiting.
          </span>
        </li>
      )}
      {workflow.notes.map((note) => (
        <li key={note} className="muted">
          <Glyph state="IGNORED" />
          <span>{note}</span>
        </li>
      ))}
    </ul>
  );
}

function Glyph({ state }: { state: string }) {
  return (
    <span className="wf-glyph" data-state={state}>
      <Icon
        name={
          state === 'FAILURE'
            ? 'FAILURE'
            : state === 'IGNORED'
              ? 'IGNORED'
              : state === 'STARTED'
                ? 'STARTED'
                : 'PENDING'
        }
      />
    </span>
  );
}
