// The same chord in Python Celery: its worker with two processes, and a client of its own.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseUrl } from '../../../server/transport/url.ts';
import type { ChordTrip } from '../chords.ts';
import { cpuUsOfAll, ended, PYTHON } from '../support/celery.ts';
import type { Given } from '../support/measure.ts';

const SUPPORT = fileURLToPath(new URL('../../support', import.meta.url));
const APP = `
import json, os
from celery import Celery
store = os.environ['STORE']
if store == 'django-db':
    import django_store
    django_store.setup()
    django_store.use('bench')
app = Celery('peer', broker=os.environ['BROKER'], backend=store)

@app.task(name='bench.part')
def part(n):
    return n

@app.task(name='bench.total')
def total(every):
    return sum(every)
`;
const SEND = `
import sys, time, peer
from celery import chord
from celery.exceptions import TimeoutError
n = int(sys.argv[1])
peer.app.control.ping(timeout=30, limit=1)
wall, cpu = time.perf_counter(), time.process_time()
result = chord([peer.part.s(i) for i in range(n)])(peer.total.s())
try:
    got = result.get(timeout=float(sys.argv[2]))
    assert got == n * (n - 1) // 2, got
    wall = time.perf_counter() - wall
except TimeoutError:
    wall = 'Infinity'
print(wall, time.process_time() - cpu)
`;

/** @param patience seconds until it is given up, and takes Infinity; so does one that fails, which stderr tells of */
export async function celeryChord({ url, store = '', count }: Given, patience: number): Promise<ChordTrip> {
  const folder = mkdtempSync(join(tmpdir(), 'umbel-bench-celery-'));
  writeFileSync(join(folder, 'peer.py'), APP);
  const django = store.startsWith('django-db');
  const env = {
    ...process.env,
    BROKER: url,
    STORE: django ? 'django-db' : store,
    ...(django ? { DJANGO_DATABASES: databases(store.replace('django-db+', '')) } : {}),
    PYTHONPATH: `${folder}:${SUPPORT}`,
    PYTHONWARNINGS: 'ignore',
    C_FORCE_ROOT: '1',
  };
  const of = { cwd: folder, env };
  const worker = spawn(PYTHON, ['-m', 'celery', '-A', 'peer', 'worker', '-c', '2', '-l', 'ERROR'], {
    ...of,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  try {
    const client = spawn(PYTHON, ['-c', SEND, String(count), String(patience)], {
      ...of,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    client.stdout.on('data', (data: Buffer) => {
      said += data.toString();
    });
    const code = await new Promise((done) => client.once('close', done));
    if (code !== 0) said = 'Infinity 0';
    const [seconds, cpu] = said.trim().split(' ').map(Number);
    return { seconds: seconds!, cpu: cpu! + cpuUsOfAll(worker.pid!) / 1e6 };
  } finally {
    await ended(worker);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** As test/support/django_store.py reads them. */
function databases(address: string): string {
  const { scheme, host, port, username, password, path } = parseUrl(address);
  const engine = scheme === 'sqlite' ? 'sqlite3' : scheme;
  return JSON.stringify({
    bench: {
      ...{ ENGINE: `django.db.backends.${engine}`, NAME: path, HOST: host, PORT: port ?? '' },
      ...{ USER: username ?? '', PASSWORD: password ?? '' },
      // Two processes and a client on one file wait for each other longer than Django does by itself.
      ...(scheme === 'sqlite' ? { OPTIONS: { timeout: 60 } } : {}),
    },
  });
}
