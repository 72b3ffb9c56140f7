// Automations in words: what begins one, what it does, its state, what came of its acts.
import type { AutomatedRequest, Automation, AutomationAct, AutomationMode } from '../../../shared/wire/automations.ts';
import { fromServer, t } from '../language/text.ts';
import { DO_LABELS } from './automation-fields.ts';

export const MODE: Readonly<Record<AutomationMode, string>> = {
  on: t('automation|on'),
  'dry-run': t('dry run'),
  off: t('automation|off'),
};

export const ACT_OUTCOME: Readonly<Record<AutomationAct['outcome'], { word: string; state?: string }>> = {
  would: { word: t('would be done') },
  ok: { word: t('outcome|done'), state: 'SUCCESS' },
  partial: { word: t('outcome|in part'), state: 'RETRY' },
  nothing: { word: t('nothing to do') },
  failed: { word: t('outcome|failed'), state: 'FAILURE' },
  'no-answer': { word: t('outcome|no answer'), state: 'RETRY' },
  refused: { word: t('outcome|refused'), state: 'REVOKED' },
};

/** What it was done to stands as the operation says it. */
export const doingWords = ({ action, subject }: Pick<AutomationAct, 'action' | 'subject'>): string =>
  `${DO_LABELS[action as AutomatedRequest['action']] ?? action}: ${subject}`;

/** When it acts and what it does, in one line. */
export function automationWords({ spec }: Pick<Automation, 'spec'>): string {
  const { action, ...rest } = spec.do;
  const parts = Object.values(rest).flat().map(String);
  const what = parts.length === 0 ? DO_LABELS[action] : `${DO_LABELS[action]}: ${parts.join(', ')}`;
  return t('{when}: {what}', { when: whenWords(spec), what });
}

function whenWords({ when, if: { least, within = 60 } }: Automation['spec']): string {
  switch (when.on) {
    case 'task-failed': {
      const { task, exception } = when;
      if (least !== undefined)
        return t('{least} tasks {task} of one name fail with {exception} within {within} min', {
          ...{ least, task, exception, within },
        });
      return t('A task {task} fails with {exception}', { task, exception });
    }
    case 'worker-offline':
      return t('A worker {worker} goes offline', { worker: when.worker });
    case 'alert-begins':
      return t('{rule} begins for {subject}', { rule: fromServer(when.rule), subject: when.subject });
    case 'alert-ends':
      return t('{rule} is over for {subject}', { rule: fromServer(when.rule), subject: when.subject });
  }
}
