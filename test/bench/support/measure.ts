// A bench in a process of its own: started here, it tells its figures by a message. And what all of them measure with.
import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface Given {
  /** Of the broker: a database of Redis or a virtual host of RabbitMQ that nobody else uses. */
  readonly url: string;
  /** The server's process id: its CPU time is part of what a task costs. Default: it is not counted. */
  readonly server?: number;
  readonly count: number;
  /** On RabbitMQ: whether the broker says of each message that it has it. Default true. */
  readonly confirms?: boolean;
  /** Default bench.add, whose results are kept; bench.ignored keeps none. */
  readonly task?: 'bench.add' | 'bench.ignored';
  /** Where results go. Default: with the broker. */
  readonly store?: string;
}

export interface Figures {
  /** @unit a second */
  readonly rate: number;
  /** CPU time of the measured process, and of the server. @unit microseconds a task */
  readonly cpuUs: number;
  readonly serverCpuUs: number;
}

export interface Trips {
  /** @unit milliseconds */
  readonly p50: number;
  readonly p99: number;
}

type Case = (given: Given) => Promise<unknown>;

/** What is installed is measured: without the condition, `umbel` means what was built. */
const execArgv = process.execArgv.filter((one) => !one.startsWith('--conditions'));

/** Runs one case of a file, and gives what it tells. */
export async function measured<T>(file: string, name: string, given: Given): Promise<T> {
  const child = start(file, name, given);
  try {
    return (await received(child)) as T;
  } finally {
    child.kill('SIGKILL');
  }
}

/** A worker beside the measured process; it is there when this resolves. */
export async function served(file: string, name: string, given: Given): Promise<{ pid: number; stop(): void }> {
  const child = start(file, name, given);
  await received(child);
  return { pid: child.pid!, stop: () => child.kill('SIGKILL') };
}

/** The other end: a file's cases by name. */
export async function offer(cases: Readonly<Record<string, Case>>): Promise<void> {
  const [name, given] = process.argv.slice(2);
  process.on('disconnect', () => process.exit(0));
  process.send?.((await cases[name!]!(JSON.parse(given!) as Given)) ?? 'ready');
}

function start(file: string, name: string, given: Given): ChildProcess {
  return fork(file, [name, JSON.stringify(given)], { execArgv });
}

function received(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.once('exit', (code, signal) => reject(new Error(`${child.spawnargs.at(-2)} ended with ${code ?? signal}`)));
  });
}

export function stopwatch(server?: number): (count: number) => Figures {
  const cpu = process.cpuUsage();
  const serverCpu = cpuUsOf(server);
  const begun = performance.now();
  return (count) => {
    const seconds = (performance.now() - begun) / 1000;
    const { user, system } = process.cpuUsage(cpu);
    return {
      rate: count / seconds,
      cpuUs: (user + system) / count,
      serverCpuUs: (cpuUsOf(server) - serverCpu) / count,
    };
  };
}

/** Counts what is done. The first tenth is for getting warm; figures are of the rest. */
export function drained(count: number, server?: number): { one(): void; all: Promise<Figures> } {
  const cold = Math.floor(count / 10);
  let seen = 0;
  let lap: (count: number) => Figures;
  let end: (figures: Figures) => void;
  const all = new Promise<Figures>((resolve) => {
    end = resolve;
  });
  return {
    all,
    one() {
      seen++;
      if (seen === cold) lap = stopwatch(server);
      else if (seen === count) end(lap(count - cold));
    },
  };
}

/** Sends `count` with so many under way at any time. */
export async function inFlight(width: number, count: number, send: () => Promise<unknown>): Promise<void> {
  let left = count;
  const sendSome = async () => {
    while (left-- > 0) await send();
  };
  await Promise.all(Array.from({ length: width }, sendSome));
}

/** One after the other. The first so many are for getting warm. */
const COLD_TRIPS = 1000;

export async function tripTimes(count: number, trip: () => Promise<unknown>): Promise<Trips> {
  const times: number[] = [];
  for (let i = -COLD_TRIPS; i < count; i++) {
    const begun = performance.now();
    const value = await trip();
    if (value !== 5) throw new Error(`the answer was ${value}, not 5`);
    if (i >= 0) times.push(performance.now() - begun);
  }
  times.sort((a, b) => a - b);
  return { p50: times[Math.floor(count * 0.5)]!, p99: times[Math.floor(count * 0.99)]! };
}

/** Linux counts a process's CPU time in hundredths of a second. Children are not in it. */
export function cpuUsOf(pid?: number): number {
  if (pid === undefined) return 0;
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}
