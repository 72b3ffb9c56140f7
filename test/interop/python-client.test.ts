// Python calls, we run: what a Python client sends to our worker, and what it gets back.
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Celery } from '../../server/app/celery.ts';
import { currentRequest } from '../../server/app/context.ts';
import { instrument } from '../../server/app/otel.ts';
import { Ignore } from '../../server/errors.ts';
import { describeNeedsPythonOnRedis } from '../support/needs.ts';
import { until } from '../support/until.ts';
import { type Cluster, startCluster } from './python.ts';
import { tracing } from './tracing.ts';

class OutOfStock extends Error {
  override name = 'OutOfStock';
  readonly args: readonly unknown[];
  constructor(item: string, left: number) {
    super(`${item}: ${left} left`);
    this.args = [item, left];
  }
}

function define(app: Celery, ran: string[]): void {
  app.task({ name: 'ts.add', params: ['x', 'y'] }, (x: number, y: number) => x + y);
  app.task({ name: 'ts.echo' }, (...args: unknown[]) => args);
  app.task({ name: 'ts.fail' }, (message: string) => {
    throw new TypeError(message);
  });
  app.task({ name: 'ts.stock' }, () => {
    throw new OutOfStock('tea', 0);
  });
  app.task({ name: 'ts.retry', bind: true, max_retries: 5 }, function (times: number) {
    if (this.request.retries < times) throw this.retry({ countdown: 0.05, exc: new Error('again') });
    return this.request.retries;
  });
  app.task({ name: 'ts.ignore' }, () => {
    ran.push('ignore');
    throw new Ignore();
  });
  app.task({ name: 'ts.ran' }, (what: string) => {
    ran.push(what);
    return what;
  });
  app.task({ name: 'ts.wait', bind: true }, async function () {
    ran.push('wait');
    await new Promise((_, reject) => this.signal.addEventListener('abort', () => reject(this.signal.reason)));
  });
  app.task({ name: 'ts.request' }, () => {
    const request = currentRequest()!;
    return [request.id, request.rootId, request.parentId, request.correlationId, request.deliveryInfo.routing_key];
  });
}

describeNeedsPythonOnRedis('a Python client and a worker of ours', () => {
  let cluster: Cluster;
  let app: Celery;
  const ran: string[] = [];
  const py = (code: string): Promise<unknown> => cluster.py(code);
  const raised = (code: string): Promise<unknown> =>
    py(code).then(
      (result) => ({ result }),
      (error: unknown) => error,
    );

  beforeAll(async () => {
    cluster = await startCluster();
    app = cluster.app();
    define(app, ran);
    await cluster.ours(app, { hostname: 'ts@interop', concurrency: 10 });
  });
  afterAll(() => cluster[Symbol.asyncDispose]());

  it("its trace goes on here: what Python's instrumentation writes before it publishes is our run's parent", async () => {
    const { spans, options, end } = tracing();
    const stop = instrument(app, options);
    try {
      await py(`
from celery.signals import before_task_publish
def inject(headers=None, **_):
    headers['traceparent'] = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
before_task_publish.connect(inject, weak=False)
try:
    result = task('ts.add').delay(1, 2).get(timeout=60)
finally:
    before_task_publish.disconnect(inject)
`);
      const [run] = await until(() => (spans().length > 0 ? spans() : null), 'the span of the run');
      expect(run!.parentSpanContext).toMatchObject({ spanId: 'b7ad6b7169203331' });
      expect(run!.spanContext().traceId).toBe('0af7651916cd43dd8448eb211c80319c');
    } finally {
      stop();
      end();
    }
  });

  it('arguments and results of every JSON kind arrive', async () => {
    const result = await py(
      "result = task('ts.echo').delay(1, 2.5, -3, 2**70, 'žluť 😀 \\u2028', '', None, True, [], [1, [2]], {'k': {'n': None}}).get(timeout=60)",
    );
    expect(result).toEqual([1, 2.5, -3, 2n ** 70n, 'žluť 😀 \u2028', '', null, true, [], [1, [2]], { k: { n: null } }]);
  });

  it('keyword arguments are put in place, and wrong ones are a TypeError as in Python', async () => {
    expect(await py("result = task('ts.add').apply_async((2,), {'y': 3}).get(timeout=60)")).toBe(5);
    expect(await py("result = task('ts.add').delay(y=1, x=2).get(timeout=60)")).toBe(3);
    expect(await raised("task('ts.add').delay(1).get(timeout=60)")).toMatchObject({
      type: 'TypeError',
      args: [expect.stringContaining("missing 1 required positional argument: 'y'")],
    });
  });

  it('an argument of a megabyte goes both ways', async () => {
    expect(await py("text = 'ž' * 524288\nresult = task('ts.echo').delay(text).get(timeout=60) == [text]")).toBe(true);
  });

  it('a countdown is waited for', async () => {
    const code = `
import time
t = time.time()
task('ts.add').apply_async((1, 1), countdown=0.5).get(timeout=60)
result = time.time() - t`;
    expect(await py(code)).toBeGreaterThan(0.49);
  });

  it('a failure is raised in Python with its name and arguments, and the traceback names our file', async () => {
    expect(await raised("r = task('ts.fail').delay('wrong')\nr.get(timeout=60)")).toMatchObject({
      type: 'TypeError',
      args: ['wrong'],
    });
    expect(await py('result = r.traceback')).toMatch(/python-client\.test\.ts[\s\S]*TypeError: wrong/);
    expect(await raised("task('ts.stock').delay().get(timeout=60)")).toMatchObject({
      type: 'OutOfStock',
      args: ['tea', 0],
    });
    expect(await raised("task('ts.nowhere').delay().get(timeout=60)")).toMatchObject({ type: 'NotRegistered' });
  });

  it('a retried task comes to its end', async () => {
    expect(await py("result = task('ts.retry').delay(2).get(timeout=60)")).toBe(2);
  });

  it('an ignored task leaves no result', async () => {
    await py("r = task('ts.ignore').delay()");
    await until(() => ran.includes('ignore'), 'the task to run');
    expect(await py('result = r.state')).not.toBe('SUCCESS');
  });

  it('ids and lineage are those Python gave', async () => {
    expect(
      await py(
        "result = task('ts.request').apply_async(task_id='my-id', root_id='root', parent_id='parent').get(timeout=60)",
      ),
    ).toEqual(['my-id', 'root', 'parent', 'my-id', 'celery']);
  });

  it('a task revoked before it runs is not run, and one that runs is ended', async () => {
    await py("r = task('ts.ran').apply_async(('revoked',), countdown=1)\nr.revoke()");
    expect(await raised('r.get(timeout=60)')).toMatchObject({ type: 'TaskRevokedError', args: ['revoked'] });
    expect(ran).not.toContain('revoked');
    await py("r = task('ts.wait').delay()");
    await until(() => ran.includes('wait'), 'the task to run');
    await py('r.revoke(terminate=True)');
    expect(await raised('r.get(timeout=60)')).toMatchObject({ type: 'TaskRevokedError', args: ['terminated'] });
  });

  it('an expired task is revoked', async () => {
    expect(await raised("task('ts.ran').apply_async(('late',), expires=-1).get(timeout=60)")).toMatchObject({
      type: 'TaskRevokedError',
      args: ['expired'],
    });
    expect(ran).not.toContain('late');
  });

  it('links, error links and chains lead from task to task', async () => {
    await py(
      "task('ts.add').apply_async((1, 2), link=signature('ts.ran', ('linked',), immutable=True)).get(timeout=60)",
    );
    await until(() => ran.includes('linked'), 'the link');
    await raised("r = task('ts.fail').apply_async(('x',), link_error=task('ts.ran'))\nr.get(timeout=60)");
    const id = await py('result = r.id');
    await until(() => ran.includes(id as string), 'the error link');
    const chain = "(signature('ts.add', (1, 2)) | signature('ts.add', (10,)) | signature('ts.add', (100,)))";
    expect(await py(`result = ${chain}.delay().get(timeout=60)`)).toBe(113);
  });

  it('groups are joined, and a chord is completed by us with a body run by us', async () => {
    expect(await py("result = celery.group(signature('ts.add', (i, i)) for i in range(5))().get(timeout=60)")).toEqual([
      0, 2, 4, 6, 8,
    ]);
    expect(
      await py(
        "result = celery.chord([signature('ts.add', (i, i)) for i in range(5)])(signature('ts.echo')).get(timeout=60)",
      ),
    ).toEqual([[0, 2, 4, 6, 8]]);
    expect(
      await raised(
        "r = celery.chord([signature('ts.add', (1, 1)), signature('ts.fail', ('in header',))])(signature('ts.echo'))\napp.AsyncResult(r.id).get(timeout=60)",
      ),
    ).toMatchObject({ type: 'ChordError', args: [expect.stringContaining("raised TypeError('in header')")] });
  });

  it('messages of protocol 1 are run', async () => {
    await py('app.conf.task_protocol = 1');
    try {
      expect(await py("result = task('ts.add').apply_async((2,), {'y': 5}).get(timeout=60)")).toBe(7);
      expect(await py("result = task('ts.retry').delay(1).get(timeout=60)")).toBe(1);
    } finally {
      await py('app.conf.task_protocol = 2');
    }
  });

  it.each([['zlib'], ['gzip']])('messages compressed with %s are run', async (compression) => {
    expect(
      await py(`result = task('ts.echo').apply_async(('x' * 1000,), compression='${compression}').get(timeout=60)`),
    ).toEqual(['x'.repeat(1000)]);
  });
});
