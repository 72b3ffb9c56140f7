// Workers of one broker that watch one another: who comes, goes and falls silent, and elections among them.
import { randomUUID } from 'node:crypto';
import { afterEach, expect, it } from 'vitest';
import { Celery } from '../../server/app/celery.ts';
import { createTransport } from '../../server/transport/registry.ts';
import { Worker, type WorkerOptions } from '../../server/worker/worker.ts';
import { ManualTimer } from '../support/clock.ts';
import { until } from '../support/until.ts';
import { logger } from './worker-world.ts';

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

/** Workers on a broker of their own, each with an app of its own; their time stands still unless `realTime`. */
function makeCluster({ realTime = false } = {}) {
  const url = `memory://gossip-${randomUUID()}`;
  const timer = new ManualTimer();
  const done: string[] = [];
  const start = async (hostname: string, options: WorkerOptions = {}) => {
    const app = new Celery('vec', { broker: url, backend: `cache+${url}` }, realTime ? {} : { timer });
    app.task({ name: 'vec.note' }, (text: string) => void done.push(text));
    const lines: string[] = [];
    const worker = new Worker(app, { hostname, withoutMingle: true, log: logger(lines), ...options });
    open.push(async () => {
      await worker.stop('cold');
      await app.close();
    });
    await worker.start();
    return { app, worker, lines, gossip: worker.consumer.gossip! };
  };
  return { start, timer, done, url };
}

type Member = Awaited<ReturnType<ReturnType<typeof makeCluster>['start']>>;
const knows = (one: Member, ...names: string[]) =>
  until(() => names.length === one.gossip.peers.size && names.every((name) => one.gossip.peers.has(name)), `${names}`);

it('a worker that comes or says goodbye is noticed by those that are there, and finds them at once', async () => {
  const c = makeCluster();
  const first = await c.start('first@vec');
  const seen: string[] = [];
  first.gossip.on.nodeJoin.add((worker) => seen.push(`join ${worker.hostname} ${worker.sw_ident}`));
  first.gossip.on.nodeLeave.add((worker) => seen.push(`leave ${worker.hostname}`));
  first.gossip.on.nodeLost.add((worker) => seen.push(`lost ${worker.hostname}`));
  const second = await c.start('second@vec');
  await knows(first, 'second@vec');
  await knows(second, 'first@vec');
  await second.worker.stop('warm');
  await knows(first);
  expect(seen).toEqual(['join second@vec umbel', 'leave second@vec']);
  expect(first.lines).toEqual(expect.arrayContaining(['DEBUG second@vec joined the party', 'DEBUG second@vec left']));
  c.timer.advance(60_000);
  expect(seen).toHaveLength(2);
});

it('events that it cannot read are said once a minute, with their number', async () => {
  const c = makeCluster();
  const first = await c.start('first@vec');
  const transport = await createTransport({ url: c.url, options: {}, connectTimeoutMs: 1000 });
  await transport.connect();
  open.push(() => transport.close());
  const channel = await transport.channel();
  const send = async (bodies: string[]) => {
    for (const body of bodies)
      await channel.publish({
        ...{ exchange: 'celeryev', routingKey: 'worker.heartbeat', body: Buffer.from(body) },
        ...{ contentType: 'application/json', contentEncoding: 'utf-8', headers: {}, properties: {} },
      });
  };
  const said = () => first.lines.filter((line) => line.startsWith('ERROR gossip:'));
  await send(['x', 'y', 'z', '{"type":"worker-heartbeat","hostname":"last@vec","freq":2}']);
  await knows(first, 'last@vec');
  expect(said()).toEqual([expect.stringMatching(/Not JSON/)]);
  c.timer.advance(60_000);
  await send(['x']);
  await until(() => said().length === 2, 'the next line');
  expect(said()[1]).toMatch(/\(and 2 more events that cannot be read\)$/);
});

it('a worker that falls silent is missed after two heartbeats, once; what a listener throws is logged', async () => {
  const c = makeCluster();
  const first = await c.start('first@vec');
  const lost: string[] = [];
  first.gossip.on.nodeLost.add(function careless() {
    throw new Error('oops');
  });
  first.gossip.on.nodeLost.add((worker) => lost.push(worker.hostname));
  const second = await c.start('second@vec', { withoutHeartbeat: true });
  second.worker.events.send('worker-heartbeat', { freq: 2 });
  await knows(first, 'second@vec');
  c.timer.advance(20_000);
  expect(lost).toEqual(['second@vec']);
  expect(first.gossip.peers.size).toBe(0);
  expect(first.lines).toContain('INFO missed heartbeat from second@vec');
  expect(first.lines.filter((line) => line.startsWith('ERROR'))).toEqual([
    "ERROR Ignored error from handler 'careless': oops error",
  ]);
});

it.each([3600, -86_400])(
  'a clock that is set by %d s makes nobody look silent, and hides nobody who is',
  async (seconds) => {
    const c = makeCluster();
    const first = await c.start('first@vec');
    const lost: string[] = [];
    first.gossip.on.nodeLost.add((worker) => lost.push(worker.hostname));
    const second = await c.start('second@vec', { withoutHeartbeat: true });
    second.worker.events.send('worker-heartbeat', { freq: 20 });
    await knows(first, 'second@vec');
    c.timer.setWallClock(seconds * 1000);
    c.timer.advance(20_000);
    expect(lost).toEqual([]);
    c.timer.advance(40_000);
    expect(lost).toEqual(['second@vec']);
  },
);

it('exactly one worker does what an election is about: it sends the task', async () => {
  const c = makeCluster({ realTime: true });
  const all = await Promise.all(['a@vec', 'b@vec', 'c@vec'].map((name) => c.start(name)));
  for (const one of all) await knows(one, ...all.filter((other) => other !== one).map(({ worker }) => worker.hostname));
  const { app } = all[0]!;
  for (const id of ['one', 'two', 'three']) await app.control.election(id, 'task', app.signature('vec.note', [id]));
  const verdicts = (id: string) => all.map(({ lines }) => lines.find((line) => line.includes(`'${id}'`)));
  await until(() => ['one', 'two', 'three'].every((id) => verdicts(id).every(Boolean)), 'all to know');
  for (const id of ['one', 'two', 'three']) {
    expect(verdicts(id).filter((line) => line === `INFO I won the election '${id}'`)).toHaveLength(1);
    expect(verdicts(id).filter((line) => /^INFO node \w@vec\.\d+ elected for/.test(line!))).toHaveLength(2);
  }
  await until(() => c.done.length === 3, 'the tasks');
  expect([...c.done].sort()).toEqual(['one', 'three', 'two']);
});

it('an election of a topic of one’s own is handled by its handler; an unknown one and a broken action are logged', async () => {
  const c = makeCluster();
  const only = await c.start('only@vec');
  const actions: unknown[] = [];
  only.gossip.electionHandlers.set('mine', (action) => actions.push(action));
  await only.app.control.election('e1', 'mine', { do: 'it' });
  await until(() => actions.length === 1, 'the action');
  expect(actions).toEqual([{ do: 'it' }]);
  await only.app.control.election('e2', 'nobodys');
  await only.app.control.election('e3', 'task', null);
  await until(() => only.lines.filter((line) => line.startsWith('ERROR')).length === 2, 'both errors');
  expect(only.lines).toContain("ERROR Unknown election topic 'nobodys'");
  expect(only.lines.some((line) => line.startsWith('ERROR Could not call task'))).toBe(true);
});

it('a worker without gossip listens to nobody and says so when it is asked to stand', async () => {
  const c = makeCluster();
  const alone = await c.start('alone@vec', { withoutGossip: true });
  expect(alone.worker.consumer.gossip).toBeUndefined();
  expect(alone.worker.consumer.blueprint.names).not.toContain('Gossip');
  expect(await alone.worker.panel.dispatch('election', { id: 'e', topic: 'task' })).toEqual({
    error: "RuntimeError('A worker without gossip takes no part in elections')",
  });
});

it('a worker knows five thousand others, says once that there are more, and goes on noticing who leaves', async () => {
  const c = makeCluster();
  const first = await c.start('first@vec');
  const second = await c.start('second@vec');
  await knows(first, 'second@vec');
  const { gossip, lines } = first;
  const { send } = second.worker.events;
  // A few at a time: what waits for 5 s in a queue of events is let go.
  for (let i = 0; i < 5005; i++) {
    send.call(second.worker.events, 'worker-heartbeat', { hostname: `w${i}@vec`, freq: 1e6 });
    if (i % 250 === 249 && i < 4998) await until(() => gossip.peers.has(`w${i}@vec`), 'those so far');
  }
  send.call(second.worker.events, 'worker-offline', { hostname: 'w0@vec' });
  await until(() => lines.includes('DEBUG w0@vec left'), 'the one that leaves');
  expect(gossip.peers.size).toBe(4999);
  expect(gossip.peers.has('w4998@vec')).toBe(true);
  expect(lines.filter((line) => /more than 5000 workers/.test(line))).toHaveLength(1);
});
