// What acts by itself: each automation with its state, and what they did or would have done. Written in automation-form.tsx.
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useMemo } from 'react';
import type { Automation, AutomationAct, AutomationMode } from '../../../shared/wire/automations.ts';
import { rich } from '../language/rich.tsx';
import { fromServer, t, tn } from '../language/text.ts';
import { Button } from '../ui/button.tsx';
import { Confirm } from '../ui/confirm.tsx';
import { ErrorNote, Skeleton } from '../ui/feedback.tsx';
import { ForeignText } from '../ui/foreign-text.tsx';
import { Menu } from '../ui/menu.tsx';
import type { Column } from '../ui/table/columns.ts';
import { DataTable } from '../ui/table/data-table.tsx';
import { Age } from '../ui/time.tsx';
import { ACT_OUTCOME, automationWords, doingWords, MODE } from './automation-words.ts';
import { type AutomationDeed, automationsQuery, performDeed } from './use-automations.ts';
import { useEditing } from './use-editing.ts';

const AutomationForm = lazy(() => import('./automation-form.tsx').then((found) => ({ default: found.AutomationForm })));

function said(asked: AutomationDeed): string {
  if (asked.act === 'delete') return t('The automation is deleted');
  if (asked.act === 'save') return t('The automation is saved: it lists what it would do until it is turned on');
  if (asked.mode === 'on') return t('The automation is on');
  return asked.mode === 'off' ? t('The automation is off') : t('The automation only lists what it would do');
}

export function Automations({
  rules,
  refused,
}: {
  /** Names of the alert rules. */
  rules: readonly string[];
  /** Why nothing can be changed; null: it can. */
  refused: string | null;
}) {
  const { data, error, refetch } = useQuery(automationsQuery());
  const { acts, editing, edit, close, deleting, setDeleting } = useEditing<Automation, AutomationDeed>(
    'automations',
    performDeed,
    said,
  );
  const { mutate } = acts;
  const note = data?.read_only ? t('this dashboard is read-only: none acts') : t('they act as whoever turned them on');
  return (
    <section className="card" aria-labelledby="automations">
      <div className="head">
        <h2 id="automations">{t('Automations')}</h2>
        <p>{note}</p>
        <Button icon="plus" refused={refused} onClick={() => edit(null)}>
          {t('New automation')}
        </Button>
      </div>
      {error && (
        <ErrorNote what={t('The automations could not be read')} error={error} onRetry={() => void refetch()} />
      )}
      {!data && !error && <Skeleton rows={2} />}
      {data && data.reason !== null && (
        <ErrorNote
          what={t('The automations could not be read')}
          error={new Error(data.reason)}
          onRetry={() => void refetch()}
        />
      )}
      {data?.items.length === 0 && (
        <p className="quiet-note">
          {t(
            'None. One sends failed tasks again, pauses a queue or grows a pool when something happens; first it only lists what it would do.',
          )}
        </p>
      )}
      {data && data.items.length > 0 && (
        <List items={data.items} refused={refused} act={mutate} onEdit={edit} onDelete={setDeleting} />
      )}
      {data && data.acts.length > 0 && <Acts acts={data.acts} total={data.acts_total} />}
      {editing && (
        <Suspense>
          <AutomationForm
            one={editing.one}
            rules={rules}
            failure={acts.error}
            isSaving={acts.isPending}
            onSave={(spec) => mutate({ act: 'save', id: editing.one?.id ?? null, spec })}
            onClose={close}
          />
        </Suspense>
      )}
      {deleting && (
        <Confirm
          title={rich('Delete the automation <code>{name}</code>?', { name: deleting.spec.name })}
          verb={t('Delete the automation')}
          onClose={() => setDeleting(null)}
          onConfirm={() => mutate({ act: 'delete', id: deleting.id })}
        >
          {t('It acts no more. What it did stays in the audit.')}
        </Confirm>
      )}
    </section>
  );
}

interface ListProps {
  items: readonly Automation[];
  refused: string | null;
  act: (asked: AutomationDeed) => void;
  onEdit: (one: Automation) => void;
  onDelete: (one: Automation) => void;
}

function List({ items, ...props }: ListProps) {
  return (
    <DataTable
      caption={t('Automations')}
      columns={automationColumns(props)}
      lines={items.map((row) => ({ kind: 'row', key: row.id, row, within: false }))}
      rowClass={({ mode }) => (mode === 'off' ? 'is-off' : undefined)}
    />
  );
}

const automationColumns = (props: Omit<ListProps, 'items'>): readonly Column<Automation>[] => [
  {
    id: 'name',
    label: t('Automation'),
    width: 160,
    grow: 1,
    title: ({ spec }) => spec.name,
    cell: ({ spec }) => <ForeignText text={spec.name} />,
  },
  {
    id: 'what',
    label: t('automation|What it does'),
    className: 'c-sentence',
    width: 260,
    grow: 3,
    rank: 3,
    title: automationWords,
    cell: (one) => <ForeignText text={automationWords(one)} />,
  },
  {
    id: 'state',
    label: t('State'),
    className: 'c-sentence',
    width: 220,
    grow: 2,
    rank: 1,
    title: ({ stopped, left }) => fromServer(stopped?.reason ?? left?.reason ?? null) ?? undefined,
    cell: (one) => <State of={one} />,
  },
  { id: 'owner', label: t('As'), width: 90, rank: 5, cell: ({ owner }) => <ForeignText text={owner} /> },
  {
    id: 'last',
    label: t('Last act'),
    width: 100,
    num: true,
    rank: 4,
    cell: ({ last }) => (last === null ? <span className="muted">{t('act|none')}</span> : <Age at={last} ago />),
  },
  {
    id: 'act',
    label: '',
    width: 44,
    className: 'c-act',
    cell: (one) => <Verbs one={one} {...props} />,
    brief: () => null,
  },
];

function State({ of: { mode, stopped, failures, left } }: { of: Automation }) {
  if (stopped !== null)
    return (
      <span>
        <b className="soon" data-state="FAILURE">
          {t('turned itself off')}
        </b>{' '}
        <ForeignText text={fromServer(stopped.reason)} />
      </span>
    );
  const note =
    failures > 0
      ? tn(failures, 'the last act failed', 'the last # acts failed')
      : left !== null
        ? t('left out {count}: {reason}', { count: left.n, reason: fromServer(left.reason) })
        : null;
  return (
    <span>
      <b className={mode === 'on' ? 'soon' : 'muted'} data-state={mode === 'on' ? 'SUCCESS' : undefined}>
        {MODE[mode]}
      </b>
      {note !== null && <span className="muted"> {note}</span>}
    </span>
  );
}

const MODES: readonly AutomationMode[] = ['on', 'dry-run', 'off'];
const VERB: Readonly<Record<AutomationMode, string>> = {
  on: t('Turn on'),
  'dry-run': t('Only list what it would do'),
  off: t('Turn off'),
};

function Verbs({ one, refused, act, onEdit, onDelete }: { one: Automation } & Omit<ListProps, 'items'>) {
  const { id, mode, spec } = one;
  const label = t('What can be done with {name}', { name: spec.name });
  return (
    <Menu
      label={label}
      trigger={<Button kind="bare" icon="more" hint={label} />}
      items={[
        ...MODES.map((to) => ({
          label: VERB[to],
          icon: to === 'on' ? ('play' as const) : to === 'off' ? ('power' as const) : ('events' as const),
          refused: refused ?? (to === mode ? t('It is so already') : null),
          onSelect: () => act({ act: 'turn', id, mode: to }),
        })),
        null,
        { label: t('Edit'), icon: 'edit', refused, onSelect: () => onEdit(one) },
        { label: t('Delete'), icon: 'trash', danger: true, refused, onSelect: () => onDelete(one) },
      ]}
    />
  );
}

function Acts({ acts, total }: { acts: readonly AutomationAct[]; total: number }) {
  const columns = useMemo(actColumns, []);
  return (
    <>
      <div className="head">
        <h3>{t('What they did, and would have done')}</h3>
        {total > acts.length && <p>{t('the newest {shown} of {total}', { shown: acts.length, total })}</p>}
      </div>
      <DataTable
        caption={t('Acts of automations, newest first')}
        columns={columns}
        lines={acts.map((row, i) => ({ kind: 'row', key: `${row.at} ${row.automation} ${i}`, row, within: false }))}
      />
    </>
  );
}

const actColumns = (): readonly Column<AutomationAct>[] => [
  { id: 'at', label: t('When'), width: 90, num: true, cell: ({ at }) => <Age at={at} /> },
  { id: 'name', label: t('Automation'), width: 130, rank: 4, cell: ({ name }) => <ForeignText text={name} /> },
  {
    id: 'because',
    label: t('Because'),
    className: 'c-sentence',
    width: 220,
    grow: 2,
    rank: 2,
    title: ({ because }) => fromServer(because),
    cell: ({ because }) => <ForeignText text={fromServer(because)} />,
  },
  {
    id: 'did',
    label: t('Act'),
    className: 'c-sentence',
    width: 200,
    grow: 2,
    title: (act) => doingWords(act),
    cell: (act) => <ForeignText text={doingWords(act)} />,
  },
  {
    id: 'outcome',
    label: t('Outcome'),
    className: 'c-sentence',
    width: 200,
    grow: 2,
    rank: 1,
    title: ({ summary }) => fromServer(summary),
    cell: ({ outcome, summary }) => (
      <span>
        <b className="soon" data-state={ACT_OUTCOME[outcome].state}>
          {ACT_OUTCOME[outcome].word}
        </b>
        {outcome !== 'would' && (
          <span className="muted">
            {' '}
            <ForeignText text={fromServer(summary)} />
          </span>
        )}
      </span>
    ),
  },
];
