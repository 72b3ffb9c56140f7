// The series of a chart as a table, newest first.

import type { SeriesReply } from '../../../shared/wire/series.ts';
import { t } from '../language/text.ts';
import { exactTime } from '../ui/format.ts';
import type { ChartLine } from './chart-tooltip.tsx';

export function SeriesTable({
  series,
  lines,
  caption,
}: {
  series: SeriesReply;
  lines: readonly ChartLine[];
  caption: string;
}) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls
    <section className="series-table" tabIndex={0} aria-label={caption}>
      <table className="table">
        <caption className="sr">{caption}</caption>
        <thead>
          <tr>
            <th scope="col">{t('time|From')}</th>
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
