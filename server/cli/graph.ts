// `umbel graph`: what a worker is made of, and what a cluster is made of, as DOT for Graphviz (`| dot -Tsvg`).
// Not here: the order of the steps (worker/blueprint.ts); what workers answer (control/inspect.ts).
// Celery 5.6: bin/graph.py, utils/graph.py
import { silentLogger } from '../log.ts';
import { safeUrl } from '../transport/url.ts';
import type { BlueprintNode } from '../worker/blueprint.ts';
import { Worker } from '../worker/worker.ts';
import { CliError, EXIT } from './output.ts';
import { type GlobalOptions, withApp } from './session.ts';

type GraphOptions = GlobalOptions & { readonly timeout?: number };

const BLUEPRINTS = ['worker', 'consumer'] as const;

/** `umbel graph bootsteps [worker] [consumer]`, `umbel graph workers [nodes:a,b] [threads:2,4] [wmax:4] [tmax:3] [generic]` */
export function graph(what: 'bootsteps' | 'workers', words: readonly string[], options: GraphOptions): Promise<number> {
  return what === 'bootsteps' ? bootsteps(words, options) : workers(words, options);
}

function bootsteps(words: readonly string[], options: GraphOptions): Promise<number> {
  const wanted = words.map((word) => word.toLowerCase());
  const unknown = wanted.find((word) => !(BLUEPRINTS as readonly string[]).includes(word));
  if (unknown) throw new CliError(`there is no blueprint '${unknown}': worker, consumer, or both`, EXIT.usage);
  return withApp(options, async (app, output) => {
    const worker = new Worker(app, { log: silentLogger });
    const graphs = {
      worker: { name: worker.blueprint.name, steps: worker.blueprint.graph },
      consumer: { name: worker.consumer.blueprint.name, steps: worker.consumer.blueprint.graph },
    };
    const shown = BLUEPRINTS.filter((name) => wanted.length === 0 || wanted.includes(name));
    await worker.stop();
    if (output.json) output.value(Object.fromEntries(shown.map((name) => [name, graphs[name].steps])));
    else output.line(stepsToDot(shown.map((name) => graphs[name])));
    return EXIT.ok;
  });
}

/** Each step numbered as it starts; an arrow goes to what must have started before it. */
function stepsToDot(
  blueprints: readonly { readonly name: string; readonly steps: readonly BlueprintNode[] }[],
): string {
  const lines: string[] = [];
  for (const { name, steps } of blueprints) {
    const id = (step: string) => quoted(`${name}.${step}`);
    lines.push(`  subgraph ${quoted(`cluster_${name}`)} {`, `    label = ${quoted(name)}`);
    steps.forEach((step, i) => {
      lines.push(`    ${id(step.name)} [label=${quoted(`${i + 1} ${step.name}`)}]`);
    });
    for (const { name: step, requires } of steps)
      for (const required of requires) lines.push(`    ${id(step)} -> ${id(required)}`);
    lines.push('  }');
  }
  // The worker's step of that name starts the other blueprint.
  const consumer = blueprints.find(({ name }) => name === 'Consumer')?.steps[0];
  if (blueprints.length === 2 && consumer)
    lines.push(`  ${quoted(`Consumer.${consumer.name}`)} -> ${quoted('Worker.Consumer')} [style=dashed]`);
  return digraph(lines);
}

function workers(words: readonly string[], options: GraphOptions): Promise<number> {
  const given = new Map(words.map((word) => word.split(/:(.*)/s).slice(0, 2) as [string, string | undefined]));
  const unknown = [...given.keys()].find((name) => !WORKERS_ARGUMENTS.includes(name));
  if (unknown) throw new CliError(`graph workers knows no '${unknown}': ${WORKERS_ARGUMENTS.join(', ')}`, EXIT.usage);
  return withApp(options, async (app, output) => {
    const nodes = given.has('nodes')
      ? named(given)
      : sizes((await app.control.inspect({ timeout: options.timeout ?? 1 }).stats()) ?? {});
    const generic = given.has('generic');
    const store = given.get('backend') ?? app.conf.resultBackendUrl();
    const parts = {
      broker: label(given.get('broker') ?? app.conf.brokerUrls('read')[0] ?? '', generic && 'Broker'),
      backend: store && store !== 'disabled' ? label(store, generic && 'Backend') : null,
      nodes,
    };
    if (output.json) output.value(parts);
    else
      output.line(
        clusterToDot(parts, { wmax: most(given, 'wmax', 4), tmax: most(given, 'tmax', 3) }, given.has('enumerate')),
      );
    return EXIT.ok;
  });
}

const WORKERS_ARGUMENTS = ['nodes', 'threads', 'broker', 'backend', 'wmax', 'tmax', 'generic', 'enumerate'];

/** Workers and the size of their pools, as said instead of asked for. */
function named(given: ReadonlyMap<string, string | undefined>): Map<string, number> {
  const list = (name: string) => given.get(name)?.split(',') ?? [];
  const threads = list('threads');
  return new Map(list('nodes').map((node, i) => [node, Number(threads[i] ?? 0) || 0]));
}

function sizes(stats: Readonly<Record<string, unknown>>): Map<string, number> {
  return new Map(
    Object.entries(stats)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([node, reply]) => {
        const { pool } = (reply ?? {}) as { pool?: Record<string, unknown> };
        return [node, Number(pool?.['max-concurrency'] ?? 0) || 0];
      }),
  );
}

/** 0: all of them. */
function most(given: ReadonlyMap<string, string | undefined>, name: string, otherwise: number): number {
  const value = Number(given.get(name) ?? otherwise);
  if (!Number.isInteger(value) || value < 0) throw new CliError(`${name} is a whole number, 0 for all`, EXIT.usage);
  return value || Number.POSITIVE_INFINITY;
}

/** Without its password; with `generic` only the kind of it. */
function label(url: string, kind: string | false): string {
  const safe = safeUrl(url);
  return kind ? `${kind} (${safe.split('://')[0]}://)` : safe;
}

interface ClusterParts {
  readonly broker: string;
  readonly backend: string | null;
  readonly nodes: ReadonlyMap<string, number>;
}

function clusterToDot(
  { broker, backend, nodes }: ClusterParts,
  { wmax, tmax }: { wmax: number; tmax: number },
  enumerated: boolean,
): string {
  const lines = [`  broker [label=${quoted(broker)} shape=circle]`];
  if (backend) lines.push(`  backend [label=${quoted(backend)} shape=folder]`);
  const all = [...nodes];
  all.slice(0, wmax).forEach(([node, size], i) => {
    const id = `worker${i + 1}`;
    lines.push(`  ${id} [label=${quoted(enumerated ? `Worker ${i + 1}` : node)} shape=box]`, `  ${id} -> broker`);
    if (backend) lines.push(`  ${id} -> backend`);
    for (let n = 1; n <= Math.min(size, tmax); n++)
      lines.push(`  ${id}_${n} [label=${quoted(`P${n}`)} shape=oval]`, `  ${id}_${n} -> ${id} [arrowhead=none]`);
    if (size > tmax)
      lines.push(
        `  ${id}_more [label=${quoted(`${size - tmax} more`)} shape=oval]`,
        `  ${id}_more -> ${id} [arrowhead=none]`,
      );
  });
  if (all.length > wmax)
    lines.push(`  more [label=${quoted(`${all.length - wmax} more workers`)} shape=box]`, '  more -> broker');
  return digraph(lines);
}

function digraph(lines: readonly string[]): string {
  return ['digraph dependencies {', '  rankdir = LR', ...lines, '}'].join('\n');
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&').replace(/\p{Cc}/gu, ' ')}"`;
}
