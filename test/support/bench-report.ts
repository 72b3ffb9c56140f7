// One JSON line a case: what was measured, its unit, the goal, and the peer on the same work in the same run with the ratio.
// A figure is only printed after the work it stands for was checked (every result right, none lost).
export interface CaseResult {
  readonly case: string;
  readonly value: number;
  readonly unit: string;
  /** 'more' is better or 'less' is. */
  readonly better: 'more' | 'less';
  readonly goal?: number;
  readonly peer?: { readonly name: string; readonly value: number };
  readonly [detail: string]: unknown;
}

export function report(result: CaseResult): void {
  const { goal, peer, better, value } = result;
  const met = goal === undefined ? undefined : better === 'more' ? value >= goal : value <= goal;
  const ratio = peer === undefined ? undefined : round(better === 'more' ? value / peer.value : peer.value / value);
  const line = JSON.stringify({ ...result, met, ratio }, (_, part: unknown) =>
    typeof part === 'number' ? round(part) : part,
  );
  process.stdout.write(`${line}\n`);
}

export function percentile(sorted: readonly number[], p: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * p) / 100))] ?? Number.NaN;
}

function round(value: number): number {
  return Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3));
}
