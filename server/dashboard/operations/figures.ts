// Effects that are one figure of each worker that took an operation: before, wanted, and as the worker says now.
// Not here: which figure (the rows in on-workers.ts, on-pauses.ts).
import { listing } from '../../../shared/format/text.ts';
import type { EffectLine } from '../../../shared/wire/effect.ts';
import type { OperationRecord } from '../../../shared/wire/operations.ts';
import type { OperationDesk, Reach, Seen, Watch } from './contract.ts';

/** Python's prefork starts its processes first and tells of them later. @unit seconds */
export const WATCHED = 60;

export interface Figure<T extends number | string> {
  readonly label: string;
  readonly question: 'stats' | 'active_queues';
  readonly read: (hostname: string) => T | null;
  readonly wanted: (before: T | null) => T | null;
}

/** One figure of each worker that took it: before, wanted, and as it says now. */
export function figures<T extends number | string>(
  { cluster }: OperationDesk,
  { expected }: Reach,
  figure: Figure<T>,
): Watch {
  const before = new Map(expected.map((w) => [w, figure.read(w)]));
  return {
    lasting: WATCHED,
    async see({ answers }: OperationRecord): Promise<Seen> {
      const took = answers.filter((a) => a.ok).map((a) => a.worker);
      await cluster.inspector.askAbout(took, [figure.question]);
      const lines = took.map((w): EffectLine => {
        const was = before.get(w) ?? null;
        const wanted = figure.wanted(was);
        const after = figure.read(w);
        return {
          label: figure.label,
          subject: w,
          before: was,
          wanted,
          after,
          is: 'exact',
          at: cluster.inspector.answeredAt(w, figure.question),
          holds: after === null || wanted === null ? null : after === wanted ? true : null,
        };
      });
      const words = lines.map(({ subject, before, wanted, after, holds }) => {
        const was = `${subject}: ${before ?? 'unknown'} before`;
        return holds ? `${was}, ${after} now` : `${was}, ${wanted ?? 'more'} asked for, ${after ?? 'unknown'} so far`;
      });
      return {
        sentence: `${figure.label}. ${listing(words.slice(0, 3), 'and')}${words.length > 3 ? ` and ${words.length - 3} more` : ''}.`,
        lines,
        tasks: null,
      };
    },
  };
}
