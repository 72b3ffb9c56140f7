// Lines for charts and sums for figures, read from the roll-ups.
// Not here: counting (rollup.ts). Depth over time comes from the gauges.
// Holds: at most 300 points; a bucket in which nobody listened is null, never zero; percentiles come from merged sketches.
import type { SeriesReply } from '../../../../shared/wire/series.ts';
import type { EmbeddedDb } from '../../../embedded-db.ts';
import { type Dim, type KeyStats, type MinuteCounts, pairKey, type SeriesAsk } from '../contract.ts';
import { readGaps } from '../gap-gauges.ts';
import { Sketch } from '../sketch.ts';
import { encodeText } from './text.ts';

export type RangeName = SeriesReply['range'];
/** Which stored step serves a range, and how wide its points are. @unit seconds */
const RANGES: Readonly<Record<RangeName, { span: number; from: number; step: number }>> = {
  '15m': { span: 900, from: 10, step: 10 },
  '1h': { span: 3600, from: 60, step: 60 },
  '6h': { span: 6 * 3600, from: 60, step: 120 },
  '24h': { span: 86_400, from: 300, step: 300 },
  '7d': { span: 7 * 86_400, from: 3600, step: 3600 },
  '30d': { span: 30 * 86_400, from: 3600, step: 10_800 },
};
const LINES = ['SUCCESS', 'RETRY', 'FAILURE', 'REVOKED'] as const;
const PERCENTILES = [0.5, 0.95, 0.99] as const;

interface RollupRow {
  bucket: number;
  success: number;
  failure: number;
  retry: number;
  revoked: number;
  rejected: number;
  runtime: Uint8Array | null;
  wait: Uint8Array | null;
}

export function readSeries(db: EmbeddedDb, ask: SeriesAsk): SeriesReply {
  const range = RANGES[ask.range];
  const { dim, key } = dimOf(ask);
  const from = dim === 'pair' ? Math.max(60, range.from) : range.from;
  const step = Math.max(from, range.step);
  const end = (Math.floor(ask.now / step) + 1) * step;
  const points = Math.round(range.span / step);
  const begin = end - points * step;
  const t = Array.from({ length: points }, (_, i) => begin + i * step);
  const at = (bucket: number): number => Math.floor((bucket - begin) / step);
  const gaps = readGaps(
    db.all<{ name: string; bucket: number; value: number }>(
      "SELECT name, bucket, value FROM gauges WHERE name >= 'gap:' AND name < 'gap;' AND bucket < ?",
      end,
    ),
  ).filter((gap) => (gap.until ?? end) > begin);
  const reply: SeriesReply = { range: ask.range, t, step, last_unfinished: true, lines: {}, totals: {}, gaps };
  if (ask.metric === 'depth') {
    const line: (number | null)[] = t.map(() => null);
    for (const g of gauge(db, encodeText(`depth:${ask.queue ?? ''}`), begin, end)) line[at(g.bucket)] = g.value;
    reply.lines.depth = line;
    return reply;
  }
  const rows = db.all<RollupRow & Record<string, never>>(
    `SELECT bucket, success, failure, retry, revoked, rejected, ${ask.metric === 'throughput' ? 'NULL AS runtime, NULL AS wait' : 'runtime, wait'}
     FROM rollup WHERE step = ? AND dim = ? AND key = ? AND bucket >= ? AND bucket < ?`,
    from,
    dim,
    key,
    begin,
    end,
  ) as RollupRow[];
  if (ask.metric === 'throughput') {
    const listened = new Set<number>();
    for (const g of gauge(db, 'up', begin - 60, end)) {
      for (let s = g.bucket; s < g.bucket + 60; s += Math.min(step, 60)) listened.add(at(s));
    }
    for (const name of LINES) reply.lines[name] = t.map((_, i) => (listened.has(i) ? 0 : null));
    for (const row of rows) {
      const i = at(row.bucket);
      for (const name of LINES)
        reply.lines[name]![i] = (reply.lines[name]![i] ?? 0) + row[name.toLowerCase() as 'success'];
    }
    for (const name of LINES) reply.totals[name] = reply.lines[name]!.reduce<number>((sum, v) => sum + (v ?? 0), 0);
    return reply;
  }
  const sketches = new Map<number, Sketch>();
  const all = new Sketch();
  for (const row of rows) {
    const bytes = ask.metric === 'runtime' ? row.runtime : row.wait;
    if (!bytes) continue;
    let sketch = sketches.get(at(row.bucket));
    if (!sketch) {
      sketch = new Sketch();
      sketches.set(at(row.bucket), sketch);
    }
    sketch.mergeEncoded(bytes);
    all.mergeEncoded(bytes);
  }
  const names = ['p50', 'p95', 'p99'];
  for (const name of names) reply.lines[name] = t.map(() => null);
  for (const [i, sketch] of sketches) {
    const values = sketch.quantiles(PERCENTILES);
    for (const [n, name] of names.entries()) reply.lines[name]![i] = values[n]!;
  }
  const totals = all.quantiles(PERCENTILES);
  for (const [n, name] of names.entries()) if (totals[n] !== null) reply.totals[name] = totals[n]!;
  reply.totals.count = all.count;
  return reply;
}

function dimOf(ask: SeriesAsk): { dim: Dim; key: string } {
  if (ask.task !== null && ask.worker !== null) return { dim: 'pair', key: encodeText(pairKey(ask.task, ask.worker)) };
  if (ask.task !== null) return { dim: 'task', key: encodeText(ask.task) };
  if (ask.queue !== null) return { dim: 'queue', key: encodeText(ask.queue) };
  if (ask.worker !== null) return { dim: 'worker', key: encodeText(ask.worker) };
  return { dim: 'all', key: '' };
}

export function gauge(db: EmbeddedDb, name: string, from: number, to: number): { bucket: number; value: number }[] {
  return db.all<{ bucket: number; value: number }>(
    'SELECT bucket, value FROM gauges WHERE name = ? AND bucket >= ? AND bucket < ? ORDER BY bucket',
    name,
    from,
    to,
  );
}

/** Ends per minute of every key of one dimension. */
export function perMinute(db: EmbeddedDb, dim: Dim, from: number, to: number): MinuteCounts[] {
  return db.all<MinuteCounts & Record<string, never>>(
    `SELECT key, bucket, success + failure AS finished, failure AS failed FROM rollup WHERE step = 60 AND dim = ? ${
      dim === 'all' ? "AND key = '' " : ''
    }AND bucket >= ? AND bucket < ?`,
    dim,
    from,
    to,
  ) as MinuteCounts[];
}

/** Sums over a span, for 'usual' figures. */
export function sums(
  db: EmbeddedDb,
  step: number,
  from: number,
  to: number,
): { finished: number; failed: number; buckets: number } {
  const row = db.get<{ f: number | null; e: number | null; n: number }>(
    "SELECT sum(success + failure) AS f, sum(failure) AS e, count(*) AS n FROM rollup WHERE step = ? AND dim = 'all' AND key = '' AND bucket >= ? AND bucket < ?",
    step,
    from,
    to,
  );
  return { finished: row?.f ?? 0, failed: row?.e ?? 0, buckets: row?.n ?? 0 };
}

/** Counts and percentiles of every key of one dimension over a span; `prefix`/`suffix` narrow the pairs. */
export function keyStats(db: EmbeddedDb, dim: Dim, from: number, to: number, suffix: string | null = null): KeyStats[] {
  const step = to - from > 3 * 86_400 ? 3600 : to - from > 7200 ? 300 : 60;
  const groups = new Map<string, { stats: KeyStats; sketch: Sketch }>();
  const rows = db.all<RollupRow & { key: string } & Record<string, never>>(
    'SELECT key, bucket, success, failure, retry, revoked, rejected, runtime FROM rollup WHERE step = ? AND dim = ? AND bucket >= ? AND bucket < ?',
    dim === 'pair' ? 60 : step,
    dim,
    from,
    to,
  ) as unknown as (RollupRow & { key: string })[];
  for (const row of rows) {
    if (suffix !== null && !row.key.endsWith(suffix)) continue;
    let group = groups.get(row.key);
    if (!group) {
      group = {
        stats: { key: row.key, finished: 0, failed: 0, retried: 0, p50: null, p95: null, p99: null },
        sketch: new Sketch(),
      };
      groups.set(row.key, group);
    }
    group.stats.finished += row.success + row.failure;
    group.stats.failed += row.failure;
    group.stats.retried += row.retry;
    if (row.runtime) group.sketch.mergeEncoded(row.runtime);
  }
  return [...groups.values()].map(({ stats, sketch }) => {
    const [p50 = null, p95 = null, p99 = null] = sketch.quantiles(PERCENTILES);
    return { ...stats, p50, p95, p99 };
  });
}
