// `umbel history`: the dashboard's history file copied while it is in use, and what its limits take away, tried without doing it.
// Not here: the file itself (dashboard/history/), trimming while a dashboard runs, which it does by itself.
import { limitsOf } from '../dashboard/cluster/retention.ts';
import type { ExpiryPlan } from '../dashboard/history/contract.ts';
import { careFor } from '../dashboard/history/registry.ts';
import { type Resolved, resolveOptions } from '../dashboard/options.ts';
import { backupUserData, besideHistory } from '../dashboard/user-data/registry.ts';
import { ImproperlyConfigured } from '../errors.ts';
import { dashboardOptionsOf } from './dashboard-options.ts';
import { CliError, createOutput, EXIT, type Output, plural } from './output.ts';
import type { GlobalOptions } from './session.ts';

type Flags = GlobalOptions & Record<string, unknown> & { readonly dryRun?: boolean };

export async function history(what: 'backup' | 'trim', file: string | undefined, flags: Flags): Promise<number> {
  const output = createOutput(flags);
  try {
    const options = resolveOptions(dashboardOptionsOf({ flags }).options);
    if (what === 'backup') await backup(options, file, output);
    else await trim(options, file, flags.dryRun === true, output);
    return EXIT.ok;
  } catch (error) {
    throw error instanceof ImproperlyConfigured ? new CliError(error.message) : error;
  }
}

async function backup(options: Resolved, to: string | undefined, output: Output): Promise<void> {
  if (to === undefined)
    throw new CliError('history backup: where to?', EXIT.usage, 'name a file that is not there yet');
  const bytes = (await careFor(options.db)).backup(to);
  const userData = besideHistory(to);
  const ofUsers = await backupUserData(options.user_data, userData);
  if (output.json) output.value({ history: to, bytes, user_data: ofUsers === null ? null : userData });
  else {
    output.line(`Copied ${options.db} to ${to} (${megabytes(bytes)})`);
    if (ofUsers !== null) output.line(`Copied ${options.user_data} to ${userData} (${megabytes(ofUsers)})`);
  }
}

async function trim(options: Resolved, file: string | undefined, isDry: boolean, output: Output): Promise<void> {
  if (file !== undefined)
    throw new CliError(
      `history trim takes no file, but ${JSON.stringify(file)} was given`,
      EXIT.usage,
      '--db names it',
    );
  const care = await careFor(options.db);
  const limits = limitsOf(options);
  const now = Date.now() / 1000;
  if (isDry) {
    const plan = care.plan(limits, now);
    if (output.json) output.value(plan);
    else printPlan(plan, output);
    return;
  }
  const { tasks, before, after } = care.trim(limits, now);
  if (output.json) output.value({ tasks, before, after });
  else
    output.line(
      `${plural(tasks, 'task')} left the history; the file was ${megabytes(before)}, and is ${megabytes(after)}`,
    );
}

function printPlan({ tasks, bytes, byAge, byCount, bySize }: ExpiryPlan, output: Output): void {
  output.line(`${plural(tasks, 'task')} in ${megabytes(bytes)}. Would leave now:`);
  const rows = [
    ...Object.entries(byAge).map(
      ([state, n]) => [n, `${state}, too old (--retention-age, --retention-states)`] as const,
    ),
    [byCount, 'beyond the number (--retention-tasks)'] as const,
    [bySize, 'beyond the size (--retention-size), about'] as const,
  ].filter(([n]) => n > 0);
  if (rows.length === 0) output.line('  nothing');
  for (const [n, why] of rows) output.line(`  ${n} ${why}`);
}

const megabytes = (bytes: number): string => `${(bytes / 1_000_000).toFixed(1)} MB`;
