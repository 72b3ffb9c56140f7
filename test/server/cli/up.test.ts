// `umbel up`: a living cluster from one command, and its end.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../../support/server-process.ts';
import { linkPackage, type Running, startUmbel } from '../../support/umbel.ts';
import { until } from '../../support/until.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'umbel-up-'));
  linkPackage(folder);
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const up = (...words: string[]): Running => startUmbel(['up', ...words], { cwd: folder });

async function json<T>(port: number, path: string): Promise<T> {
  const response = await fetch(`http://localhost:${port}/api/v2${path}`);
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

interface TaskPage {
  items: { uuid: string; name: string; state: string; worker: string | null }[];
}
interface WorkerPage {
  items: { hostname: string; status?: string; pid?: number | null }[];
}

const succeeded = (port: number) =>
  until(
    async () => (await json<TaskPage>(port, '/tasks?limit=50')).items.find(({ state }) => state === 'SUCCESS'),
    'a task to succeed',
    { everyMs: 100 },
  );

async function pidOfWorker(port: number): Promise<number> {
  const found = await until(
    async () => {
      const { items } = await json<WorkerPage>(port, '/workers');
      const pid = items[0]?.pid;
      return typeof pid === 'number' ? pid : null;
    },
    'a worker with a process id',
    { everyMs: 100 },
  );
  return found!;
}

describe('umbel up', () => {
  it('says what it started, where the file is and the address; tasks flow; a worker that is killed is started again, told why; Ctrl+C ends all of it, warm', async () => {
    const port = await freePort();
    await using cluster = up('--port', String(port), '--rate', '20');
    await cluster.says('Ctrl+C ends it');
    expect(cluster.stdout()).toContain('.umbel/broker.db');
    expect(cluster.stdout()).toContain('the example shop');
    expect(cluster.stdout()).toContain(`http://localhost:${port}`);
    await succeeded(port);
    const killed = await pidOfWorker(port);
    process.kill(killed, 'SIGKILL');
    await cluster.says('the worker was ended by SIGKILL');
    const pid = await until(
      async () => {
        const found = await pidOfWorker(port);
        return found !== killed && found;
      },
      'another worker',
      { everyMs: 100 },
    );

    cluster.child.kill('SIGINT');
    const { code, stderr } = await cluster.ended;
    expect(stderr).toContain('stopped.');
    expect(code).toBe(0);
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });

  it('a second one in the same folder is refused with 73; one that was killed holds nothing up, and its worker does not outlive it', async () => {
    const port = await freePort();
    await using first = up('--port', String(port));
    await first.says('Ctrl+C ends it');
    const pid = await pidOfWorker(port);
    await using second = up('--port', '0');
    const { code, stderr } = await second.ended;
    expect(stderr).toMatch(/umbel up runs here already.*pid: \d+/);
    expect(code).toBe(73);
    first.child.kill('SIGKILL');
    await first.ended;
    const gone = () => {
      try {
        process.kill(pid, 0);
        return false;
      } catch {
        return true;
      }
    };
    await using third = up('--port', '0');
    await third.says('is up');
    await until(gone, 'the worker to end by itself');
  });

  it('with -A runs the user’s app and no demo', async () => {
    writeFileSync(
      join(folder, 'mine.mjs'),
      `import { Celery } from 'umbel';
       export const app = new Celery('mine');
       app.task({ name: 'mine.hello' }, (name) => 'hello ' + name);`,
    );
    const port = await freePort();
    await using cluster = up('-A', './mine.mjs', '--port', String(port));
    await cluster.says('Ctrl+C ends it');
    await cluster.says(' ready.');
    expect(cluster.stdout()).toContain('mine (./mine.mjs)');
    const caller = startUmbel(['-A', './mine.mjs', 'call', 'mine.hello', '-a', '["Ada"]', '--wait', '60'], {
      cwd: folder,
    });
    expect((await caller.ended).stdout).toBe('hello Ada\n');
    const done = await succeeded(port);
    expect(done).toMatchObject({ name: 'mine.hello' });
    cluster.child.kill('SIGTERM');
    expect((await cluster.ended).code).toBe(0);
  });

  it('an app that cannot be loaded is told before anything starts', async () => {
    const { code, stderr } = await up('-A', './nowhere.mjs').ended;
    expect(stderr).toContain("No module './nowhere.mjs' found");
    expect(code).toBe(1);
  });

  it('--no-worker leaves the worker out, --no-demo the shop', async () => {
    const port = await freePort();
    await using cluster = up('--no-demo', '--json', '--port', String(port));
    await cluster.says('"address"');
    expect(JSON.parse(cluster.stdout())).toMatchObject({ worker: false, address: `http://localhost:${port}` });
    expect((await json<WorkerPage>(port, '/workers')).items).toEqual([]);
    cluster.child.kill('SIGQUIT');
    expect((await cluster.ended).code).toBe(0);
  });

  it('a port that is taken is named, with the flag that chooses another', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const { port } = taken.address() as AddressInfo;
    const { code, stderr } = await up('--no-demo', '--port', String(port)).ended;
    taken.close();
    expect(stderr).toContain(`port ${port} is taken by another program`);
    expect(stderr).toContain(`--port ${port + 1}`);
    expect(code).toBe(1);
  });

  it('refuses an address wider than this machine without authentication', async () => {
    const { code, stderr } = await up('--no-demo', '--address', '0.0.0.0').ended;
    expect(stderr).toMatch(/umbel: Refusing to listen on 0\.0\.0\.0 without authentication/);
    expect(code).toBe(64);
  });
});
