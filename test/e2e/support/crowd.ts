// A page that hears of many more workers and queues than there are: what the real server sends, with rows of its own kind added on the
// way, as many as a large cluster has. Also to make one of them odd.
import type { Page } from 'playwright';
import type { ServerFrame } from '../../../shared/wire/live.ts';
import type { QueueRow } from '../../../shared/wire/queues.ts';
import type { WorkerRow } from '../../../shared/wire/workers.ts';

export interface Crowd {
  readonly workers?: number;
  readonly queues?: number;
  /** The last word on a row: it may be made odd. */
  worker?(row: WorkerRow, i: number): unknown;
  queue?(row: QueueRow, i: number): unknown;
}

const STEMS = ['img', 'web', 'mail', 'search'];

export async function joinCrowd(page: Page, { workers = 0, queues = 0, worker, queue }: Crowd): Promise<void> {
  let firstWorker: WorkerRow | undefined;
  let firstQueue: QueueRow | undefined;
  const moreWorkers = (): unknown[] =>
    Array.from({ length: firstWorker ? workers : 0 }, (_, i) => {
      const hostname = `celery@${STEMS[i % STEMS.length]}-${(i * 7919).toString(16).padStart(6, '0')}.prod.eu-west-1.compute.internal`;
      const row: WorkerRow = { ...firstWorker!, hostname, active: i % 5, concurrency: 8, queues: ['celery'] };
      return worker?.(row, i) ?? row;
    });
  const moreQueues = (): unknown[] =>
    Array.from({ length: firstQueue ? queues : 0 }, (_, i) => {
      const name = `${STEMS[i % STEMS.length]}.tenant-${String(i).padStart(4, '0')}`;
      const row: QueueRow = { ...firstQueue!, name, messages: i, growing: false, workers: ['w1@e2e'], consumers: 1 };
      return queue?.(row, i) ?? row;
    });
  await page.routeWebSocket(/\/api\/v2\/live/, (socket) => {
    const server = socket.connectToServer();
    server.onMessage((message) => {
      const frame = JSON.parse(String(message)) as ServerFrame;
      if (frame.type === 'snapshot') {
        firstWorker ??= frame.workers?.[0];
        firstQueue ??= frame.queues?.[0];
        if (frame.workers) frame.workers = [...frame.workers, ...(moreWorkers() as WorkerRow[])];
      }
      if ((frame.type === 'snapshot' || frame.type === 'patch') && frame.queues)
        frame.queues = [...frame.queues, ...(moreQueues() as QueueRow[])];
      socket.send(JSON.stringify(frame));
    });
  });
}
