// What a token may and how it stands, in words. Pure. The table: token-table.tsx.

import type { ApiToken, TokenScope } from '../../../shared/wire/tokens.ts';
import { t } from '../language/text.ts';

const ROLE: Readonly<Record<TokenScope['role'], string>> = {
  viewer: t('read'),
  operator: t('read, act on tasks and queues'),
  admin: t('everything, as admin'),
};

/** "read, retry on queue reports" */
export function mayWords({
  role,
  actions,
  except,
  tasks,
  queues,
  sees_tasks,
  sees_queues,
  sees_values,
}: TokenScope): string {
  const acts = role === 'viewer' ? null : actions;
  const words = [acts ? t('read, {acts}', { acts: acts.join(', ') }) : ROLE[role]];
  if (except && role !== 'viewer') words.push(t('not {except}', { except: except.join(', ') }));
  if (tasks && role !== 'viewer') words.push(t('on tasks {tasks}', { tasks: tasks.join(', ') }));
  if (queues && role !== 'viewer') words.push(t('on queues {queues}', { queues: queues.join(', ') }));
  if (sees_tasks || sees_queues) {
    const seen = [
      ...(sees_tasks ?? []).map((one) => t('tasks {one}', { one })),
      ...(sees_queues ?? []).map((one) => t('queues {one}', { one })),
    ];
    words.push(t('sees {seen} only', { seen: seen.join(', ') }));
  }
  if (sees_values === false) words.push(t('no arguments or results'));
  return words.join('; ');
}

const WEEK = 7 * 86_400;

/** What looks wrong among those in use, as sentences behind the token's name. @param now seconds since the epoch */
export function worries(
  tokens: readonly ApiToken[],
  now: number,
): { readonly id: string; readonly name: string; readonly text: string }[] {
  return tokens
    .filter(({ state }) => state === 'active')
    .flatMap(({ id, name, scope, expires }) => {
      const isWhole = scope.role === 'admin' && !scope.actions && !scope.tasks && !scope.queues;
      if (expires === null && isWhole) return [{ id, name, text: t('may do everything and never expires') }];
      if (expires !== null && expires - now < WEEK) return [{ id, name, text: t('expires within a week') }];
      return [];
    });
}

/** A text of patterns with commas between them; undefined: none. */
export function patternsIn(text: string): string[] | undefined {
  const all = text
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
  return all.length > 0 ? all : undefined;
}
