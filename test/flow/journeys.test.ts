// Whole journeys: a call goes out, a worker runs it, its result comes back.
import { describe, expect, it } from 'vitest';
import type { Celery } from '../../server/app/celery.ts';
import { chain, chord, group } from '../../server/canvas/compose.ts';
import { ChordError, Ignore, Reject, TaskRevokedError } from '../../server/errors.ts';
import type { GroupResult } from '../../server/results/group-result.ts';
import { signals } from '../../server/signals.ts';
import { until } from '../support/until.ts';
import { type BrokerKind, makeApp, startWorker } from '../support/world.ts';

const WAIT = { timeout: 90 };

function tasksOf(app: Celery) {
  return {
    add: app.task({ name: 'vec.add', params: ['x', 'y'] }, (x: number, y: number) => x + y),
    sum: app.task({ name: 'vec.xsum', params: ['xs'] }, (xs: number[]) => xs.reduce((a, b) => a + b, 0)),
    fail: app.task({ name: 'vec.fail' }, (text: string) => {
      throw new RangeError(text);
    }),
    note: app.task({ name: 'vec.note' }, (...args: unknown[]) => {
      notes.push(args);
      return args.length;
    }),
  };
}
const notes: unknown[][] = [];

describe.each<BrokerKind>(['memory', 'sqlite'])('on %s', (broker) => {
  it('a call comes back as its result, with the children and root it had', async () => {
    const app = makeApp({ broker, settings: { result_extended: true } });
    const { add } = tasksOf(app);
    const outer = app.task({ name: 'outer' }, async function () {
      const child = await add.delay(1, 1);
      return [this.request.id, this.request.rootId, child.id];
    });
    await startWorker(app);

    const sent = await outer.delay();
    const [id, root, child] = (await sent.get(WAIT)) as string[];

    expect([id, root]).toEqual([sent.id, sent.id]);
    expect((await sent.children()).map((one) => one.id)).toEqual([child]);
    expect(await app.AsyncResult(child!).get(WAIT)).toBe(2);
    const meta = await app.AsyncResult(child!).meta();
    expect(meta).toMatchObject({
      status: 'SUCCESS',
      parent_id: sent.id,
      name: 'vec.add',
      args: [1, 1],
      queue: 'celery',
    });
  });

  it('a failure comes back as the error it was', async () => {
    const app = makeApp({ broker });
    const { fail } = tasksOf(app);
    await startWorker(app);

    const sent = await fail.delay('too far');

    await expect(sent.get(WAIT)).rejects.toThrow('too far');
    expect(await sent.state()).toBe('FAILURE');
    expect(await sent.traceback()).toContain('Traceback (most recent call last)');
  });

  it('a task retries under its own id until it succeeds', async () => {
    const app = makeApp({ broker });
    const seen: [string, number][] = [];
    const flaky = app.task({ name: 'flaky', max_retries: 5 }, function () {
      seen.push([this.request.id, this.request.retries]);
      if (this.request.retries < 2) this.retry({ exc: new Error('again'), countdown: 0 });
      return 'done';
    });
    await startWorker(app);

    const sent = await flaky.delay();

    expect(await sent.get(WAIT)).toBe('done');
    expect(seen).toEqual([0, 1, 2].map((n) => [sent.id, n]));
  });

  it('a task whose retries are used up fails with its own error', async () => {
    const app = makeApp({ broker });
    const never = app.task(
      { name: 'never', autoretry_for: [RangeError], retry_kwargs: { max_retries: 1, countdown: 0 } },
      () => {
        throw new RangeError('still');
      },
    );
    await startWorker(app);
    const sent = await never.delay();
    await expect(sent.get(WAIT)).rejects.toThrow('still');
  });

  it('a countdown holds a task back, and an expired one is revoked', async () => {
    const app = makeApp({ broker });
    const { add } = tasksOf(app);
    const late = await add.applyAsync([1, 2], {}, { expires: 0.001 });
    await until(() => Date.now() > performance.timeOrigin, 'the clock');
    await startWorker(app);
    const startMs = Date.now();
    const waiting = await add.applyAsync([2, 3], {}, { countdown: 0.3 });

    expect(await waiting.get(WAIT)).toBe(5);
    expect(Date.now() - startMs).toBeGreaterThanOrEqual(290);
    await expect(late.get({ timeout: 0.5 })).rejects.toThrow();
  });

  it('a chain hands each result on, and its result is that of its last step', async () => {
    const app = makeApp({ broker });
    const { add } = tasksOf(app);
    await startWorker(app);
    const sent = await chain(add.s(1, 2), add.s(3), add.s(4)).applyAsync();
    expect(await sent.get(WAIT)).toBe(10);
    expect(await sent.parent!.get(WAIT)).toBe(6);
    expect(await sent.parent!.parent!.get(WAIT)).toBe(3);
  });

  it('a failing step fails all that would have followed', async () => {
    const app = makeApp({ broker });
    const { add, fail } = tasksOf(app);
    await startWorker(app);
    const sent = await chain(add.s(1, 2), fail.si('broken'), add.s(4), add.s(5)).applyAsync();
    await expect(sent.get(WAIT)).rejects.toThrow('broken');
    await until(async () => (await app.AsyncResult(sent.id).state()) === 'FAILURE', 'the last step to be failed');
  });

  it('a group gives its results in order', async () => {
    const app = makeApp({ broker });
    const { add } = tasksOf(app);
    await startWorker(app);
    const sent = await group([1, 2, 3, 4].map((n) => add.s(n, n))).applyAsync();
    expect(await sent.get(WAIT)).toEqual([2, 4, 6, 8]);
  });

  it('a chord hands the results of its header to its body', async () => {
    const app = makeApp({ broker });
    const { add, sum } = tasksOf(app);
    await startWorker(app);
    const sent = await chord([add.s(1, 1), add.s(2, 2), add.s(3, 3)], sum.s()).applyAsync();
    expect(await sent.get(WAIT)).toBe(12);
  });

  it('an empty header sends the body at once, one header task makes a chord as well', async () => {
    const app = makeApp({ broker });
    const { add, sum } = tasksOf(app);
    await startWorker(app);
    expect(await (await chord([], sum.s()).applyAsync()).get(WAIT)).toBe(0);
    expect(await (await chord([add.s(1, 2)], sum.s()).applyAsync()).get(WAIT)).toBe(3);
  });

  it('task, group, task, task: a chord inside a chain', async () => {
    const app = makeApp({ broker });
    const { add, sum } = tasksOf(app);
    await startWorker(app);
    const sent = await chain(add.s(0, 1), group(add.s(1), add.s(2)), sum.s(), add.s(10)).applyAsync();
    expect(await sent.get(WAIT)).toBe(15);
  });

  it('chords one after another, and chains in a chord', async () => {
    const app = makeApp({ broker });
    const { add, sum } = tasksOf(app);
    await startWorker(app);
    const twice = chain(group(add.s(1, 1), add.s(2, 2)), sum.s(), group(add.s(1), add.s(2)), sum.s());
    expect(await (await twice.applyAsync()).get(WAIT)).toBe(15);
    const chains = chord([chain(add.s(1, 1), add.s(2)), chain(add.s(3, 3), add.s(4))], sum.s());
    expect(await (await chains.applyAsync()).get(WAIT)).toBe(14);
  });

  it('group then group: the second gets the list of the first', async () => {
    const app = makeApp({ broker });
    const { add, sum } = tasksOf(app);
    await startWorker(app);
    const sent = await group(add.s(1, 1), add.s(2, 2)).pipe(group(sum.s(), sum.s())).applyAsync();
    expect(await sent.get(WAIT)).toEqual([6, 6]);
  });

  it('a failing header task fails the body with ChordError and calls its errback', async () => {
    const app = makeApp({ broker });
    const { add, fail, sum } = tasksOf(app);
    const errors: unknown[] = [];
    const errback = app.task({ name: 'errback' }, (id: string) => {
      errors.push(id);
    });
    await startWorker(app);
    const sent = await chord([add.s(1, 1), fail.s('no')], sum.s().onError(errback.s())).applyAsync();
    const error = await sent.get(WAIT).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ChordError);
    expect(String(error)).toMatch(/Dependency .* raised RangeError\('no'\)/);
    await until(() => errors.length > 0, 'the errback');
    expect(errors).toEqual([sent.id]);
  });

  it('map, starmap and chunks run one task over many arguments', async () => {
    const app = makeApp({ broker });
    const { add, sum } = tasksOf(app);
    await startWorker(app);
    expect(await (await sum.map([[1, 2], [3]]).applyAsync()).get(WAIT)).toEqual([3, 3]);
    expect(
      await (
        await add
          .starmap([
            [1, 2],
            [3, 4],
          ])
          .applyAsync()
      ).get(WAIT),
    ).toEqual([3, 7]);
    const chunked = (await add
      .chunks(
        [
          [0, 0],
          [1, 1],
          [2, 2],
        ],
        2,
      )
      .applyAsync()) as GroupResult;
    expect(await chunked.get(WAIT)).toEqual([[0, 2], [4]]);
  });

  it('link is called with the result, link_error with the id of the failed task', async () => {
    const app = makeApp({ broker });
    const { add, fail, note } = tasksOf(app);
    notes.length = 0;
    await startWorker(app);
    await add.applyAsync([1, 2], {}, { link: [note.s('first'), note.s('second')] });
    const failed = await fail.applyAsync(['x'], {}, { link_error: note.si('failed') });
    const other = await fail.applyAsync(['y'], {}, { link_error: note.s('failed') });
    await until(() => notes.length === 4, 'four notes');
    expect(notes).toEqual(expect.arrayContaining([[3, 'first'], [3, 'second'], ['failed'], [other.id, 'failed']]));
    expect(await failed.state()).toBe('FAILURE');
  });

  it('a task replaced by a chain ends with its result under its own id', async () => {
    const app = makeApp({ broker });
    const { add } = tasksOf(app);
    const start = app.task({ name: 'start' }, async function (n: number) {
      return this.replace(chain(add.s(n, 1), add.s(10)));
    });
    const many = app.task({ name: 'many' }, async function () {
      return this.replace(group(add.s(1, 1), add.s(2, 2)));
    });
    await startWorker(app);
    expect(await (await start.delay(5)).get(WAIT)).toBe(16);
    expect(await (await chain(start.s(1), add.s(100)).applyAsync()).get(WAIT)).toBe(112);
    expect(await (await many.delay()).get(WAIT)).toEqual([2, 4]);
  });

  it('states of its own are seen while it runs', async () => {
    const app = makeApp({ broker });
    let go = () => {};
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    const slow = app.task({ name: 'slow', track_started: true }, async function () {
      await this.updateState({ state: 'PROGRESS', meta: { done: 1, of: 2 } });
      await gate;
      return 'ok';
    });
    await startWorker(app);
    const sent = await slow.delay();
    await until(async () => (await sent.state()) === 'PROGRESS', 'PROGRESS');
    expect(await sent.info()).toEqual({ done: 1, of: 2 });
    go();
    expect(await sent.get(WAIT)).toBe('ok');
  });

  it('Ignore leaves no state, Reject neither', async () => {
    const app = makeApp({ broker });
    const ignored = app.task({ name: 'ignored' }, () => {
      throw new Ignore();
    });
    const rejected = app.task({ name: 'rejected', acks_late: true }, () => {
      throw new Reject('not mine');
    });
    const { add } = tasksOf(app);
    await startWorker(app, { pool: 'solo' });
    const results = [await ignored.delay(), await rejected.delay()];
    await (await add.delay(1, 1)).get(WAIT);
    expect(await Promise.all(results.map((one) => one.state()))).toEqual(['PENDING', 'PENDING']);
  });

  it('a value that cannot be serialized is a failure that says so', async () => {
    const app = makeApp({ broker });
    const odd = app.task({ name: 'odd' }, () => new Map([[() => 1, 2]]) as unknown);
    await startWorker(app);
    const sent = await odd.delay();
    const error = await sent.get(WAIT).catch((e: unknown) => e as Error);
    expect((error as Error).name).toBe('EncodeError');
  });

  it('a revoked waiting task never runs', async () => {
    const app = makeApp({ broker });
    const { add } = tasksOf(app);
    await startWorker(app);
    const sent = await add.applyAsync([1, 1], {}, { countdown: 3600 });
    await sent.revoke();
    await expect(sent.get(WAIT)).rejects.toBeInstanceOf(TaskRevokedError);
  });

  it('a terminated running task is told by its signal and ends as REVOKED', async () => {
    const app = makeApp({ broker });
    let [begun, received] = [false, ''];
    const long = app.task({ name: 'long' }, async function () {
      begun = true;
      await new Promise((_, reject) => {
        this.signal.addEventListener('abort', () => {
          received = String(this.signal.reason.name);
          reject(this.signal.reason);
        });
      });
    });
    await startWorker(app);
    const sent = await long.applyAsync([], {}, {});
    await until(() => begun, 'it to begin');
    await sent.revoke({ terminate: true });
    await until(() => received !== '', 'the signal');
    expect(received).toBe('Terminated');
    await expect(sent.get(WAIT)).rejects.toBeInstanceOf(TaskRevokedError);
  });

  it('a warm stop finishes what runs and leaves the rest in the queue', async () => {
    const app = makeApp({ broker });
    const begun: number[] = [];
    let go = () => {};
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    const slow = app.task({ name: 'slow' }, async (n: number) => {
      begun.push(n);
      await gate;
      return n;
    });
    const worker = await startWorker(app, { concurrency: 1 });
    const sent = [await slow.delay(0), await slow.delay(1), await slow.delay(2)];
    await until(() => begun.length === 1, 'the first to begin');
    const stopping = worker.stop('warm');
    go();
    await stopping;
    await worker.done;
    expect(await sent[0]!.state()).toBe('SUCCESS');
    const channel = await app.writeConnection.defaultChannel();
    await until(async () => (await channel.queueStatus('celery'))?.messages === 2, 'the rest back in the queue');
  });
});

it('task_prerun, task_success and task_postrun tell of a run in that order', async () => {
  const app = makeApp();
  const { add } = tasksOf(app);
  const received: string[] = [];
  const offs = [
    signals.task_prerun.connect(({ task_id }) => received.push(`prerun ${task_id}`)),
    signals.task_success.connect(({ result }) => received.push(`success ${result}`)),
    signals.task_postrun.connect(({ state, retval }) => received.push(`postrun ${state} ${retval}`)),
  ];
  await startWorker(app);
  const sent = await add.delay(1, 2);
  await sent.get(WAIT);
  await until(() => received.length === 3, 'three signals');
  for (const off of offs) off();
  expect(received).toEqual([`prerun ${sent.id}`, 'success 3', 'postrun SUCCESS 3']);
});
