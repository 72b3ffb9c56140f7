// What a workflow is and how it stands, worst first: that it cannot end, what failed, what it waits for.

import { Link } from '@tanstack/react-router';
import type { Workflow, WorkflowNode } from '../../../shared/wire/workflows.ts';
import { hasEnded, hasFailed } from '../../../shared/workflow/conclude.ts';
import { rich } from '../language/rich.tsx';
import { fromServer, t, tn } from '../language/text.ts';
import { useKnownNow } from '../live/hooks.ts';
import { ForeignText } from '../ui/foreign-text.tsx';
import { duration } from '../ui/format.ts';
import { Icon } from '../ui/icon.tsx';
import { StateBadge } from '../ui/state-badge.tsx';
import { shortId } from '../ui/task-name.tsx';
import { Age, At } from '../ui/time.tsx';
import { fullName, nameOf } from './node-words.tsx';

const STATE = { running: 'STARTED', failed: 'FAILURE', succeeded: 'SUCCESS' } as const;

export function WorkflowHead({ workflow, children }: { workflow: Workflow; children: React.ReactNode }) {
  const { summary, root } = workflow;
  const first = workflow.nodes.find(({ id }) => id === root) ?? workflow.nodes[0];
  const done = summary.states.SUCCESS ?? 0;
  const failed = Object.entries(summary.states).reduce((sum, [state, n]) => sum + (hasFailed({ state }) ? n : 0), 0);
  const size = summary.tasks + summary.steps;
  const isLeast = workflow.cut && workflow.beyond?.are !== 'exact';
  const { began, ended } = summary;
  return (
    <header className="wf-title">
      <div>
        <h1>
          <code>{first ? <ForeignText text={nameOf(first)} /> : t('unknown')}</code>
        </h1>
        <StateBadge state={STATE[summary.state]} tinted />
        <p>
          <b>
            {isLeast ? t('{done} of at least {size} done', { done, size }) : t('{done} of {size} done', { done, size })}
          </b>
          {failed > 0 && <b className="bad">{t(', {count} failed', { count: failed })}</b>}
        </p>
        {began !== null && (
          <p className="muted">
            {ended === null
              ? rich('began {at}, {age}', { at: <At at={began} />, age: <Age at={began} ago /> })
              : rich('began {at}, took {time}', { at: <At at={began} />, time: duration(ended - began) })}
          </p>
        )}
        <p className="muted">
          {rich('root {link}', {
            link: (
              <Link to="/tasks/$id" params={{ id: root }} className="link">
                <code>{shortId(root)}</code>
              </Link>
            ),
          })}
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
        <ForeignText text={fullName(node)} />
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
            <b>{summary.state === 'running' ? t('It cannot end.') : t('A chord did not end.')}</b>{' '}
            {culprit.kind === 'step'
              ? rich('{task} will not run', { task: named(culprit) })
              : culprit.state === 'REVOKED'
                ? rich('{task} was revoked', { task: named(culprit) })
                : rich('{task} has failed', { task: named(culprit) })}
            {culprit.exception !== null && (
              <>
                {' '}
                (<ForeignText text={culprit.exception} />)
              </>
            )}
            {others > 0 && tn(others, ', and so has another', ', and so have # others')}
            {body
              ? rich('; {body} needs all {count}.', { body: <code>{nameOf(body)}</code>, count: stuck.size })
              : t('; its body needs all {count}.', { count: stuck.size })}
          </span>
        </li>
      ) : failed.length > 0 ? (
        <li>
          <Glyph state="FAILURE" />
          <span>
            {failed[0]!.state === 'FAILURE'
              ? rich('{task} failed', { task: named(failed[0]!) })
              : rich('{task} did not run', { task: named(failed[0]!) })}
            {failed[0]!.exception !== null && (
              <>
                {' '}
                (<ForeignText text={failed[0]!.exception} />)
              </>
            )}
            {failed.length > 1 && tn(failed.length - 1, ', and # other', ', and # others')}
            {blocked > 0 && tn(blocked, ': # step after it will not run', ': # steps after it will not run')}
            {t('end of a sentence|.')}
          </span>
        </li>
      ) : null}
      {summary.state === 'running' && holder && !hasEnded(holder) && (
        <li>
          <Glyph state={holder.state} />
          <span>
            {holder.started === null
              ? rich('Held up by {task}, waiting for <b>{time}</b>', {
                  task: named(holder),
                  time: heldFor(holder, now),
                })
              : rich('Held up by {task}, running for <b>{time}</b>', {
                  task: named(holder),
                  time: heldFor(holder, now),
                })}
            {holder.p50 !== undefined &&
              holder.started !== null &&
              t(', usually {time}', { time: duration(holder.p50) })}
            {t('end of a sentence|.')}
          </span>
        </li>
      )}
      {summary.state !== 'running' && summary.critical_runs !== null && (
        <li>
          <Glyph state="IGNORED" />
          <span>
            {t('On its critical path {runs} of work and {waits} of waiting.', {
              runs: duration(summary.critical_runs),
              waits: duration(summary.critical_waits),
            })}
          </span>
        </li>
      )}
      {workflow.notes.map((note) => (
        <li key={note} className="muted">
          <Glyph state="IGNORED" />
          <span>{fromServer(note)}</span>
        </li>
      ))}
    </ul>
  );
}

const heldFor = ({ started, received, sent }: WorkflowNode, now: number): string =>
  duration(Math.max(0, now - (started ?? received ?? sent ?? now)));

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
