// Patterns as Python reads them: some by name, and a thousand made up ones beside Python itself.
import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fnmatchSource, fnmatchToRegExp } from '../../shared/fnmatch.ts';
import { compileRegex } from '../../shared/query/regex.ts';
import { itNeedsPython } from '../support/needs.ts';

const bothWays = (glob: string, name: string): boolean[] => [
  fnmatchToRegExp(glob).test(name),
  compileRegex(fnmatchSource(glob), { ignoreCase: false })(name, { left: 100_000 }),
];

it.each([
  ['celery@*', 'celery@a.b', true],
  ['celery@*', 'xcelery@a', false],
  ['w?', 'w1', true],
  ['w?', 'w12', false],
  ['w[0-9]', 'w5', true],
  ['w[!0-9]', 'w5', false],
  ['w[0-9', 'w[0-9', true],
  ['[]a]', ']', true],
  ['[!]a]', ']', false],
  ['[z-a]x', 'zx', false],
  ['[a-]', '-', true],
  ['[^a]', '^', true],
  ['[\\d]', '5', false],
  ['a.b', 'axb', false],
  ['a+(b)|c$', 'a+(b)|c$', true],
])('%s on %s: %s', (glob, name, expected) => {
  expect(bothWays(glob, name)).toEqual([expected, expected]);
});

itNeedsPython('agrees with Python on whatever may be written', () => {
  const letter = fc.constantFrom('a', 'b', 'c', '.', '*', '?', '[', ']', '!', '-', '^', '\\', '@', '|', '(');
  const glob = fc.string({ unit: letter, maxLength: 8 });
  const name = fc.string({
    unit: fc.constantFrom('a', 'b', 'c', '.', '[', ']', '-', '^', '\\', '@', '!'),
    maxLength: 5,
  });
  const pairs = fc.sample(fc.tuple(glob, name), { numRuns: 3000, seed: 7 });
  const code = `import fnmatch, json, sys; print(json.dumps([fnmatch.fnmatchcase(n, g) for g, n in json.load(sys.stdin)]))`;
  const python = spawnSync('/usr/bin/python3', ['-c', code], { input: JSON.stringify(pairs), encoding: 'utf8' });
  const theirs = JSON.parse(python.stdout) as boolean[];
  expect(theirs.filter(Boolean).length).toBeGreaterThan(100);
  const differing = pairs.filter(([g, n], i) => bothWays(g, n).some((ours) => ours !== theirs[i]));
  expect(differing).toEqual([]);
});
