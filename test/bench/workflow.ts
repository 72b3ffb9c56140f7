// The page of a workflow of 5,000 tasks in Chromium: from its address being opened, and from another page of the dashboard, until its graph
// stands there. Four shapes: one great header, chains in a header, one task that called all others, and a tree of calls.
// Everything runs as installed; the tasks are run by a worker, over a broker file.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright';
import { Celery } from '../../server/app/celery.ts';
import { chain, chord } from '../../server/canvas/compose.ts';
import type { Signature } from '../../server/canvas/signature.ts';
import { silentLogger } from '../../server/log.ts';
import { Worker } from '../../server/worker/worker.ts';
import { CHROMIUM } from '../e2e/support/chromium.ts';
import { report } from '../support/bench-report.ts';
import { startDashboard } from '../support/dashboard-process.ts';
import { until } from '../support/until.ts';

const TASKS = Number(process.env.N ?? 5000);
const TIMES = 3;
const PICTURES = process.env.PICTURES;
const folder = mkdtempSync(join(tmpdir(), 'umbel-bench-workflow-'));
const broker = `sqlite:///${join(folder, 'broker.db')}`;
const backend = 'memory://workflow';
const dashboard = await startDashboard(['--broker', broker, '--db', join(folder, 'history.db')], folder);
const settings = { broker, backend, worker_send_task_events: true, task_send_sent_event: true };
const app = new Celery('bench', settings, { log: silentLogger, env: {} });
app.task('bench.part', (x: unknown) => x);
app.task('bench.calls', async function (n: number) {
  await Promise.all(Array.from({ length: n }, () => this.sendTask('bench.part', [1])));
});
app.task('bench.branch', async function (depth: number, width: number) {
  if (depth > 0)
    await Promise.all(Array.from({ length: width }, () => this.sendTask('bench.branch', [depth - 1, width])));
});
const worker = new Worker(app, { log: silentLogger, concurrency: 20 });
const part = (): Signature => app.signature('bench.part', [1], {}, { immutable: true });
const many = <T>(n: number, make: () => T): T[] => Array.from({ length: n }, make);
const shapes: Readonly<Record<string, () => Signature>> = {
  'a chord of 5,000': () => chord(many(TASKS - 1, part), part()),
  'a chord of 499 chains of ten': () =>
    chord(
      many(TASKS / 10 - 1, () => chain(many(10, part))),
      part(),
    ),
  'a task that called 5,000': () => app.signature('bench.calls', [TASKS - 1]),
  'a tree of calls, seven deep': () => app.signature('bench.branch', [7, 3]),
};
let browser: Browser | null = null;
try {
  await worker.start();
  browser = await chromium.launch({
    ...(CHROMIUM === null ? {} : { executablePath: CHROMIUM }),
    args: ['--no-sandbox', '--disable-gpu'],
  });
  for (const [name, build] of Object.entries(shapes)) await measure(name, await build().applyAsync(), browser);
} finally {
  await browser?.close();
  await worker.stop('cold');
  await app.close();
  await dashboard.stop();
  rmSync(folder, { recursive: true, force: true });
}

/** Looked for with each frame: a locator looks again after half a second. */
async function graphStands(page: Page): Promise<void> {
  await page.waitForFunction("document.querySelector('.wf-graph .wf-box') !== null", null, { polling: 'raf' });
}

async function measure(name: string, result: { readonly id: string }, on: Browser): Promise<void> {
  const path = `/api/v2/tasks/${result.id}/workflow`;
  let nodes = 0;
  await until(
    async () => {
      const reply = await fetch(`${dashboard.url}${path}`);
      if (!reply.ok) return false;
      const { summary, nodes: all } = (await reply.json()) as { summary: { state: string }; nodes: unknown[] };
      nodes = all.length;
      return summary.state !== 'running' && nodes >= Math.min(TASKS, 3000);
    },
    'the workflow to be over and known',
    { everyMs: 500, timeoutMs: 300_000 },
  );
  const cold: number[] = [];
  const warm: number[] = [];
  const busy: number[] = [];
  let answerMs = 0;
  for (let i = 0; i < TIMES; i++) {
    const asked = performance.now();
    await (await fetch(`${dashboard.url}${path}`)).arrayBuffer();
    answerMs = performance.now() - asked;
    const page = await on.newPage({ viewport: { width: 1440, height: 900 } });
    const inspector = await page.context().newCDPSession(page);
    await inspector.send('Performance.enable', { timeDomain: 'threadTicks' });
    const opened = performance.now();
    await page.goto(`${dashboard.url}/workflows/${result.id}`, { waitUntil: 'commit' });
    await graphStands(page);
    cold.push(performance.now() - opened);
    const { metrics } = await inspector.send('Performance.getMetrics');
    busy.push(1000 * (metrics.find((one) => one.name === 'TaskDuration')?.value ?? 0));
    if (i === 0 && PICTURES) await page.screenshot({ path: join(PICTURES, `${name.replace(/\W+/g, '-')}.png`) });
    await page.goto(`${dashboard.url}/workflows`);
    const link = page.locator('main a[href^="/workflows/"]').first();
    await link.waitFor();
    const clicked = performance.now();
    await link.click();
    await graphStands(page);
    warm.push(performance.now() - clicked);
    await page.close();
  }
  const median = (all: number[]): number => all.sort((a, b) => a - b)[Math.floor(all.length / 2)]!;
  report({
    case: `the page of a workflow: ${name}`,
    value: median(cold),
    unit: 'ms until its graph stands',
    better: 'less',
    goal: 1000,
    nodes,
    from_the_list_ms: median(warm),
    // Of a core, whatever else this machine does.
    page_busy_ms: median(busy),
    answer_ms: answerMs,
  });
}
