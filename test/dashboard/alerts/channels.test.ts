// Where a notice may go, and what the configuration of alerts takes: addresses, redirects, names that lead inside, secrets.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { readAlerts } from '../../../server/dashboard/alerts/config.ts';
import { isPublic } from '../../../server/dashboard/alerts/guard.ts';
import { postJson } from '../../../server/dashboard/alerts/post.ts';
import { slackText } from '../../../server/dashboard/alerts/slack.ts';
import { resolveOptions } from '../../../server/dashboard/options.ts';
import { httpReceiver } from '../../support/http-receiver.ts';

const REFUSED = 'its address is of this machine or a private network; the channel does not allow that';

it('addresses of this machine, of a link and of private networks are refused, however they are written', () => {
  const inside = ['127.0.0.1', '127.9.9.9', '0.0.0.0', '10.1.2.3', '172.16.0.1', '172.31.255.255', '192.168.1.1'];
  inside.push('169.254.169.254', '100.64.0.1', '198.18.0.1', '224.0.0.1', '255.255.255.255', '192.0.2.1');
  inside.push(
    '::1',
    '::',
    '::ffff:127.0.0.1',
    '::ffff:a00:1',
    '::7f00:1',
    'fc00::1',
    'fd12::1',
    'fe80::1',
    'fe80::1%eth0',
  );
  inside.push('64:ff9b::7f00:1', '2002:7f00:1::', 'ff02::1', '2001:db8::1', 'localhost', '');
  expect(inside.filter(isPublic)).toEqual([]);
  const outside = ['1.1.1.1', '172.32.0.1', '192.167.1.1', '11.0.0.1', '2606:4700::1111', '::ffff:1.1.1.1'];
  expect(outside.filter((one) => !isPublic(one))).toEqual([]);
});

it('a name that leads to this machine is refused by the address it has, as is each way to write that address', async () => {
  const { url, received } = await httpReceiver();
  const { port } = new URL(url);
  for (const host of ['127.0.0.1', 'localhost', '[::ffff:127.0.0.1]', '0x7f.1', '2130706433', '127.1', '0'])
    expect([
      host,
      await postJson({ url: `http://${host}:${port}/`, body: '{}', headers: {}, allowPrivate: false }),
    ]).toEqual([host, { ok: false, detail: REFUSED, again: false }]);
  expect(received).toEqual([]);
  expect(await postJson({ url, body: '{}', headers: {}, allowPrivate: true })).toMatchObject({ ok: true });
});

it('a redirect is not followed, and nothing of an answer but its status is told', async () => {
  const inside = await httpReceiver();
  const { url } = await httpReceiver(() => ({ status: 307, location: inside.url }));
  expect(await postJson({ url, body: '{}', headers: {}, allowPrivate: true })).toEqual({
    ...{ ok: false, detail: 'answered 307: it is not followed elsewhere', again: false },
  });
  expect(inside.received).toEqual([]);
  const closed = await postJson({ url: 'http://127.0.0.1:1/S3CRET', body: '{}', headers: {}, allowPrivate: true });
  expect(closed).toEqual({ ok: false, detail: 'could not be reached: ECONNREFUSED', again: true });
});

it('a configuration that cannot be used is refused by its place, and no message or print of it has a secret', () => {
  const hook = { name: 'ops', type: 'webhook', url: 'https://hooks.example.com/S3CRET-PATH' };
  const wrong: [object, RegExp][] = [
    [{ chanels: [] }, /there is no "chanels". It takes url, channels, rules/],
    [{ channels: [{ ...hook, type: 'sms' }] }, /channel 1: 'type' must be one of webhook, slack, mail/],
    [{ channels: [{ ...hook, sekret: 'x' }] }, /channel 1: there is no "sekret" of webhook/],
    [{ channels: [{ ...hook, url: 'ftp://S3CRET-PATH' }] }, /channel 1: 'url' must be an address/],
    [{ channels: [{ ...hook, url: 'https://a:S3CRET@h/' }] }, /'url' must hold no user and password/],
    [{ channels: [{ ...hook, secret: 'S3CRET' }] }, /'secret' must have 16 characters at least/],
    [{ channels: [{ ...hook, secret: { env: 'UMBEL_NO_SUCH' } }] }, /the variable UMBEL_NO_SUCH is not set/],
    [{ channels: [{ ...hook, remind: 5 }] }, /'remind' must be seconds, 60 at least/],
    [{ channels: [hook, hook] }, /two channels have one name/],
    [
      { channels: [{ name: 'm', type: 'mail', server: 'smtp://u:S3CRET@h', from: 'a', to: 'b' }] },
      /'server' must be smtp/,
    ],
    [{ rules: [{ name: 'r', kind: 'queue-depth', match: '*' }] }, /rule 1: .*above/],
    [{ rules: [{ name: 'r', kind: 'queue-deep', match: '*' }] }, /rule 1: 'kind' must be one of failure-rate/],
    [{ rules: [{ kind: 'need', need: 'sleep' }] }, /rule 1/],
    [
      { rules: [{ name: 'r', kind: 'no-worker', match: '*', channels: ['x'] }] },
      /names the channel "x", which there is not/,
    ],
  ];
  for (const [given, message] of wrong) {
    const refused = () => readAlerts(given, 'alerts');
    expect(refused).toThrow(message);
    expect(refused).not.toThrow(/S3CRET/);
  }
  for (const text of ['{"channels": [S3CRET', '["S3CRET"', '"S3CRET'])
    expect(() => readAlerts(text, 'alerts')).toThrow(/^The option alerts is no JSON\.$/);

  const folder = mkdtempSync(join(tmpdir(), 'umbel-alerts-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'secret'), 'S3CRET-of-16-characters\n');
  writeFileSync(
    join(folder, 'alerts.json'),
    JSON.stringify({ channels: [{ ...hook, secret: { file: join(folder, 'secret') } }] }),
  );
  const options = resolveOptions({ alerts: join(folder, 'alerts.json') });
  expect(options.alerts.channels).toMatchObject([{ secret: 'S3CRET-of-16-characters', severity: 'notice' }]);
  expect(JSON.stringify(options)).toContain('"ops"');
  expect(JSON.stringify(options)).not.toMatch(/S3CRET/);
});

it("in Slack's message a name is neither a link nor a mention", () => {
  const subject = { name: '<!channel>', detail: 'has 5 & more', since: 1, url: 'https://d.example.com/q' };
  const text = slackText({
    ...{ version: 1, event: 'begun', id: 'i', at: 1, cluster: '<shop>', url: null, count: 3, text: 'x' },
    ...{ rule: { id: 'r', name: 'a|b <x>', kind: 'queue-depth', severity: 'warning' }, subjects: [subject] },
  });
  expect(text.split('\n')).toEqual([
    ':rotating_light: *Alert: a|b &lt;x&gt;* (warning, &lt;shop&gt;, 1970-01-01 00:00:01 UTC)',
    '• <https://d.example.com/q|&lt;!channel&gt;> has 5 &amp; more',
    '• 2 more',
  ]);
});
