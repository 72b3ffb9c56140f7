// A worker of BullMQ with two sandboxed processors at a time.
import { Worker } from 'bullmq';

const { hostname, port, pathname } = new URL(process.env.BROKER);
new Worker('bench', new URL('./processor.mjs', import.meta.url), {
  connection: { host: hostname, port: Number(port), db: Number(pathname.slice(1)), maxRetriesPerRequest: null },
  concurrency: 2,
});
