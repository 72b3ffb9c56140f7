// What a command prints of an error that reached its top.
import { afterEach, expect, it, vi } from 'vitest';
import { reportError } from '../../../server/cli/errors.ts';
import { openFilesProblem } from '../../../server/cli/open-files.ts';
import { ImproperlyConfigured } from '../../../server/errors.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

it.each([
  new ImproperlyConfigured('The module app.mjs could not be loaded: Error: no redis://:hunter2@h/0'),
  new Error('connect failed: password=hunter2'),
])('shows no password that is part of it: %s', (error) => {
  let printed = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
  expect(reportError(error)).toBe(1);
  expect(printed).toContain('********');
  expect(printed).not.toContain('hunter2');
});

it('names the limit of open files where a start fails at it, and leaves other errors alone', () => {
  const error = Object.assign(new Error("EMFILE: too many open files, open 'x.js'"), { code: 'EMFILE' });
  expect(openFilesProblem(error, '40')).toMatch(/may have 40 files open.*ulimit -n.*open 'x\.js'/);
  expect(openFilesProblem(error, null)).toContain('no more files open');
  expect(openFilesProblem(new Error('EMFILE in a text'))).toBeNull();
  expect(openFilesProblem(undefined)).toBeNull();
  let printed = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
  expect(reportError(error)).toBe(1);
  expect(printed).toMatch(/^umbel: this process may have .*ulimit -n.*\n$/);
});
