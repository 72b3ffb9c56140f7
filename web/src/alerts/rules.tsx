// Rules as a table: those made here first, then those of the configuration, then one for each need of the overview.
import { useMemo } from 'react';
import type { AlertRule } from '../../../shared/wire/alerts.ts';
import { rich } from '../language/rich.tsx';
import { fromServer, t, tn } from '../language/text.ts';
import { Button } from '../ui/button.tsx';
import { ForeignText } from '../ui/foreign-text.tsx';
import { age, approxDuration } from '../ui/format.ts';
import { Menu } from '../ui/menu.tsx';
import type { Column } from '../ui/table/columns.ts';
import { DataTable } from '../ui/table/data-table.tsx';
import { At } from '../ui/time.tsx';
import { Severity } from './severity.tsx';
import type { AlertAct } from './use-alerts.ts';
import { ruleWords, STATE } from './words.ts';

/** Whom a silence helps: an hour of work, a night, a weekend. @unit seconds */
const SILENCES = [3600, 8 * 3600, 3 * 86_400] as const;
const ORDER = { page: 0, config: 1, 'built-in': 2 } as const;

interface RulesProps {
  rules: readonly AlertRule[];
  /** Why rules cannot be changed; null: they can. */
  refused: string | null;
  /** Why they cannot be silenced. */
  unsilenced: string | null;
  act: (asked: AlertAct) => void;
  onEdit: (rule: AlertRule | null) => void;
  onDelete: (rule: AlertRule) => void;
}

export function Rules({ rules, refused, unsilenced, act, onEdit, onDelete }: RulesProps) {
  const columns = useMemo(
    () => ruleColumns({ refused, unsilenced, act, onEdit, onDelete }),
    [refused, unsilenced, act, onEdit, onDelete],
  );
  const sorted = [...rules].sort((a, b) => ORDER[a.origin] - ORDER[b.origin]);
  return (
    <section className="card" aria-labelledby="rules">
      <div className="head">
        <h2 id="rules">{t('Rules')}</h2>
        <Button icon="plus" refused={refused} onClick={() => onEdit(null)}>
          {t('New rule')}
        </Button>
      </div>
      <DataTable
        caption={t('Rules of alerts')}
        columns={columns}
        lines={sorted.map((row) => ({ kind: 'row', key: row.id, row, within: false }))}
        rowClass={({ enabled }) => (enabled ? undefined : 'is-off')}
      />
    </section>
  );
}

function ruleColumns(props: Omit<RulesProps, 'rules'>): readonly Column<AlertRule>[] {
  return [
    {
      id: 'name',
      label: t('Rule'),
      width: 260,
      grow: 1,
      title: ({ rule }) => fromServer(rule.name),
      cell: ({ rule }) => <ForeignText text={fromServer(rule.name)} />,
    },
    {
      id: 'what',
      label: t('Looks for'),
      width: 260,
      grow: 2,
      rank: 4,
      title: (one) => ruleWords(one),
      cell: (one) => <ForeignText text={ruleWords(one)} />,
      // Its name says it.
      brief: (one) => (one.rule.kind === 'need' ? null : <ForeignText text={ruleWords(one)} />),
    },
    { id: 'severity', label: t('Severity'), width: 110, rank: 2, cell: ({ rule }) => <Severity of={rule.severity} /> },
    {
      id: 'for',
      label: t('Holds, ends'),
      width: 120,
      num: true,
      rank: 5,
      brief: () => null,
      cell: ({ rule }) => `${approxDuration(rule.for)}, ${approxDuration(rule.ends)}`,
    },
    {
      id: 'state',
      label: t('State'),
      width: 200,
      grow: 1,
      rank: 1,
      title: stateTitle,
      cell: (one) => <State of={one} />,
    },
    {
      id: 'act',
      label: '',
      width: 44,
      className: 'c-act',
      cell: (one) => <Acts one={one} {...props} />,
      brief: () => null,
    },
  ];
}

function stateTitle({ reason }: AlertRule): string | undefined {
  return fromServer(reason);
}

function State({ of: { state, firing, reason, silenced_until: until } }: { of: AlertRule }) {
  const word =
    state === 'firing' ? (
      <>
        <b className="soon" data-state="FAILURE">
          {tn(firing, 'fires', 'fires for #')}
        </b>
        {reason !== null && <span className="muted"> {fromServer(reason)}</span>}
      </>
    ) : (
      <span className="muted">{reason === null ? STATE[state] : fromServer(reason)}</span>
    );
  if (until === null) return word;
  return (
    <span>
      {word} <span className="muted">{rich('silenced until {time}', { time: <At at={until} /> })}</span>
    </span>
  );
}

function Acts({ one, refused, unsilenced, act, onEdit, onDelete }: { one: AlertRule } & Omit<RulesProps, 'rules'>) {
  const { id, enabled, origin, rule, silenced_until: until } = one;
  const name = fromServer(rule.name);
  const written = origin === 'page' ? null : t('It was not written here');
  return (
    <Menu
      label={t('What can be done with {name}', { name })}
      trigger={<Button kind="bare" icon="more" hint={t('What can be done with {name}', { name })} />}
      items={[
        ...SILENCES.map((seconds) => ({
          label: t('Silence for {span}', { span: age(seconds) }),
          icon: 'pause' as const,
          refused: unsilenced,
          onSelect: () => act({ act: 'silence', id, until: Date.now() / 1000 + seconds }),
        })),
        {
          label: t('Tell again'),
          icon: 'play',
          refused: unsilenced ?? (until === null ? t('It is not silenced') : null),
          onSelect: () => act({ act: 'silence', id, until: null }),
        },
        null,
        {
          label: enabled ? t('Switch off') : t('Switch on'),
          icon: 'power',
          refused,
          onSelect: () => act({ act: 'enable', id, enabled: !enabled }),
        },
        { label: t('Edit'), icon: 'edit', refused: refused ?? written, onSelect: () => onEdit(one) },
        { label: t('Delete'), icon: 'trash', danger: true, refused: refused ?? written, onSelect: () => onDelete(one) },
      ]}
    />
  );
}
