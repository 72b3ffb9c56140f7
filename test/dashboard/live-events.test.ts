// The stream of events for programs: what it holds, resuming, gaps, slow readers. Who sees what of it: access-rules.test.ts.
import { describe, expect, it, onTestFinished } from 'vitest';
import { identified, plainGrant } from '../../server/dashboard/access/identity.ts';
import type { ClusterView } from '../../server/dashboard/cluster/view.ts';
import { EventLog } from '../../server/dashboard/live/event-log.ts';
import { EventReader } from '../../server/dashboard/live/event-reader.ts';
import type { CeleryEvent } from '../../shared/events/event.ts';
import { parseQuery } from '../../shared/query/parser.ts';
import { ManualTimer } from '../support/clock.ts';
import { makeDashboard, publisher } from '../support/dashboard-shop.ts';
import { serverEvents } from '../support/server-events.ts';
import { until } from '../support/until.ts';

const uuids = (stream: Awaited<ReturnType<typeof serverEvents>>) => stream.all.map(({ data }) => data.uuid);

describe('the stream of events', () => {
  it('tells events as they are heard, those that were asked for, and goes on where a reader was', async () => {
    const dashboard = makeDashboard();
    const url = `${await dashboard.listen()}/api/v2/events`;
    const publish = await publisher(dashboard);
    const all = await serverEvents(url, { 'accept-encoding': 'gzip, br' });
    expect(Object.fromEntries(all.reply.headers)).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
      'x-content-type-options': 'nosniff',
    });
    expect(all.reply.headers.has('content-encoding')).toBe(false);
    const mine = await serverEvents(`${url}?type=task-*&state=failure,success&q=queue:orders -name:slow`);
    const workers = await serverEvents(`${url}?type=worker-*&q=worker:w@`);
    const task = (uuid: string, type: string, more: object = {}) => ({ type, uuid, ...more });
    await publish([
      task('a', 'task-sent', { name: 'shop.charge', queue: 'orders' }),
      task('b', 'task-sent', { name: 'shop.slow', queue: 'orders' }),
      task('a', 'task-failed', { exception: "ValueError('no\n\nsuch order')", line: 'data: x\n\n' }),
      task('b', 'task-succeeded', { result: '1' }),
      task('c', 'task-succeeded', { result: '2' }),
      { type: 'worker-heartbeat', freq: 2, active: 0 },
      { type: 'worker-heartbeat', hostname: 'x@h', freq: 2, active: 0 },
    ]);
    await until(() => all.all.length === 7 && mine.all.length === 1 && workers.all.length === 1, 'the events');
    const failed = { ...{ type: 'task-failed', uuid: 'a', hostname: 'w@h' }, name: 'shop.charge', queue: 'orders' };
    expect(mine.all[0]).toMatchObject({
      event: 'message',
      id: all.all[2]!.id,
      data: { ...failed, state: 'FAILURE', exception: "ValueError('no\n\nsuch order')", line: 'data: x\n\n' },
    });
    expect(workers.all[0]!.data).toMatchObject({ type: 'worker-heartbeat', hostname: 'w@h', active: 0 });

    // Many stars hold nobody up.
    const stars = await serverEvents(`${url}?type=${'*a'.repeat(40)}*b,task-${'a'.repeat(20)}*`);
    await publish([task('s', `task-${'a'.repeat(100)}`)]);
    await until(() => stars.all.length === 1 && all.all.length === 8, 'an event of a long type');
    await mine.close();
    await publish([task('d', 'task-succeeded', { name: 'n', queue: 'orders' }), task('e', 'task-started')]);
    await until(() => all.all.length === 10, 'what it misses');
    const asked = `${url}?type=task-succeeded`;
    const back = await serverEvents(asked, { 'last-event-id': all.all[3]!.id });
    await until(() => back.all.length === 2, 'what it missed');
    expect([uuids(back), back.all.map(({ id }) => id)]).toEqual([
      ['c', 'd'],
      [all.all[4]!.id, all.all[8]!.id],
    ]);
    const stranger = await serverEvents(asked, { 'last-event-id': 'a1.3' });
    await publish([task('f', 'task-succeeded')]);
    await until(() => stranger.all.length === 2 && back.all.length === 3, 'an event after the gap');
    expect(stranger.all[0]).toEqual({
      ...{ id: all.all.at(-2)!.id, event: 'gap' },
      data: { reason: 'forgotten', events: null, events_is: 'at_least' },
    });

    // It opens none.
    expect((await fetch(url, { method: 'HEAD' })).headers.get('content-type')).toContain('text/event-stream');
    const long = `type=${'x'.repeat(300)}`;
    for (const bad of ['q=name:/(/', 'type=task-sent,', long, `${long.repeat(4)}`, 'state=,', 'queue=a'])
      expect([bad, (await fetch(`${url}?${bad}`)).status]).toEqual([bad, 400]);
    await dashboard.close();
    await stranger.end;
    expect(stranger.all.at(-1)).toMatchObject({ event: 'bye', data: { reason: 'the server stops' } });
    expect((await dashboard.start()).view.timer.size).toBe(0);
  });
});

/** A log of events that a test invents, and readers of it without a line. */
function invented() {
  const timer = new ManualTimer();
  const listeners = new Set<(events: CeleryEvent[]) => void>();
  const gaps = { current: null as object | null, list: () => known };
  const known: object[] = [];
  const view = {
    ...{ timer, tasks: new Map(), events: { gaps } },
    onEvents: (fn: (events: CeleryEvent[]) => void) => {
      listeners.add(fn);
      return () => listeners.delete(fn);
    },
  };
  const log = new EventLog(view as unknown as ClusterView);
  const reader = identified(null, 'loopback', plainGrant(false));
  const open = (lastId: string | null = null, q = '') => {
    const parsed = parseQuery(q, { nowS: 0 });
    const tree = parsed.ok ? parsed.tree : null;
    const stream = new EventReader({ log, timer, reader, lastId, wanted: { tree, states: null, types: null } });
    onTestFinished(() => void stream.destroy());
    return stream;
  };
  const publish = (count: number, more: object = {}) => {
    const events = Array.from({ length: count }, () => ({ type: 'task-progress', uuid: 'u', ...more }));
    for (const fn of listeners) fn(events);
  };
  return { timer, log, open, publish, gaps, known, listeners };
}
/** All that can be read of it now. */
async function take(stream: EventReader): Promise<string> {
  let text = '';
  for (;;) {
    const piece = stream.read() as string | null;
    if (piece !== null) text += piece;
    await new Promise(setImmediate);
    if (piece === null && stream.readableLength === 0) return text;
  }
}
const count = (text: string, of: RegExp) => text.match(of)?.length ?? 0;

describe('a reader of events', () => {
  it('that is slow is told exactly how much it missed, holds little meanwhile, and is cut when it reads nothing', async () => {
    const { timer, open, publish } = invented();
    const stream = open();
    await take(stream);
    publish(5000);
    expect(stream.readableLength).toBeLessThan(200_000);
    const text = await take(stream);
    expect(text).not.toContain('event: gap');
    publish(1000, { note: 'x'.repeat(1000) });
    publish(10_000);
    const later = await take(stream);
    const { events, reason } = JSON.parse(/event: gap\ndata: (.*)/.exec(later)![1]!) as {
      events: number;
      reason: string;
    };
    const counted = count(text, /task-progress/g) + count(later, /task-progress/g);
    expect([reason, counted + events]).toEqual(['slow', 16_000]);
    publish(3000);
    timer.advance(50_000);
    expect(stream.destroyed).toBe(false);
    timer.advance(30_000);
    expect(stream.destroyed).toBe(true);
  });

  it('hears a sign of life with an id, is told how much was forgotten, and what the dashboard did not hear', async () => {
    const { timer, log, open, publish, gaps, known } = invented();
    const stream = open(null, 'name:nothing');
    await take(stream);
    publish(5);
    timer.advance(15_000);
    expect(await take(stream)).toBe(`:\nid: ${log.idOf(5)}\n\n`);
    const gap = {
      since: 1,
      until: 9,
      events: 40,
      events_is: 'about',
      tasks: 9,
      tasks_is: 'about',
      cause: 'broker-away',
    };
    gaps.current = gap;
    known.push(gap);
    timer.advance(1000);
    expect(await take(stream)).toBe('');
    gaps.current = null;
    timer.advance(1000);
    const expected = JSON.stringify({ reason: 'not-heard', events: 40, events_is: 'about', since: 1, until: 9 });
    expect(await take(stream)).toBe(`event: gap\ndata: ${expected}\nid: ${log.idOf(6)}\n\n`);
    publish(10_007);
    const lost = { reason: 'forgotten', events: 11, events_is: 'exact' };
    expect(await take(open(log.idOf(2)))).toContain(
      `event: gap\ndata: ${JSON.stringify(lost)}\nid: ${log.idOf(13)}\n\n`,
    );
  });

  it('leaves nothing behind: some minutes after the last one nothing is kept, and old ids are strangers', async () => {
    const { timer, log, open, publish, listeners } = invented();
    const stream = open();
    publish(3);
    const id = log.idOf(2);
    stream.destroy();
    await until(() => stream.closed, 'its end');
    timer.advance(60_000);
    publish(1);
    const back = open(id);
    expect(count(await take(back), /task-progress/g)).toBe(2);
    back.destroy();
    await until(() => back.closed, 'its end');
    timer.advance(300_000);
    expect([listeners.size, timer.size, log.numberOf(id)]).toEqual([0, 0, null]);
  });

  it('with a pattern that takes too long is sent away, and told why', async () => {
    const { open, publish } = invented();
    const stream = open(null, 'worker:/(a|b)*a[ab]{150}c/');
    await take(stream);
    let seed = 7;
    const random = () => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
      return 'ab'[(seed >> 16) & 1];
    };
    const hostname = `c${Array.from({ length: 20_000 }, random).join('')}`;
    publish(1, { uuid: undefined, type: 'worker-heartbeat', hostname });
    expect(await take(stream)).toMatch(/event: bye\ndata: \{"reason":"The pattern needs too many steps/);
  });
});
