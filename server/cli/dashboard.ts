// `umbel dashboard`: the dashboard as a program, a client of any cluster; and how `umbel up` opens it.
// What it is: dashboard/dashboard.ts. Its options, which are the flags here: dashboard/options.ts.
// Where what is said of them stands: dashboard-options.ts. Which cluster it is: cluster-of.ts.
import type { Dashboard } from '../dashboard/dashboard.ts';
import type { DashboardOptions } from '../dashboard/options.ts';
import { ImproperlyConfigured } from '../errors.ts';
import { safeUrl } from '../transport/url.ts';
import { clusterOf, severalOf } from './cluster-of.ts';
import { readConfigFile } from './config-file.ts';
import { endOnSignals } from './daemon.ts';
import { dashboardOptionsOf } from './dashboard-options.ts';
import { CliError, createOutput, EXIT } from './output.ts';
import { enter, type GlobalOptions } from './session.ts';
import { outliveReaders } from './stdio.ts';

export interface OpenDashboard {
  readonly address: string;
  readonly broker: readonly string[];
  /** Names of several; null: it is one. */
  readonly clusters: readonly string[] | null;
  /** Another port than the usual one was taken, and why; or it stands by. */
  readonly note: string | null;
  close(): Promise<void>;
}

const DEFAULT_PORT = 5555;

export async function dashboard(flags: GlobalOptions & Record<string, unknown>): Promise<number> {
  const output = createOutput(flags);
  outliveReaders();
  const { ended, started } = endOnSignals();
  if (flags.workdir) enter(flags.workdir);
  const named = flags['conf'] ?? process.env['UMBEL_CONF'] ?? process.env['FLOWER_CONF'];
  const config = await readConfigFile(typeof named === 'string' && named !== '' ? named : null);
  const said = dashboardOptionsOf({ flags, config });
  for (const note of said.notes) output.note(note);
  const of = said.options.clusters ? severalOf(flags, said.options) : await clusterOf(flags, said.options, output);
  const opened = await openDashboard({ ...said.options, ...of });
  started();
  const broker = safeUrl([opened.broker].flat().join(';'));
  const { clusters } = opened;
  if (output.json) output.value({ address: opened.address, ...(clusters === null ? { broker } : { clusters }) });
  else
    output.line(
      `umbel dashboard of ${clusters?.join(', ') ?? broker}\n\n  ${output.paint(opened.address, 'bold', 'cyan')}\n`,
    );
  if (opened.note) output.note(opened.note);
  await ended;
  await opened.close();
  return EXIT.ok;
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
      const note = instance.isStandingBy
        ? 'another dashboard has the history: this one passes requests on to it, and takes its place when that one ends'
        : port === first
          ? null
          : `port ${first} is taken, so the dashboard is on ${port} (--port chooses)`;
      const { broker, clusters } = instance.options;
      const names = clusters?.map(({ name }) => name) ?? null;
      return { address: friendly(address), broker, clusters: names, note, close: () => instance.close() };
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
