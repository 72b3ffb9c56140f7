// What charts show of a time nobody could count in. Product: web/src/charts/axis.ts, series-data.ts, use-series.ts, chart-card.tsx.
import { expect, test } from 'vitest';
import { drawn, liveOf, textOf } from './support/drawn.tsx';
import { clusterInfo, NOW, series } from './support/factories.ts';

const { stepPoints } = await import('../../web/src/charts/axis.ts');
const { gapsOf, withSilence } = await import('../../web/src/charts/series-data.ts');
const { ChartBody, MissedLegend } = await import('../../web/src/charts/chart-card.tsx');

test('while the server is silent the chart goes on to now, as long as before, and knows nothing of the end', () => {
  const shown = withSilence(series(), 170, 300);

  expect(shown.t).toEqual([120, 180, 240]);
  expect(shown.lines).toEqual({ SUCCESS: [3, null, null] });
  expect(shown.gaps).toEqual([{ since: 170, until: null, events: null, tasks: null }]);
});

test('the bucket that was being filled when the server fell silent is unknown, no drop', () => {
  const shown = withSilence(series({ last_unfinished: true }), 130, 240);

  expect(shown.t).toEqual([60, 120, 180]);
  expect(shown.lines).toEqual({ SUCCESS: [2, null, null] });
  expect(stepPoints(shown, shown.gaps).unfinished).toBeNull();
});

test('a silence within its last bucket leaves the chart as it was, with the gap on it', () => {
  const shown = withSilence(series({ last_unfinished: true }), 130, 180);

  expect(shown).toEqual({ ...series({ last_unfinished: true }), lines: { SUCCESS: [1, 2, null] }, gaps: shown.gaps });
  expect(shown.gaps).toHaveLength(1);
});

test('of a silence longer than the chart all is unknown', () => {
  expect(withSilence(series(), 170, 6000).lines).toEqual({ SUCCESS: [null, null, null] });
});

test('a gap that goes on is hatched before the history has it, once', () => {
  const over = { since: 10, until: 40, events: 2, tasks: 1 };
  const open = { since: 130, until: null, events: null, tasks: null };

  expect(gapsOf(series({ gaps: [over] }), [open, over])).toEqual([over, open]);
  expect(gapsOf(series({ gaps: [over, { ...open, until: 150 }] }), [open])).toHaveLength(2);
});

const chart = (live = liveOf()) =>
  drawn(
    <>
      <MissedLegend series={series({ t: [NOW - 180, NOW - 120, NOW - 60] })} />
      <ChartBody
        kind="throughput"
        query={{ data: series({ t: [NOW - 180, NOW - 120, NOW - 60] }), isError: false } as never}
        summary={() => 'Throughput'}
        asTable
        height={100}
      />
    </>,
    [],
    live,
  );

test('the table of a chart says "no data" for the time of a lost line, and the legend that something is unknown', async () => {
  const lost = liveOf({
    connection: { mode: 'lost', retryAt: 0, since: 0 },
    heardAt: (NOW - 130) * 1000,
    cluster: clusterInfo(),
  });

  const text = textOf(await chart(lost));

  expect(text.match(/no data/g)?.length).toBeGreaterThanOrEqual(2);
  expect(text).toContain('not heard unknown');
  expect(textOf(await chart())).not.toContain('not heard');
});

test('of a chart whose only values were in the bucket that was being filled, a silence leaves the picture with its band', async () => {
  const begun = series({ t: [NOW - 120, NOW - 60], lines: { SUCCESS: [null, 3] }, last_unfinished: true });
  const lost = liveOf({
    connection: { mode: 'lost', retryAt: 0, since: 0 },
    heardAt: (NOW - 130) * 1000,
    cluster: clusterInfo(),
  });
  const body = (live = liveOf(), lines = begun.lines) =>
    drawn(
      <ChartBody
        kind="throughput"
        query={{ data: { ...begun, lines }, isError: false } as never}
        summary={() => 'Throughput'}
        asTable={false}
        height={100}
      />,
      [],
      live,
    );
  const nothing = 'Nothing was recorded';

  expect(textOf(await body(liveOf(), { SUCCESS: [null, null] }))).toContain(nothing);
  expect(textOf(await body())).not.toContain(nothing);
  expect(textOf(await body(lost))).not.toContain(nothing);
});
