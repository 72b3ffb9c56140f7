// The snippets of docs/guides/alerts.md: its configuration is taken, and both ways to check a signature tell ours from others.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { transformSync } from 'esbuild';
import { expect, it } from 'vitest';
import { readAlerts } from '../../../server/dashboard/alerts/config.ts';
import { signatureOf } from '../../../server/dashboard/alerts/signature.ts';

const guide = readFileSync(new URL('../../../docs/guides/alerts.md', import.meta.url), 'utf8');
const snippet = (language: string): string => new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``).exec(guide)![1]!;

const SECRET = 'a-secret-of-16-characters';
const BODY = '{"text":"žluť 😀"}';
const AT = 1_800_000_000.7;
/** Header, body, when it is checked; and whether it is genuine. */
const TRIES: [string, string, number, boolean][] = [
  [signatureOf(SECRET, BODY, AT), BODY, AT + 60, true],
  [signatureOf(SECRET, BODY, AT), `${BODY} `, AT + 60, false],
  [signatureOf('another-secret-of-16', BODY, AT), BODY, AT, false],
  [signatureOf(SECRET, BODY, AT), BODY, AT + 301, false],
  [signatureOf(SECRET, BODY, AT).replace(/t=\d+/, `t=${AT + 301}`), BODY, AT + 301, false],
  ['', BODY, AT, false],
];

it('its snippet in TypeScript tells genuine bodies from others', async () => {
  const code = transformSync(snippet('ts'), { loader: 'ts' }).code;
  const { isGenuine } = (await import(`data:text/javascript,${encodeURIComponent(code)}`)) as {
    isGenuine(secret: string, header: string, body: string, now: number): boolean;
  };
  expect(TRIES.map(([header, body, now]) => isGenuine(SECRET, header, body, now))).toEqual(
    TRIES.map(([, , , is]) => is),
  );
});

it('its snippet in Python does', () => {
  const code = `import json, sys\n${snippet('python')}\nprint(json.dumps([is_genuine(${JSON.stringify(SECRET)}, h, b.encode(), n) for h, b, n, _ in json.load(sys.stdin)]))`;
  const { stdout, stderr } = spawnSync('/usr/bin/python3', ['-c', code], {
    input: JSON.stringify(TRIES),
    encoding: 'utf8',
  });
  expect([stderr, JSON.parse(stdout || 'null')]).toEqual(['', TRIES.map(([, , , is]) => is)]);
});

it('its configuration is taken as it stands, once its secrets are there', () => {
  const text = snippet('json').replace(/\{ "(env|file)": "[^"]*" \}/g, '"https://hooks.example.com/s3cret"');
  const { channels, rules } = readAlerts(text, 'alerts');
  expect(channels.map(({ name, severity, remind }) => [name, severity, remind])).toEqual([
    ['ops', 'notice', null],
    ['chat', 'warning', 14_400],
    ['night', 'critical', null],
  ]);
  expect(rules).toMatchObject([
    { rule: { kind: 'failure-rate', above: 5, until: 2, over: 10, least: 10, of: 'task', for: 60, ends: 120 } },
    { rule: { kind: 'queue-depth', severity: 'warning', channels: ['chat'] }, enabled: true },
    { rule: { kind: 'need', need: 'clock-drift' }, enabled: false },
  ]);
});
