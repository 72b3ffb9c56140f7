// docs/settings.md, printed from the table, so that the page cannot fall behind.
import { NO_EFFECT_YET } from './settings/no-effect.ts';
import { SETTING_NAMES, settingOf } from './settings.ts';

const SECTIONS: readonly (readonly [title: string, prefix: RegExp])[] = [
  ['General', /^(accept_content|enable_utc|timezone|imports|include)$/],
  ['Broker', /^broker_/],
  ['Tasks', /^task_/],
  ['Results', /^result_/],
  ['Worker', /^worker_/],
  ['Events', /^event_/],
  ['Remote control', /^control_/],
  ['Beat', /^beat_/],
  ['Signed messages', /^security_/],
  ['Result stores', /./],
];

export function settingsMarkdown(): string {
  const left = new Set<string>(SETTING_NAMES);
  const lines = [
    '# Settings',
    '',
    "Every setting of Celery 5.6, under Celery's names. Give them to `new Celery(name, settings)` or set them on `app.conf`.",
    'An unknown name is refused, and the nearest right one is named. What is marked *accepted, no effect yet* may stand in a',
    'configuration, and nothing reads it so far. The names from before Celery 4 are accepted when no',
    'new name is used beside them.',
    '',
    'This page is printed from the table in `server/app/settings.ts`; change it there.',
    '',
  ];
  for (const [title, prefix] of SECTIONS) {
    const names = [...left].filter((name) => prefix.test(name)).sort();
    for (const name of names) left.delete(name);
    lines.push(
      `## ${title}`,
      '',
      '| Setting | Type | Default | Meaning | Old name |',
      '| --- | --- | --- | --- | --- |',
    );
    for (const name of names) lines.push(row(name));
    lines.push('');
  }
  return `${lines.join('\n').trimEnd()}\n`;
}

function row(name: string): string {
  const s = settingOf(name)!;
  const meaning = [
    s.doc,
    s.differs ? `**Differs from Celery:** ${s.differs}` : '',
    s.source === 'Umbel' ? '*Ours.*' : '',
    NO_EFFECT_YET.has(name) ? '**Accepted, no effect yet.**' : '',
  ]
    .filter(Boolean)
    .join(' ');
  const type = s.unit ? `${s.kind}, ${s.unit}` : s.kind;
  const cells = [`\`${name}\``, type, shown(s.default), meaning, s.old.map((o) => `\`${o}\``).join(', ')];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function shown(value: unknown): string {
  if (value === null) return 'none';
  if (value === Number.POSITIVE_INFINITY) return 'no limit';
  return `\`${JSON.stringify(value)}\``;
}
