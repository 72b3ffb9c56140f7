// What a command prints of an error that reached its top.
import { afterEach, expect, it, vi } from 'vitest';
import { reportError } from '../../../server/cli/errors.ts';
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
