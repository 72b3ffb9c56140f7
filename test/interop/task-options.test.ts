// What one may say of a call, and how a task may end: the same both ways, Python's caller with our worker and our caller with
// Python's. The zone of all is far from UTC, so that times without a zone tell.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApplyOptions } from '../../server/canvas/call-options.ts';
import { MaxRetriesExceededError, SoftTimeLimitExceeded, TimeLimitExceeded } from '../../server/errors.ts';
import { describeNeedsPythonOnRedis } from '../support/needs.ts';
import { until } from '../support/until.ts';
import { type Both, startBoth, WAYS, type Way } from './ways.ts';

const ZONE = 'Asia/Tokyo';
/** Timers of both sides may be early by a rounding. @unit seconds */
const EARLY = 0.02;

let labels = 0;
const label = () => `label-${++labels}`;
/** An ISO time of day `hours` east of UTC, without zone. */
const wall = (ms: number, hours: number) => new Date(ms + hours * 3_600_000).toISOString().slice(0, -1);

describeNeedsPythonOnRedis('options of calls, both ways', () => {
  let both: Both;
  beforeAll(async () => {
    const limit = { rate_limit: '10/s' };
    both = await startBoth({
      timezone: ZONE,
      result_extended: true,
      task_annotations: { 'py.annotated': limit, 'ts.annotated': limit },
    });
  });
  afterAll(() => both?.cluster[Symbol.asyncDispose]());
  const thrown = (way: Way, id: string) =>
    way.get(id).then(
      (value) => ({ value }),
      (error: unknown) => error,
    );
  const send = (way: Way, name: string, args: unknown[] = [], options: ApplyOptions = {}) =>
    way.send(name, args, options);
  const statuses = (id: string) => both.cluster.records(id).map(({ status }) => status);

  describe.each(WAYS)('%s', (_, runs) => {
    const way = new Proxy({} as Way, { get: (_target, key) => both.ways[runs][key as keyof Way] });

    describe.concurrent('', () => {
      it.each([
        ['in UTC', (ms: number) => new Date(ms)],
        ['with an offset', (ms: number) => `${wall(ms, 5.5)}+05:30`],
        ["without a zone, which is UTC whatever the worker's is", (ms: number) => wall(ms, 0)],
      ])('an eta %s is waited for', async (_name, etaOf) => {
        const what = label();
        const due = Date.now() + 700;
        const id = await send(way, 'mark', [what], { eta: etaOf(due) });
        await way.ended(id);
        const [at] = await both.marks(what);
        expect(at! - due / 1000).toBeGreaterThan(-EARLY);
      });

      it('what has not expired runs, what expires while it waits is revoked', async () => {
        const what = label();
        const soon = await send(way, 'mark', [what], { expires: 30 });
        const dated = await send(way, 'mark', [what], { expires: new Date(Date.now() + 30_000) });
        const late = await send(way, 'mark', [what], { countdown: 1, expires: 0.4 });
        const lateDated = await send(way, 'mark', [what], { countdown: 1, expires: new Date(Date.now() + 400) });
        expect([await way.get(soon), await way.get(dated)]).toEqual([what, what]);
        for (const id of [late, lateDated]) {
          expect(await thrown(way, id)).toMatchObject({
            name: 'TaskRevokedError',
            message: expect.stringContaining('expired'),
          });
        }
        expect(await both.marks(what)).toHaveLength(2);
      });

      it('each try is told: how many there were, why, and what came of it', async () => {
        const id = await send(way, 'retry', [2]);
        expect(await way.get(id)).toBe(2);
        await until(() => statuses(id).filter((s) => s === 'RETRY').length === 2, 'both retries');
        await expect
          .poll(() => [...statuses(id)].sort())
          .toEqual(['RETRY', 'RETRY', 'STARTED', 'STARTED', 'STARTED', 'SUCCESS']);
        const retried = both.cluster.records(id).filter(({ status }) => status === 'RETRY');
        expect(retried.map(({ retries }) => retries)).toEqual([0, 1]);
        const cause = runs === 'ts' ? 'RangeError' : 'ValueError';
        expect(retried[0]!.result).toMatchObject({ exc_type: cause, exc_message: ['again'], exc_module: 'builtins' });
        expect(retried[0]!.traceback).toMatch(/(ValueError|RangeError).*again/);
        expect(await way.extended(id)).toMatchObject({ retries: 2 });
      });

      it('when the tries are used up, the caller is told so', async () => {
        const id = await send(way, 'exhaust');
        const error = (await thrown(way, id)) as Error;
        expect(error.name).toBe('MaxRetriesExceededError');
        if (runs === 'py') expect(error).toBeInstanceOf(MaxRetriesExceededError);
        expect(error.message).toContain(`Can't retry ${runs}.exhaust[${id}] args:`);
        await until(() => statuses(id).filter((s) => s === 'RETRY').length === 2, 'both retries');
      });

      it('a task that retries by itself waits twice as long each time', async () => {
        const what = label();
        const id = await send(way, 'backoff', [what]);
        const error = (await thrown(way, id)) as Error;
        expect(error.name).toBe(runs === 'ts' ? 'RangeError' : 'ConnectionError');
        const [first, second, third] = (await both.marks(what)) as [number, number, number];
        expect(second - first).toBeGreaterThan(1 - EARLY);
        expect(third - second).toBeGreaterThan(2 - EARLY);
        expect(await both.marks(what)).toHaveLength(3);
      });

      it('a task that wants no result leaves none, nor does a call that wants none', async () => {
        const what = label();
        const silent = await send(way, 'silent', [what]);
        const unwanted = await send(way, 'mark', [what], { ignore_result: true });
        const log = (id: string) =>
          way
            .log()
            .split('\n')
            .find((line) => line.includes(`[${id}] succeeded`));
        await until(() => log(silent) && log(unwanted), 'both to end');
        expect(await both.marks(what)).toHaveLength(2);
        await expect.poll(() => [statuses(silent), statuses(unwanted)]).toEqual([[], ['STARTED']]);
      });

      it('a revoke that comes before the task is obeyed', async () => {
        const what = label();
        const id = `revoked-${what}`;
        await way.revoke(id);
        // The worker has heard it when it answers.
        await until(async () => {
          const reply = await both.app.control.inspect({ destination: [way.worker], timeout: 5 }).revoked();
          return reply?.[way.worker]?.includes(id);
        }, 'the worker to know');
        await send(way, 'mark', [what], { task_id: id });
        expect(await thrown(way, id)).toMatchObject({ name: 'TaskRevokedError' });
        expect(await both.marks(what)).toEqual([]);
      });

      it.each(['limited', 'annotated'])('a rate limit (%s) of ten a second is kept', async (name) => {
        const what = label();
        // Python keeps its own limits with delay when many wait: 21 take it ten seconds.
        const count = runs === 'ts' ? 21 : 11;
        const ids = await Promise.all(Array.from({ length: count }, () => send(way, name, [what])));
        await Promise.all(ids.map((id) => way.ended(id)));
        const times = (await both.marks(what)).sort((a, b) => a - b);
        expect(times).toHaveLength(count);
        // After a rest two may pass at once, then one each tenth.
        // Half of it, for a mark may be made late; without a limit they come together.
        expect(times.at(-1)! - times[0]!).toBeGreaterThan((count - 2) / 10 / 2);
      });

      it('a soft time limit is raised in the task, which may make use of it', async () => {
        const failing = await send(way, 'sleep', [30], { soft_time_limit: 0.5, time_limit: 25 });
        const using = await send(way, 'tidy', [30], { soft_time_limit: 0.5 });
        const error = (await thrown(way, failing)) as Error;
        expect(error.name).toBe('SoftTimeLimitExceeded');
        if (runs === 'py') expect(error).toBeInstanceOf(SoftTimeLimitExceeded);
        else expect(error).toMatchObject({ module: 'billiard.exceptions' });
        expect(await way.get(using)).toBe('tidied');
      });

      it('a hard time limit ends the task', async () => {
        const id = await send(way, 'sleep', [30], { time_limit: 1 });
        const error = (await thrown(way, id)) as Error;
        expect(error.name).toBe('TimeLimitExceeded');
        if (runs === 'py') expect(error).toBeInstanceOf(TimeLimitExceeded);
        else expect(error).toMatchObject({ module: 'billiard.exceptions', args: [1] });
        await until(() => way.log().includes(`Hard time limit (1`), 'its line in the log');
      });

      it('what the call says is what the task is told', async () => {
        const id = await send(way, 'request', [], {
          shadow: 'pretty',
          headers: { my_header: { deep: ['ž', 1] } },
          time_limit: 60,
          soft_time_limit: 50,
          root_id: 'the-root',
          parent_id: 'the-parent',
          priority: 6,
          retries: 1,
          group_id: 'the-group',
        });
        expect(await way.get(id)).toEqual({
          id,
          root_id: 'the-root',
          parent_id: 'the-parent',
          correlation_id: id,
          shadow: 'pretty',
          retries: 1,
          timelimit: [60, 50],
          routing_key: runs === 'ts' ? 'ts' : 'celery',
          exchange: '',
          priority: 6,
          my_header: { deep: ['ž', 1] },
          group: 'the-group',
        });
        await until(() => way.log().includes(`pretty[${id}]`), 'its line in the log');
        expect(way.log()).not.toContain(`${runs}.request[${id}]`);
      });

      it('a state and a progress of its own are seen by both languages', async () => {
        const id = await send(way, 'progress');
        await until(() => statuses(id).includes('PROGRESS'), 'the progress');
        const seen = { state: 'PROGRESS', info: { done: 3, of: [10, 'ž'] } };
        const theirs = `r = app.AsyncResult('${id}')\nresult = {'state': r.state, 'info': r.info}`;
        expect(await both.cluster.py(theirs)).toEqual(seen);
        const ours = both.app.AsyncResult(id);
        expect({ state: await ours.state(), info: await ours.info() }).toEqual(seen);
        await both.cluster.keys.rpush('go', '1');
        expect(await way.get(id)).toBe('done');
      });

      it('what a task sent is known as its children, to both languages', async () => {
        const [name, queue] = runs === 'ts' ? ['py.add', 'celery'] : ['ts.add', 'ts'];
        const id = await send(way, 'parent', [name, queue]);
        await way.ended(id);
        expect(
          await both.cluster.py(`result = sorted(c.get(timeout=60) for c in app.AsyncResult('${id}').children)`),
        ).toEqual([2, 4]);
        const children = (await both.app.AsyncResult(id).children()) as unknown as {
          id: string;
          get(o: object): Promise<number>;
        }[];
        expect((await Promise.all(children.map((child) => child.get({ timeout: 120 })))).sort()).toEqual([2, 4]);
        const records = await Promise.all(children.map((child) => way.ended(child.id)));
        expect(records.map(({ parent_id }) => parent_id)).toEqual([id, id]);
      });

      it('an extended record tells both languages what ran where', async () => {
        const id = await send(way, 'echo', [1, 'ž', null, { a: [2.5] }]);
        await way.ended(id);
        const expected = {
          name: `${runs}.echo`,
          args: [1, 'ž', null, { a: [2.5] }],
          kwargs: {},
          worker: way.worker,
          retries: 0,
          queue: runs === 'ts' ? 'ts' : 'celery',
        };
        for (const reader of Object.values(both.ways)) {
          const { date_done, ...rest } = await reader.extended(id);
          expect(rest).toEqual(expected);
          const done = date_done as string;
          const ms = Date.parse(/[+Z]/.test(done) ? done : `${done}Z`);
          expect(Math.abs(ms - Date.now())).toBeLessThan(60_000);
        }
      });
    });

    it('messages of protocol 1 carry all that protocol 2 does', async () => {
      const what = label();
      const due = Date.now() + 500;
      const use = async (protocol: 1 | 2) => {
        await both.cluster.py(`app.conf.task_protocol = ${protocol}`);
        both.app.conf.task_protocol = protocol;
      };
      await use(1);
      try {
        const keep = both.app.signature('py.keep', [what], {}, { queue: 'celery' });
        const ids = {
          waiting: await send(way, 'mark', [what], { eta: new Date(due), expires: 30 }),
          late: await send(way, 'mark', [what], { countdown: 0.5, expires: 0.1 }),
          limited: await send(way, 'sleep', [30], { soft_time_limit: 0.5 }),
          linked: await send(way, 'add', [1, 2], { link: keep }),
        };
        expect(await way.get(ids.waiting)).toBe(what);
        expect((await both.marks(what))[0]! - due / 1000).toBeGreaterThan(-EARLY);
        expect(await thrown(way, ids.late)).toMatchObject({ name: 'TaskRevokedError' });
        expect(await thrown(way, ids.limited)).toMatchObject({ name: 'SoftTimeLimitExceeded' });
        await until(async () => (await both.kept()).find((row) => row[1] === what), 'the link');
        expect((await both.kept()).find((row) => row[1] === what)).toEqual([3, what]);
      } finally {
        await use(2);
      }
    });
  });

  it('the Python worker understood all it was sent', () => {
    expect(both.theirs.output()).not.toMatch(/Unrecoverable error|unknown message|invalid task message|DecodeError/);
  });
});
