// Workflows: those with tasks that have not ended, then the newest. One of them: workflow.tsx.

import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { WorkflowRow } from '../../../shared/wire/workflows.ts';
import { workflowsQuery } from '../api/queries.ts';
import { rich } from '../language/rich.tsx';
import { t, tn } from '../language/text.ts';
import { Bar } from '../shell/layout.tsx';
import { useRowKeys } from '../shell/row-keys.ts';
import { useShortcuts } from '../shell/shortcuts.ts';
import { Empty, ErrorNote, LoadingBar, Skeleton } from '../ui/feedback.tsx';
import { count, duration } from '../ui/format.ts';
import { Icon } from '../ui/icon.tsx';
import { CHIP_ORDER, stateIcon } from '../ui/state-badge.tsx';
import { shortId, TaskName } from '../ui/task-name.tsx';
import { Age } from '../ui/time.tsx';
import '../workflows/workflow.css';

export default function WorkflowsPage() {
  const { data, error, isFetching, refetch } = useQuery(workflowsQuery());
  const again = () => void refetch();
  useRowKeys();
  useShortcuts([{ keys: 'r', label: t('Refresh'), group: 'Page', run: again }]);
  const running = data?.items.filter(({ unfinished }) => unfinished > 0) ?? [];
  const ended = data?.items.filter(({ unfinished }) => unfinished === 0) ?? [];
  return (
    <>
      <Bar title={t('Workflows')} />
      <LoadingBar on={isFetching && !data} />
      <main className="content wf-list" id="main">
        {error && data && <ErrorNote what={t('The workflows could not be read again')} error={error} onRetry={again} />}
        {data ? (
          data.items.length === 0 ? (
            <section className="card">
              <Empty icon="workflows" title={t('No workflow yet')}>
                <p className="muted">{t('Chains, groups and chords, and tasks that call others, are listed here.')}</p>
              </Empty>
            </section>
          ) : (
            <>
              <Rows title={t('Not ended')} rows={running} />
              <Rows title={t('Ended')} rows={ended} newest />
              {data.looked_back_to !== null && (
                <p className="muted">
                  {rich('Ended ones are listed when one of their tasks is among the newest 10,000: since {age}.', {
                    age: <Age at={data.looked_back_to} ago />,
                  })}
                </p>
              )}
            </>
          )
        ) : error ? (
          <ErrorNote what={t('The workflows could not be read')} error={error} onRetry={again} />
        ) : (
          <Skeleton rows={8} />
        )}
      </main>
    </>
  );
}

/** @param newest there may be older ones */
function Rows({ title, rows, newest }: { title: string; rows: readonly WorkflowRow[]; newest?: boolean }) {
  if (rows.length === 0) return null;
  return (
    <section className="card">
      <div className="head">
        <h2>{title}</h2>
        <p>
          {newest
            ? t('the newest {count}', { count: count(rows.length) })
            : tn(rows.length, '# workflow', '# workflows')}
        </p>
      </div>
      <table className="table">
        <thead>
          <tr>
            <th className="c-name">{t('First task')}</th>
            <th className="c-states">{t('States')}</th>
            <th className="num c-n">{t('Tasks')}</th>
            <th className="num c-n">{t('Took')}</th>
            <th className="num c-n">{t('Began')}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.root} data-key={row.root}>
              <td className="c-name">
                <Link to="/workflows/$id" params={{ id: row.root }} className="row-link">
                  <TaskName name={row.name} />
                  {row.is_group && <span className="faint"> {t('group')}</span>}{' '}
                  <code className="faint">{shortId(row.root)}</code>
                </Link>
              </td>
              <td className="c-states">
                <States states={row.states} />
              </td>
              <td className="num c-n tasks">
                {row.tasks_are === 'exact' ? '' : '≥ '}
                {count(row.tasks)}
              </td>
              <td className="num c-n">
                {row.unfinished > 0 ? <Age at={row.began} /> : duration(Math.max(0, row.last - row.began))}
              </td>
              <td className="num c-n">
                <Age at={row.began} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** Trouble first. */
function States({ states }: { states: Readonly<Record<string, number>> }) {
  const order = (state: string): number => {
    const at = (CHIP_ORDER as readonly string[]).indexOf(state);
    return at === -1 ? CHIP_ORDER.length : at;
  };
  return (
    <ul className="wf-states">
      {Object.entries(states)
        .sort(([a], [b]) => order(a) - order(b))
        .map(([state, n]) => (
          <li key={state} data-state={state} title={`${n} ${state}`}>
            <Icon name={stateIcon(state)} />
            {count(n)}
            <span className="sr"> {state}</span>
          </li>
        ))}
    </ul>
  );
}
