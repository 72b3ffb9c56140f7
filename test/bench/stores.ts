// Results stored per second on a real PostgreSQL that waits for no disk: this package, with 100 under way as its worker has them, which
// go together in one statement; and Python Celery (where it is installed), whose processes store one after the other.
// Every row is looked at before a figure is printed; figures are the median of three rounds.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { median, report } from '../support/bench-report.ts';
import { OwnSqlServer } from '../support/sql-servers.ts';
import { celeryVersion, PYTHON } from './support/celery.ts';
import { type Figures, measured } from './support/measure.ts';

const ROUNDS = 3;
const RESULTS = 40_000;
const CELERY_RESULTS = 3000;
const CELERY = `
import sys, time, uuid, celery
n = int(sys.argv[2])
backend = celery.Celery('peer', broker='memory://', backend=sys.argv[1]).backend
for _ in range(200): backend.store_result(str(uuid.uuid4()), 5, 'SUCCESS')
wall, cpu = time.perf_counter(), time.process_time()
for _ in range(n - 200): backend.store_result(str(uuid.uuid4()), 5, 'SUCCESS')
print((n - 200) / (time.perf_counter() - wall), (time.process_time() - cpu) / (n - 200) * 1e6)
`;

const ours = fileURLToPath(new URL('./stores/ours.ts', import.meta.url));
const version = celeryVersion();
const server = await OwnSqlServer.open('postgresql');
const rates: Record<'ours' | 'celery', Pick<Figures, 'rate' | 'cpuUs'>[]> = { ours: [], celery: [] };
try {
  for (let round = 0; round < ROUNDS; round++) {
    rates.ours.push(await measured<Figures>(ours, 'store', { url: `db+${server.url}`, count: RESULTS }));
    checkRows(RESULTS);
    if (version === null) continue;
    rates.celery.push(storeWithCelery());
    checkRows(CELERY_RESULTS);
  }
} finally {
  await server.close();
}
report({
  case: 'results stored on PostgreSQL',
  ...figuresOf(rates.ours),
  unit: 'results/s',
  better: 'more',
  results: RESULTS,
  peers: version === null ? [] : [{ name: `Celery ${version}, one process`, ...figuresOf(rates.celery) }],
});

function storeWithCelery() {
  const args = ['-c', CELERY, `db+${server.url}`, String(CELERY_RESULTS)];
  const { status, stdout, stderr } = spawnSync(PYTHON, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`Python Celery failed: ${stderr}`);
  const [rate, cpuUs] = stdout.trim().split(' ').map(Number);
  return { rate: rate!, cpuUs: cpuUs! };
}

/** As many rows as were stored, each a SUCCESS with a pickled 5; then none. */
function checkRows(count: number): void {
  const found = sql("SELECT status, encode(result, 'hex'), count(*) FROM celery_taskmeta GROUP BY 1, 2");
  // A pickle ends with the value and a full stop: K, the byte 5, '.'.
  if (!new RegExp(`^SUCCESS\\|[0-9a-f]*4b052e\\|${count}$`).test(found))
    throw new Error(`not ${count} results: ${found}`);
  sql('TRUNCATE celery_taskmeta');
}

function sql(statement: string): string {
  const { status, stdout, stderr } = spawnSync('psql', ['-qAt', '-c', statement, server.url], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`psql failed: ${stderr}`);
  return stdout.trim();
}

function figuresOf(all: readonly Pick<Figures, 'rate' | 'cpuUs'>[]) {
  return {
    value: median(all.map((r) => r.rate)),
    cpuUs: median(all.map((r) => r.cpuUs)),
    runs: all.map((r) => Math.round(r.rate)),
  };
}
