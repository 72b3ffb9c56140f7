// A dashboard, as it is installed, under a flood of worker events over Redis or RabbitMQ: Redis' pub/sub has no way to slow the sender down, and a
// subscriber that lags is cut off by the server. Every task has to stand in the history, finished, and every event has to be counted.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { report } from '../../support/bench-report.ts';
import { type DashboardProcess, finishedTasks, rssOf, startDashboard } from '../../support/dashboard-process.ts';
import { EVENTS_PER_TASK } from '../../support/event-flood.ts';
import { until } from '../../support/until.ts';
import type { FloodGiven } from './flood.ts';
import { cpuUsOf, measured } from './measure.ts';

const GOAL = 50_000;
const GOAL_S = 12;
/** Then faster and faster, until the sender, the server or the dashboard no longer keeps up. */
const FASTER = [75_000, 100_000, 125_000, 150_000];
const FASTER_S = 5;
/** What came in has to be on disk so soon after the last event: else it would not go on for ever. */
const SETTLED_MS = 1500;

export interface Broker {
  /** Of the case. */
  readonly name: string;
  readonly pid: number;
  /** An address with nothing on it. */
  freshUrl(): Promise<string>;
  /** When a dashboard there hears all that is sent from now on. Default: it does when it has started. */
  heard?(url: string): Promise<unknown>;
}

interface Flooded {
  /** As the sender managed it. @unit events a second */
  readonly rate: number;
  readonly lost: number;
  readonly behindMs: number;
  /** Of one core, while the flood lasted. */
  readonly cpu: number;
  readonly rssMb: number;
}

export async function ingest(server: Broker): Promise<void> {
  const steady = await flood(server, GOAL, GOAL_S);
  let highest = steady;
  let tooMuch: Flooded | undefined;
  for (const rate of FASTER) {
    const more = await flood(server, rate, FASTER_S);
    if (more.lost > 0 || more.behindMs > SETTLED_MS || more.rate < rate * 0.95) {
      tooMuch = more;
      break;
    }
    highest = more;
  }
  const { rate, lost, behindMs, cpu, rssMb } = steady;
  report({
    case: `${server.name} dashboard ingest, none lost`,
    value: lost === 0 ? rate : 0,
    unit: 'events/s',
    better: 'more',
    // Paced by a clock: a little less than was wanted is what was wanted.
    goal: GOAL * 0.98,
    seconds: GOAL_S,
    lost,
    behindMs,
    cpuPercent: cpu * 100,
    rssMb,
    highest: highest.rate,
    tooMuch,
  });
}

async function flood(server: Broker, rate: number, seconds: number): Promise<Flooded> {
  const folder = mkdtempSync(join(tmpdir(), 'umbel-bench-'));
  const history = join(folder, 'history.db');
  const url = await server.freshUrl();
  const dashboard = await startDashboard(['--broker', url, '--db', history], folder);
  try {
    await server.heard?.(url);
    const tasks = Math.round((rate * seconds) / EVENTS_PER_TASK);
    const given: FloodGiven = { url, server: server.pid, count: tasks, rate };
    const before = cpuUsOf(dashboard.child.pid!);
    const sent = await measured<{ rate: number }>(
      fileURLToPath(new URL('./flood.ts', import.meta.url)),
      'flood',
      given,
    );
    const ended = performance.now();
    const behindMs = await until(() => finishedTasks(history) === tasks, 'all tasks in the history', {
      timeoutMs: 10_000,
      everyMs: 50,
    }).then(
      () => performance.now() - ended,
      () => Number.POSITIVE_INFINITY,
    );
    const cpu = (cpuUsOf(dashboard.child.pid!) - before) / 1e6 / seconds;
    const lost = tasks * EVENTS_PER_TASK - (await countedEvents(dashboard));
    return { rate: sent.rate, lost, behindMs, cpu, rssMb: rssOf(dashboard.child.pid!) / 2 ** 20 };
  } finally {
    await dashboard.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Task events, as its own metrics count them. */
async function countedEvents({ url }: DashboardProcess): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^umbel_events_received_total(?:\{[^}]*\})? (\d+)/m.exec(text)?.[1] ?? Number.NaN);
}
