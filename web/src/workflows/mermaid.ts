// A workflow as Mermaid's text, for a note or an issue. Pure.
// Holds: names are anybody's: nothing of them is read as Mermaid.

import type { Workflow } from '../../../shared/wire/workflows.ts';
import { t } from '../language/text.ts';
import { lastPart } from '../ui/format.ts';

const ARROW = { calls: '-.->', next: '-->', body: '==>', link: '-->|link|', errback: '-.->|errback|' } as const;

export function mermaidOf({
  nodes,
  groups,
  edges,
  summary,
}: Pick<Workflow, 'nodes' | 'groups' | 'edges' | 'summary'>): string {
  const ids = new Map([...nodes, ...groups].map(({ id }, i) => [id, `n${i}`]));
  const node = ({ id, name, state, kind }: Workflow['nodes'][number]): string => {
    const label = quoted(`${lastPart(name ?? t('unknown'))}\n${kind === 'step' ? t('not seen yet') : state}`);
    return kind === 'step' ? `${ids.get(id)}(["${label}"])` : `${ids.get(id)}["${label}"]`;
  };
  const progress = new Map(summary.groups.map((one) => [one.id, one]));
  const lines = ['flowchart LR'];
  for (const group of groups) {
    const { done = 0, size = group.size } = progress.get(group.id) ?? {};
    const head = t('{kind}, {done} of {size}', { kind: group.kind, done: String(done), size: String(size) });
    lines.push(`  subgraph ${ids.get(group.id)}["${head}"]`);
    for (const one of nodes) if (one.group === group.id) lines.push(`    ${node(one)}`);
    lines.push('  end');
  }
  for (const one of nodes) if (one.group === null) lines.push(`  ${node(one)}`);
  for (const { from, to, kind } of edges) lines.push(`  ${ids.get(from)} ${ARROW[kind]} ${ids.get(to)}`);
  const failed = nodes.filter(({ state }) => state === 'FAILURE').map(({ id }) => ids.get(id));
  if (failed.length > 0) lines.push('  classDef failed stroke-width:3px', `  class ${failed.join(',')} failed`);
  return `${lines.join('\n')}\n`;
}

/** Everything that Mermaid or HTML could take for its own becomes a character reference. */
function quoted(text: string): string {
  return [...text]
    .map((char) => (char === '\n' ? '<br/>' : /[\w .,:()+-]/.test(char) ? char : `#${char.codePointAt(0)};`))
    .join('');
}
