// A workflow with the states that were heard of since it was read. Pure. Hearing them: use-workflow.ts.
// Holds: what the page concludes of them, it concludes as the server does (shared/workflow/conclude.ts).
import type { TaskRow } from '../../../shared/wire/tasks.ts';
import type { Workflow, WorkflowNode } from '../../../shared/wire/workflows.ts';
import { endOf } from '../../../shared/workflow/build.ts';
import { concludeWorkflow } from '../../../shared/workflow/conclude.ts';

/** The same workflow when nothing newer was heard. */
export function withLive(workflow: Workflow, live: ReadonlyMap<string, TaskRow>, now: number): Workflow {
  let isNew = false;
  const nodes = workflow.nodes.map((node) => {
    const row = live.get(node.id);
    if (!row || !isNewer(row, node)) return node;
    isNew = true;
    return { ...node, ...factsOf(row) };
  });
  return isNew ? { ...workflow, nodes, summary: concludeWorkflow({ ...workflow, nodes }, now) } : workflow;
}

function isNewer(row: TaskRow, node: WorkflowNode): boolean {
  if (node.kind === 'step') return true;
  const known = node.ended ?? node.started ?? node.received ?? node.sent ?? 0;
  return (
    row.timestamp >= known && (row.state !== node.state || row.started !== node.started || row.retries !== node.retries)
  );
}

function factsOf(row: TaskRow): Partial<WorkflowNode> {
  const { name, state, worker, exception, retries, sent, received, started, runtime } = row;
  return { kind: 'task', name, state, worker, exception, retries, sent, received, started, runtime, ended: endOf(row) };
}
