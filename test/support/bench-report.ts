// One JSON line a case: what was measured, its unit, the goal, and the peers on the same work in the same run, each with the ratio.
// A figure is only printed after the work it stands for was checked (every result right, none lost).
export interface CaseResult {
  readonly case: string;
  readonly value: number;
  readonly unit: string;
  /** 'more' is better or 'less' is. */
  readonly better: 'more' | 'less';
  readonly goal?: number;
  /** `goal`: how many times as good we want to be. */
  readonly peers?: readonly { readonly name: string; readonly value: number; readonly goal?: number }[];
  readonly [detail: string]: unknown;
}

export function report(result: CaseResult): void {
  const { better, value, goal } = result;
  const peers = result.peers?.map((peer) => {
    const ratio = better === 'more' ? value / peer.value : peer.value / value;
    return { ...peer, ratio, ...(peer.goal === undefined ? {} : { met: ratio >= peer.goal }) };
  });
  const met = goal === undefined ? undefined : better === 'more' ? value >= goal : value <= goal;
  const line = JSON.stringify({ ...result, met, peers }, (_, part: unknown) =>
    typeof part === 'number' ? round(part) : part,
  );
  process.stdout.write(`${line}\n`);
}

export function percentile(sorted: readonly number[], p: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * p) / 100))] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return percentile(
    values.toSorted((a, b) => a - b),
    50,
  );
}

function round(value: number): number {
  return Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3));
}
