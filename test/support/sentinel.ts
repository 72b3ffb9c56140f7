// A real Redis Sentinel of the test's own, that finds a dead master out within half a second.
// Holds: it is ended by its process id, and its folder goes with it.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { markOfRun } from './ends-with-run.ts';
import type { RedisServer, RedisServerOptions } from './redis-server.ts';
import { freePort, OwnProcess } from './server-process.ts';
import { until } from './until.ts';

export interface SentinelOptions {
  /** Replicas it has to know before it counts as started. Default 0. */
  readonly replicas?: number;
  /** What its clients have to give. */
  readonly password?: string;
  /** What master and replicas want of it. */
  readonly masterPassword?: string;
  /** It speaks TLS only, also to its master. */
  readonly tls?: RedisServerOptions['tls'];
}

export interface Sentinel {
  readonly port: number;
  /** The port of whom it takes for the master. */
  master(): Promise<number>;
  close(): Promise<void>;
}

/** It watches `master` under the name mymaster. */
export async function startSentinel(master: RedisServer, options: SentinelOptions = {}): Promise<Sentinel> {
  const { replicas = 0, password, masterPassword, tls } = options;
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), `umbel-sentinel-${markOfRun()}-`));
  const lines = [
    ...(tls
      ? [
          ...['port 0', `tls-port ${port}`, 'tls-replication yes', 'tls-auth-clients no'],
          ...[`tls-cert-file ${tls.cert}`, `tls-key-file ${tls.key}`, `tls-ca-cert-file ${tls.ca}`],
        ]
      : [`port ${port}`]),
    'bind 127.0.0.1',
    `dir ${folder}`,
    `sentinel monitor mymaster 127.0.0.1 ${master.port} 1`,
    'sentinel down-after-milliseconds mymaster 400',
    'sentinel failover-timeout mymaster 3000',
    ...(password ? [`requirepass ${password}`] : []),
    ...(masterPassword ? [`sentinel auth-pass mymaster ${masterPassword}`] : []),
  ];
  const file = join(folder, 'sentinel.conf');
  writeFileSync(file, `${lines.join('\n')}\n`);
  const own = new OwnProcess();
  own.own(spawn('redis-server', [file, '--sentinel'], { stdio: 'ignore' }));
  const client = new Redis({
    port,
    password,
    ...(tls ? { tls: { rejectUnauthorized: false } } : {}),
    retryStrategy: () => 50,
    maxRetriesPerRequest: null,
  });
  client.on('error', () => {});
  const ask = (...args: string[]) => client.call('SENTINEL', ...args) as Promise<unknown[]>;
  await until(
    async () =>
      (await ask('REPLICAS', 'mymaster')).filter((one) => /master-link-status,ok/.test(String(one))).length >= replicas,
    `the sentinel to know ${replicas} replicas`,
    { everyMs: 50 },
  );
  return {
    port,
    master: async () => Number((await ask('GET-MASTER-ADDR-BY-NAME', 'mymaster'))[1]),
    async close() {
      client.disconnect();
      await own.end('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
