// Alerts by mail, to a server that takes them: what it gets, what is tried again, and a password that is said to nobody without TLS.
import { expect } from 'vitest';
import type { Notice } from '../../../server/dashboard/alerts/channel.ts';
import { readAlerts } from '../../../server/dashboard/alerts/config.ts';
import { openChannel } from '../../../server/dashboard/alerts/open-channel.ts';
import { itNeedsNodemailer } from '../../support/needs.ts';
import { smtpServer } from '../../support/smtp-server.ts';

const NOTICE: Notice = {
  ...{
    version: 1,
    event: 'begun',
    id: 'the-id',
    at: 1,
    cluster: 'shop',
    url: 'https://d.example.com/alerts',
    count: 2,
  },
  rule: { id: 'config.deep', name: 'deep\r\nBcc: eve@example.com', kind: 'queue-depth', severity: 'warning' },
  subjects: [
    { name: 'celery', detail: 'has 11 waiting messages', since: 1, url: 'https://d.example.com/queues/celery' },
  ],
  text: 'Alert: celery has 11 waiting messages (deep\r\nBcc: eve@example.com)',
};

function send(port: number, more: object = {}) {
  const mail = { name: 'm', type: 'mail', server: `smtp://127.0.0.1:${port}`, from: 'umbel@example.com', ...more };
  const config = readAlerts({ channels: [{ to: ['ann@example.com', 'bob@example.com'], ...mail }] }, 'alerts')
    .channels[0]!;
  return openChannel(config, () => 1).send(NOTICE, new AbortController().signal);
}

itNeedsNodemailer('a mail has all of it, to everybody named, and no name adds a head of its own', async () => {
  const { port, mails, said } = await smtpServer();
  expect(await send(port)).toEqual({ ok: true, detail: '250 taken', again: false });
  expect(said.filter((line) => /^(MAIL|RCPT)/.test(line))).toEqual([
    'MAIL FROM:<umbel@example.com>',
    'RCPT TO:<ann@example.com>',
    'RCPT TO:<bob@example.com>',
  ]);
  const [head = '', body = ''] = mails[0]!.split('\n\n', 2);
  expect(head).toContain('Message-ID: <the-id@umbel>');
  expect(head).toMatch(/^Subject: \[shop\] Alert: celery has 11 waiting messages/m);
  expect(head).not.toMatch(/^Bcc/im);
  expect(mails[0]).toContain('- celery has 11 waiting messages\n  https://d.example.com/queues/celery\n- 1 more');
  expect(mails[0]).toMatch(/^Found: 1970-01-01 00:00:01 UTC$/m);
  expect(body).toContain('Alert: celery has 11 waiting messages');
});

itNeedsNodemailer('what a server refuses for good is not tried again, what it cannot take now is', async () => {
  const never = await smtpServer(() => '550 no such user');
  expect(await send(never.port)).toMatchObject({ ok: false, again: false, detail: expect.stringContaining('550') });
  const later = await smtpServer(() => '451 later');
  expect(await send(later.port)).toMatchObject({ ok: false, again: true });
  expect(await send(1)).toMatchObject({ ok: false, again: true });
});

itNeedsNodemailer('a password is not said to a server without TLS, nor in what is told of it', async () => {
  const { port, said, mails } = await smtpServer();
  const attempt = await send(port, { user: 'umbel', password: 'S3CRET' });
  expect(attempt).toMatchObject({ ok: false });
  expect(JSON.stringify(attempt)).not.toContain('S3CRET');
  expect(mails).toEqual([]);
  expect(said.join('\n')).not.toMatch(/AUTH|S3CRET|UzNDUkVU/);
});
