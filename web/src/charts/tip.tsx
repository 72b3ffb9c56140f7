// The word at the pointer of a chart, and the table that says the same without a picture.
import type { SeriesReply } from '../../../shared/wire/http.ts';
import { axisTime, exactTime } from '../ui/words.ts';

export interface TipLine {
  name: string;
  label: string;
  text: (value: number | null) => string;
}

interface TipProps {
  active?: boolean;
  payload?: readonly { payload?: { t?: number } & Record<string, number | null> }[];
  lines: readonly TipLine[];
  step: number;
}

export function Tip({ active, payload, lines, step }: TipProps) {
  const point = payload?.[0]?.payload;
  if (!active || !point || point.t === undefined) return null;
  return (
    <div className="menu tip chart-tip">
      <p className="muted">
        {axisTime(point.t!, 0)} to {axisTime(point.t! + step, 0)}
      </p>
      {lines.map((line) => (
        <p key={line.name}>
          {line.label} <b>{line.text(point[line.name] ?? null)}</b>
        </p>
      ))}
    </div>
  );
}

export function SeriesTable({
  series,
  lines,
  caption,
}: {
  series: SeriesReply;
  lines: readonly TipLine[];
  caption: string;
}) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls
    <section className="series-table" tabIndex={0} aria-label={caption}>
      <table className="table">
        <caption className="sr">{caption}</caption>
        <thead>
          <tr>
            <th scope="col">From</th>
            {lines.map((line) => (
              <th scope="col" className="num" key={line.name}>
                {line.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {series.t.map((_, back) => {
            const i = series.t.length - 1 - back;
            const t = series.t[i]!;
            return (
              <tr key={t}>
                <td title={exactTime(t)}>{exactTime(t).slice(0, 16)}</td>
                {lines.map((line) => (
                  <td className="num" key={line.name}>
                    {line.text(series.lines[line.name]?.[i] ?? null)}
                  </td>
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}
