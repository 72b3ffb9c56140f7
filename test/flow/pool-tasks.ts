// The app that pools.test.ts loads in every pool: a child loads this file again. What a body hears of is in what it returns.
import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort } from 'node:worker_threads';
import { Celery, chain, currentRequest, Ignore, Reject, signals } from '../../server/index.ts';

export const app = new Celery('pools');

/** Signals that this process has seen. */
const heard: string[] = [];
for (const name of ['worker_process_init', 'task_prerun', 'task_postrun', 'task_success', 'task_failure'] as const) {
  signals[name].connect((payload) => {
    const { task_id } = payload as { task_id?: string };
    heard.push(task_id ? `${name} ${task_id}` : name);
  });
}
signals.worker_process_shutdown.connect(({ pid, exitcode }) => {
  const file = process.env['POOLS_TEST_DIARY'];
  if (file) appendFileSync(file, `worker_process_shutdown ${pid} ${exitcode}\n`);
});

export class OutOfStock extends Error {
  override name = 'OutOfStock';
  readonly args = ['cocoa', 2];
}

app.task({ name: 'pools.add' }, (x: number, y: number) => x + y);
app.task({ name: 'pools.length' }, (text: string) => text.length);
app.task({ name: 'pools.pid' }, () => process.pid);
app.task({ name: 'pools.tells-parent' }, () => {
  for (const word of ['ready', null, { type: 'log' }]) {
    process.send?.(word);
    if (typeof word !== 'object' || word === null) parentPort?.postMessage(word);
  }
});
app.task({ name: 'pools.signals' }, () => [...heard]);
app.task({ name: 'pools.request' }, function (this, ..._args: unknown[]) {
  const { id, task, args, kwargs, retries, rootId, parentId, hostname, deliveryInfo, timelimit, headers } =
    this.request;
  const same = currentRequest() === this.request;
  const { routing_key } = deliveryInfo;
  return { id, task, args, kwargs, retries, rootId, parentId, hostname, routing_key, timelimit, headers, same };
});
app.task({ name: 'pools.say' }, function (this) {
  this.log.warning('through the logger');
  process.stdout.write('printed\n');
  return 'said';
});
app.task({ name: 'pools.fail' }, () => {
  throw new OutOfStock('no cocoa');
});
app.task({ name: 'pools.ignore' }, () => {
  throw new Ignore();
});
app.task({ name: 'pools.reject' }, () => {
  throw new Reject('unwanted', false);
});
app.task({ name: 'pools.retry', max_retries: 2 }, function (this) {
  if (this.request.retries < 2) this.retry({ countdown: 0, exc: new Error('not yet') });
  return `after ${this.request.retries}`;
});
app.task({ name: 'pools.autoretry', autoretry_for: [TypeError], default_retry_delay: 0 }, function (this) {
  if (this.request.retries === 0) throw new TypeError('once');
  return 'well';
});
const breaks = () => {
  throw new Error('it broke');
};
app.task(
  {
    name: 'pools.handled',
    ...{ on_success: breaks, on_failure: breaks, on_retry: breaks, after_return: async () => breaks() },
  },
  function (this, how: string) {
    if (how === 'fail') breaks();
    if (how === 'retry' && this.request.retries === 0) this.retry({ countdown: 0, exc: new Error('not yet') });
    return how;
  },
);
app.task({ name: 'pools.echo' }, (what: unknown) => what);
app.task({ name: 'pools.progress' }, async function (this, until: string) {
  await this.updateState({ state: 'PROGRESS', meta: { done: 1 } });
  // The test has seen it when it sends this.
  while ((await app.AsyncResult(until).state()) !== 'SUCCESS') await sleep(5);
  return 'done';
});
app.task({ name: 'pools.send' }, async function (this) {
  const child = await this.sendTask('pools.add', [1, 2], {}, { queue: this.request.deliveryInfo.routing_key });
  return child.id;
});
app.task({ name: 'pools.replace' }, async function (this) {
  const { routing_key: queue } = this.request.deliveryInfo;
  const add = (...args: number[]) => app.signature('pools.add', args, {}, { queue });
  await this.replace(chain(add(1, 2), add(10)));
});
app.task({ name: 'pools.stoppable' }, async function (this) {
  await sleep(600_000, null, { signal: this.signal });
});
app.task({ name: 'pools.cleans-up' }, async function (this) {
  // On a busy machine its limit may have passed before it begins to listen.
  if (!this.signal.aborted) await new Promise((done) => this.signal.addEventListener('abort', done));
  return (this.signal.reason as Error).name;
});
app.task({ name: 'pools.endless' }, () => new Promise(() => {}));
app.task({ name: 'pools.spin' }, () => {
  for (;;);
});
app.task({ name: 'pools.die' }, (how: string) => {
  if (how === 'exit') process.exit(3);
  if (how === 'throw') {
    setTimeout(() => {
      throw new Error('out of the blue');
    }, 0);
    return new Promise(() => {});
  }
  process.kill(process.pid, how);
  for (;;);
});
/** Dies at the first try, which leaves a mark. */
app.task({ name: 'pools.die-once', acks_late: true, reject_on_worker_lost: true }, function (this, mark: string) {
  if (this.request.deliveryInfo.redelivered) return 'alive';
  appendFileSync(mark, '.');
  process.kill(process.pid, 'SIGKILL');
  for (;;);
});
