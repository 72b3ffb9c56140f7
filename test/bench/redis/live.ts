// From the publishing of an event to the frame at a page that watches its task, and what a page costs its line: with the pages' own
// subscriptions, at three rates, over Redis.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { createTransport } from '../../../server/transport/registry.ts';
import type { ServerFrame, Topic } from '../../../shared/wire/live.ts';
import { percentile, report } from '../../support/bench-report.ts';
import { startDashboard } from '../../support/dashboard-process.ts';
import { declareEvents } from '../../support/event-flood.ts';
import type { RedisServer } from '../../support/redis-server.ts';

const SECONDS = 10;
const PROBES_PER_SECOND = 20;
const TICK_MS = 50;
const PAGES: Record<string, Topic[]> = {
  overview: ['workers', 'queues'],
  tasks: ['tasks'],
  workers: ['workers', 'queues'],
};

interface Page {
  readonly socket: WebSocket;
  bytes: number;
}

export async function live(server: RedisServer): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'umbel-bench-'));
  const dashboard = await startDashboard(['--broker', server.url(), '--db', join(folder, 'history.db')], folder);
  try {
    for (const rate of [50, 500, 5000]) await at(rate, server.url(), dashboard.url);
  } finally {
    await dashboard.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function at(rate: number, broker: string, url: string): Promise<void> {
  const probes = Array.from({ length: SECONDS * PROBES_PER_SECOND }, (_, i) => `probe-${rate}-${i}`);
  const sentMs = new Map<string, number>();
  const latencies: number[] = [];
  const watcher = await open(url, ['queues'], (frame) => {
    if (frame.type !== 'patch') return;
    for (const { uuid } of frame.tasks) {
      const sent = sentMs.get(uuid);
      if (sent === undefined) continue;
      latencies.push(performance.now() - sent);
      sentMs.delete(uuid);
    }
  });
  watcher.socket.send(JSON.stringify({ type: 'watch', tasks: probes }));
  const pages = new Map<string, Page>();
  for (const [name, topics] of Object.entries(PAGES)) pages.set(name, await open(url, topics));
  const transport = await createTransport({ url: broker, options: {}, connectTimeoutMs: 4000 });
  await transport.connect();
  const channel = await transport.channel();
  await declareEvents(channel);
  const publish = (events: object[]) =>
    channel.publish({
      exchange: 'celeryev',
      routingKey: 'task.multi',
      body: Buffer.from(JSON.stringify(events)),
      contentType: 'application/json',
      contentEncoding: 'utf-8',
      headers: { hostname: 'w1@bench' },
      properties: { delivery_mode: 1 },
    });
  const event = (uuid: string, clock: number, type: string) => ({
    type,
    uuid,
    clock,
    hostname: 'w1@bench',
    pid: 1,
    utcoffset: 0,
    timestamp: Date.now() / 1000,
    ...(type === 'task-received' ? { name: 'shop.add', args: "(17, 'EUR')", kwargs: '{}', retries: 0 } : {}),
  });
  // What the pages get when they open is not counted.
  await pause(500);
  for (const page of pages.values()) page.bytes = 0;
  let clock = 0;
  let task = 0;
  const began = performance.now();
  for (let tick = 0; tick < (SECONDS * 1000) / TICK_MS; tick++) {
    const events: object[] = [];
    for (let i = 0; i < (rate * TICK_MS) / 1000 / 2; i++) {
      const uuid = `${rate}-${task++}`;
      events.push(event(uuid, ++clock, 'task-received'), event(uuid, ++clock, 'task-started'));
    }
    const probe = probes[tick * ((PROBES_PER_SECOND * TICK_MS) / 1000)];
    if (probe !== undefined) {
      events.push(event(probe, ++clock, 'task-received'));
      sentMs.set(probe, performance.now());
    }
    await publish(events);
    await pause(began + (tick + 1) * TICK_MS - performance.now());
  }
  const seconds = (performance.now() - began) / 1000;
  const kB = Object.fromEntries([...pages].map(([name, page]) => [name, page.bytes / seconds / 1000]));
  await pause(1000);
  if (sentMs.size > 0) throw new Error(`${sentMs.size} probes of ${probes.length} never reached the page`);
  for (const page of [watcher, ...pages.values()]) page.socket.terminate();
  await transport.close();
  latencies.sort((a, b) => a - b);
  const name = `live, ${rate} events/s over Redis`;
  report({
    case: `${name}: from publish to frame, p95`,
    value: percentile(latencies, 95),
    unit: 'ms',
    better: 'less',
    goal: 150,
    p50: percentile(latencies, 50),
  });
  report({
    case: `${name}: to one page, the most of them`,
    value: Math.max(...Object.values(kB)),
    unit: 'kB/s',
    better: 'less',
    goal: 40,
    each: kB,
  });
}

async function open(url: string, topics: Topic[], onFrame?: (frame: ServerFrame) => void): Promise<Page> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/api/v2/live`, { perMessageDeflate: false });
  const page: Page = { socket, bytes: 0 };
  const live = new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.on('message', (data: Buffer) => {
      page.bytes += data.length;
      const frame = JSON.parse(data.toString()) as ServerFrame;
      if (frame.type === 'snapshot') resolve();
      onFrame?.(frame);
    });
    socket.once('close', (code: number) => reject(new Error(`the line was closed with ${code}`)));
  });
  await new Promise((resolve) => socket.once('open', resolve));
  socket.send(JSON.stringify({ type: 'subscribe', topics }));
  await live;
  return page;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}
