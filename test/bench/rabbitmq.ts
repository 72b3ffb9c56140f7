// One RabbitMQ, and on it, in turn and in the same run: this package, Python Celery (where it is installed), and a bare loop of amqplib
// with no worker round it. Publish with and without confirms, drain with results and without, round trip; a dashboard under a flood of events.
// Each measured process is one of its own, on a virtual host nobody used before; all results are looked at before a figure is printed;
// figures are the median of three rounds.
import { fileURLToPath } from 'node:url';
import { connect } from 'amqplib';
import { median, report } from '../support/bench-report.ts';
import { rabbitServer } from '../support/rabbitmq-server.ts';
import { until } from '../support/until.ts';
import { REPLIES } from './rabbitmq/replies.ts';
import { celeryVersion, type Done, PythonCelery } from './support/celery.ts';
import { ingest } from './support/ingest.ts';
import { type Figures, type Given, measured, served, type Trips } from './support/measure.ts';

const ROUNDS = Number(process.env.ROUNDS ?? 3);
const TASKS = Number(process.env.TASKS ?? 40_000);
const CELERY_TASKS = 3000;
const TRIPS = 2000;
const CELERY_TRIPS = 400;

type Peer = 'ours' | 'celery' | 'loop' | 'unconfirmed';
type Task = NonNullable<Given['task']>;

const only = process.env.CASES?.split(',');
const wanted = (name: string) => only === undefined || only.includes(name);

const ours = fileOf('ours');
const bareLoop = fileOf('bare-loop');
const server = await rabbitServer();
const version = celeryVersion();
const celery = version === null ? null : new PythonCelery('rabbitmq', progressOn);
const names = {
  celery: `Celery ${version}, prefork -c 2`,
  loop: 'bare loop, answers confirmed as ours',
  unconfirmed: 'bare loop, answers not confirmed',
};

const published = { confirmed: rounds<Figures>(), unconfirmed: rounds<Figures>() };
const alone: Record<'confirmed' | 'unconfirmed', number[]> = { confirmed: [], unconfirmed: [] };
const drained = { 'bench.add': rounds<Figures>(), 'bench.ignored': rounds<Figures>() };
const tripped = rounds<Trips>();
try {
  const eachRound = async (run: () => Promise<void>) => {
    for (let round = 0; round < ROUNDS; round++) await run();
  };
  if (wanted('drain')) {
    await eachRound(async () => {
      for (const task of ['bench.add', 'bench.ignored'] as const) await drains(task);
    });
    reportDrains();
  }
  if (wanted('trip')) {
    await eachRound(trips);
    reportTrips();
  }
  if (wanted('publish')) {
    await eachRound(async () => {
      for (const confirms of [true, false]) await publishes(confirms);
    });
    reportPublishes();
  }
  if (wanted('ingest'))
    await ingest({ name: 'rabbitmq', pid: server.pid, freshUrl: () => server.freshUrl(), heard: isHeard });
} finally {
  celery?.close();
  await server.close();
}

async function publishes(confirms: boolean): Promise<void> {
  const of = confirms ? 'confirmed' : 'unconfirmed';
  let given = await fresh(TASKS, { task: 'bench.ignored', confirms });
  const figures = await measured<Figures & { alone: number }>(ours, 'publish', given);
  published[of].ours.push(figures);
  alone[of].push(figures.alone);
  await checkSent(given);
  if (!celery) return;
  given = await fresh(CELERY_TASKS, { task: 'bench.ignored', confirms });
  published[of].celery.push(celery.publish(given));
  await checkSent(given);
}

async function drains(task: Task): Promise<void> {
  const of = drained[task];
  let given = await loaded(TASKS, task);
  of.ours.push(await measured<Figures>(ours, 'drain', given));
  await checkDrained(given);

  given = await loaded(TASKS, task);
  of.loop.push(await measured<Figures>(bareLoop, 'drain', given));
  await checkDrained(given);

  if (task === 'bench.add') {
    given = await loaded(TASKS, task);
    of.unconfirmed.push(await measured<Figures>(bareLoop, 'drain', { ...given, confirms: false }));
    await checkDrained(given);
  }

  if (!celery) return;
  given = await loaded(CELERY_TASKS, task);
  of.celery.push(await celery.drain({ ...given, confirms: undefined }));
  await checkDrained(given, false);
}

async function trips(): Promise<void> {
  for (const [file, of] of [
    [ours, tripped.ours],
    [bareLoop, tripped.loop],
  ] as const) {
    const given = await fresh(TRIPS);
    const worker = await served(file, 'serve', given);
    of.push(await measured<Trips>(file, 'trip', given));
    worker.stop();
  }
  if (celery) tripped.celery.push(await celery.trip({ ...(await fresh(CELERY_TRIPS)), confirms: undefined }));
}

function reportPublishes(): void {
  for (const of of ['confirmed', 'unconfirmed'] as const) {
    const { ours: mine, celery: theirs } = published[of];
    report({
      case: `rabbitmq publish, one producer, ${of}`,
      ...figuresOf(mine),
      unit: 'tasks/s',
      better: 'more',
      tasks: TASKS,
      oneAfterTheOther: median(alone[of]),
      peers: theirs.length > 0 ? [{ name: `Celery ${version}, one after the other`, ...figuresOf(theirs) }] : [],
    });
  }
}

function reportDrains(): void {
  for (const [task, name, goal, goals] of [
    ['bench.add', 'drain with rpc results', undefined, { celery: 4, loop: 0.7, unconfirmed: undefined }],
    ['bench.ignored', 'drain, results ignored', 17_000, { celery: 5, loop: undefined, unconfirmed: undefined }],
  ] as const) {
    const of = drained[task];
    report({
      case: `rabbitmq ${name}, one worker process`,
      ...figuresOf(of.ours),
      unit: 'tasks/s',
      better: 'more',
      goal,
      tasks: TASKS,
      peers: (['celery', 'loop', 'unconfirmed'] as const)
        .filter((peer) => of[peer].length > 0)
        .map((peer) => ({ name: names[peer], ...figuresOf(of[peer]), goal: goals[peer] })),
    });
  }
}

function reportTrips(): void {
  const figures = (all: Trips[]) => ({ value: median(all.map((t) => t.p50)), p99: median(all.map((t) => t.p99)) });
  const peers = [
    ['celery', names.celery, 2],
    ['loop', 'bare loop', 1 / 1.6],
  ] as const;
  report({
    case: 'rabbitmq round trip delay().get(), p50',
    ...figures(tripped.ours),
    unit: 'ms',
    better: 'less',
    trips: TRIPS,
    runs: tripped.ours.map((t) => t.p50),
    peers: peers
      .filter(([peer]) => tripped[peer].length > 0)
      .map(([peer, name, goal]) => ({ name, ...figures(tripped[peer]), goal })),
  });
}

function figuresOf(all: readonly Figures[]) {
  return {
    value: median(all.map((r) => r.rate)),
    cpuUs: median(all.map((r) => r.cpuUs)),
    serverCpuUs: median(all.map((r) => r.serverCpuUs)),
    runs: all.map((r) => Math.round(r.rate)),
  };
}

/** Everybody begins with an empty virtual host. */
async function fresh(count: number, more: Partial<Given> = {}): Promise<Given> {
  return { url: await server.freshUrl(), server: server.pid, count, ...more };
}

/** ... with tasks in it, and a queue for the answers. */
async function loaded(count: number, task: Task): Promise<Given> {
  const given = await fresh(count, { task });
  await asking(given, (channel) => channel.assertQueue(REPLIES));
  await measured(ours, 'load', given);
  return given;
}

/** As many answers as tasks, each of them 5. @param all nothing is left over: what a peer had taken when it was ended may be back */
async function checkDrained({ url, count, task }: Given, all = true): Promise<void> {
  const answers = task === 'bench.add' ? count : 0;
  await asking({ url }, async (channel) => {
    // Those who were told to stop may still be giving up their line, and what is not confirmed may still be on its way into its queue.
    await until(async () => (await channel.checkQueue('celery')).consumerCount === 0, 'nobody to consume');
    await until(async () => (await channel.checkQueue(REPLIES)).messageCount === answers, `${answers} answers`);
    const { messageCount } = await channel.checkQueue('celery');
    if (all && messageCount !== 0) throw new Error(`${messageCount} tasks are left`);
    let seen = 0;
    if (answers > 0)
      await new Promise<void>((resolve, reject) => {
        const look = (text: string) => {
          const { status, result } = JSON.parse(text);
          if (status !== 'SUCCESS' || result !== 5) reject(new Error(`a wrong answer: ${text}`));
          if (++seen === answers) resolve();
        };
        channel.consume(REPLIES, (message) => look(message!.content.toString()), { noAck: true }).catch(reject);
      });
  });
}

async function checkSent({ url, count }: Given): Promise<void> {
  await asking({ url }, (channel) =>
    until(async () => (await channel.checkQueue('celery')).messageCount === count, `${count} tasks in the queue`),
  );
}

/** How many are done: as many as were answered, or are no longer there. */
function progressOn({ url, count, task }: Given): Done {
  const opened = connect(url);
  const channel = opened.then((model) => model.createChannel());
  const name = task === 'bench.add' ? REPLIES : 'celery';
  return {
    count: async () => {
      const { messageCount } = await (await channel).checkQueue(name);
      return task === 'bench.add' ? messageCount : count - messageCount;
    },
    close: () => void opened.then((model) => model.close()),
  };
}

/** A queue of a dashboard is bound to the exchange of events. */
async function isHeard(url: string): Promise<unknown> {
  const vhost = decodeURIComponent(new URL(url).pathname.slice(1));
  const exchange = `rabbit_misc:r(<<"${vhost}">>, exchange, <<"celeryev">>)`;
  return until(
    async () => (await server.ask(`length(rabbit_binding:list_for_source(${exchange}))`)) !== '0',
    'a dashboard that listens',
  );
}

async function asking<T>(
  { url }: Pick<Given, 'url'>,
  work: (channel: Awaited<ReturnType<Awaited<ReturnType<typeof connect>>['createChannel']>>) => Promise<T>,
): Promise<T> {
  const model = await connect(url);
  try {
    return await work(await model.createChannel());
  } finally {
    await model.close();
  }
}

function rounds<T>(): Record<Peer, T[]> {
  return { ours: [], celery: [], loop: [], unconfirmed: [] };
}

function fileOf(name: string): string {
  return fileURLToPath(new URL(`./rabbitmq/${name}.ts`, import.meta.url));
}
