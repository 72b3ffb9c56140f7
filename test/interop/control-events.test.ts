// Celery's own readers of events - the dump, the State that monitors are made of, the camera - hear a worker of each kind through
// every fate a task can have: the same events with the same fields, and the same picture of them.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Reject } from '../../server/errors.ts';
import { describeNeedsPythonOnRedis } from '../support/needs.ts';
import { until } from '../support/until.ts';
import { type Cluster, startCluster } from './python.ts';

const PY = 'py@interop';
const TS = 'ts@interop';
type Event = Record<string, unknown> & { type: string; uuid?: string; hostname: string };

/** What becomes of a task, and the state Celery's picture ends with. */
const FATES: Readonly<Record<string, string>> = {
  succeeded: 'SUCCESS',
  failed: 'FAILURE',
  retried: 'SUCCESS',
  // Celery's picture ranks REJECTED below STARTED.
  rejected: 'STARTED',
  unknown: 'FAILURE',
  expired: 'REVOKED',
  terminated: 'REVOKED',
  held: 'REVOKED',
};

/**
 * Not compared: Python tells of a revoked task that waits when its time has come, ours at once; and Debian's Celery 5.2 with its
 * billiard 4.1 does not know its own Reject again (it gets an ExceptionWithTraceback), so nothing is told of it.
 */
const COMPARED = Object.keys(FATES).filter((fate) => fate !== 'held' && fate !== 'rejected');

describeNeedsPythonOnRedis('events of workers of both kinds, as Celery reads them', () => {
  let cluster: Cluster;
  let dump: { readonly output: () => string };
  let events: Event[] = [];
  const eventsOf = (node: string, fate: string) =>
    events.filter(({ uuid, type }) => uuid === `${node.slice(0, 2)}-${fate}` && type !== 'task-sent');
  const task = (uuid: string): Promise<any> => cluster.py(`result = watch.task('${uuid}')`);
  const worker = (node: string): Promise<any> => cluster.py(`result = watch.worker('${node}')`);

  beforeAll(async () => {
    cluster = await startCluster();
    dump = cluster.dump();
    void cluster.celery('events', '-c', 'proj_control.Camera', '-F', '0.2');
    await cluster.py('import proj_control; watch = proj_control.Watch()');
    await until(() => dump.output().includes('starting capture'), 'the dump');
    await until(() => cluster.keys.exists('pictures'), 'the camera');

    const theirs = await cluster.worker(PY, ['-P', 'prefork', '-c', '2', '-Q', 'py', '-E', '-I', 'proj_control']);
    const app = cluster.app({ task_default_queue: 'ts', task_send_sent_event: true });
    app.task({ name: 'ts.add' }, (x: number, y: number) => x + y);
    app.task({ name: 'ts.fail' }, () => {
      throw new TypeError('boom');
    });
    app.task({ name: 'ts.reject', acks_late: true }, () => {
      throw new Reject('no', false);
    });
    app.task({ name: 'ts.retry', bind: true }, function (times: number) {
      if (this.request.retries < times) throw this.retry({ countdown: 0.05, exc: new Error('again') });
      return this.request.retries;
    });
    app.task({ name: 'ts.sleep', bind: true }, async function () {
      await new Promise((_, reject) => this.signal.addEventListener('abort', () => reject(this.signal.reason)));
    });
    const ours = await cluster.ours(app, { hostname: TS, concurrency: 4, taskEvents: true });
    for (const node of ['py', 'ts']) {
      const send = (fate: string, name: string, args: unknown[], options = {}) =>
        app.sendTask(`${node}.${name}`, args, {}, { queue: node, task_id: `${node}-${fate}`, ...options });
      await send('succeeded', 'add', [1, 2]);
      await send('failed', 'fail', ['žluť']);
      await send('retried', 'retry', [1]);
      await send('rejected', 'reject', []);
      await send('unknown', 'nowhere', []);
      await send('expired', 'add', [1, 1], { expires: new Date(Date.now() - 5000) });
      const sleeps = await send('terminated', 'sleep', [60]);
      const held = await send('held', 'add', [2, 2], { countdown: 300 });
      const states = async () =>
        (await cluster.py('result = {k: t.state for k, t in watch.state.tasks.items()}')) as any;
      await until(async () => (await states())[`${node}-terminated`] === 'STARTED', 'it to run');
      await until(async () => (await states())[`${node}-held`] === 'RECEIVED', 'it to be held');
      await sleeps.revoke({ terminate: true });
      await held.revoke();
      const fates = node === 'ts' ? Object.keys(FATES) : COMPARED;
      await until(async () => {
        const now = await states();
        return fates.every((fate) => now[`${node}-${fate}`] === FATES[fate]);
      }, `all fates of ${node}`).catch(async (error: unknown) => {
        throw new Error(`${error}: ${JSON.stringify(await states())}`);
      });
    }
    await until(() => cluster.py("result = any(e['type'] == 'task-rejected' for e in watch.events)"), 'the rejection');
    await until(async () => (await worker(TS)).processed === 6, 'a heartbeat that counts them');
    expect((await worker(TS)).status).toBe('ONLINE');
    expect((await worker(PY)).status).toBe('ONLINE');
    await ours.stop('warm');
    await theirs.stop();
    await until(
      async () => (await worker(TS)).status === 'OFFLINE' && (await worker(PY)).status === 'OFFLINE',
      'both to say goodbye',
    );
    events = (await cluster.py('result = watch.events')) as Event[];
  });
  afterAll(() => cluster[Symbol.asyncDispose]());

  it('each fate is told by the same events with the same fields, of the same kinds', () => {
    const form = (event: Event): string =>
      `${event.type}: ${Object.keys(event)
        .sort()
        .map((key) => `${key} ${event[key] === null ? 'null' : typeof event[key]}`)
        .join(', ')}`;
    for (const fate of COMPARED) {
      const [py, ts] = [PY, TS].map((node) => eventsOf(node, fate).map(form).sort());
      expect(ts, fate).toEqual(py);
    }
  });

  it('and the same values, but for times, clocks, processes and tracebacks', () => {
    const OWN =
      /^(hostname|uuid|root_id|parent_id|pid|clock|timestamp|local_received|runtime|name|eta|expires|traceback)$/;
    const values = (node: string, fate: string) =>
      eventsOf(node, fate)
        .map((event) => Object.fromEntries(Object.entries(event).filter(([key]) => !OWN.test(key))))
        .map((event) => JSON.stringify(event, Object.keys(event).sort()))
        .sort();
    for (const fate of ['succeeded', 'expired', 'terminated']) {
      expect(values(TS, fate), fate).toEqual(values(PY, fate));
    }
    const revoked = eventsOf(TS, 'terminated').find(({ type }) => type === 'task-revoked');
    expect(revoked).toMatchObject({ terminated: true, signum: 15, expired: false });
    const failed = eventsOf(TS, 'failed').find(({ type }) => type === 'task-failed')!;
    expect(failed).toMatchObject({ exception: "TypeError('boom')" });
    expect(failed.traceback).toMatch(/^Traceback \(most recent call last\):\n {2}File "[\s\S]*\nTypeError: boom\n$/);
    expect(eventsOf(TS, 'unknown')).toMatchObject([{ type: 'task-failed', exception: "NotRegistered('ts.nowhere')" }]);
    expect(eventsOf(PY, 'unknown')).toMatchObject([{ type: 'task-failed', exception: "NotRegistered('py.nowhere')" }]);
    const retried = eventsOf(TS, 'retried');
    expect(retried.filter(({ type }) => type === 'task-received').map(({ retries }) => retries)).toEqual([0, 1]);
    expect(retried.at(-1)).toMatchObject({ type: 'task-succeeded', result: '1' });
  });

  it('workers tell the same of themselves: online, heartbeat, offline', () => {
    for (const type of ['worker-online', 'worker-heartbeat', 'worker-offline']) {
      // The heartbeat that was asked for by remote says less.
      const of = (node: string) =>
        events.find((event) => event.type === type && event.hostname === node && 'active' in event)!;
      // One field is ours alone.
      const { loop_delay, ...shared } = of(TS);
      expect(loop_delay).toEqual(expect.any(Number));
      expect(Object.keys(shared).sort(), type).toEqual(Object.keys(of(PY)).sort());
      expect(of(TS)).toMatchObject({ sw_ident: 'umbel', sw_sys: 'Linux', freq: 2, loadavg: expect.any(Array) });
    }
  });

  it("Celery's State takes every event, and its tasks and workers are complete", async () => {
    expect(await cluster.py('result = watch.errors')).toEqual([]);
    for (const [fate, state] of Object.entries(FATES)) {
      const ts = await task(`ts-${fate}`);
      expect(ts.state, fate).toBe(state);
      if (!COMPARED.includes(fate)) continue;
      const py = await task(`py-${fate}`);
      expect(Object.keys(ts.info).sort(), fate).toEqual(Object.keys(py.info).sort());
      const known = (of: typeof ts) =>
        Object.keys(of.fields)
          .filter((key) => of.fields[key] !== null)
          .sort();
      expect(known(ts), fate).toEqual(known(py));
      const rest = (of: typeof ts) =>
        JSON.stringify({ ...of, info: 0, fields: 0 })
          .replace(/\bpy\b/g, 'ts')
          .replace(/interop\.\d+/, 'interop.PID');
      expect(rest(ts), fate).toBe(rest(py));
    }
    expect((await task('ts-succeeded')).info).toMatchObject({ args: '(1, 2)', kwargs: '{}', result: '3' });
    const [ts, py] = [await worker(TS), await worker(PY)];
    expect(Object.keys(ts)).toEqual(Object.keys(py));
    expect(ts).toMatchObject({ id: `${TS}.${process.pid}`, active: 0, processed: 6, sw_ident: 'umbel' });
  });

  it('the camera takes pictures with both in them', async () => {
    const pictures = async () => (await cluster.keys.lrange('pictures', 0, -1)).map((text) => JSON.parse(text));
    const last = await until(async () => {
      const found = (await pictures()).at(-1);
      return found.tasks['ts-terminated'] === 'REVOKED' ? found : null;
    }, 'a picture of the end');
    for (const [fate, state] of Object.entries(FATES)) expect(last.tasks[`ts-${fate}`], fate).toBe(state);
    expect(last.types).toEqual(expect.arrayContaining(['ts.add', 'py.add', 'ts.nowhere']));
    const alive = (await pictures()).map((picture) => picture.alive.join());
    expect(alive).toContain(`${PY},${TS}`);
    await until(async () => (await pictures()).at(-1).alive.length === 0, 'a picture without workers');
  });

  it('celery events --dump writes a line for each event of ours as for one of its own', async () => {
    const lines = (node: string) =>
      dump
        .output()
        .split('\n')
        .filter((line) => line.startsWith(`${node} [`));
    await until(
      () => [PY, TS].every((node) => lines(node).some((line) => /\] shutdown: /.test(line))),
      'the last lines',
    );
    const name = (node: string) => `${node.slice(0, 2)}\\.\\w+\\(${node.slice(0, 2)}-\\w+\\) args=\\S.* kwargs=\\{\\}`;
    for (const node of [PY, TS]) {
      // Python leaves out the microseconds of a whole second: one in a thousand of our events, which are told to the millisecond.
      const stamp = `^${node} \\[\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d(?:\\.\\d{6})?\\]`;
      const like = (rest: string) => lines(node).filter((line) => new RegExp(`${stamp} ${rest}`).test(line)).length;
      // What is unknown or has expired when it arrives may end before it is heard that it was sent: then the dump knows no name.
      const maybe = `(?:${name(node)})?`;
      expect(like('started: active=0, clock='), `${node} online`).toBe(1);
      expect(like('heartbeat: active=\\d, clock=\\d+, freq=2'), `${node} heartbeat`).toBeGreaterThan(0);
      expect(like('shutdown: active=\\d, clock='), `${node} offline`).toBe(1);
      expect(like(`task received: ${name(node)} clock=`), `${node} received`).toBe(7);
      expect(like(`task started: ${name(node)} clock=`), `${node} started`).toBe(6);
      expect(like(`task succeeded: ${name(node)} clock=.* result=\\S+, runtime=`), `${node} succeeded`).toBe(2);
      expect(like(`task failed: ${maybe} clock=.* exception=\\w+`), `${node} failed`).toBe(2);
      expect(like(`task retried: ${name(node)} clock=.* exception=`), `${node} retried`).toBe(1);
      if (node === TS) expect(like(`task rejected: ${name(node)} clock=.* requeue=False`), 'rejected').toBe(1);
      const revoked = like(`task revoked: ${maybe} clock=.* expired=(True|False), .*signum=\\w+, terminated=`);
      expect(revoked, `${node} revoked`).toBe(node === TS ? 3 : 2);
    }
    expect(dump.output()).toMatch(/\] task sent: ts\.add\(ts-succeeded\) args=\(1, 2\) kwargs=\{\} clock=/);
    expect(dump.output()).not.toMatch(/-> (Cannot connect|Connection lost)/);
  });
});
