// What a worker's rooms take and keep, by number. Revoked ids: revoked.test.ts; tasks held by their rate limit: ../../flow/rate-limited.test.ts.
import { expect, test } from 'vitest';
import { createLogger, silentLogger } from '../../../server/log.ts';
import { createTimer } from '../../../server/timer.ts';
import { Elections } from '../../../server/worker/consumer/election.ts';
import { LoopDelay } from '../../../server/worker/loop-delay.ts';
import { INSPECT } from '../../../server/worker/panel/inspect.ts';
import { MANAGE } from '../../../server/worker/panel/manage.ts';
import { RateLimited } from '../../../server/worker/rate-limited.ts';
import { RevokedSet } from '../../../server/worker/revoked.ts';
import { ManualClock, ManualTimer } from '../../support/clock.ts';

function elections() {
  const sent: string[] = [];
  const timer = new ManualTimer();
  const all = new Elections({
    hostname: 'w1',
    id: 'w1.1',
    log: silentLogger,
    timer,
    alive: () => ['w2'],
    isPython: () => false,
    send: (type) => void sent.push(type),
    won: () => {},
  });
  const stand = (id: string, hostname = 'w2') =>
    all.onElect({ type: 'worker-elect', id, hostname, pid: 1, clock: 1, topic: 't', action: 'a', cver: 1 });
  return { all, sent, timer, stand };
}

test('elections: a thousand at a time; those that came to nothing make room after a minute', () => {
  const { all, timer, stand } = elections();
  for (let i = 0; i < 1010; i++) stand(`e${i}`);
  expect(all.size).toBe(1000);
  timer.advance(61_000);
  all.forgetOld();
  stand('new');
  expect(all.size).toBe(1);
});

test('elections: ten thousand candidates; more are not answered', () => {
  const { sent, timer, stand } = elections();
  for (let i = 0; i < 10_010; i++) stand('e', `other${i}`);
  timer.advance(2000);
  expect(sent.filter((type) => type === 'worker-elect-ack')).toHaveLength(10_000);
});

test('a blocked event loop names some of the tasks that ran, and counts the others', () => {
  const clock = new ManualClock();
  const lines: string[] = [];
  const running = new Set(Array.from({ length: 30 }, (_, i) => `task${String(i).padStart(2, '0')}`));
  const delay = new LoopDelay({
    timer: createTimer({ clock }),
    log: createLogger({ write: (line) => lines.push(line) }),
    running: () => running,
    cpuMs: () => 0,
  });
  delay.start();
  clock.stall(5000);
  const { tasks } = delay.stats().last!;
  expect(tasks.length).toBeLessThanOrEqual(10);
  expect(lines.join()).toContain(`${tasks.join(', ')} and ${30 - tasks.length} more`);
});

test('samples of memory: the last thousand', () => {
  const call = (name: 'memsample' | 'memdump', args: object) => INSPECT[name]!({} as never, args as never);
  for (let i = 0; i < 1005; i++) call('memsample', {});
  const lines = String(call('memdump', { samples: 5000 }))
    .trim()
    .split('\n');
  expect(lines).toHaveLength(1001);
});

test('revoked ids: fifty stand in the log, the others are counted, and all of them are revoked', () => {
  const lines: string[] = [];
  const revoked = new RevokedSet(new ManualTimer());
  const state = { revoked, find: () => [] };
  const handle = { state, log: { info: (line: string) => void lines.push(line) } };
  const ids = Array.from({ length: 60 }, (_, i) => `id${i}`);
  MANAGE['revoke']!(handle as never, { task_id: ids } as never);
  MANAGE['revoke']!(handle as never, { task_id: ids.slice(0, 50) } as never);
  expect(lines).toEqual([
    `Tasks flagged as revoked: ${ids.slice(0, 50).join(', ')} and 10 more`,
    `Tasks flagged as revoked: ${ids.slice(0, 50).join(', ')}`,
  ]);
  expect(revoked.ids()).toEqual(ids.slice(50).concat(ids.slice(0, 50)));
});

test('stamps: the name that was revoked last is the last to be forgotten', () => {
  const revoked = new RevokedSet(new ManualTimer(), { CELERY_WORKER_REVOKES_MAX: '10' });
  revoked.addStamps({ old: ['1'] });
  for (let i = 0; i < 9; i++) revoked.addStamps({ [`n${i}`]: ['x'] });
  revoked.addStamps({ old: ['2'] });
  expect(revoked.hasStamp(null, { old: '2' })).toBe(true);
  expect(revoked.hasStamp(null, { old: '1' })).toBe(true);
  expect(revoked.hasStamp(null, { n0: 'x' })).toBe(false);
});

test('task events that were disabled are not sent any more', () => {
  const events = { groups: new Set(['task']) };
  const handle = { events, log: silentLogger };
  const disable = () => MANAGE['disable_events']!(handle as never, {} as never);
  expect([disable(), disable()]).toEqual([{ ok: 'task events disabled' }, { ok: 'task events already disabled' }]);
});

test('places for limited tasks: a queue of which none waits any more takes none away from others', () => {
  const limited = new RateLimited(() => {});
  limited.held('a');
  limited.held('b');
  for (let i = 0; i < 3; i++) limited.released('a');
  expect(limited.places).toBe(1);
});
