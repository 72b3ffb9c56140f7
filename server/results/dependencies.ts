// What came of a task: the tasks it sent, those they sent, and so on, as their records tell; and all that stands before it in its chain.
// Not here: one result (async-result.ts), the members of a group (group-result.ts).
// Holds: each result once, however many ways lead to it.
// Celery 5.6: result.py AsyncResult.iterdeps, collect, build_graph
import { IncompleteStream } from '../errors.ts';
import type { AnyResult, GetOptions } from './host.ts';

export interface DependencyOptions {
  /** Also what has not ended, as far as it is known. Default: what has not ended is an error. */
  readonly intermediate?: boolean;
}

/** Results by id, and who sent whom; a group leads to its members. */
export interface ResultGraph {
  readonly nodes: ReadonlyMap<string, AnyResult>;
  readonly edges: readonly (readonly [from: string, to: string])[];
}

/**
 * Each with the one it came from, nearest first.
 * @throws IncompleteStream when a task has not ended, since it may send more; not with `intermediate`
 */
async function* dependenciesOf(
  root: AnyResult,
  { intermediate = false }: DependencyOptions = {},
): AsyncGenerator<[parent: AnyResult | null, node: AnyResult], void, undefined> {
  const waiting: [AnyResult | null, AnyResult][] = [[null, root]];
  const seen = new Set<string>();
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    const [, node] = next;
    yield next;
    if (seen.has(node.id)) continue;
    seen.add(node.id);
    if (!node.results && !intermediate && !(await node.ready()))
      throw new IncompleteStream(
        `The task ${node.id} has not ended: it may send more. { intermediate: true } takes what is known.`,
      );
    for (const child of node.results ?? (await node.children?.()) ?? []) waiting.push([node, child]);
  }
}

export async function graphOf(root: AnyResult, options?: DependencyOptions): Promise<ResultGraph> {
  const nodes = new Map<string, AnyResult>();
  const edges: [string, string][] = [];
  for await (const [parent, node] of dependenciesOf(root, options)) {
    nodes.set(node.id, nodes.get(node.id) ?? node);
    if (parent) edges.push([parent.id, node.id]);
  }
  return { nodes, edges };
}

/** Every result with its value, waited for; what it sent comes after it. */
export async function* collectFrom(
  root: AnyResult,
  { intermediate, ...get }: DependencyOptions & GetOptions = {},
): AsyncGenerator<[result: AnyResult, value: unknown], void, undefined> {
  const seen = new Set<string>();
  const waiting: AnyResult[] = [root];
  for (let node = waiting.shift(); node; node = waiting.shift()) {
    if (seen.has(node.id)) continue;
    seen.add(node.id);
    if (!intermediate || (await node.ready())) yield [node, await node.get(get)];
    waiting.push(...(node.results ?? (await node.children?.()) ?? []));
  }
}

/** Ids of the tasks before it in its chain, those of groups among them. */
export function idsBefore(result: AnyResult): string[] {
  const ids: string[] = [];
  for (let at = result.parent; at && ids.length < 100_000; at = at.parent) ids.push(...membersOf(at));
  return ids;
}

function membersOf(result: AnyResult): string[] {
  return result.results ? result.results.flatMap(membersOf) : [result.id];
}
