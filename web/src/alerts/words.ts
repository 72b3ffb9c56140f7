// Alerts in words: how severe, what a rule is about, what was told.
import type { AlertRule, NoticeEvent, Severity } from '../../../shared/wire/alerts.ts';
import { t } from '../language/text.ts';
import { approxDuration, count } from '../ui/format.ts';
import type { IconName } from '../ui/icon.tsx';

export const SEVERITY: Readonly<Record<Severity, { word: string; icon: IconName; state?: string }>> = {
  critical: { word: t('severity|critical'), icon: 'FAILURE', state: 'FAILURE' },
  warning: { word: t('severity|warning'), icon: 'rising', state: 'RETRY' },
  notice: { word: t('severity|notice'), icon: 'events' },
};

export const EVENT: Readonly<Record<NoticeEvent, string>> = {
  begun: t('notice|begun'),
  ended: t('notice|over'),
  reminder: t('notice|reminder'),
  test: t('notice|test'),
};

export const STATE: Readonly<Record<AlertRule['state'], string>> = {
  off: t('rule|off'),
  ok: t('rule|nothing found'),
  pending: t('rule|found, not for long'),
  firing: t('rule|fires'),
  unknown: t('rule|cannot tell'),
};

/** What it looks for, in one line. */
export function ruleWords({ rule }: Pick<AlertRule, 'rule'>): string {
  if (rule.kind === 'need') return t('As the overview names it');
  const { match } = rule;
  switch (rule.kind) {
    case 'failure-rate': {
      const { above, least, over } = rule;
      return rule.of === 'task'
        ? t('Tasks {match}: more than {above} % fail in {over} min, of {least} at least', { match, above, over, least })
        : t('Queues {match}: more than {above} % fail in {over} min, of {least} at least', {
            match,
            above,
            over,
            least,
          });
    }
    case 'queue-depth':
      return t('Queues {match}: more than {above} messages wait', { match, above: count(rule.above) });
    case 'message-age':
      return t('Queues {match}: a message waits for more than {age}', { match, age: approxDuration(rule.above) });
    case 'no-worker':
      return t('Queues {match}: nobody consumes one', { match });
    case 'worker-offline':
      return t('Workers {match}: one is offline', { match });
    case 'chord-stuck':
      return t('Chords with the body {match}: one cannot end', { match });
    case 'schedule-missed':
      return t('Entries {match}: due for more than {age} and not sent', { match, age: approxDuration(rule.above) });
  }
}
