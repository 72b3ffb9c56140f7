// What is said of a node, a group or a fold in few words: in graph, list and timeline alike.

import type { GroupProgress, WorkflowNode } from '../../../shared/wire/workflows.ts';
import { hasEnded } from '../../../shared/workflow/conclude.ts';
import { t } from '../language/text.ts';
import { approxDuration, duration, lastPart } from '../ui/format.ts';
import { visible } from '../ui/invisible.ts';
import { type Item, NOT_SEEN, statesOf } from './fold.ts';
import type { Line } from './lines.ts';

export const nameOf = ({ name }: Pick<WorkflowNode, 'name'>): string =>
  name === null ? t('unknown') : visible(lastPart(name));

/** What runs, waits, or came of it. @param now seconds, server time */
export function metaOf(node: WorkflowNode, now: number, blocked: Readonly<Record<string, readonly string[]>>): string {
  if (blocked[node.id]) return t('will not run');
  if (node.kind === 'step')
    return node.p50 === undefined ? t('not seen yet') : t('about {value}', { value: approxDuration(node.p50) });
  if (node.unknown_since !== undefined) return t('worker gone');
  if (node.again && node.state !== 'SUCCESS') return t('sent again: {state}', { state: node.again.state });
  if (node.state === 'FAILURE') return node.exception === null ? t('task|failed') : visible(node.exception);
  if (node.state === 'SUCCESS') return duration(node.runtime ?? spanOf(node));
  if (hasEnded(node)) return t('did not run');
  if (node.state === 'RETRY') return t('retry {retries}', { retries: node.retries });
  if (node.started !== null) return duration(Math.max(0, now - node.started));
  return node.received === null ? t('in a queue') : t('waits for a slot');
}

function spanOf({ started, ended }: WorkflowNode): number | null {
  return started !== null && ended !== null && ended >= started ? ended - started : null;
}

/** Of a head: what it is and of how many. */
export function titleOf(item: Item): string {
  const names = new Set(item.nodes.map(nameOf));
  const [name] = names;
  const isOne = names.size === 1;
  if (item.kind !== 'stretch') return isOne ? name! : t('workflow|tasks');
  return isOne
    ? t('{count} {name} in a row', { count: item.nodes.length, name: name! })
    : t('{count} steps in a row', { count: item.nodes.length });
}

/** '17 of 24, 1 failed' */
export function progressOf(item: Item, progress: GroupProgress | undefined): string {
  const done = progress?.done ?? item.nodes.filter(({ state }) => state === 'SUCCESS').length;
  const failed = progress?.failed ?? item.nodes.filter((node) => hasEnded(node) && node.state !== 'SUCCESS').length;
  const size = progress?.size ?? item.nodes.length;
  const isMore = item.group?.size_is === 'at_least' && !item.nodes.every(hasEnded);
  const said = isMore ? t('{done} of {size} seen', { done, size }) : t('{done} of {size}', { done, size });
  return failed > 0 ? t('{done}, {failed} failed', { done: said, failed }) : said;
}

/** '17 succeeded' */
export function restOf({ nodes }: Pick<Line, 'nodes'>): string {
  const [{ state, n: count } = { state: 'PENDING', n: 0 }] = statesOf(nodes);
  switch (state) {
    case 'SUCCESS':
      return t('{count} succeeded', { count });
    case 'FAILURE':
      return t('{count} failed', { count });
    case 'REVOKED':
      return t('{count} revoked', { count });
    case 'STARTED':
      return t('{count} running', { count });
    case 'RECEIVED':
      return t('{count} with a worker', { count });
    case 'PENDING':
      return t('{count} in a queue', { count });
    case 'RETRY':
      return t('{count} to be tried again', { count });
    case NOT_SEEN:
      return t('{count} not seen yet', { count });
    default:
      return t('{count} {state}', { count, state });
  }
}

/** A part of a group is told from others by its arguments, where they are known. */
export function partName(node: WorkflowNode): string {
  return node.call === null || node.group === null ? nameOf(node) : visible(node.call);
}

/** Where it is named on its own: a part of a group with its arguments. */
export function fullName(node: WorkflowNode): string {
  const [name, part] = [nameOf(node), partName(node)];
  return name === part ? name : `${name} ${part}`;
}
