// What is said of a node, a group or a fold in few words: in graph, list and timeline alike.
import type { GroupProgress, WorkflowNode } from '../../../shared/wire/workflows.ts';
import { hasEnded } from '../../../shared/workflow/conclude.ts';
import { approxDuration, count, duration, lastPart } from '../ui/format.ts';
import { visible } from '../ui/invisible.ts';
import { type Item, statesOf } from './fold.ts';
import type { Line } from './lines.ts';

export const nameOf = ({ name }: Pick<WorkflowNode, 'name'>): string =>
  name === null ? 'unknown' : visible(lastPart(name));

/** What runs, waits, or came of it. @param now seconds, server time */
export function metaOf(node: WorkflowNode, now: number, blocked: Readonly<Record<string, readonly string[]>>): string {
  if (blocked[node.id]) return 'will not run';
  if (node.kind === 'step') return node.p50 === undefined ? 'not seen yet' : `about ${approxDuration(node.p50)}`;
  if (node.unknown_since !== undefined) return 'worker gone';
  if (node.again && node.state !== 'SUCCESS') return `sent again: ${node.again.state}`;
  if (node.state === 'FAILURE') return node.exception === null ? 'failed' : visible(node.exception);
  if (node.state === 'SUCCESS') return duration(node.runtime ?? spanOf(node));
  if (hasEnded(node)) return 'did not run';
  if (node.state === 'RETRY') return `retry ${node.retries}`;
  if (node.started !== null) return duration(Math.max(0, now - node.started));
  return node.received === null ? 'in a queue' : 'waits for a slot';
}

function spanOf({ started, ended }: WorkflowNode): number | null {
  return started !== null && ended !== null && ended >= started ? ended - started : null;
}

/** Of a head: what it is and of how many. */
export function titleOf(item: Item): string {
  const names = new Set(item.nodes.map(nameOf));
  const [name] = names;
  const what = names.size === 1 ? name! : item.kind === 'stretch' ? 'steps' : 'tasks';
  return item.kind === 'stretch' ? `${count(item.nodes.length)} ${names.size === 1 ? name : 'steps'} in a row` : what;
}

/** '17 of 24, 1 failed' */
export function progressOf(item: Item, progress: GroupProgress | undefined): string {
  const done = progress?.done ?? item.nodes.filter(({ state }) => state === 'SUCCESS').length;
  const failed = progress?.failed ?? item.nodes.filter((node) => hasEnded(node) && node.state !== 'SUCCESS').length;
  const size = progress?.size ?? item.nodes.length;
  const atLeast = item.group?.size_is === 'at_least' && !item.nodes.every(hasEnded) ? ' seen' : '';
  return `${count(done)} of ${count(size)}${atLeast}${failed > 0 ? `, ${count(failed)} failed` : ''}`;
}

const WORDS: Readonly<Record<string, string>> = {
  SUCCESS: 'succeeded',
  FAILURE: 'failed',
  REVOKED: 'revoked',
  STARTED: 'running',
  RECEIVED: 'with a worker',
  PENDING: 'in a queue',
  RETRY: 'to be tried again',
};

/** '17 succeeded' */
export function restOf({ nodes }: Pick<Line, 'nodes'>): string {
  const [{ state, n } = { state: 'PENDING', n: 0 }] = statesOf(nodes);
  return `${count(n)} ${state === 'not seen' ? 'not seen yet' : (WORDS[state] ?? state)}`;
}

/** A part of a group is told from others by its arguments, where they are known. */
export function partName(node: WorkflowNode): string {
  return node.call === null || node.group === null ? nameOf(node) : visible(node.call);
}
