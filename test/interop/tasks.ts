// Our side of the cluster: the twin of proj.py, task by task ('ts.x' here is 'py.x' there), so that one test can look both ways.
import type { Redis } from 'ioredis';
import type { Celery } from '../../server/app/celery.ts';
import type { SignatureLike } from '../../server/canvas/call-options.ts';
import { Ignore } from '../../server/errors.ts';
import { encodeJson } from '../../server/serialization/json.ts';

class Custom extends Error {
  override name = 'Custom';
  readonly args: readonly unknown[];
  constructor(...args: unknown[]) {
    super(args.map(String).join(', '));
    this.args = args;
  }
}

/** Define them all in `app`. Marks go to `keys`. */
export function defineTasks(app: Celery, keys: Redis): void {
  const push = (key: string, ...values: unknown[]) => keys.rpush(key, encodeJson(values));
  const mark = async (label: string) => {
    await push('marks', label, Date.now() / 1000);
    return label;
  };

  app.task({ name: 'ts.add', params: ['x', 'y'] }, (x: number, y: number) => x + y);
  app.task({ name: 'ts.echo', bind: true }, function (..._args: unknown[]) {
    return { args: this.request.args, kwargs: this.request.kwargs };
  });
  app.task('ts.fail', (message: string) => {
    throw new TypeError(message);
  });
  app.task('ts.fail_custom', () => {
    throw new Custom(42, 'custom failure');
  });
  app.task('ts.fail_cause', () => {
    throw Object.assign(new Custom('outer'), { cause: new RangeError('inner') });
  });
  app.task('ts.fail_odd', () => {
    const ring: Record<string, unknown> = {};
    ring.ring = ring;
    throw new Custom(ring, () => 1, 'fine');
  });
  app.task({ name: 'ts.retry', bind: true, max_retries: 5 }, function (times: number) {
    if (this.request.retries < times) throw this.retry({ countdown: 0.05, exc: new RangeError('again') });
    return this.request.retries;
  });
  app.task({ name: 'ts.exhaust', bind: true, max_retries: 2 }, function () {
    throw this.retry({ countdown: 0.05 });
  });
  const away = { autoretry_for: [RangeError], max_retries: 2, retry_backoff: 1, retry_jitter: false };
  app.task({ name: 'ts.backoff', ...away }, async (label: string) => {
    await mark(label);
    throw new RangeError('away');
  });
  app.task('ts.ignore', () => {
    throw new Ignore();
  });
  app.task({ name: 'ts.silent', ignore_result: true }, mark);
  app.task({ name: 'ts.progress', bind: true }, async function () {
    await this.updateState({ state: 'PROGRESS', meta: { done: 3, of: [10, 'ž'] } });
    const waiting = keys.duplicate();
    await waiting.blpop('go', 120);
    waiting.disconnect();
    return 'done';
  });
  app.task({ name: 'ts.parent', bind: true }, async function (name: string, queue: string) {
    await this.sendTask(name, [1, 1], {}, { queue });
    await this.sendTask(name, [2, 2], {}, { queue });
  });
  app.task({ name: 'ts.sleep', bind: true }, function (seconds: number) {
    return sleep(seconds, this.signal);
  });
  app.task({ name: 'ts.tidy', bind: true }, function (seconds: number) {
    return sleep(seconds, this.signal).catch(() => 'tidied');
  });
  app.task({ name: 'ts.request', bind: true }, function () {
    const r = this.request;
    return {
      id: r.id,
      root_id: r.rootId,
      parent_id: r.parentId,
      correlation_id: r.correlationId,
      shadow: r.shadow,
      retries: r.retries,
      timelimit: r.timelimit,
      routing_key: r.deliveryInfo.routing_key,
      exchange: r.deliveryInfo.exchange,
      priority: r.deliveryInfo.priority,
      my_header: r.headers.my_header ?? null,
      group: r.group,
    };
  });
  app.task('ts.mark', mark);
  app.task({ name: 'ts.limited', rate_limit: '10/s' }, mark);
  app.task('ts.annotated', mark);
  app.task('ts.keep', async (...args: unknown[]) => {
    await push('kept', ...args);
  });
  app.task({ name: 'ts.keep_id', params: ['id'] }, async (id: string) => {
    await push('kept', id);
  });
  app.task('ts.keep_error', async (request: { id: string }, error: Error, _traceback: string) => {
    await push('kept', request.id, error.name, error.message);
  });
  app.task({ name: 'ts.replace', bind: true }, function (like: SignatureLike) {
    return this.replace(like);
  });
  app.task({ name: 'ts.grow', bind: true }, async function (like: SignatureLike) {
    await this.addToChord(like);
    return 'grown';
  });
  app.task({ name: 'ts.stamps', bind: true }, function (..._args: unknown[]) {
    return [this.request.stampedHeaders, this.request.stamps];
  });
  app.task('ts.nothing', () => {});
}

function sleep(seconds: number, signal: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(seconds), seconds * 1000);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    });
  });
}
