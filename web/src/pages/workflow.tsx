// One workflow: how it stands in sentences, its graph (on a phone its steps), when each task ran, and what is open beside it.
// Parts: workflows/. Which there are: workflows.tsx.

import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { useEffect, useMemo, useRef, useState } from 'react';
import type { WorkflowNode } from '../../../shared/wire/workflows.ts';
import { hasFailed } from '../../../shared/workflow/conclude.ts';
import { ApiError } from '../api/client.ts';
import { t, tn } from '../language/text.ts';
import { usePhone } from '../live/hooks.ts';
import { OperationNote } from '../operations/operation-note.tsx';
import { useRefusal } from '../operations/refusal.ts';
import { Bar } from '../shell/layout.tsx';
import { useShortcuts } from '../shell/shortcuts.ts';
import { BulkNote } from '../tasks/bulk-note.tsx';
import { TaskVerbs } from '../tasks/row-menu.tsx';
import { TaskDetailPanel } from '../tasks/task-detail.tsx';
import { IDS_A_REQUEST } from '../tasks/use-bulk.ts';
import { useVerbs, VerbDialog } from '../tasks/use-verbs.tsx';
import { Boundary } from '../ui/boundary.tsx';
import { Button, Segmented } from '../ui/button.tsx';
import { Empty, ErrorNote, LoadingBar, Skeleton } from '../ui/feedback.tsx';
import { Menu } from '../ui/menu.tsx';
import { shortId } from '../ui/task-name.tsx';
import { download, svgOf } from '../workflows/export.ts';
import { fold } from '../workflows/fold.ts';
import { FromHere, RevokeDialog, revocable } from '../workflows/from-here.tsx';
import { GraphView } from '../workflows/graph-view.tsx';
import { linesOf } from '../workflows/lines.ts';
import { mermaidOf } from '../workflows/mermaid.ts';
import { StepList } from '../workflows/step-list.tsx';
import { TimelineView } from '../workflows/timeline-view.tsx';
import { useLayout } from '../workflows/use-layout.ts';
import { useWorkflow } from '../workflows/use-workflow.ts';
import { Findings, WorkflowHead } from '../workflows/workflow-head.tsx';
import '../workflows/workflow.css';

const route = getRouteApi('/workflows/$id');

export default function WorkflowPage() {
  const { id } = route.useParams();
  const { task: picked = null, view } = route.useSearch();
  const navigate = useNavigate({ from: '/workflows/$id' });
  const phone = usePhone();
  const { workflow, error, isFetching, refetch } = useWorkflow(id);
  const verbs = useVerbs();
  const refused = useRefusal();
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const [panel, setPanel] = useState(false);
  const [revoking, setRevoking] = useState<readonly WorkflowNode[] | null>(null);
  const picture = useRef<HTMLElement>(null);
  const shape = workflow && { nodes: workflow.nodes, groups: workflow.groups, edges: workflow.edges };
  // biome-ignore lint/correctness/useExhaustiveDependencies: the shape is of the workflow
  const folded = useMemo(() => (shape ? fold(shape) : null), [workflow]);
  const { lines, left } = useMemo(() => (folded ? linesOf(folded, open) : { lines: [], left: 0 }), [folded, open]);
  const shown = view ?? (phone ? 'list' : 'graph');
  const layout = useLayout(shown === 'graph');
  const node = workflow?.nodes.find((one) => one.id === picked) ?? null;
  const flip = (set: ReadonlySet<string>, key: string): ReadonlySet<string> => {
    const next = new Set(set);
    if (!next.delete(key)) next.add(key);
    return next;
  };
  const pick = (next: string | null, beside = true) => {
    setPanel(beside && next !== null);
    void navigate({ search: (before) => ({ ...before, task: next ?? undefined }), replace: true });
  };
  const chosen = lines.flatMap((line) => (line.node ? [line.node.id] : []));
  const step = (by: number, among: readonly string[]) => {
    if (among.length === 0) return;
    const at = picked === null ? -1 : among.indexOf(picked);
    const next = at === -1 ? (by > 0 ? 0 : among.length - 1) : (at + by + among.length) % among.length;
    pick(among[next]!, panel);
  };
  const failed = useMemo(() => (workflow?.nodes ?? []).filter(hasFailed).map((one) => one.id), [workflow]);
  useShortcuts([
    { keys: 'j', label: t('Next step'), group: 'List', run: () => step(1, chosen) },
    { keys: 'k', label: t('Step before'), group: 'List', run: () => step(-1, chosen) },
    { keys: 'n', label: t('Next failure'), group: 'List', run: () => step(1, failed) },
    { keys: 'Shift+n', label: t('Failure before'), group: 'List', run: () => step(-1, failed) },
    { keys: 'o', label: t('Open the task beside'), group: 'List', run: () => setPanel(picked !== null) },
    { keys: 'Escape', label: t('Close'), group: 'List', run: () => (panel ? setPanel(false) : pick(null)) },
    { keys: 'r', label: t('Refresh'), group: 'Page', run: refetch },
  ]);
  // What is chosen by key is brought into sight.
  useEffect(() => {
    if (picked === null) return;
    picture.current?.querySelector('[aria-pressed="true"]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [picked]);

  if (!workflow || !folded)
    return (
      <>
        <Head id={id} />
        <main className="content" id="main">
          {error instanceof ApiError && error.status === 404 ? (
            <Empty icon="workflows" title={t('No such workflow')}>
              <p className="muted">{t('No event named a task of this id, or it has left the history.')}</p>
            </Empty>
          ) : error ? (
            <ErrorNote what={t('The workflow could not be read')} error={error} onRetry={refetch} />
          ) : (
            <Skeleton rows={10} label={t('Loading the workflow')} />
          )}
        </main>
      </>
    );
  const left2 = revocable(workflow.nodes);
  const list = {
    workflow,
    lines,
    left,
    open,
    picked,
    onPick: (one: string) => pick(one),
    onFold: (key: string) => setOpen((now) => flip(now, key)),
  };
  const save = (text: string | null, ending: string, type: string) => {
    if (text !== null) download(text, `workflow-${shortId(workflow.root)}.${ending}`, type);
  };
  return (
    <TaskVerbs value={verbs.act}>
      <Head id={id} />
      <LoadingBar on={isFetching && workflow.summary.state !== 'running'} />
      <main className={panel && node && !phone ? 'content wf-page with-detail' : 'content wf-page'} id="main">
        <div className="wf-main">
          <WorkflowHead workflow={workflow}>
            <Menu
              label={t('Export')}
              trigger={<Button icon="external">{t('Export')}</Button>}
              items={[
                {
                  label: t('Picture (SVG)'),
                  refused: shown === 'graph' ? null : t('Show the graph first'),
                  onSelect: () =>
                    save(
                      svgOf(picture.current?.querySelector<SVGSVGElement>('.wf-graph') ?? null),
                      'svg',
                      'image/svg+xml',
                    ),
                },
                { label: t('Mermaid'), onSelect: () => save(mermaidOf(workflow), 'mmd', 'text/plain') },
              ]}
            />
            <Button
              icon="stop"
              kind="danger"
              refused={refused ?? (left2.length === 0 ? t('Nothing is left to revoke') : null)}
              onClick={() => setRevoking(left2)}
            >
              {left2.length > 0 ? t('Revoke {count} left', { count: left2.length }) : t('Revoke')}
            </Button>
          </WorkflowHead>
          <Findings workflow={workflow} onPick={(one) => pick(one)} />
          <OperationNote operation={verbs.operation} />
          {verbs.bulk.bulk && (
            <BulkNote bulk={verbs.bulk.bulk} onStop={verbs.bulk.stop} onDismiss={verbs.bulk.dismiss} />
          )}
          {error && <ErrorNote what={t('The workflow could not be read again')} error={error} onRetry={refetch} />}
          <section className="card" ref={picture} aria-label={t('The workflow')}>
            <div className="head">
              <Segmented
                label={t('View')}
                value={shown}
                options={phone ? PHONE_VIEWS : VIEWS}
                onChange={(next) => void navigate({ search: (before) => ({ ...before, view: next }), replace: true })}
              />
              <p>
                {tn(workflow.summary.tasks, '# task', '# tasks')}
                {workflow.summary.steps > 0 && t(', {steps} not seen yet', { steps: workflow.summary.steps })}
              </p>
              <p className="wf-legend">
                <span className="way" /> {t('critical path')} <span className="way future" /> {t('not run yet')}
              </p>
            </div>
            <Boundary what={t('The picture')} of={workflow}>
              {shown === 'graph' ? (
                layout.data ? (
                  <GraphView
                    {...list}
                    draw={layout.data.draw}
                    folded={folded}
                    closed={closed}
                    onClose={(item) => setClosed((now) => flip(now, item))}
                  />
                ) : layout.error ? (
                  <ErrorNote
                    what={t('{what} could not be shown', { what: t('The picture') })}
                    error={layout.error}
                    onRetry={() => void layout.refetch()}
                  />
                ) : (
                  <Skeleton rows={6} label={t('Drawing the graph')} />
                )
              ) : shown === 'timeline' ? (
                <TimelineView {...list} />
              ) : (
                <StepList {...list} />
              )}
            </Boundary>
            {node && (
              <FromHere
                workflow={workflow}
                node={node}
                onRetry={(row) => verbs.act('retry', [row])}
                onRevoke={setRevoking}
              />
            )}
          </section>
        </div>
        {panel && node && node.kind === 'task' && (
          <TaskDetailPanel
            key={node.id}
            id={node.id}
            onClose={() => setPanel(false)}
            onMove={(by) => step(by, chosen)}
            atStart={chosen[0] === node.id}
            atEnd={chosen.at(-1) === node.id}
          />
        )}
      </main>
      <VerbDialog verbs={verbs} />
      {revoking && (
        <RevokeDialog
          nodes={revoking}
          onClose={() => setRevoking(null)}
          onDo={() => {
            const task_ids = revoking.map((one) => one.id);
            if (task_ids.length > IDS_A_REQUEST) void verbs.bulk.run('revoke', task_ids);
            else verbs.operation.mutate({ action: 'revoke', task_ids });
            setRevoking(null);
          }}
        />
      )}
    </TaskVerbs>
  );
}

const VIEWS = [
  ['graph', t('Graph')],
  ['timeline', t('Timeline')],
  ['list', t('Steps')],
] as const;
/** A graph that scrolls sideways shows nothing. */
const PHONE_VIEWS = [VIEWS[2], VIEWS[1]] as const;

function Head({ id }: { id: string }) {
  return (
    <Bar title={t('Workflow {id}', { id: shortId(id) })}>
      <nav aria-label={t('nav|Where')}>
        <Link to="/workflows">{t('Workflows')}</Link>
      </nav>
    </Bar>
  );
}
