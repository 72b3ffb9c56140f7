// The test's end of children whose bodies run in the test (bridge-child.ts): a pool with real processes or threads and bodies that a
// test opens and closes by hand.
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import { Stop } from '../../../server/app/stop.ts';
import { ChildPool } from '../../../server/pool/child-pool.ts';
import type { Job, Pool, PoolContext } from '../../../server/pool/contract.ts';
import { openProcess, openThread } from '../../../server/pool/links.ts';

const ENTRY = new URL('./bridge-child.ts', import.meta.url);

type Heard = { readonly id: string; readonly job: Job } | { readonly id: string; readonly abort: Error };

export async function bridgedPool(name: 'prefork' | 'threads', context: PoolContext): Promise<Pool> {
  const folder = mkdtempSync(join(tmpdir(), 'umbel-pool-'));
  const path = join(folder, 'test.sock');
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    serve(socket, context.execute);
  });
  await new Promise<void>((done) => server.listen(path, done));
  server.unref();
  const source = { spec: path, workdir: folder, config: null, include: [], settings: [] };
  const open = name === 'prefork' ? openProcess : openThread;
  const kind = { name, open, childName: 'Child', entry: ENTRY, needsSource: false };
  const pool = new ChildPool(kind, { aliveTimeoutMs: 600_000, ...context, source });
  onTestFinished(async () => {
    await pool.stop('cold');
    for (const socket of sockets) socket.destroy();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return pool;
}

function serve(socket: Socket, execute: PoolContext['execute']): void {
  const stops = new Map<string, Stop>();
  const write = (what: object) => {
    if (socket.writable) socket.write(`${JSON.stringify(what)}\n`);
  };
  createInterface({ input: socket })
    .on('line', (line) => {
      const heard = JSON.parse(line) as Heard;
      const { id } = heard;
      if ('abort' in heard) {
        const { name, message } = heard.abort;
        stops.get(id)?.notify(Object.assign(new Error(message), { name }));
        return;
      }
      const stop = new Stop();
      stops.set(id, stop);
      void execute(heard.job, stop, (ended) => write({ id, ended })).then((outcome) => write({ id, outcome }));
    })
    .on('error', () => {});
}
