// `umbel dashboard`: the dashboard as a program, a client of any cluster; and how `umbel up` opens it.
// What it is: dashboard/dashboard.ts. Its options, which are the flags here: dashboard/options.ts.
// An option comes from its flag, else from UMBEL_<NAME> or Flower's FLOWER_<NAME> in the environment, else from the table.
import type { Dashboard } from '../dashboard/dashboard.ts';
import type { DashboardOptions } from '../dashboard/options.ts';
import { ImproperlyConfigured } from '../errors.ts';
import { safeUrl } from '../transport/url.ts';
import { endOnSignals } from './daemon.ts';
import { dashboardOptionsOf } from './dashboard-flags.ts';
import { CliError, createOutput, EXIT } from './output.ts';
import { type GlobalOptions, openApp } from './session.ts';
import { outliveReaders } from './stdio.ts';

export interface OpenDashboard {
  readonly address: string;
  /** Another port than the usual one was taken, and why. */
  readonly note: string | null;
  close(): Promise<void>;
}

const DEFAULT_PORT = 5555;

export async function dashboard(flags: GlobalOptions & Record<string, unknown>): Promise<number> {
  const output = createOutput(flags);
  outliveReaders();
  const { ended, started } = endOnSignals();
  const cluster = await clusterOf(flags);
  const opened = await openDashboard({ ...dashboardOptionsOf(flags), ...cluster });
  started();
  const broker = safeUrl([cluster.broker ?? ''].flat().join(';'));
  if (output.json) output.value({ address: opened.address, broker });
  else output.line(`umbel dashboard of ${broker}\n\n  ${output.paint(opened.address, 'bold', 'cyan')}\n`);
  await ended;
  await opened.close();
  return EXIT.ok;
}

/** Which cluster, and how it is set up: -A's, -b's, the environment's, or the embedded broker of this folder. */
async function clusterOf(
  flags: GlobalOptions,
): Promise<Pick<DashboardOptions, 'broker' | 'result_backend' | 'settings'>> {
  const app = await openApp(flags);
  const broker = app.conf.brokerUrls('read');
  const results = app.conf.resultBackendUrl();
  const settings = app.conf.changes();
  await app.close();
  return { broker, result_backend: results === 'disabled' ? null : results, settings };
}

/** Opens it, or says which port is taken. @param nextFreePort when no port was asked for, take the next one that is free */
export async function openDashboard(
  options: DashboardOptions,
  { nextFreePort = false }: { nextFreePort?: boolean } = {},
): Promise<OpenDashboard> {
  const { createDashboard } = await import('../dashboard/dashboard.ts');
  const create = (port: number): Dashboard => {
    try {
      return createDashboard({ ...options, port });
    } catch (error) {
      throw error instanceof ImproperlyConfigured ? new CliError(error.message, EXIT.usage) : error;
    }
  };
  const first = options.port ?? DEFAULT_PORT;
  const last = options.port === undefined && nextFreePort ? first + 20 : first;
  for (let port = first; ; port++) {
    const instance = create(port);
    try {
      const address = await instance.listen();
      const note = port === first ? null : `port ${first} is taken, so the dashboard is on ${port} (--port chooses)`;
      return { address: friendly(address), note, close: () => instance.close() };
    } catch (error) {
      await instance.close().catch(() => {});
      if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE' && port < last) continue;
      throw explained(error, port, options.address);
    }
  }
}

function explained(error: unknown, port: number, address: string | undefined): unknown {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EADDRINUSE':
      return new CliError(
        `port ${port} is taken by another program`,
        EXIT.failure,
        `choose another one: --port ${port + 1}`,
      );
    case 'EACCES':
      return new CliError(`this user may not open port ${port}`, EXIT.failure, 'choose one above 1024: --port');
    case 'EADDRNOTAVAIL':
      return new CliError(`this machine has no address ${address}`, EXIT.failure, 'choose another one: --address');
    default:
      return error;
  }
}

/** http://127.0.0.1:5555 -> http://localhost:5555: the address people type. */
function friendly(address: string): string {
  return address.replace('//127.0.0.1:', '//localhost:').replace('//[::1]:', '//localhost:');
}
