// What can be done from the chosen node on: send it again, revoke what comes after it; and what that does, said before.

import type { TaskRow } from '../../../shared/wire/tasks.ts';
import type { Workflow, WorkflowNode } from '../../../shared/wire/workflows.ts';
import { hasEnded, hasFailed } from '../../../shared/workflow/conclude.ts';
import { rich } from '../language/rich.tsx';
import { t, tn } from '../language/text.ts';
import { useRefusal } from '../operations/refusal.ts';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { ForeignText } from '../ui/foreign-text.tsx';
import { Icon } from '../ui/icon.tsx';
import { stateIcon } from '../ui/state-badge.tsx';
import { subtreeOf } from './lines.ts';
import { nameOf } from './node-words.tsx';

/** What can still be revoked: what has not ended, and steps whose ids are known. */
export function revocable(nodes: readonly WorkflowNode[]): WorkflowNode[] {
  return nodes.filter((node) => node.has_id && !hasEnded(node) && node.revoke_asked === undefined);
}

export function FromHere({
  workflow,
  node,
  onRetry,
  onRevoke,
}: {
  workflow: Workflow;
  node: WorkflowNode;
  onRetry: (row: TaskRow) => void;
  onRevoke: (nodes: readonly WorkflowNode[]) => void;
}) {
  const refused = useRefusal();
  const after = revocable(subtreeOf(workflow, node.id));
  const isOver = hasFailed(node);
  return (
    <section className="wf-from" aria-label={t('From here')}>
      <span className="wf-glyph" data-state={node.state}>
        <Icon name={stateIcon(node.state)} />
      </span>
      <code className="clip">
        <ForeignText text={nameOf(node)} />
      </code>
      <p>
        {node.again
          ? rich('It was sent again from here as <code>{uuid}</code>, which is {state}.', {
              uuid: node.again.uuid.slice(0, 8),
              state: node.again.state,
            })
          : isOver &&
            t(
              'Retry sends this call again as a task of its own. What was to follow in its chain or chord is not sent with it: a message that has been taken is gone.',
            )}
        {(node.again || isOver) && ' '}
        {after.length > 0
          ? tn(
              after.length,
              'Revoke takes # task and step from here on that have not ended.',
              'Revoke takes # tasks and steps from here on that have not ended.',
            )
          : t('Nothing from here on is left to revoke.')}
      </p>
      <div className="btns">
        {isOver && (
          <Button icon="refresh" refused={refused} onClick={() => onRetry(rowOf(node))}>
            {t('Retry from here')}
          </Button>
        )}
        <Button
          icon="stop"
          kind="danger"
          refused={refused ?? (after.length === 0 ? t('Nothing is left to revoke') : null)}
          onClick={() => onRevoke(after)}
        >
          {after.length > 0 ? t('Revoke {count} from here', { count: after.length }) : t('Revoke from here')}
        </Button>
      </div>
    </section>
  );
}

/** As much of a row as verbs need. */
export function rowOf(node: WorkflowNode): TaskRow {
  const { id, name, state, worker, queue, exception, retries, runtime, sent, received, started, parent } = node;
  return {
    uuid: id,
    ...{ name, state, worker, queue, exception, retries, runtime, sent, received, started },
    ...{ args: null, kwargs: null, result: null, eta: null, expires: null },
    ...{ succeeded: null, failed: null, retried: null, revoked: null, rejected: null },
    timestamp: 0,
    first_seen: 0,
    root_id: null,
    parent_id: parent,
  };
}

const LISTED = 12;

/** What a revocation takes, before it is sent. */
export function RevokeDialog({
  nodes,
  onDo,
  onClose,
}: {
  nodes: readonly WorkflowNode[];
  onDo: () => void;
  onClose: () => void;
}) {
  const running = nodes.filter(({ started, kind }) => kind === 'task' && started !== null).length;
  const steps = nodes.filter(({ kind }) => kind === 'step').length;
  const waiting = nodes.length - running - steps;
  const parts = [
    waiting > 0 && tn(waiting, '# task that waits will not start', '# tasks that wait will not start'),
    running > 0 &&
      tn(
        running,
        '# that runs goes on to the end (terminate them one by one to stop them)',
        '# that run go on to the end (terminate them one by one to stop them)',
      ),
    steps > 0 &&
      tn(
        steps,
        '# step not sent yet is dropped when a worker comes to it',
        '# steps not sent yet are dropped when a worker comes to them',
      ),
  ].filter((one) => one !== false);
  return (
    <Dialog title={tn(nodes.length, 'Revoke # task', 'Revoke # tasks')} onClose={onClose}>
      <p>
        {t('{parts}. Workers forget what is revoked when all of them are started anew.', { parts: parts.join('; ') })}
      </p>
      <ul className="wf-preview">
        {nodes.slice(0, LISTED).map((node) => (
          <li key={node.id}>
            <span className="wf-glyph" data-state={node.state}>
              <Icon name={stateIcon(node.state)} />
            </span>
            <code className="clip">
              <ForeignText text={nameOf(node)} />
            </code>
            <span className="meta">{node.kind === 'step' ? t('not seen yet') : node.state}</span>
          </li>
        ))}
        {nodes.length > LISTED && <li className="muted">{t('and {count} more', { count: nodes.length - LISTED })}</li>}
      </ul>
      <footer>
        <Button onClick={onClose}>{t('Cancel')}</Button>
        <Button kind="fatal" onClick={onDo}>
          {t('Revoke {count}', { count: nodes.length })}
        </Button>
      </footer>
    </Dialog>
  );
}
