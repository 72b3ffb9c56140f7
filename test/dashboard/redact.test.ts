// What a page shows of a worker's configuration.
import { expect, it } from 'vitest';
import { createRedact, maskUrls } from '../../server/dashboard/access/redact.ts';

it.each([
  ['redis://user:secret@host:6379/0', 'redis://user:********@host:6379/0'],
  ['redis://:se@cret@host/1', 'redis://:********@host/1'],
  ['sentinel://:one@a:1;sentinel://:two@b:2', 'sentinel://:********@a:1;sentinel://:********@b:2'],
  ['tried redis://u:x@h/0, then redis://u:y@h/1', 'tried redis://u:********@h/0, then redis://u:********@h/1'],
  ['http://localhost:5555/a@b', 'http://localhost:5555/a@b'],
])('the password in %s is not shown', (text, shown) => {
  expect(maskUrls(text)).toBe(shown);
});

it('a value under a name that sounds like a secret is not shown, wherever it stands', () => {
  const redact = createRedact(['^pin$']);
  expect(
    redact({ redis_password: 'x', nested: [{ api_key: 'y', pin: 4 }], security_digest: 'sha256', empty_token: '' }),
  ).toEqual({
    redis_password: '********',
    nested: [{ api_key: '********', pin: '********' }],
    security_digest: 'sha256',
    empty_token: '',
  });
});
