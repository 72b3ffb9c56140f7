// The shop of two languages (examples/with-python) runs as its guide says, and the guide shows the files as they are.
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeNeedsPythonOnRedis } from '../support/needs.ts';
import { type RedisServer, redisServer } from '../support/redis-server.ts';
import { type Running, startUmbel } from '../support/umbel.ts';
import { until } from '../support/until.ts';

const ROOT = new URL('../..', import.meta.url);
const FOLDER = new URL('examples/with-python/', ROOT);
const GUIDE = readFileSync(new URL('docs/guides/with-python.md', ROOT), 'utf8');
const TYPESCRIPT = ['--conditions=umbel-source', '--import', new URL('node_modules/tsx/dist/esm/index.mjs', ROOT).href];

describeNeedsPythonOnRedis('the example with Python', () => {
  let redis: RedisServer;
  let worker: Running;
  let env: Record<string, string>;
  const children: ChildProcess[] = [];

  beforeAll(async () => {
    redis = await redisServer();
    env = { ...(process.env as Record<string, string>), CELERY_BROKER_URL: redis.url(), PYTHONDONTWRITEBYTECODE: '1' };
    worker = startUmbel(['-A', './pictures.ts', 'worker', '-Q', 'pictures', '-l', 'INFO'], {
      cwd: FOLDER.pathname,
      env: { CELERY_BROKER_URL: redis.url(), CELERY_RESULT_BACKEND: redis.url() },
    });
    const python = start('/usr/bin/python3', [
      '-m',
      'celery',
      '-A',
      'shop',
      'worker',
      '-Q',
      'orders',
      '-c',
      '1',
      '-l',
      'INFO',
    ]);
    await Promise.all([worker.says(/ready/), until(() => / ready\./.test(python.output()), 'the Python worker')]);
  });

  afterAll(async () => {
    for (const child of children) if (child.exitCode === null) process.kill(-child.pid!, 'SIGKILL');
    await worker?.[Symbol.asyncDispose]();
    await redis?.close();
  });

  function start(command: string, args: readonly string[]) {
    const child = spawn(command, args, { cwd: FOLDER, env, detached: true });
    children.push(child);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (data: Buffer) => {
        output += data.toString();
      });
    }
    const ended = new Promise<number | null>((done) => child.once('close', done));
    return { ended, output: () => output };
  }

  it('Python calls TypeScript, and a chain passes from one to the other', async () => {
    const caller = start('/usr/bin/python3', ['shop.py']);
    expect([await caller.ended, caller.output()]).toEqual([0, "{'path': 'cat.jpg', 'width': 640}\ncat.jpg: 9.00\n"]);
  });

  it('TypeScript calls Python, and its error arrives with its type', async () => {
    const caller = start(process.execPath, [...TYPESCRIPT, 'order.ts']);
    expect([await caller.ended, caller.output()]).toEqual([0, '900\nValueError: an order of nothing\n']);
  });

  it.each(['shop.py', 'pictures.ts', 'order.ts'])('the guide shows %s as it is', (name) => {
    expect(GUIDE).toContain(`\n${readFileSync(new URL(name, FOLDER), 'utf8')}\`\`\``);
  });
});
