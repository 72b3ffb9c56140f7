// `umbel audit verify`: whether the record of who did what is as the dashboard wrote it. It reads the history file, which may be in use.
// Not here: the chain (dashboard/history/).
import type { AuditVerdict } from '../dashboard/history/contract.ts';
import { verifyAuditOf } from '../dashboard/history/registry.ts';
import { resolveOptions } from '../dashboard/options.ts';
import { ImproperlyConfigured } from '../errors.ts';
import { dashboardOptionsOf } from './dashboard-options.ts';
import { CliError, createOutput, EXIT, plural } from './output.ts';
import type { GlobalOptions } from './session.ts';

type Flags = GlobalOptions & Record<string, unknown> & { readonly head?: string };

export async function verifyAudit(_what: 'verify', flags: Flags): Promise<number> {
  const output = createOutput(flags);
  const { head } = flags;
  if (head !== undefined && !/^[0-9a-f]{8,64}$/i.test(head))
    throw new CliError('--head takes 8 to 64 hexadecimal digits, as an earlier run showed them', EXIT.usage);
  try {
    const { db } = resolveOptions(dashboardOptionsOf({ flags }).options);
    const verdict = await verifyAuditOf(db, head?.toLowerCase() ?? null);
    if (output.json) output.value(verdict);
    else for (const line of linesOf(verdict)) output.line(line);
    return verdict.ok ? EXIT.ok : EXIT.failure;
  } catch (error) {
    throw error instanceof ImproperlyConfigured ? new CliError(error.message) : error;
  }
}

function linesOf({ entries, head, ok, outside, problems, since, wrong }: AuditVerdict): string[] {
  const from = since === null ? '' : ` since ${new Date(since * 1000).toISOString().slice(0, 10)}`;
  const count = plural(entries, 'entry', 'entries');
  const first = ok
    ? `Verified: ${count}${from}, none missing, none changed.`
    : `Not as it was written: ${plural(wrong, 'problem')} in ${count}${from}.`;
  return [
    first,
    ...problems,
    ...(wrong > problems.length ? [`... and ${wrong - problems.length} more`] : []),
    ...(outside > 0 ? [`${outside} from before there was a chain are not verified.`] : []),
    ...(head === null ? [] : [`head ${head}`]),
  ];
}
