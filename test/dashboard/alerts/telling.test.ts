// Who is told, when and how often: rules of facts, real requests to a real receiver, and a clock that the test moves.
import { createHmac } from 'node:crypto';
import { expect, it, onTestFinished } from 'vitest';
import { Alerts } from '../../../server/dashboard/alerts/alerts.ts';
import {
  type AlertsConfig,
  type ChannelConfig,
  type RuleConfig,
  readAlerts,
} from '../../../server/dashboard/alerts/config.ts';
import type { Facts } from '../../../server/dashboard/attention/facts.ts';
import { MemoryUserData } from '../../../server/dashboard/user-data/memory.ts';
import { silentLogger } from '../../../server/log.ts';
import type { WebhookBody } from '../../../shared/wire/alerts.ts';
import { ManualTimer } from '../../support/clock.ts';
import { httpReceiver } from '../../support/http-receiver.ts';
import { until } from '../../support/until.ts';
import { facts, queue } from '../attention/facts.ts';

const DEEP: RuleConfig = { name: 'deep', kind: 'queue-depth', match: '*', above: 10, for: 5, ends: 5 };

/** @param messages by queue, as the looks find them */
async function alerting(channels: ChannelConfig[], more: Partial<AlertsConfig> = {}) {
  const store = new MemoryUserData();
  const timer = new ManualTimer();
  const begin = async () => {
    let onLook: (of: Facts) => void = () => {};
    const alerts = new Alerts({
      config: readAlerts({ channels, rules: [DEEP], ...more }, 'alerts'),
      cluster: { options: { name: 'shop' }, onBatch: () => () => {}, tasks: new Map(), workers: new Map() },
      attention: {
        onLook: (fn) => {
          onLook = fn;
        },
        findings: () => [],
      },
      ...{ schedules: null, userData: async () => store, timer, log: silentLogger },
    });
    onTestFinished(() => alerts.stop());
    await alerts.ready();
    /** Looks each second of so many. */
    const look = (messages: Readonly<Record<string, number>>, seconds = 6) => {
      for (let s = 0; s < seconds; s++) {
        timer.advance(1000);
        onLook({
          ...facts({ queues: Object.entries(messages).map(([name, n]) => queue(name, { messages: n })) }),
          now: timer.now() / 1000,
        });
      }
    };
    return { alerts, look };
  };
  return { begin, timer, store };
}
const bodies = (received: readonly { body: string }[]) => received.map(({ body }) => JSON.parse(body) as WebhookBody);
const heard = (received: readonly { body: string }[]) =>
  bodies(received).map(({ event, subjects }) => `${event} ${subjects.map(({ name }) => name).join(' ')}`);

it('tells what began once and what is over once, all of one look together, signed, with links', async () => {
  const { url, received } = await httpReceiver();
  const secret = 'a-secret-of-16-characters';
  const { begin } = await alerting([{ name: 'ops', type: 'webhook', url, secret, private: true }], {
    url: 'https://d.example.com/u/',
  });
  const { alerts, look } = await begin();
  look({ a: 11, b: 12, c: 1 }, 5);
  expect(await alerts.list()).toMatchObject({ firing_total: 0, channels: [{ waiting: 0 }] });
  look({ a: 11, b: 12, c: 1 }, 20);
  await expect.poll(() => heard(received)).toEqual(['begun a b']);
  look({ a: 11, b: 3, c: 1 }, 10);
  await expect.poll(() => heard(received)).toEqual(['begun a b', 'ended b']);
  await expect.poll(() => alerts.list()).toMatchObject({ channels: [{ waiting: 0, last: { event: 'ended' } }] });
  const [first] = received as [(typeof received)[0]];
  expect(bodies([first])[0]).toMatchObject({
    ...{ version: 1, cluster: 'shop', url: 'https://d.example.com/u/alerts', count: 2 },
    rule: { id: 'config.deep', name: 'deep', kind: 'queue-depth', severity: 'warning' },
    subjects: [
      { name: 'a', detail: 'has 11 waiting messages', url: 'https://d.example.com/u/queues/a' },
      { name: 'b', detail: 'has 12 waiting messages' },
    ],
    text: 'Alert: a has 11 waiting messages; b has 12 waiting messages (deep)',
  });
  const [, t, v1] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(first.headers['x-umbel-signature']))!;
  expect(v1).toBe(createHmac('sha256', secret).update(`${t}.${first.body}`).digest('hex'));
  const reply = await alerts.list();
  expect(reply).toMatchObject({
    firing: [{ rule_name: 'deep', subject: 'a', notified: expect.any(Number) }],
    channels: [
      { name: 'ops', to: new URL(url).origin, last: { event: 'ended', outcome: 'ok', detail: 'answered 200' } },
    ],
    deliveries: [{ event: 'ended' }, { event: 'begun' }],
  });
  expect(JSON.stringify(reply)).not.toMatch(/T0K3N|a-secret-of/);
});

it('tells nobody twice after a restart, and what ended meanwhile is over', async () => {
  const { url, received } = await httpReceiver();
  const { begin } = await alerting([{ name: 'ops', type: 'webhook', url, private: true }]);
  const before = await begin();
  before.look({ a: 11, b: 11 }, 10);
  await expect.poll(() => heard(received)).toEqual(['begun a b']);
  // And its answer: until then it is told again.
  await expect.poll(async () => (await before.alerts.list()).channels).toMatchObject([{ waiting: 0 }]);
  before.alerts.stop();
  const after = await begin();
  after.look({ a: 11, b: 0 }, 80);
  await expect.poll(() => heard(received)).toEqual(['begun a b', 'ended b']);
  await expect.poll(async () => (await after.alerts.list()).deliveries).toHaveLength(2);
});

it('what waits when the dashboard stops is told after the next start, as it was and once; not what is a day old', async () => {
  let isUp = false;
  const slow = await httpReceiver(() => (isUp ? { status: 200 } : null));
  const quick = await httpReceiver();
  const hook = { type: 'webhook', private: true } as const;
  const slowly = { ...hook, name: 'slow', url: slow.url };
  const { begin, timer, store } = await alerting([slowly, { ...hook, name: 'quick', url: quick.url }]);
  const stop = async ({ alerts }: { alerts: Alerts }) => {
    alerts.stop();
    const ended = alerts.ended();
    timer.advance(2000);
    await ended;
  };
  const first = await begin();
  first.look({ a: 11 });
  first.look({ a: 0 }, 10);
  await expect.poll(() => heard(quick.received)).toEqual(['begun a', 'ended a']);
  await expect.poll(() => slow.received.length).toBe(1);
  await expect.poll(async () => (await first.alerts.list()).channels).toMatchObject([{ waiting: 2 }, { waiting: 0 }]);
  await stop(first);
  const at = bodies(quick.received).map((one) => one.at);
  expect(await store.records('alert-waiting')).toMatchObject([{ value: { channel: 'slow' } }, { value: {} }]);

  isUp = true;
  timer.advance(60_000);
  const second = await begin();
  await expect.poll(() => heard(slow.received).slice(1)).toEqual(['begun a', 'ended a']);
  expect(bodies(slow.received).map((one) => one.at)).toEqual([at[0], ...at]);
  expect(bodies(slow.received)[1]!.id).toBe(bodies(slow.received)[0]!.id);
  await expect.poll(async () => (await second.alerts.list()).channels).toMatchObject([{ waiting: 0 }, { waiting: 0 }]);
  await stop(second);
  expect(await store.records('alert-waiting')).toEqual([]);

  isUp = false;
  const third = await begin();
  third.look({ a: 11 });
  await expect.poll(() => slow.received.length).toBe(4);
  await expect.poll(async () => (await third.alerts.list()).channels).toMatchObject([{ waiting: 1 }, { waiting: 0 }]);
  await stop(third);
  timer.advance(86_400_000);
  const fourth = await begin();
  expect((await fourth.alerts.list()).channels[0]!.last).toMatchObject({
    ...{ outcome: 'dropped', event: 'begun', detail: 'it waited for more than a day' },
  });
  expect(heard(slow.received).slice(3)).toEqual(['begun a']);
  expect(heard(quick.received)).toEqual(['begun a', 'ended a', 'begun a']);
});

it('what is on its way when the dashboard stops may end, and is not told again', async () => {
  const { url, received } = await httpReceiver();
  const { begin, store } = await alerting([{ name: 'ops', type: 'webhook', url, private: true }]);
  const { alerts, look } = await begin();
  look({ a: 11 });
  alerts.stop();
  await alerts.ended();
  expect(heard(received)).toEqual(['begun a']);
  expect(await store.records('alert-waiting')).toEqual([]);
  expect((await (await begin()).alerts.list()).deliveries).toMatchObject([{ outcome: 'ok' }]);
  expect(received).toHaveLength(1);
});

it('a silenced rule begins for nobody until its time has come; what is over is told; one switched off is over', async () => {
  const { url, received } = await httpReceiver();
  const { begin, timer } = await alerting([{ name: 'ops', type: 'webhook', url, private: true }]);
  const { alerts, look } = await begin();
  await alerts.book.set('config.deep', { silencedUntil: timer.now() / 1000 + 30 }, 'ann');
  look({ a: 11 }, 25);
  expect((await alerts.list()).firing).toMatchObject([{ subject: 'a', notified: null }]);
  expect(received).toEqual([]);
  look({ a: 11 }, 10);
  await expect.poll(() => heard(received)).toEqual(['begun a']);
  await alerts.book.set('config.deep', { silencedUntil: timer.now() / 1000 + 3600 }, 'ann');
  look({ a: 0, b: 11 }, 10);
  await expect.poll(() => heard(received)).toEqual(['begun a', 'ended a']);
  await alerts.book.set('config.deep', { silencedUntil: null }, 'ann');
  look({ b: 11 }, 1);
  await expect.poll(() => heard(received)).toEqual(['begun a', 'ended a', 'begun b']);
  await alerts.book.set('config.deep', { enabled: false }, 'ann');
  look({ b: 11 }, 1);
  await expect.poll(() => heard(received).slice(3)).toEqual(['ended b']);
  expect((await alerts.list()).rules.find(({ id }) => id === 'config.deep')).toMatchObject({
    state: 'off',
    owner: 'ann',
  });
});

it('a rule whose channels are configured no more says that nobody is told', async () => {
  const { url } = await httpReceiver();
  const { begin, store } = await alerting([{ name: 'ops', type: 'webhook', url, private: true }]);
  for (const [id, channels] of Object.entries({ gone: ['night'], partly: ['night', 'ops'] }))
    await store.putRecord('alert-rule', { id, value: { rule: { ...DEEP, name: id, channels }, owner: 'ann' } });
  const { rules } = await (await begin()).alerts.list();
  const reasonOf = (id: string) => rules.find((one) => one.id === id)?.reason;
  expect(reasonOf('gone')).toBe('Nobody is told: its channels are configured no more.');
  expect(reasonOf('partly')).toBeNull();
});

it('reminds a channel that wants it, and tells a channel what is severe enough, of rules that name it', async () => {
  const { url, received } = await httpReceiver();
  const hook = { type: 'webhook', url, private: true } as const;
  const severe = await httpReceiver();
  const { begin } = await alerting(
    [
      { ...hook, name: 'ops', remind: 60 },
      { ...hook, name: 'page', url: severe.url, severity: 'critical' },
    ],
    { rules: [DEEP, { ...DEEP, name: 'deeper', above: 20, severity: 'critical', channels: ['page'] }] },
  );
  const { look } = await begin();
  look({ a: 30 }, 100);
  await expect.poll(() => heard(received)).toEqual(['begun a', 'reminder a']);
  expect(bodies(received).map(({ rule }) => rule?.name)).toEqual(['deep', 'deep']);
  await expect.poll(() => bodies(severe.received).map(({ rule }) => rule?.name)).toEqual(['deeper']);
});

it('tries again what may heal, with longer pauses, as the same notice, and gives up in the end; not what will not', async () => {
  const { url, received } = await httpReceiver((n) => ({ status: n === 3 ? 204 : 503 }));
  const { begin, timer } = await alerting([{ name: 'ops', type: 'webhook', url, private: true }]);
  const { alerts, look } = await begin();
  look({ a: 11 });
  await expect.poll(() => received.length).toBe(1);
  const after = (pause: number) => () => {
    timer.advance(pause);
    return received.length;
  };
  await expect.poll(after(5000)).toBeGreaterThanOrEqual(2);
  await expect.poll(after(30_000)).toBeGreaterThanOrEqual(3);
  await expect
    .poll(async () => (await alerts.list()).deliveries)
    .toMatchObject([{ outcome: 'ok', attempts: 3, detail: 'answered 204' }]);
  expect(new Set(bodies(received).map(({ id }) => id)).size).toBe(1);

  const gone = await httpReceiver(() => ({ status: 410 }));
  const other = await (await alerting([{ name: 'ops', type: 'webhook', url: gone.url, private: true }])).begin();
  other.look({ a: 11 });
  await expect
    .poll(async () => (await other.alerts.list()).channels)
    .toMatchObject([{ waiting: 0, last: { outcome: 'failed', attempts: 1, detail: 'answered 410' } }]);
});

it('drops what finds no room in the queue of a channel that hangs, and holds up no other', async () => {
  const hanging = await httpReceiver(() => null);
  const { url, received } = await httpReceiver();
  const { begin } = await alerting([
    { name: 'slow', type: 'webhook', url: hanging.url, private: true },
    { name: 'ops', type: 'webhook', url, private: true },
  ]);
  const { alerts, look } = await begin();
  for (let i = 0; i < 104; i++) {
    look({ a: i % 2 === 0 ? 11 : 0 });
    await until(() => received.length === i + 1, 'the notice by the other channel');
  }
  const { channels, deliveries } = await alerts.list();
  expect(channels[0]).toMatchObject({ waiting: 101, last: { outcome: 'dropped', detail: '100 others wait already' } });
  expect(deliveries.filter(({ outcome }) => outcome === 'dropped')).toHaveLength(3);
});
