// What can be done from the chosen node on: send it again, revoke what comes after it; and what that does, said before.
import type { TaskRow } from '../../../shared/wire/tasks.ts';
import type { Workflow, WorkflowNode } from '../../../shared/wire/workflows.ts';
import { hasEnded, hasFailed } from '../../../shared/workflow/conclude.ts';
import { useRefusal } from '../operations/refusal.ts';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { ForeignText } from '../ui/foreign-text.tsx';
import { plural } from '../ui/format.ts';
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
    <section className="wf-from" aria-label="From here">
      <span className="wf-glyph" data-state={node.state}>
        <Icon name={stateIcon(node.state)} />
      </span>
      <code className="clip">
        <ForeignText text={nameOf(node)} />
      </code>
      <p>
        {node.again ? (
          <>
            It was sent again from here as <code>{node.again.uuid.slice(0, 8)}</code>, which is {node.again.state}.{' '}
          </>
        ) : isOver ? (
          'Retry sends this call again as a task of its own. What was to follow in its chain or chord is not sent with it: a message that has been taken is gone. '
        ) : (
          ''
        )}
        {after.length > 0
          ? `Revoke takes ${plural(after.length, 'task and step', 'tasks and steps')} from here on that have not ended.`
          : 'Nothing from here on is left to revoke.'}
      </p>
      <div className="btns">
        {isOver && (
          <Button icon="refresh" refused={refused} onClick={() => onRetry(rowOf(node))}>
            Retry from here
          </Button>
        )}
        <Button
          icon="stop"
          kind="danger"
          refused={refused ?? (after.length === 0 ? 'Nothing is left to revoke' : null)}
          onClick={() => onRevoke(after)}
        >
          Revoke {after.length > 0 ? after.length : ''} from here
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
    waiting > 0 && `${plural(waiting, 'task')} that ${waiting === 1 ? 'waits' : 'wait'} will not start`,
    running > 0 &&
      `${running} that ${running === 1 ? 'runs goes' : 'run go'} on to the end (terminate them one by one to stop them)`,
    steps > 0 &&
      `${plural(steps, 'step')} not sent yet ${steps === 1 ? 'is' : 'are'} dropped when a worker comes to ${steps === 1 ? 'it' : 'them'}`,
  ].filter((one) => one !== false);
  return (
    <Dialog title={`Revoke ${plural(nodes.length, 'task')}`} onClose={onClose}>
      <p>{parts.join('; ')}. Workers forget what is revoked when all of them are started anew.</p>
      <ul className="wf-preview">
        {nodes.slice(0, LISTED).map((node) => (
          <li key={node.id}>
            <span className="wf-glyph" data-state={node.state}>
              <Icon name={stateIcon(node.state)} />
            </span>
            <code className="clip">
              <ForeignText text={nameOf(node)} />
            </code>
            <span className="meta">{node.kind === 'step' ? 'not seen yet' : node.state}</span>
          </li>
        ))}
        {nodes.length > LISTED && <li className="muted">and {nodes.length - LISTED} more</li>}
      </ul>
      <footer>
        <Button onClick={onClose}>Cancel</Button>
        <Button kind="fatal" onClick={onDo}>
          Revoke {nodes.length}
        </Button>
      </footer>
    </Dialog>
  );
}
