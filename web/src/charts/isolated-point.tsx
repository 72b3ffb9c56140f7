// What a line is not seen by: the first minutes of a chart, and a minute between two gaps.

/** A point without neighbours has no line to be seen by: it gets a dot. */
export function isolatedPoint(className: string, values: readonly (number | null | undefined)[]) {
  const missing = (i: number) => values[i] === null || values[i] === undefined;
  const found = new Set(values.flatMap((_, i) => (!missing(i) && missing(i - 1) && missing(i + 1) ? [i] : [])));
  if (found.size === 0) return false;
  return ({ key, index, cx, cy }: { key?: React.Key | null; index?: number; cx?: number; cy?: number }) =>
    found.has(index ?? -1) ? (
      <circle key={key} className={`isolated ${className}`} cx={cx} cy={cy} r={2} />
    ) : (
      <g key={key} />
    );
}
