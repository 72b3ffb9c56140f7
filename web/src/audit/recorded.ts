// What the audit log holds, in words: what entries are about, and what came of them.

import type { OperationCategory } from '../../../shared/wire/operation-categories.ts';
import type { Outcome } from '../../../shared/wire/operations.ts';
import { t } from '../language/text.ts';

export const OUTCOME: Readonly<Record<Outcome, string>> = {
  ok: t('outcome|done'),
  partial: t('outcome|in part'),
  failed: t('outcome|failed'),
  'no-answer': t('outcome|no answer'),
  refused: t('outcome|refused'),
};
export const OUTCOMES = Object.keys(OUTCOME) as Outcome[];

export const CATEGORY: Readonly<Record<OperationCategory, string>> = {
  tasks: t('category|tasks'),
  workers: t('category|workers'),
  queues: t('category|queues'),
  schedules: t('category|schedules'),
  settings: t('category|settings'),
  'sign-ins': t('category|sign-ins'),
  access: t('category|access'),
};
