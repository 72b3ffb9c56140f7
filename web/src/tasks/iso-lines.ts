// When what has happened to a task, to be written elsewhere.

/** 'Received 2026-11-18T13:31:07.214Z', a line for each point that has happened: in UTC, for whoever writes it elsewhere. */
export function isoLines(points: readonly { readonly label: string; readonly at: number | null }[]): string {
  const been = points.filter(
    ({ at, label }) =>
      !Number.isNaN(new Date((at ?? Number.NaN) * 1000).getTime()) && label !== 'Running' && label !== 'Waiting',
  );
  return been.map(({ at, label }) => `${label} ${new Date(at! * 1000).toISOString()}`).join('\n');
}
