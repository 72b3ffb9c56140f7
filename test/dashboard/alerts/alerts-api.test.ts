// /alerts of a running dashboard: a deep queue told to a webhook, rules made, switched, silenced and deleted, channels tried; who may, and
// what the record says.
import { expect, it } from 'vitest';
import type { AlertRule, AlertsReply } from '../../../shared/wire/alerts.ts';
import type { OperationsPage } from '../../../shared/wire/operations.ts';
import { httpReceiver } from '../../support/http-receiver.ts';
import { listening, place } from '../../support/listening.ts';

const RULE = {
  name: 'deep',
  kind: 'queue-depth',
  match: 'jobs',
  above: 1,
  severity: 'critical',
  for: 0,
  ends: 0,
} as const;

it('what a rule of the page finds in a real queue is told; every change is recorded, and only who may makes it', async () => {
  const { url, received } = await httpReceiver((n) => ({ status: n === 1 ? 500 : 200 }));
  const { dashboard, enqueue } = await listening({
    ...place(),
    basic_auth: ['ann:pw', 'op:pw', 'shop:pw'],
    access_rules: [
      { who: 'ann', role: 'admin' },
      { who: 'op', role: 'operator' },
      { who: 'shop', role: 'admin', sees_tasks: 'shop.*' },
    ],
    alerts: { channels: [{ name: 'ops', type: 'webhook', url, private: true, secret: 'S3CRET-of-16-characters' }] },
  });
  const ask = async <T>(who: string, method: 'GET' | 'POST' | 'DELETE', path: string, payload?: object) => {
    const authorization = `Basic ${Buffer.from(`${who}:pw`).toString('base64')}`;
    const reply = await dashboard.app.inject({
      method,
      url: `/api/v2${path}`,
      headers: { authorization },
      ...(payload && { payload }),
    });
    return { status: reply.statusCode, body: reply.json<T & { detail: string }>(), text: reply.body };
  };
  const failed = await ask('ann', 'POST', '/alerts/channels/ops/test', {});
  expect([failed.status, failed.body.detail]).toEqual([502, 'answered 500']);
  expect((await ask('ann', 'POST', '/alerts/channels/ops/test', {})).body).toMatchObject({
    event: 'test',
    outcome: 'ok',
  });
  expect((await ask('ann', 'POST', '/alerts/channels/none/test', {})).status).toBe(404);

  for (const [who, path, status] of [
    ['op', '/alerts/rules', 403],
    ['op', '/alerts/channels/ops/test', 403],
    ['shop', '/alerts/rules', 403],
  ] as const)
    expect([who, path, (await ask(who, 'POST', path, RULE)).status]).toEqual([who, path, status]);
  expect((await ask('shop', 'GET', '/alerts')).status).toBe(403);
  const bad = await ask('ann', 'POST', '/alerts/rules', { ...RULE, above: -1 });
  expect([bad.status, bad.body]).toEqual([400, expect.objectContaining({ title: 'Bad rule', field: 'above' })]);

  const made = await ask<AlertRule>('ann', 'POST', '/alerts/rules', RULE);
  expect([made.status, made.body]).toEqual([
    200,
    expect.objectContaining({ origin: 'page', enabled: true, owner: 'ann' }),
  ]);
  const { id } = made.body;
  expect((await ask('ann', 'POST', '/alerts/rules', RULE)).status).toBe(409);
  expect((await ask('ann', 'POST', '/alerts/rules', { ...RULE, name: 'x', channels: ['none'] })).status).toBe(409);
  for (let i = 0; i < 3; i++) await enqueue('jobs');
  const ofRule = () => received.slice(2).map(({ body }) => JSON.parse(body) as { event: string; text: string });
  await expect.poll(ofRule).toMatchObject([{ event: 'begun', text: 'Alert: jobs has 3 waiting messages (deep)' }]);
  const { body: list, text } = await ask<AlertsReply>('op', 'GET', '/alerts');
  expect(list.firing).toMatchObject([{ rule: id, subject: 'jobs', severity: 'critical', href: '/queues/jobs' }]);
  expect(list.rules.filter(({ origin }) => origin === 'built-in').length).toBeGreaterThan(10);
  expect(text).not.toMatch(/S3CRET|T0K3N/);

  const until = Date.now() / 1000 + 600;
  expect((await ask('op', 'POST', `/alerts/rules/${id}/silence`, { until })).body).toMatchObject({
    silenced_until: until,
  });
  expect((await ask('op', 'POST', `/alerts/rules/${id}/enable`, { enabled: false })).status).toBe(403);
  expect((await ask('ann', 'POST', '/alerts/rules/need.failure/enable', { enabled: false })).body).toMatchObject({
    state: 'off',
  });
  expect((await ask('ann', 'POST', '/alerts/rules/need.failure', RULE)).status).toBe(409);
  // What it found by its old words is over at once.
  const changed = await ask<AlertRule>('ann', 'POST', `/alerts/rules/${id}`, { ...RULE, ends: 3600 });
  expect(changed.body).toMatchObject({ id, rule: { ends: 3600 } });
  const events = () => ofRule().map(({ event }) => event);
  await expect.poll(events).toEqual(['begun', 'ended']);
  await ask('op', 'POST', `/alerts/rules/${id}/silence`, { until: null });
  await expect.poll(events).toEqual(['begun', 'ended', 'begun']);
  expect((await ask('ann', 'DELETE', `/alerts/rules/${id}`)).status).toBe(200);
  expect((await ask('ann', 'DELETE', `/alerts/rules/${id}`)).status).toBe(404);
  await expect.poll(events).toEqual(['begun', 'ended', 'begun', 'ended']);

  const records = await ask<OperationsPage>('ann', 'GET', '/operations?limit=50');
  expect(records.text).not.toMatch(/S3CRET|T0K3N/);
  expect(records.body.items.reverse().map((one) => `${one.who} ${one.action} ${one.outcome}: ${one.summary}`)).toEqual(
    expect.arrayContaining([
      'ann test_channel failed: answered 500',
      'ann test_channel ok: Delivered',
      'op save_alert refused: This takes the role admin; op may only what a operator may.',
      'ann save_alert ok: Made',
      'op silence_alert ok: Silenced',
      'op silence_alert ok: Told again',
      'ann save_alert ok: Switched off',
      'ann save_alert ok: Changed',
      'ann delete_alert ok: Deleted',
    ]),
  );
});
