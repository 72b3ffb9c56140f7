// The dashboard: events in with history on disk, the task list over a million tasks, start to first page, size of the page's code.
// Everything runs as installed: the built server in a process of its own, a real broker file between it and who floods it.
import { fork } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { createTransport } from '../../server/transport/registry.ts';
import { percentile, report } from '../support/bench-report.ts';
import { finishedTasks, rssOf, startDashboard } from '../support/dashboard-process.ts';
import { EVENTS_PER_TASK, floodBodies, publishEvents } from '../support/event-flood.ts';
import { until } from '../support/until.ts';

const self = fileURLToPath(import.meta.url);
const root = fileURLToPath(new URL('../../', import.meta.url));

async function run(): Promise<void> {
  await ingest(Number(process.env.N ?? 250_000));
  await lists(1_000_000);
  await firstPage();
  pageSize();
}

/** Flood a dashboard through a broker file, then look in its history whether every task is there, finished. */
async function ingest(tasks: number): Promise<void> {
  await withFolder(async (folder) => {
    const broker = `sqlite:///${join(folder, 'broker.db')}`;
    const history = join(folder, 'history.db');
    const dashboard = await startDashboard(['--broker', broker, '--db', history], folder);
    const flood = fork(self, ['flood', broker, String(tasks)], { execArgv: process.execArgv });
    try {
      await new Promise((resolve) => flood.once('message', resolve));
      const started = performance.now();
      flood.send('go');
      await until(() => finishedTasks(history) === tasks, `${tasks} finished tasks in the history`, {
        timeoutMs: 180_000,
        everyMs: 50,
      });
      const seconds = (performance.now() - started) / 1000;
      const events = tasks * EVENTS_PER_TASK;
      const info = (await (await fetch(`${dashboard.url}/api/v2/cluster`)).json()) as { events_lost: number };
      report({
        case: 'event ingest with history on disk',
        value: events / seconds,
        unit: 'events/s',
        better: 'more',
        goal: 50_000,
        events,
        lost: tasks - finishedTasks(history),
        counted_lost: info.events_lost,
        rss_mb: Math.round(rssOf(dashboard.child.pid!) / 2 ** 20),
      });
    } finally {
      flood.kill('SIGKILL');
      await dashboard.stop();
    }
  });
}

/** The producer of the flood. */
async function flood(broker: string, tasks: number): Promise<void> {
  const transport = await createTransport({ url: broker, options: {}, connectTimeoutMs: 4000 });
  await transport.connect();
  const channel = await transport.channel();
  const bodies = floodBodies(tasks);
  process.send?.('ready');
  await new Promise((resolve) => process.once('message', resolve));
  for (let i = 0; i < bodies.length; i += 50) await publishEvents(channel, bodies.slice(i, i + 50));
  await transport.close();
}

/** Fill a history by the same door as above, then ask what people ask. */
async function lists(tasks: number): Promise<void> {
  await withFolder(async (folder) => {
    const history = join(folder, 'history.db');
    const broker = `sqlite:///${join(folder, 'broker.db')}`;
    let dashboard = await startDashboard(['--broker', broker, '--db', history], folder);
    await dashboard.stop();
    const { fillHistory } = await import('../support/fill-history.ts');
    fillHistory(history, tasks);
    dashboard = await startDashboard(['--broker', broker, '--db', history], folder);
    try {
      const questions: Record<string, string> = {
        newest: '',
        failures: '?state=FAILURE',
        'by name': '?q=name%3Ashop.task_7',
        'by name and state': '?q=name%3Ashop.task_7%20state%3AFAILURE',
        'by worker': '?q=worker%3Aworker-3',
        'slowest first': '?sort=-runtime',
        'last hour': `?from=${Date.now() / 1000 - 3600}`,
        'running longer than': '?q=runtime%3E900ms',
      };
      const all: number[] = [];
      const each: Record<string, number> = {};
      for (const [name, query] of Object.entries(questions)) {
        const times: number[] = [];
        let url = `${dashboard.url}/api/v2/tasks${query}`;
        for (let i = 0; i < 60; i++) {
          const t = performance.now();
          const reply = await fetch(url);
          const page = (await reply.json()) as { items: unknown[]; next: string | null };
          times.push(performance.now() - t);
          if (!reply.ok || page.items.length === 0)
            throw new Error(`${name}: ${reply.status}, ${page.items?.length} rows`);
          // Pages further down, as somebody who scrolls asks them.
          url = `${dashboard.url}/api/v2/tasks${query}`;
          if (page.next && i % 10 !== 9) url += `${query ? '&' : '?'}cursor=${encodeURIComponent(page.next)}`;
        }
        times.sort((a, b) => a - b);
        each[name] = Math.round(percentile(times, 95) * 10) / 10;
        all.push(...times);
      }
      all.sort((a, b) => a - b);
      report({
        case: `task list, ${tasks} stored, p95`,
        value: percentile(all, 95),
        unit: 'ms',
        better: 'less',
        goal: 50,
        p50: Math.round(percentile(all, 50) * 10) / 10,
        p95_each: each,
      });
    } finally {
      await dashboard.stop();
    }
  });
}

/** From the start of the process to the whole first page, its script and its style. */
async function firstPage(): Promise<void> {
  const times: number[] = [];
  for (let i = 0; i < 5; i++) {
    await withFolder(async (folder) => {
      const started = performance.now();
      const dashboard = await startDashboard(
        ['--broker', `sqlite:///${join(folder, 'b.db')}`, '--db', join(folder, 'h.db')],
        folder,
      );
      const page = await (await fetch(`${dashboard.url}/`)).text();
      for (const asset of assetsOf(page)) {
        const reply = await fetch(new URL(asset, `${dashboard.url}/`));
        if (!reply.ok) throw new Error(`${asset}: ${reply.status}`);
        await reply.arrayBuffer();
      }
      times.push(performance.now() - started);
      await dashboard.stop();
    });
  }
  times.sort((a, b) => a - b);
  report({
    case: 'start of the built server to first page',
    value: percentile(times, 50),
    unit: 'ms',
    better: 'less',
    goal: 1000,
    worst: Math.round(times.at(-1)!),
  });
}

function pageSize(): void {
  const dist = join(root, 'dist/web');
  const page = readFileSync(join(dist, 'index.html'), 'utf8');
  const gz = (names: string[]) => names.reduce((sum, name) => sum + gzipSync(readFileSync(join(dist, name))).length, 0);
  const assets = assetsOf(page).map((name) => name.replace(/^\.?\//, ''));
  const scripts = readdirSync(join(dist, 'assets')).filter((name) => name.endsWith('.js'));
  report({
    case: 'first-load JS, gzip',
    value: gz(assets.filter((name) => name.endsWith('.js'))) / 1024,
    unit: 'kB',
    better: 'less',
    goal: 180,
    css_kb: Math.round(gz(assets.filter((name) => name.endsWith('.css'))) / 1024),
    all_js_kb: Math.round(gz(scripts.map((name) => `assets/${name}`)) / 1024),
  });
}

function assetsOf(html: string): string[] {
  return [...html.matchAll(/(?:src|href)="(\.?\/?[^"]+\.(?:js|css))"/g)].map((match) => match[1]!);
}

async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'umbel-bench-'));
  try {
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.send) {
  await flood(process.argv[3]!, Number(process.argv[4]));
  process.disconnect();
} else {
  await run();
}
