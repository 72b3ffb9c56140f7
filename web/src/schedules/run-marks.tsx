// The last runs as one small picture, and the words of each kind of run.
import type { ScheduleRun } from '../../../shared/wire/schedules.ts';
import { t } from '../language/text.ts';
import type { LastRun } from './entry-list.ts';

type Kind = ScheduleRun['kind'] | 'failed';

export const KIND_WORDS: Readonly<Record<Kind, string>> = {
  on_time: t('on time'),
  late: t('run|late'),
  missed: t('run|missed'),
  twice: t('sent twice'),
  extra: t('sent by hand'),
  failed: t('run|failed'),
};
const ORDER: readonly Kind[] = ['on_time', 'failed', 'late', 'missed', 'twice', 'extra'];

/** One that came at its time and failed is marked for that. */
export const kindOf = ({ kind, state }: Pick<ScheduleRun, 'kind' | 'state'>): Kind =>
  state === 'FAILURE' && (kind === 'on_time' || kind === 'extra') ? 'failed' : kind;

/** '18 on time, 1 late' */
export function countWords(runs: readonly LastRun[]): string {
  const kinds = runs.map(kindOf);
  return ORDER.filter((kind) => kinds.includes(kind))
    .map((kind) => t('{count} {kind}', { count: kinds.filter((one) => one === kind).length, kind: KIND_WORDS[kind] }))
    .join(t('list|, '));
}

const STEP = 6;
/** The newest at the right. */
export function RunMarks({ runs, name }: { runs: readonly LastRun[] | null; name: string }) {
  if (runs === null) return <span className="faint">{t('unknown')}</span>;
  if (runs.length === 0) return <span className="faint">{t('no run yet')}</span>;
  const label = t('{name}, last {count} runs: {kinds}', { name, count: runs.length, kinds: countWords(runs) });
  return (
    <svg className="run-marks" role="img" aria-label={label} width={20 * STEP} height="16">
      <title>{countWords(runs)}</title>
      {[...runs].reverse().map((run, i) => (
        <Mark key={`${run.due ?? ''} ${run.at ?? ''} ${i}`} kind={kindOf(run)} x={(20 - runs.length + i) * STEP} />
      ))}
    </svg>
  );
}

/** A shape for each kind, so that colour is not the only cue. */
function Mark({ kind, x }: { kind: Kind; x: number }) {
  if (kind === 'twice')
    return (
      <g data-kind={kind}>
        <rect x={x} y="6" width="1.5" height="10" />
        <rect x={x + 2.5} y="6" width="1.5" height="10" />
      </g>
    );
  if (kind === 'late') return <path data-kind={kind} d={`M${x} 16v-2h2v-10h2v12z`} />;
  if (kind === 'missed') return <rect data-kind={kind} x={x + 0.5} y="2.5" width="3" height="13" />;
  const height = kind === 'failed' ? 14 : kind === 'extra' ? 5 : 9;
  return <rect data-kind={kind} x={x} y={16 - height} width="4" height={height} />;
}
