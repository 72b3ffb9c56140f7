// Alerts: what fires now, the rules, what acts by itself, where they are told, and what became of the last notices. Parts: alerts/.
import { useQuery } from '@tanstack/react-query';
import { useCallback } from 'react';
import type { AlertRule } from '../../../shared/wire/alerts.ts';
import { Automations } from '../alerts/automations.tsx';
import { Channels, Notices } from '../alerts/channels.tsx';
import { Firing } from '../alerts/firing.tsx';
import { RuleForm } from '../alerts/rule-form.tsx';
import { Rules } from '../alerts/rules.tsx';
import { type AlertAct, alertsQuery, performAlert } from '../alerts/use-alerts.ts';
import { useEditing } from '../alerts/use-editing.ts';
import { rich } from '../language/rich.tsx';
import { t } from '../language/text.ts';
import { usePicture, useReadOnly } from '../live/hooks.ts';
import { Bar } from '../shell/layout.tsx';
import { useRowKeys } from '../shell/row-keys.ts';
import { useShortcuts } from '../shell/shortcuts.ts';
import { Confirm } from '../ui/confirm.tsx';
import { ErrorNote, Skeleton } from '../ui/feedback.tsx';
import '../alerts/alerts.css';

function said(asked: AlertAct): string {
  if (asked.act === 'test') return t('The test was delivered by {name}', { name: asked.name });
  if (asked.act === 'delete') return t('The rule is deleted');
  if (asked.act === 'save') return t('The rule is saved');
  if (asked.act === 'enable') return asked.enabled ? t('The rule is on') : t('The rule is off');
  return asked.until === null ? t('What it finds is told again') : t('The rule is silenced');
}

export default function AlertsPage() {
  const { data, error, refetch } = useQuery(alertsQuery());
  const role = usePicture((picture) => picture.cluster?.role ?? 'viewer');
  const isReadOnly = useReadOnly();
  const { acts, editing, edit, close, deleting, setDeleting } = useEditing<AlertRule, AlertAct>(
    'alerts',
    performAlert,
    said,
  );
  const { mutate } = acts;
  const test = useCallback((name: string) => mutate({ act: 'test', name }), [mutate]);
  useShortcuts([{ keys: 'r', label: t('Refresh'), group: 'Page', run: () => void refetch() }]);
  useRowKeys();
  const readOnly = isReadOnly ? t('This dashboard is read-only') : null;
  const refused = readOnly ?? (role === 'admin' ? null : t('It takes the role admin'));
  const unsilenced = readOnly ?? (role === 'viewer' ? t('It takes the role operator: you may only look') : null);
  const testing = acts.isPending && acts.variables.act === 'test' ? acts.variables.name : null;
  return (
    <>
      <Bar title={t('Alerts')} />
      <main className="content alerts-page" id="main">
        {error && <ErrorNote what={t('The alerts could not be read')} error={error} onRetry={() => void refetch()} />}
        {!data && !error && <Skeleton rows={8} />}
        {data && (
          <>
            {data.reason !== null && (
              <ErrorNote
                what={t('Rules made here could not be read')}
                error={new Error(data.reason)}
                onRetry={() => void refetch()}
              />
            )}
            <Firing firing={data.firing} total={data.firing_total} />
            <Rules rules={data.rules} act={mutate} onEdit={edit} onDelete={setDeleting} {...{ refused, unsilenced }} />
            <Automations rules={data.rules.map(({ rule }) => rule.name)} refused={unsilenced} />
            <Channels channels={data.channels} refused={refused} testing={testing} onTest={test} />
            <Notices deliveries={data.deliveries} />
          </>
        )}
      </main>
      {editing && (
        <RuleForm
          one={editing.one}
          failure={acts.error}
          isSaving={acts.isPending}
          onSave={(rule) => mutate({ act: 'save', id: editing.one?.id ?? null, rule })}
          onClose={close}
        />
      )}
      {deleting && (
        <Confirm
          title={rich('Delete the rule <code>{name}</code>?', { name: deleting.rule.name })}
          verb={t('Delete the rule')}
          onClose={() => setDeleting(null)}
          onConfirm={() => mutate({ act: 'delete', id: deleting.id })}
        >
          {t('What it found is told to be over, and it finds nothing more.')}
        </Confirm>
      )}
    </>
  );
}
